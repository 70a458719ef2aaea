// SPDX-License-Identifier: Apache-2.0
//
// What became of one request: docs/explain.md tells what each part means.
import type { ComponentChildren } from 'preact';
import { bytes, count, dateAndTime, many, seconds, unixOf, words } from '../format';
import { Copy } from '../parts/bits';
import { linkTo } from '../route';
import type { Load, Story } from '../types';

const loadText = ({ connections, in_flight, learned_limit, full }: Load) =>
  `${many(connections, 'connection')}, ${in_flight} in flight` +
  (learned_limit ? `, serves ${learned_limit} at once` : '') +
  (full ? ', full' : '');

type Attempt = Story['attempts'][number];

function attemptText(attempt: Attempt): string {
  const parts: string[] = [];
  if (attempt.connection === 'reused') {
    parts.push(
      `request ${attempt.requests} on a connection ${seconds(attempt.age_seconds)} old, ` +
        `idle for ${seconds(attempt.idle_seconds)} before`,
    );
  } else if (attempt.connection === 'opened') {
    parts.push(
      'a new connection' +
        (attempt.connect_seconds !== null
          ? `, connected in ${seconds(attempt.connect_seconds)}`
          : ', not connected') +
        (attempt.handshake_seconds !== null
          ? `, TLS in ${seconds(attempt.handshake_seconds)}`
          : ''),
    );
  } else {
    parts.push('no connection');
  }
  if (attempt.tls_error) parts.push(`TLS alert: ${attempt.tls_error}`);
  parts.push(attempt.reason ? words(attempt.reason) : 'it answered');
  parts.push(`${bytes(attempt.sent_bytes)} sent, ${bytes(attempt.received_bytes)} received`);
  return parts.join('; ');
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

export function StoryText({ story }: { story: Story }) {
  const rule =
    story.rule_priority === null
      ? 'no rule was evaluated'
      : story.rule_priority === 0
        ? 'the default rule'
        : `priority ${story.rule_priority}`;
  return (
    <article class="story" aria-label={`Story of ${story.method} ${story.path}`}>
      <h3>
        {story.method || '(not readable)'} {story.host}
        {story.path}
      </h3>
      <p class="verdict-text">
        <b>{story.status || 'no answer'}</b> after {seconds(story.total_seconds)}. {story.verdict}
      </p>
      <dl class="facts">
        {story.reason && (
          <Row name="Reason">
            <code>{story.reason}</code>
          </Row>
        )}
        <Row name="Ended">{dateAndTime(unixOf(story.time))}</Row>
        {story.trace_id && (
          <Row name="Trace id">
            <code>{story.trace_id}</code> <Copy text={story.trace_id} what="the trace id" />
          </Row>
        )}
        <Row name="Client">
          {story.client}, to {story.load_balancer}, port {story.listener}
        </Row>
        <Row name="Rule">
          <a href={linkTo('rules', `${story.load_balancer}:${story.listener}`)}>{rule}</a>
          {story.target_group && (
            <>
              , to <a href={linkTo('group', story.target_group)}>{story.target_group}</a>
            </>
          )}
          {story.fail_open && ' (none of its targets was healthy: all were candidates)'}
        </Row>
        {story.waited_seconds !== null && story.waited_seconds > 0 && (
          <Row name="Waited">
            {seconds(story.waited_seconds)} in the group’s line; {count(story.waiting)} others in it
            at the end
          </Row>
        )}
        {story.attempts.map((attempt, index) => (
          <Row key={index} name={`Attempt ${index + 1}`}>
            <a href={linkTo('group', story.target_group, { target: attempt.target })}>
              {attempt.target}
            </a>
            : {attemptText(attempt)}. <span class="muted">{loadText(attempt.load)}</span>
          </Row>
        ))}
        <Row name="Time">
          {seconds(story.request_seconds)} until it was sent, {seconds(story.target_seconds)} until
          the target’s answer, {seconds(story.response_seconds)} for its body
        </Row>
        <Row name="Bytes">
          {bytes(story.received_bytes)} from the client, {bytes(story.sent_bytes)} to it
        </Row>
      </dl>
      {story.candidates.length > 0 && (
        <div class="scroll" tabIndex={0} role="region" aria-label="Candidates">
          <table aria-label="Candidates">
            <thead>
              <tr>
                <th scope="col">Candidate</th>
                <th scope="col">Health</th>
                <th scope="col">Standing</th>
                <th scope="col">Load, as this worker saw it</th>
              </tr>
            </thead>
            <tbody>
              {story.candidates.map((each) => (
                <tr key={each.target}>
                  <th scope="row">{each.target}</th>
                  <td>{each.health}</td>
                  <td>
                    {words(each.standing)}
                    {each.failures_in_a_row
                      ? `, ${many(each.failures_in_a_row, 'failure')} in a row`
                      : ''}
                  </td>
                  <td>{loadText(each.load)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </article>
  );
}
