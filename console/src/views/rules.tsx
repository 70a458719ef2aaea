// SPDX-License-Identifier: Apache-2.0
//
// A listener's rules in the order in which they are tried, how often each is met, what can be
// changed of them, and a tester.
import { count, percent, rate } from '../format';
import { config, state } from '../live';
import { useForm } from '../parts/operation';
import type { Show } from '../parts/operation';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { go, linkTo, place } from '../route';
import { actionText, conditionText, priorityText } from '../say';
import type { Listener, LoadBalancer, Rule, State } from '../types';
import { DeleteRule, EditRule, lockOfRules, NewRule, Priorities } from './rule_forms';
import { Tester } from './tester';

interface Row {
  rule: Rule;
  rate: number | null;
  all: number | null;
}

function columnsOf(
  balancer: LoadBalancer,
  listener: Listener,
  whole: number,
  show: Show,
): Column<Row>[] {
  return [
    { name: 'Priority', number: true, cell: ({ rule }) => priorityText(rule.priority) },
    {
      name: 'If',
      cell: ({ rule }) =>
        rule.conditions.length === 0 ? (
          <span class="muted">anything else</span>
        ) : (
          <span class="cut wide" title={rule.conditions.map(conditionText).join(' and ')}>
            {rule.conditions.map(conditionText).join(' and ')}
          </span>
        ),
    },
    {
      name: 'Then',
      cell: ({ rule }) =>
        rule.target_groups.length === 1 ? (
          <a href={linkTo('group', rule.target_groups[0]!.name)}>{actionText(rule)}</a>
        ) : (
          <span class="cut" title={actionText(rule)}>
            {actionText(rule)}
          </span>
        ),
    },
    {
      name: 'Requests',
      number: true,
      cell: ({ rate: now }) => rate(now),
      order: ({ rate: now }) => now ?? 0,
    },
    {
      name: 'In all',
      number: true,
      cell: ({ all }) => count(all),
      order: ({ all }) => all ?? 0,
      hint: 'Since the node’s start',
    },
    { name: 'Share', number: true, cell: ({ all }) => percent(all ?? 0, whole) },
    {
      name: 'Change',
      cell: ({ rule }) => (
        <span class="actions">
          <EditRule show={show} balancer={balancer} listener={listener} rule={rule} />
          {rule.priority !== 0 && (
            <DeleteRule show={show} balancer={balancer} listener={listener} rule={rule} />
          )}
        </span>
      ),
    },
  ];
}

export function Rules() {
  const all = config.value!.load_balancers.flatMap((balancer) =>
    balancer.listeners.map((listener) => ({
      balancer,
      listener,
      id: `${balancer.name}:${listener.port}`,
    })),
  );
  const chosen = all.find(({ id }) => id === place.value.name) ?? all[0];
  if (!chosen)
    return (
      <>
        <h1>Rules</h1>
        <p>There is no listener.</p>
      </>
    );
  return (
    <>
      <header class="section-head">
        <h1>Rules</h1>
        <select
          aria-label="Listener"
          value={chosen.id}
          onChange={(event) => go(linkTo('rules', event.currentTarget.value))}
        >
          {all.map(({ id, balancer, listener }) => (
            <option key={id} value={id}>
              {balancer.name}, {listener.protocol} {listener.port}
            </option>
          ))}
        </select>
        <span class="actions">
          <NewRule key={`new ${chosen.id}`} balancer={chosen.balancer} listener={chosen.listener} />
          <Priorities
            key={`order ${chosen.id}`}
            balancer={chosen.balancer}
            listener={chosen.listener}
          />
        </span>
      </header>
      <List key={`list ${chosen.id}`} balancer={chosen.balancer} listener={chosen.listener} />
      <Tester key={chosen.id} balancer={chosen.balancer} listener={chosen.listener} />
    </>
  );
}

// Null: not told, as too many rules were met. Otherwise a rule without an entry was not met yet.
export function countOf(
  { rules, rules_left_out }: Pick<State, 'rules' | 'rules_left_out'>,
  arn: string,
  what: 'requests' | 'requests_total',
): number | null {
  return rules[arn]?.[what] ?? (rules_left_out ? null : 0);
}

function List({ balancer, listener }: { balancer: LoadBalancer; listener: Listener }) {
  const lock = lockOfRules(balancer);
  const [form, show] = useForm();
  const counted = state.value!;
  const rows = listener.rules.map((rule): Row => ({
    rule,
    rate: countOf(counted, rule.arn, 'requests'),
    all: countOf(counted, rule.arn, 'requests_total'),
  }));
  return (
    <section class="panel" aria-label="Rules in order">
      {lock && <p class="muted">They cannot be changed here: {lock}</p>}
      <Table
        label="Rules"
        columns={columnsOf(
          balancer,
          listener,
          rows.reduce((sum, { all }) => sum + (all ?? 0), 0),
          show,
        )}
        rows={rows}
        keyOf={({ rule }) => rule.arn}
      />
      {form}
    </section>
  );
}
