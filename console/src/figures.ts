// SPDX-License-Identifier: Apache-2.0
//
// Which metrics the charts are made of (docs/metrics.md), and how they become lines. Pure.
import type { Metric, Series } from './history';
import type { Line } from './parts/chart';
import type { Config, TargetGroup } from './types';

export type Dimensions = { [name: string]: string };

// Figures of a group that several load balancers share are under the group alone.
export function dimensionsOf(config: Config, group: TargetGroup): Dimensions {
  const balancers = config.load_balancers.filter(({ name }) => group.load_balancers.includes(name));
  const resource = { TargetGroup: group.resource_id };
  return balancers.length === 1
    ? { ...resource, LoadBalancer: balancers[0]!.resource_id }
    : resource;
}

const counter = (namespace: string, name: string, dimensions: Dimensions): Metric => ({
  namespace,
  name,
  dimensions,
  statistic: 'Sum',
  kind: 'counter',
});
const level = (name: string, dimensions: Dimensions, statistic = 'Maximum'): Metric => ({
  namespace: 'Daruma',
  name,
  dimensions,
  statistic,
  kind: 'level',
});
export const healthMetric = (dimensions: Dimensions, Target: string): Metric =>
  level('TargetHealthy', { ...dimensions, Target }, 'Minimum');

// Of durations, at three percentiles.
const times = (title: string, namespace: string, name: string, dimensions: Dimensions): Figure => ({
  title,
  unit: 'seconds',
  metrics: ['p50', 'p95', 'p99'].map((statistic) => ({
    namespace,
    name,
    dimensions,
    statistic,
    kind: 'level',
  })),
  lines: levelsOf([
    ['p50', '--s1'],
    ['p95', '--s3', true],
    ['p99', '--s4'],
  ]),
});

const classes: [string, string][] = [
  ['2XX', '--s2xx'],
  ['3XX', '--s3xx'],
  ['4XX', '--s4xx'],
  ['5XX', '--s5xx'],
];

// One chart: what it needs of the server, and what it draws of the answer, which has a list of
// values for each metric in the same order.
export interface Figure {
  title: string;
  unit: 'rate' | 'seconds' | 'count';
  stacked?: boolean;
  metrics: Metric[];
  lines: (series: Series, at: number) => Line[]; // at: where its values begin
}

export const perSecond = (values: (number | null)[], period: number) =>
  values.map((value) => (value === null ? null : value / period));

function ratesOf(names: [string, string][]) {
  return (series: Series, at: number): Line[] =>
    names.map(([label, color], index) => ({
      label,
      color,
      values: perSecond(series.values[at + index]!, series.period),
    }));
}

function levelsOf(names: [string, string, boolean?][]) {
  return (series: Series, at: number): Line[] =>
    names.map(([label, color, dash], index) => ({
      label,
      color,
      values: series.values[at + index]!,
      ...(dash ? { dash } : {}),
    }));
}

export function balancerTraffic(dimensions: Dimensions): Figure {
  return {
    title: 'Responses',
    unit: 'rate',
    stacked: true,
    metrics: [
      ...classes.map(([name]) =>
        counter('AWS/ApplicationELB', `HTTPCode_Target_${name}_Count`, dimensions),
      ),
      ...[
        'HTTP_Redirect_Count',
        'HTTP_Fixed_Response_Count',
        'HTTPCode_ELB_4XX_Count',
        'HTTPCode_ELB_5XX_Count',
      ].map((name) => counter('AWS/ApplicationELB', name, dimensions)),
    ],
    lines: (series, at) => {
      const rates = series.values
        .slice(at, at + 8)
        .map((values) => perSecond(values, series.period));
      const sum = (one: number, two: number) =>
        rates[one]!.map((value, index) => {
          const other = rates[two]![index]!;
          return value === null && other === null ? null : (value ?? 0) + (other ?? 0);
        });
      return [
        { label: '2xx', color: '--s2xx', values: rates[0]! },
        { label: '3xx', color: '--s3xx', values: rates[1]! },
        { label: 'by rules', color: '--s6', values: sum(4, 5) },
        { label: '4xx', color: '--s4xx', values: sum(2, 6) },
        { label: '5xx of targets', color: '--s7', values: rates[3]! },
        { label: '5xx of Daruma', color: '--s5xx', values: rates[7]! },
      ];
    },
  };
}

