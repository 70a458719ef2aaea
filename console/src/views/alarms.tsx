// SPDX-License-Identifier: Apache-2.0
//
// Every alarm, the worst first; and of one its history, and what can be done about it.
import { useState } from 'preact/hooks';
import { dateAndTime } from '../format';
import { state } from '../live';
import { useAsked } from '../parts/asked';
import { Badge, Problem } from '../parts/bits';
import type { Tone } from '../parts/bits';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { linkTo, place } from '../route';
import { call } from '../server';
import type { AlarmHistoryItem, MetricAlarm, MetricQuery } from '../types';
import { Delete, NewAlarm, SetState, ToggleActions } from './alarm_forms';

const tones: { [state in MetricAlarm['StateValue']]: Tone } = {
  ALARM: 'critical',
  INSUFFICIENT_DATA: 'unused',
  OK: 'ok',
};
const names: { [state in MetricAlarm['StateValue']]: string } = {
  ALARM: 'Alarm',
  INSUFFICIENT_DATA: 'No data',
  OK: 'OK',
};
const order = ['ALARM', 'INSUFFICIENT_DATA', 'OK'];

async function allAlarms(): Promise<MetricAlarm[]> {
  const found: MetricAlarm[] = [];
  let token: string | undefined;
  do {
    const answer: {
      MetricAlarms?: MetricAlarm[];
      CompositeAlarms?: MetricAlarm[];
      NextToken?: string;
    } = await call('cloudwatch', 'DescribeAlarms', {
      MaxRecords: 100,
      AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
      ...(token ? { NextToken: token } : {}),
    });
    found.push(...(answer.MetricAlarms ?? []), ...(answer.CompositeAlarms ?? []));
    token = answer.NextToken;
  } while (token);
  return found.sort(
    (one, two) =>
      order.indexOf(one.StateValue) - order.indexOf(two.StateValue) ||
      one.AlarmName.localeCompare(two.AlarmName),
  );
}

const columns: Column<MetricAlarm>[] = [
  {
    name: 'Alarm',
    order: ({ AlarmName }) => AlarmName,
    cell: ({ AlarmName }) => <a href={linkTo('alarms', AlarmName)}>{AlarmName}</a>,
  },
  {
    name: 'State',
    order: ({ StateValue }) => -order.indexOf(StateValue),
    cell: ({ StateValue }) => <Badge tone={tones[StateValue]}>{names[StateValue]}</Badge>,
  },
  {
    name: 'Since',
    order: ({ StateUpdatedTimestamp }) => StateUpdatedTimestamp,
    cell: ({ StateUpdatedTimestamp }) => dateAndTime(StateUpdatedTimestamp),
  },
  {
    name: 'Told',
    cell: ({ ActionsEnabled }) => (ActionsEnabled ? 'yes' : <Badge tone="warning">nobody</Badge>),
  },
  {
    name: 'Why',
    cell: ({ StateReason }) => (
      <span class="cut wide" title={StateReason}>
        {StateReason}
      </span>
    ),
  },
];

const refresh_ms = 10_000;

export function Alarms() {
  const ringing = state.value!.alarms.alarm.map(({ name }) => name).join();
  const { answer, problem, again } = useAsked(allAlarms, ringing, refresh_ms);
  const one = answer?.find(({ AlarmName }) => AlarmName === place.value.name);
  const [text, setText] = useState('');
  const rows = (answer ?? []).filter(({ AlarmName }) => AlarmName.includes(text.trim()));
  return (
    <>
      <header class="section-head">
        <h1>Alarms</h1>
        <input
          type="search"
          placeholder="Filter by name"
          aria-label="Filter by name"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <span class="actions">
          <NewAlarm done={again} />
        </span>
      </header>
      {problem && <Problem>{problem}</Problem>}
      {place.value.name && answer && !one && (
        <p class="notice">
          There is no alarm {place.value.name} any more: it was deleted, or went with what it was
          about.
        </p>
      )}
      {one && <One alarm={one} again={again} />}
      <section class="panel" aria-label="All alarms">
        <Table
          label="Alarms"
          columns={columns}
          rows={rows}
          keyOf={({ AlarmName }) => AlarmName}
          selected={one?.AlarmName ?? ''}
          toneOf={({ StateValue }) => `tone-${tones[StateValue]}`}
          empty={answer ? 'There is no such alarm.' : 'Loading …'}
        />
      </section>
    </>
  );
}

