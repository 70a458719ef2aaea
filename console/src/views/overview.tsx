// SPDX-License-Identifier: Apache-2.0
//
// What one sees first: how things stand, in a sentence; who is healthy, over time; traffic, errors
// by reason, latency.
import { useEffect, useState } from 'preact/hooks';
import { balancerTraffic, latency, reasonFigure } from '../figures';
import { count, rate, seconds } from '../format';
import { reasonsOf } from '../history';
import { config, groupsByName, state } from '../live';
import { Badge, Icon, standingNames, Tile, WindowPicker } from '../parts/bits';
import { Figures } from '../parts/figures';
import { HealthStrip, StripKey } from '../parts/strip';
import { linkTo, place } from '../route';
import { byStanding, verdictOf } from '../say';
import type { BalancerState, LoadBalancer } from '../types';

export function Overview() {
  const balancers = config.value!.load_balancers;
  const standing = (name: string) => state.value!.load_balancers[name]?.standing ?? 'unused';
  const named = balancers.find(({ name }) => name === place.value.name);
  const worst = [...balancers].sort((one, two) =>
    byStanding({ standing: standing(one.name) }, { standing: standing(two.name) }),
  )[0];
  // Stays with the one that was worst when the view was opened: what one looks at doesn't jump away.
  const [first] = useState(worst?.name);
  const shown = named ?? balancers.find(({ name }) => name === first) ?? worst;
  return (
    <>
      <Verdict />
      {balancers.length > 1 && <Balancers shown={shown?.name ?? ''} />}
      {shown && <Balancer key={shown.name} balancer={shown} />}
    </>
  );
}

const sentences_max = 5;

function Verdict() {
  const { standing, title, sentences } = verdictOf(config.value!, state.value!);
  const ringing = state.value!.alarms.alarm;
  return (
    <section class={`verdict tone-${standing}`} aria-label="How things stand">
      <h1>
        <Icon tone={standing} />
        {title}
      </h1>
      <ul>
        {sentences.slice(0, sentences_max).map((each) => (
          <li key={each.subject + each.text}>
            <b>{each.subject}</b>: {each.text}
          </li>
        ))}
        {sentences.length > sentences_max && <li>… and {sentences.length - sentences_max} more</li>}
      </ul>
      {ringing.length > 0 && (
        <p class="ringing">
          <b>Alarms:</b>{' '}
          {ringing.slice(0, 6).map(({ name, reason }) => (
            <a key={name} href={linkTo('alarms', name)} title={reason}>
              {name}
            </a>
          ))}
          {ringing.length > 6 && <a href={linkTo('alarms')}>{ringing.length - 6} more</a>}
        </p>
      )}
    </section>
  );
}

function Balancers({ shown }: { shown: string }) {
  const rows = config.value!.load_balancers.map(({ name }) => ({
    name,
    now: state.value!.load_balancers[name],
    standing: state.value!.load_balancers[name]?.standing ?? ('unused' as const),
  }));
  rows.sort(byStanding);
  return (
    <nav class="cards" aria-label="Load balancers">
      {rows.map(({ name, now, standing }) => (
        <a
          key={name}
          href={linkTo('overview', name)}
          class={`card tone-${standing}`}
          aria-current={name === shown ? 'true' : undefined}
        >
          <span>
            <Icon tone={standing} />
            <b>{name}</b>
          </span>
          <span class="number">{rate(now?.requests)}</span>
        </a>
      ))}
    </nav>
  );
}

const sum = (values: number[]) => values.reduce((all, each) => all + each, 0);

function Tiles({ now }: { now: BalancerState }) {
  const own = now.own_responses[4];
  const targets = Math.max(0, now.responses[4] - own);
  return (
    <dl class="tiles">
      <Tile name="Requests" value={rate(now.requests)} />
      <Tile
        name="5xx of Daruma"
        value={rate(own)}
        tone={own > 0 ? 'critical' : ''}
        hint="Answers that Daruma made itself: Why tells the reasons"
      />
      <Tile name="5xx of targets" value={rate(targets)} tone={targets > 0 ? 'warning' : ''} />
      <Tile
        name="Median"
        value={seconds(now.p50_seconds)}
        hint="Time to the first byte of the answer"
      />
      <Tile
        name="99 in 100"
        value={seconds(now.p99_seconds)}
        hint="Time to the first byte of the answer"
      />
      <Tile name="Connections" value={count(now.connections)} hint="Open connections of clients" />
      <Tile
        name="Requests in all"
        value={count(now.requests_total)}
        hint="Since the node's start"
      />
    </dl>
  );
}

const reasons_refresh_ms = 10_000;

export function useReasons(resource: string): string[] {
  const [reasons, setReasons] = useState<string[]>([]);
  const busy = sum(
    Object.values(state.value?.load_balancers ?? {}).map(
      (each) => Object.keys(each.reasons).length,
    ),
  );
  useEffect(() => {
    let over = false;
    const ask = () =>
      reasonsOf(resource).then(
        (next) => {
          // The same list keeps its identity: nothing is asked for or drawn anew.
          if (!over) setReasons((before) => (before.join() === next.join() ? before : next));
        },
        () => undefined,
      );
    void ask();
    const timer = setInterval(ask, reasons_refresh_ms);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [resource, busy]);
  return reasons;
}

const strips_max = 8;

function Balancer({ balancer }: { balancer: LoadBalancer }) {
  const now = state.value!.load_balancers[balancer.name];
  const reasons = useReasons(balancer.resource_id);
  const dimensions = { LoadBalancer: balancer.resource_id };
  const groups = [...groupsByName.value.values()]
    .filter((group) => group.load_balancers.includes(balancer.name))
    .map((group) => ({
      name: group.name,
      standing: state.value!.target_groups[group.name]?.standing ?? 'unused',
    }));
  groups.sort(byStanding);
  return (
    <section aria-labelledby="balancer">
      <header class="section-head">
        <h2 id="balancer">{balancer.name}</h2>
        {now && <Badge tone={now.standing}>{standingNames[now.standing]}</Badge>}
        <a href={linkTo('map', balancer.name)}>Map</a>
        <a href={linkTo('why', balancer.name)}>Why</a>
        <WindowPicker />
      </header>
      {now && <Tiles now={now} />}
      <section class="panel" aria-labelledby="health">
        <header>
          <h3 id="health">Health of the targets</h3>
          <StripKey />
        </header>
        {groups.slice(0, strips_max).map(({ name }) => (
          <HealthStrip key={name} group={name} />
        ))}
        {groups.length === 0 && <p class="muted">No target group is behind it.</p>}
        {groups.length > strips_max && (
          <p>
            <a href={linkTo('group')}>{groups.length - strips_max} more target groups</a>
          </p>
        )}
        <Advices groups={groups.map(({ name }) => name)} />
      </section>
      <Figures
        figures={[
          balancerTraffic(dimensions),
          reasonFigure(dimensions, reasons),
          latency(dimensions),
        ]}
      />
    </section>
  );
}

export function Advices({ groups }: { groups: string[] }) {
  const found = groups.flatMap((group) =>
    (state.value!.target_groups[group]?.advice ?? []).map((advice) => ({ group, ...advice })),
  );
  if (found.length === 0) return null;
  return (
    <ul class="advice" aria-label="Advice">
      {found.slice(0, 6).map(({ group, kind, target, text }) => (
        <li key={group + kind + target}>
          <Icon tone="info" />
          <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}
