// SPDX-License-Identifier: Apache-2.0
//
// One target: what was probed of it and when that changed, its places, its charts.
import { groupFigures } from '../figures';
import { count, dateAndTime, rate, seconds, span } from '../format';
import { state } from '../live';
import { TargetBadge, Tile } from '../parts/bits';
import { Figures } from '../parts/figures';
import type { Show } from '../parts/operation';
import { useHealth } from '../parts/strip';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { linkTo } from '../route';
import type { HealthChange, TargetGroup } from '../types';
import { Drain } from './group_forms';
import type { TargetRow } from './group';

interface Row extends HealthChange {
  until: number | null;
}

const columns: Column<Row>[] = [
  { name: 'Since', cell: ({ time }) => dateAndTime(time) },
  {
    name: 'For',
    number: true,
    cell: ({ time, until }) => span((until ?? state.value!.time) - time),
  },
  { name: 'State', cell: (row) => <TargetBadge target={{ ...row, anomalous: false }} /> },
  { name: 'Reason', cell: ({ reason }) => reason },
  { name: 'What the probe found', cell: ({ description }) => description },
];

function marks(now: NonNullable<TargetRow['now']>): string {
  const found = [
    now.saturated && 'all its workers are busy',
    now.anomalous && 'its requests fail or take longer than others’',
    now.mitigated && 'it is given less than its share',
    now.shifted_away && 'its zone is shifted away from',
    now.slow_starting && 'it starts slowly',
  ].filter(Boolean);
  return found.join('; ');
}

export function TargetDetail({
  group,
  target,
  dimensions,
  show,
}: {
  group: TargetGroup;
  target: TargetRow;
  dimensions: { [name: string]: string };
  show: Show;
}) {
  const history = useHealth(group.name);
  const changes = history?.targets[target.target] ?? [];
  const rows = changes
    .map((change, index): Row => ({ ...change, until: changes[index + 1]?.time ?? null }))
    .reverse();
  const { now } = target;
  return (
    <section class="panel detail" aria-labelledby="target">
      <header>
        <h2 id="target">{target.target}</h2>
        <TargetBadge target={now} />
        <a href={linkTo('why', '', { target: target.target })}>Requests sent to it</a>
        <span class="actions">
          <Drain show={show} group={group} target={target} />
          <a href={linkTo('group', group.name)}>Close</a>
        </span>
      </header>
      {now?.description && <p>{now.description}</p>}
      {now && marks(now) && <p>Now {marks(now)}.</p>}
      {now && (
        <dl class="tiles">
          <Tile name="In flight" value={count(now.in_flight)} />
          <Tile
            name="Learned limit"
            value={count(now.learned_limit || null)}
            hint="– : no limit met"
          />
          <Tile name="Pool" value={`${now.open} (${now.idle} idle)`} />
          <Tile name="Requests" value={rate(now.requests)} />
          <Tile name="Failed" value={rate(now.failures)} tone={now.failures > 0 ? 'warning' : ''} />
          <Tile
            name="Handshakes"
            value={rate(now.handshakes)}
            hint={`${rate(now.resumptions)} of them resumed`}
          />
          <Tile
            name="Reused"
            value={rate(now.reuses)}
            hint="Requests on a connection that had carried another"
          />
          <Tile name="Median" value={seconds(now.p50_seconds)} />
          <Tile name="99 in 100" value={seconds(now.p99_seconds)} />
          <Tile name="Requests in all" value={count(now.requests_total)} />
        </dl>
      )}
      <h3>Health checks</h3>
      <Table
        label={`Health of ${target.target}`}
        columns={columns}
        rows={rows}
        keyOf={({ time, state: name, reason }) => `${time}${name}${reason}`}
        empty={history ? `No change since ${dateAndTime(history.since)}.` : 'Loading …'}
      />
      <Figures figures={groupFigures({ ...dimensions, Target: target.target })} />
    </section>
  );
}