const comparisons: { [operator: string]: string } = {
  GreaterThanOrEqualToThreshold: 'at least',
  GreaterThanThreshold: 'above',
  LessThanThreshold: 'below',
  LessThanOrEqualToThreshold: 'at most',
};

function metricText(
  statistic: string | undefined,
  name: string | undefined,
  dimensions: { Value: string }[] | undefined,
): string {
  const of = (dimensions ?? []).map(({ Value }) => Value).join(', ');
  return `${statistic ?? ''} of ${name ?? ''}${of ? ` of ${of}` : ''}`;
}

// "100 * e / r (e: Sum of Errors; r: Sum of Requests)"
function mathText(queries: MetricQuery[]): string {
  const text = ({ Expression, MetricStat }: MetricQuery) =>
    Expression ??
    metricText(MetricStat?.Stat, MetricStat?.Metric.MetricName, MetricStat?.Metric.Dimensions);
  const judged = queries.find(({ ReturnData }) => ReturnData !== false);
  const others = queries.filter((each) => each !== judged);
  const list = others.map((each) => `${each.Id}: ${text(each)}`).join('; ');
  return (judged ? text(judged) : '') + (list ? ` (${list})` : '');
}

export function ruleText(alarm: MetricAlarm): string {
  if (alarm.AlarmRule) return alarm.AlarmRule;
  const periods = alarm.EvaluationPeriods ?? 1;
  const period =
    alarm.Period ??
    Math.max(0, ...(alarm.Metrics ?? []).map((each) => each.MetricStat?.Period ?? 0));
  const watched = alarm.Metrics
    ? mathText(alarm.Metrics)
    : metricText(alarm.Statistic ?? alarm.ExtendedStatistic, alarm.MetricName, alarm.Dimensions);
  return (
    `${watched} ${comparisons[alarm.ComparisonOperator ?? ''] ?? ''} ` +
    `${alarm.Threshold ?? ''}, in ${alarm.DatapointsToAlarm ?? periods} of ${periods} periods of ${period} s`
  );
}

const historyColumns: Column<AlarmHistoryItem>[] = [
  { name: 'When', cell: ({ Timestamp }) => dateAndTime(Timestamp) },
  { name: 'What', cell: ({ HistoryItemType }) => HistoryItemType },
  { name: 'Summary', cell: ({ HistorySummary }) => HistorySummary },
];

function One({ alarm, again }: { alarm: MetricAlarm; again: () => void }) {
  const { answer, problem } = useAsked(
    async () =>
      (
        await call<{ AlarmHistoryItems: AlarmHistoryItem[] }>(
          'cloudwatch',
          'DescribeAlarmHistory',
          {
            AlarmName: alarm.AlarmName,
            MaxRecords: 50,
            AlarmTypes: ['MetricAlarm', 'CompositeAlarm'],
            ScanBy: 'TimestampDescending',
          },
        )
      ).AlarmHistoryItems,
    alarm.AlarmName + alarm.StateUpdatedTimestamp,
    refresh_ms,
  );
  return (
    <section class={`panel detail tone-${tones[alarm.StateValue]}`} aria-labelledby="alarm">
      <header>
        <h2 id="alarm">{alarm.AlarmName}</h2>
        <Badge tone={tones[alarm.StateValue]}>{names[alarm.StateValue]}</Badge>
        <span class="muted">since {dateAndTime(alarm.StateUpdatedTimestamp)}</span>
        <span class="actions">
          <SetState alarm={alarm} done={again} />
          <ToggleActions alarm={alarm} done={again} />
          <Delete alarm={alarm} done={again} />
          <a href={linkTo('alarms')}>Close</a>
        </span>
      </header>
      {alarm.AlarmDescription && <p>{alarm.AlarmDescription}</p>}
      <p>{alarm.StateReason}</p>
      {alarm.ActionsSuppressedReason && <p>{alarm.ActionsSuppressedReason}</p>}
      <p class="muted">{ruleText(alarm)}</p>
      {problem && <Problem>{problem}</Problem>}
      <Table
        label={`History of ${alarm.AlarmName}`}
        columns={historyColumns}
        rows={answer ?? []}
        keyOf={(item) => item.Timestamp + item.HistoryItemType + item.HistorySummary}
        empty={answer ? 'Nothing has happened to it.' : 'Loading …'}
      />
    </section>
  );
}
