// SPDX-License-Identifier: Apache-2.0
//
// From listeners through rules and target groups to targets, with what passes now.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { many, rate } from '../format';
import { groupsByName, state } from '../live';
import { reachable } from '../graph';
import type { Edge } from '../graph';
import { BalancerPicker, useBalancer } from '../parts/balancer';
import { Badge, Icon, TargetBadge, toneOfTarget } from '../parts/bits';
import type { Tone } from '../parts/bits';
import { linkTo } from '../route';
import { countOf } from './rules';
import { actionText, conditionText, priorityText } from '../say';
import type { Listener, LoadBalancer, Rule, TargetGroup } from '../types';

export function MapView() {
  const balancer = useBalancer();
  const [ill, setIll] = useState(false);
  return (
    <>
      <header class="section-head">
        <h1>Map</h1>
        <BalancerPicker view="map" balancer={balancer} />
        <div class="segments" role="group" aria-label="What is shown">
          <button type="button" aria-pressed={!ill} onClick={() => setIll(false)}>
            All
          </button>
          <button type="button" aria-pressed={ill} onClick={() => setIll(true)}>
            Only what is in trouble
          </button>
        </div>
      </header>
      {balancer ? (
        <Graph key={balancer.name} balancer={balancer} ill={ill} />
      ) : (
        <p>There is no load balancer.</p>
      )}
    </>
  );
}

const rules_max = 60;
const targets_max = 8;

interface Shown {
  listeners: Listener[];
  rules: { rule: Rule; listener: Listener }[];
  rulesLeft: number;
  groups: TargetGroup[];
  targets: { key: string; target: string; group: string; tone: Tone }[];
  left: Map<string, number>; // targets of a group that are not shown
  edges: Edge[];
}

const toneRank: Tone[] = ['critical', 'warning', 'info', 'unused', 'ok'];

function targetsOf(group: TargetGroup, ill: boolean) {
  return group.targets
    .map(({ key, target }) => {
      const now = state.value!.targets[key];
      return { key, target, group: group.name, tone: now ? toneOfTarget(now) : ('unused' as Tone) };
    })
    .filter(({ tone }) => !ill || tone !== 'ok')
    .sort((one, two) => toneRank.indexOf(one.tone) - toneRank.indexOf(two.tone));
}

function shownOf(balancer: LoadBalancer, ill: boolean): Shown {
  const isIll = (name: string) =>
    ['critical', 'warning'].includes(state.value!.target_groups[name]?.standing ?? 'ok');
  const rules = balancer.listeners.flatMap((listener) =>
    listener.rules
      .filter((rule) => !ill || rule.target_groups.some(({ name }) => isIll(name)))
      .map((rule) => ({ rule, listener })),
  );
  const shown = rules.slice(0, rules_max);
  const names = new Set(shown.flatMap(({ rule }) => rule.target_groups.map(({ name }) => name)));
  const groups = [...names]
    .flatMap((name) => groupsByName.value.get(name) ?? [])
    .filter(({ name }) => !ill || isIll(name));
  const left = new Map<string, number>();
  const targets = groups.flatMap((group) => {
    const found = targetsOf(group, ill);
    left.set(group.name, group.targets.length - Math.min(found.length, targets_max));
    return found.slice(0, targets_max);
  });
  const listeners = balancer.listeners.filter(
    (each) => !ill || shown.some(({ listener }) => listener === each),
  );
  const edges = [
    ...shown.map(({ rule, listener }): Edge => [listener.arn, rule.arn]),
    ...shown.flatMap(({ rule }) =>
      rule.target_groups
        .filter(({ name }) => groups.some((group) => group.name === name))
        .map(({ name }): Edge => [rule.arn, 'group ' + name]),
    ),
    ...targets.map(({ group, key }): Edge => ['group ' + group, key]),
  ];
  return {
    listeners,
    rules: shown,
    rulesLeft: rules.length - shown.length,
    groups,
    targets,
    left,
    edges,
  };
}

