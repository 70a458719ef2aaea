// SPDX-License-Identifier: Apache-2.0
//
// Target groups: all of them, or one with its targets, and one target of it in detail.
import { useState } from 'preact/hooks';
import { dimensionsOf, groupFigures } from '../figures';
import { count, many, rate, seconds } from '../format';
import { config, groupsByName, state } from '../live';
import {
  Badge,
  Icon,
  standingNames,
  TargetBadge,
  Tile,
  toneOfTarget,
  WindowPicker,
} from '../parts/bits';
import { Figures } from '../parts/figures';
import { HealthStrip, StripKey } from '../parts/strip';
import { useForm } from '../parts/operation';
import type { Show } from '../parts/operation';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { linkTo, place } from '../route';
import { byStanding } from '../say';
import type { GroupState, TargetGroup, TargetState } from '../types';
import { Drain, Register, Weights } from './group_forms';
import { Advices } from './overview';
import { TargetDetail } from './target';

export function Group() {
  const { name } = place.value;
  if (!name) return <Groups />;
  const group = groupsByName.value.get(name);
  if (!group) {
    return (
      <p>
        There is no target group {name}. <a href={linkTo('group')}>All target groups</a>
      </p>
    );
  }
  return <One key={name} group={group} />;
}

interface Row {
  group: TargetGroup;
  now: GroupState | undefined;
  standing: GroupState['standing'];
}

const groupColumns: Column<Row>[] = [
  {
    name: 'Target group',
    order: ({ group }) => group.name,
    cell: ({ group }) => <a href={linkTo('group', group.name)}>{group.name}</a>,
  },
  {
    name: 'Standing',
    order: ({ standing }) => ['critical', 'warning', 'ok', 'unused'].indexOf(standing),
    cell: ({ standing }) => <Badge tone={standing}>{standingNames[standing]}</Badge>,
  },
  {
    name: 'Healthy',
    number: true,
    order: ({ now }) => (now ? now.healthy / Math.max(now.targets, 1) : 0),
    cell: ({ now }) => (now ? `${now.healthy} of ${now.targets}` : '–'),
  },
  {
    name: 'Requests',
    number: true,
    order: ({ now }) => now?.requests ?? 0,
    cell: ({ now }) => rate(now?.requests),
  },
  {
    name: 'Wait',
    number: true,
    order: ({ now }) => now?.waiting ?? 0,
    cell: ({ now }) => count(now?.waiting),
  },
  {
    name: 'Turned away',
    number: true,
    order: ({ now }) => now?.turned_away ?? 0,
    cell: ({ now }) => rate(now?.turned_away),
  },
  {
    name: 'Median',
    number: true,
    order: ({ now }) => now?.p50_seconds ?? 0,
    cell: ({ now }) => seconds(now?.p50_seconds),
  },
  {
    name: '99 in 100',
    number: true,
    order: ({ now }) => now?.p99_seconds ?? 0,
    cell: ({ now }) => seconds(now?.p99_seconds),
  },
  { name: 'Says', cell: ({ now }) => now?.sentence ?? '' },
];

function Groups() {
  const rows = config
    .value!.target_groups.map((group): Row => {
      const now = state.value!.target_groups[group.name];
      return { group, now, standing: now?.standing ?? 'unused' };
    })
    .sort(byStanding);
  return (
    <>
      <header class="section-head">
        <h1>Target groups</h1>
      </header>
      <Table
        label="Target groups"
        columns={groupColumns}
        rows={rows}
        keyOf={({ group }) => group.name}
        toneOf={({ standing }) => `tone-${standing}`}
        empty="There is no target group."
      />
    </>
  );
}

export interface TargetRow {
  key: string;
  target: string;
  id: string;
  port: number;
  zone: string;
  now: TargetState | undefined;
}

// Those that drain are registered no more, but still there.
function rowsOf(group: TargetGroup): TargetRow[] {
  const targets = state.value!.targets;
  const rows = group.targets.map((each): TargetRow => ({ ...each, now: targets[each.key] }));
  const known = new Set(rows.map(({ key }) => key));
  const prefix = group.name + '|';
  for (const [key, now] of Object.entries(targets)) {
    if (!key.startsWith(prefix) || known.has(key)) continue;
    const target = key.slice(prefix.length);
    rows.push({
      key,
      target,
      id: target.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''),
      port: Number(target.replace(/^.*:/, '')),
      zone: '',
      now,
    });
  }
  return rows;
}

const trouble = ({ now }: TargetRow) =>
  ['critical', 'warning', 'info', 'unused', 'ok'].indexOf(now ? toneOfTarget(now) : 'unused');