export function latency(dimensions: Dimensions): Figure {
  const space = 'Target' in dimensions ? 'Daruma' : 'AWS/ApplicationELB';
  return times('Time to the first byte', space, 'TargetResponseTime', dimensions);
}

const errorColors = ['--s5', '--s3', '--s4', '--s7', '--s1', '--s8', '--s6', '--s2'];

export function reasonFigure(dimensions: Dimensions, reasons: string[]): Figure {
  return {
    title: 'Errors by reason',
    unit: 'rate',
    stacked: true,
    metrics: reasons.map((Reason) => counter('Daruma', 'ReasonCount', { ...dimensions, Reason })),
    // Most reasons are never given: only those of this time are shown.
    lines: (series, at) =>
      ratesOf(reasons.map((reason, index) => [reason, errorColors[index % errorColors.length]!]))(
        series,
        at,
      ).filter(({ values }) => values.some((value) => value)),
  };
}

export function groupFigures(dimensions: Dimensions): Figure[] {
  const alone = 'Target' in dimensions;
  const space = alone ? 'Daruma' : 'AWS/ApplicationELB';
  const answers: Figure = {
    title: alone ? 'Answers of the target' : 'Answers of the targets',
    unit: 'rate',
    stacked: true,
    metrics: classes.map(([name]) => counter(space, `HTTPCode_Target_${name}_Count`, dimensions)),
    lines: ratesOf(classes.map(([name, color]) => [name.toLowerCase(), color])),
  };
  const places: Figure = {
    title: 'Connections and requests in flight',
    unit: 'count',
    metrics: [
      'TargetRequestsInFlight',
      'TargetPoolSize',
      'TargetPoolIdle',
      'TargetLearnedLimit',
    ].map((name) => level(name, dimensions)),
    lines: (series, at) => {
      const lines = levelsOf([
        ['in flight', '--s1'],
        ['open', '--s2'],
        ['idle', '--s6'],
        ['learned limit', '--s5', true],
      ])(series, at);
      // 0 says that no limit was met: no line then.
      const limit = lines[3]!;
      limit.values = limit.values.map((value) => value || null);
      return lines;
    },
  };
  const opened: Figure = {
    title: 'Connections opened, handshakes, failures',
    unit: 'rate',
    metrics: [
      counter('Daruma', 'TargetConnectionCount', dimensions),
      counter('Daruma', 'TargetTLSHandshakeCount', dimensions),
      counter('Daruma', 'TargetTLSResumptionCount', dimensions),
      counter(space, 'TargetConnectionErrorCount', dimensions),
      counter('Daruma', 'TargetFailureCount', dimensions),
    ],
    lines: (series, at) => {
      const [connections, shakes, resumed, errors, failures] = ratesOf([
        ['opened', '--s1'],
        ['full handshakes', '--s3'],
        ['resumed', '--s2'],
        ['not opened', '--s5'],
        ['failed requests', '--s4'],
      ])(series, at) as [Line, Line, Line, Line, Line];
      shakes.values = shakes.values.map((value, index) =>
        value === null ? null : Math.max(0, value - (resumed.values[index] ?? 0)),
      );
      return [connections, shakes, resumed, errors, failures];
    },
  };
  const line: Figure = {
    title: 'The line of requests that wait',
    unit: 'rate',
    metrics: ['QueuedRequestCount', 'TurnedAwayRequestCount', 'RetryCount'].map((name) =>
      counter('Daruma', name, dimensions),
    ),
    lines: ratesOf([
      ['had to wait', '--s3'],
      ['turned away', '--s5'],
      ['sent again', '--s1'],
    ]),
  };
  const all = [answers, latency(dimensions), places, opened];
  const wait = times('How long they waited', 'Daruma', 'QueueWaitTime', dimensions);
  return alone ? all : [...all, line, wait];
}

// Where each figure's values begin among all that were asked for at once.
export function offsets(figures: Figure[]): number[] {
  let at = 0;
  return figures.map((figure) => {
    const begin = at;
    at += figure.metrics.length;
    return begin;
  });
}