function Graph({ balancer, ill }: { balancer: LoadBalancer; ill: boolean }) {
  const [focus, setFocus] = useState('');
  const box = useRef<HTMLDivElement>(null);
  const shown = shownOf(balancer, ill);
  const lit = focus ? reachable(focus, shown.edges) : null;
  const take = (event: Event) => {
    const node = (event.target as Element).closest<HTMLElement>('[data-node]');
    setFocus(node?.dataset.node ?? '');
  };
  const node = (id: string, tone = '') => ({
    'data-node': id,
    class: `node ${tone && 'tone-' + tone} ${lit ? (lit.has(id) ? 'lit' : 'dim') : ''}`,
  });
  const { listeners, load_balancers } = state.value!;
  if (ill && shown.groups.length === 0)
    return (
      <p class="good">
        <Icon tone="ok" />
        Nothing is in trouble.
      </p>
    );
  return (
    <div
      class="map"
      ref={box}
      onMouseOver={take}
      onMouseLeave={() => setFocus('')}
      onFocusIn={take}
      onFocusOut={() => setFocus('')}
    >
      <Wires box={box} edges={shown.edges} lit={lit} />
      <section aria-label="Listeners">
        <h2>Listeners</h2>
        <ul>
          {shown.listeners.map((each) => (
            <li key={each.arn}>
              <a {...node(each.arn)} href={linkTo('rules', `${balancer.name}:${each.port}`)}>
                <b>
                  {each.protocol} {each.port}
                </b>
                <span class="number">{rate(listeners[each.arn]?.requests)}</span>
                {(listeners[each.arn]?.own_errors ?? 0) > 0 && (
                  <span class="number tone-critical">
                    {rate(listeners[each.arn]!.own_errors)} errors
                  </span>
                )}
              </a>
            </li>
          ))}
        </ul>
        <p class="muted">{rate(load_balancers[balancer.name]?.requests)} in all</p>
      </section>
      <section aria-label="Rules">
        <h2>Rules</h2>
        <ul>
          {shown.rules.map(({ rule, listener }) => (
            <li key={rule.arn}>
              <a {...node(rule.arn)} href={linkTo('rules', `${balancer.name}:${listener.port}`)}>
                <span class="rule-name">
                  <b>{priorityText(rule.priority)}</b>{' '}
                  {rule.conditions.map(conditionText).join(' and ')}
                </span>
                <span class="number">{rate(countOf(state.value!, rule.arn, 'requests'))}</span>
                {rule.target_groups.length === 0 && <span class="muted">{actionText(rule)}</span>}
              </a>
            </li>
          ))}
        </ul>
        {shown.rulesLeft > 0 && (
          <p>
            <a href={linkTo('rules')}>{many(shown.rulesLeft, 'more rule')}</a>
          </p>
        )}
      </section>
      <section aria-label="Target groups">
        <h2>Target groups</h2>
        <ul>
          {shown.groups.map((group) => (
            <GroupNode
              key={group.name}
              group={group}
              attributes={node(
                'group ' + group.name,
                state.value!.target_groups[group.name]?.standing,
              )}
            />
          ))}
        </ul>
      </section>
      <section aria-label="Targets">
        <h2>Targets</h2>
        {shown.groups.map((group) => (
          <ul key={group.name} aria-label={`Targets of ${group.name}`}>
            {shown.targets
              .filter((each) => each.group === group.name)
              .map(({ key, target, tone }) => (
                <li key={key}>
                  <a {...node(key, tone)} href={linkTo('group', group.name, { target })}>
                    <b>{target}</b>
                    <TargetBadge target={state.value!.targets[key]} />
                    <span class="number">{rate(state.value!.targets[key]?.requests)}</span>
                  </a>
                </li>
              ))}
            {(shown.left.get(group.name) ?? 0) > 0 && (
              <li>
                <a href={linkTo('group', group.name)}>
                  {many(shown.left.get(group.name)!, 'more target')} of {group.name}
                </a>
              </li>
            )}
          </ul>
        ))}
      </section>
    </div>
  );
}

function GroupNode({ group, attributes }: { group: TargetGroup; attributes: object }) {
  const now = state.value!.target_groups[group.name];
  const part = (many: number) => (now && now.targets > 0 ? (100 * many) / now.targets : 0);
  return (
    <li>
      <a {...attributes} href={linkTo('group', group.name)}>
        <b>{group.name}</b>
        {now && (
          <Badge tone={now.standing}>
            {now.healthy} of {now.targets}
          </Badge>
        )}
        <span class="number">{rate(now?.requests)}</span>
        {now && (
          <svg class="share" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
            <rect class="shade-unhealthy" width="100" height="4" />
            <rect class="shade-healthy" width={part(now.healthy)} height="4" />
            <rect class="shade-full" width={part(now.saturated)} height="4" />
          </svg>
        )}
      </a>
    </li>
  );
}

// The lines between the nodes, measured where the nodes have come to lie.
function Wires({
  box,
  edges,
  lit,
}: {
  box: { current: HTMLDivElement | null };
  edges: Edge[];
  lit: Set<string> | null;
}) {
  const [paths, setPaths] = useState<{ edge: Edge; path: string }[]>([]);
  const key = edges.map((edge) => edge.join('>')).join();
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => {
      const origin = element.getBoundingClientRect();
      const places = new Map(
        [...element.querySelectorAll<HTMLElement>('[data-node]')].map((each) => [
          each.dataset.node!,
          each.getBoundingClientRect(),
        ]),
      );
      setPaths(
        edges.flatMap((edge) => {
          const [from, to] = [places.get(edge[0]), places.get(edge[1])];
          if (!from || !to || from.right > to.left) return []; // in one column: nothing to draw
          const [x1, y1] = [from.right - origin.left, from.top + from.height / 2 - origin.top];
          const [x2, y2] = [to.left - origin.left, to.top + to.height / 2 - origin.top];
          const bend = (x2 - x1) / 2;
          return [{ edge, path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }];
        }),
      );
    };
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(element);
    return () => watch.disconnect();
  }, [key]);
  return (
    <svg class="wires" aria-hidden="true">
      {paths.map(({ edge, path }) => (
        <path
          key={edge.join('>')}
          d={path}
          class={lit ? (lit.has(edge[0]) && lit.has(edge[1]) ? 'lit' : 'dim') : ''}
        />
      ))}
    </svg>
  );
}