function columnsOf(
  group: TargetGroup,
  choose: (target: string) => void,
  show: Show,
): Column<TargetRow>[] {
  return [
    {
      name: 'Target',
      order: ({ target }) => target,
      cell: ({ target }) => (
        <button type="button" class="link" onClick={() => choose(target)}>
          {target}
        </button>
      ),
    },
    {
      name: 'State',
      order: (row) => -trouble(row),
      cell: ({ now }) => <TargetBadge target={now} />,
    },
    {
      name: 'Reason',
      order: ({ now }) => now?.reason ?? '',
      cell: ({ now }) => <span title={now?.description}>{now?.reason ?? ''}</span>,
    },
    {
      name: 'Requests',
      number: true,
      order: ({ now }) => now?.requests ?? 0,
      cell: ({ now }) => rate(now?.requests),
    },
    {
      name: '5xx',
      number: true,
      order: ({ now }) => now?.responses[4] ?? 0,
      cell: ({ now }) => rate(now?.responses[4]),
    },
    {
      name: 'In flight',
      number: true,
      order: ({ now }) => now?.in_flight ?? 0,
      cell: ({ now }) => count(now?.in_flight),
    },
    {
      name: 'Limit',
      number: true,
      hint: 'Requests that it serves at once, as learned; – : none met',
      order: ({ now }) => now?.learned_limit ?? 0,
      cell: ({ now }) => count(now?.learned_limit || null),
    },
    {
      name: 'Pool',
      number: true,
      hint: 'Open connections to it, and those of them that are idle',
      order: ({ now }) => now?.open ?? 0,
      cell: ({ now }) => (now ? `${now.open} (${now.idle} idle)` : '–'),
    },
    {
      name: 'Median',
      number: true,
      order: ({ now }) => now?.p50_seconds ?? 0,
      cell: ({ now }) => seconds(now?.p50_seconds),
    },
    {
      name: '99 in 100',
      number: true,
      order: ({ now }) => now?.p99_seconds ?? 0,
      cell: ({ now }) => seconds(now?.p99_seconds),
    },
    { name: 'Zone', order: ({ zone }) => zone, cell: ({ zone }) => zone || '–' },
    { name: 'Change', cell: (row) => <Drain show={show} group={group} target={row} small /> },
  ];
}

function One({ group }: { group: TargetGroup }) {
  const now = state.value!.target_groups[group.name];
  const [only, setOnly] = useState<'all' | 'ill'>('all');
  const [text, setText] = useState('');
  const [form, show] = useForm();
  const rows = rowsOf(group);
  const target = rows.find((row) => row.target === place.value.options.get('target'));
  const choose = (name: string) => {
    location.hash = linkTo('group', group.name, name === target?.target ? {} : { target: name });
  };
  const shown = rows.filter(
    (row) => (only === 'all' || trouble(row) < 4) && row.target.includes(text.trim()),
  );
  const balancers = config.value!.load_balancers.filter(({ name }) =>
    group.load_balancers.includes(name),
  );
  const dimensions = dimensionsOf(config.value!, group);
  return (
    <>
      <header class="section-head">
        <h1>{group.name}</h1>
        {now && <Badge tone={now.standing}>{standingNames[now.standing]}</Badge>}
        <span class="muted">
          {group.protocol} {group.port}
          {group.declared ? ', declared in daruma.yaml' : ''}
          {balancers.length > 0 ? `, behind ${balancers.map(({ name }) => name).join(', ')}` : ''}
        </span>
        <span class="actions">
          <Register group={group} />
          <Weights group={group} />
        </span>
      </header>
      {now && (
        <p class="sentence">
          <Icon tone={now.standing} />
          {now.sentence}
        </p>
      )}
      <Advices groups={[group.name]} />
      {now && <Tiles now={now} />}
      <section class="panel" aria-labelledby="targets">
        <header>
          <h2 id="targets">{many(rows.length, 'target')}</h2>
          <div class="segments" role="group" aria-label="Which targets">
            <button type="button" aria-pressed={only === 'all'} onClick={() => setOnly('all')}>
              All
            </button>
            <button type="button" aria-pressed={only === 'ill'} onClick={() => setOnly('ill')}>
              In trouble
            </button>
          </div>
          <input
            type="search"
            placeholder="Filter by address"
            aria-label="Filter by address"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </header>
        <Table
          label={`Targets of ${group.name}`}
          columns={columnsOf(group, choose, show)}
          rows={shown}
          keyOf={({ key }) => key}
          selected={target?.key ?? ''}
          toneOf={({ now: each }) => (each ? `tone-${toneOfTarget(each)}` : '')}
          empty={rows.length ? 'None is so.' : 'No target is registered.'}
        />
      </section>
      {form}
      {target && (
        <TargetDetail
          key={target.key}
          group={group}
          target={target}
          dimensions={dimensions}
          show={show}
        />
      )}
      <section class="panel" aria-labelledby="group-health">
        <header>
          <h2 id="group-health">Health over time</h2>
          <StripKey />
          <WindowPicker />
        </header>
        <HealthStrip group={group.name} all />
      </section>
      {!target && <Figures figures={groupFigures(dimensions)} />}
    </>
  );
}

function Tiles({ now }: { now: GroupState }) {
  return (
    <dl class="tiles">
      <Tile
        name="Healthy"
        value={`${now.healthy} of ${now.targets}`}
        tone={
          now.healthy === 0 && now.targets > 0
            ? 'critical'
            : now.healthy < now.targets
              ? 'warning'
              : ''
        }
      />
      <Tile
        name="Busy"
        value={count(now.saturated)}
        tone={now.saturated > 0 ? 'warning' : ''}
        hint="Targets whose workers are all taken"
      />
      <Tile name="Requests" value={rate(now.requests)} />
      <Tile name="Wait now" value={count(now.waiting)} tone={now.waiting > 0 ? 'warning' : ''} />
      <Tile
        name="Waited"
        value={seconds(now.wait_p50_seconds)}
        hint="Half of the requests that had to wait for a place at a target waited no longer"
      />
      <Tile
        name="Waited, 99 in 100"
        value={seconds(now.wait_p99_seconds)}
        hint="The same of 99 in 100"
      />
      <Tile
        name="Turned away"
        value={rate(now.turned_away)}
        tone={now.turned_away > 0 ? 'critical' : ''}
      />
      <Tile name="Median" value={seconds(now.p50_seconds)} />
      <Tile name="99 in 100" value={seconds(now.p99_seconds)} />
      <Tile name="Sent again" value={rate(now.retries)} />
      <Tile name="Requests in all" value={count(now.requests_total)} />
    </dl>
  );
}
