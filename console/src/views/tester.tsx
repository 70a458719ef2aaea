// SPDX-License-Identifier: Apache-2.0
//
// Which rule a request would meet, and which targets could take it: asked of the node, not guessed.
import { useState } from 'preact/hooks';
import { queryOf } from '../aws';
import { percent } from '../format';
import { Badge, Icon, Problem } from '../parts/bits';
import { Field } from '../parts/operation';
import { linkTo } from '../route';
import { priorityText } from '../say';
import { get } from '../server';
import type { Listener, LoadBalancer, Trial, TrialGroup } from '../types';

export function Tester({ balancer, listener }: { balancer: LoadBalancer; listener: Listener }) {
  const [trial, setTrial] = useState<Trial | null>(null);
  const [problem, setProblem] = useState('');
  const test = async (event: Event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(given.get(name) ?? '').trim();
    const query: [string, string][] = [
      ['url', text('url')],
      ['method', text('method')],
      ['load_balancer', balancer.name],
      ['listener', String(listener.port)],
    ];
    for (const line of text('headers').split('\n'))
      if (line.trim()) query.push(['header', line.trim()]);
    if (text('source')) query.push(['source', text('source')]);
    setProblem('');
    try {
      setTrial(await get<Trial>(`trial?${queryOf(query)}`));
    } catch (error) {
      setTrial(null);
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const scheme = listener.protocol === 'HTTPS' ? 'https' : 'http';
  return (
    <section class="panel" aria-labelledby="tester">
      <header>
        <h2 id="tester">Which rule would a request meet?</h2>
      </header>
      <form onSubmit={test} class="tester">
        <Field label="Method">
          <input name="method" defaultValue="GET" spellcheck={false} />
        </Field>
        <Field label="URL">
          <input
            name="url"
            required
            spellcheck={false}
            inputMode="url"
            placeholder={`${scheme}://www.example.com/path?query=1`}
          />
        </Field>
        <Field label="Headers" hint="one a line">
          <textarea name="headers" rows={2} spellcheck={false} placeholder="Accept: text/html" />
        </Field>
        <Field label="Client's address" hint="if rules look at it">
          <input name="source" spellcheck={false} />
        </Field>
        <button type="submit" class="primary">
          Test
        </button>
      </form>
      <div role="status">
        {problem && <Problem>{problem}</Problem>}
        {trial && <Result trial={trial} />}
      </div>
    </section>
  );
}

function Result({ trial }: { trial: Trial }) {
  const { action } = trial;
  return (
    <div class="trial">
      <h3>
        <Icon tone="ok" />
        {trial.priority === 0 ? 'The default rule' : `Rule ${trial.priority}`} takes it
      </h3>
      <ol class="tried">
        {trial.rules.map((rule) => (
          <li key={rule.arn} class={rule.holds ? 'holds' : ''}>
            <b>{priorityText(rule.priority)}</b> {rule.holds ? 'holds' : 'does not hold'}
            <ul>
              {rule.conditions.map((condition) => (
                <li key={condition.text}>
                  <Icon tone={condition.holds ? 'ok' : 'unused'} />
                  {condition.text}: <code>{condition.value || '(nothing)'}</code>{' '}
                  {condition.holds ? 'holds' : 'does not'}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      {trial.sent_as && (
        <p>
          It is sent on as{' '}
          <code>
            {trial.sent_as.host}
            {trial.sent_as.url}
          </code>
          {trial.sent_as.status === 'TransformSuccess' ? '.' : ` (${trial.sent_as.status}).`}
        </p>
      )}
      {action.type === 'redirect' && (
        <p>
          Answer: {action.status}, to{' '}
          <code>
            {action.protocol.toLowerCase()}://
            {action.host}:{action.port}
            {action.path}
            {action.query ? '?' + action.query : ''}
          </code>
        </p>
      )}
      {action.type === 'fixed-response' && (
        <p>
          Answer: {action.status}, {action.content_type}: <code>{action.body}</code>
        </p>
      )}
      {action.type === 'forward' &&
        action.target_groups.map((group) => <Forward key={group.name} group={group} />)}
    </div>
  );
}

const targets_max = 32;

function Forward({ group }: { group: TrialGroup }) {
  return (
    <section>
      <h4>
        <a href={linkTo('group', group.name)}>{group.name}</a> gets {percent(group.share, 1)}
        {group.mode === 'fail_open' && <Badge tone="warning">none is healthy: all are asked</Badge>}
        {group.mode === 'none' && <Badge tone="critical">no target</Badge>}
      </h4>
      {group.sentence && <p>{group.sentence}</p>}
      <ul class="candidates">
        {group.targets.slice(0, targets_max).map((target) => (
          <li key={target.key}>
            <Icon tone={target.candidate ? 'ok' : 'unused'} />
            <a href={linkTo('group', group.name, { target: target.target })}>
              {target.target}
            </a>: {target.candidate ? 'could take it' : 'not asked'}, {target.why}
          </li>
        ))}
        {group.targets.length > targets_max && (
          <li>… and {group.targets.length - targets_max} more</li>
        )}
      </ul>
    </section>
  );
}
