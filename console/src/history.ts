// SPDX-License-Identifier: Apache-2.0
//
// Figures of the past, from the CloudWatch API of this node, on one grid of time.
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { state } from './live';
import { call } from './server';

export interface Metric {
  namespace: string;
  name: string;
  dimensions: { [name: string]: string };
  statistic: string; // Sum, Average, Maximum, p99 …
  // How many there were in a period that has no point: of counters none, else it is not known.
  kind: 'counter' | 'level';
}

export interface Window {
  name: string;
  seconds: number;
  period: number;
}

// Points of 10 s are kept for 3 h, of a minute for 15 days, of 5 minutes for 63.
export const windows: Window[] = [
  { name: '5 min', seconds: 300, period: 10 },
  { name: '15 min', seconds: 900, period: 10 },
  { name: '1 h', seconds: 3600, period: 10 },
  { name: '3 h', seconds: 10800, period: 60 },
  { name: '12 h', seconds: 43200, period: 60 },
  { name: '24 h', seconds: 86400, period: 300 },
  { name: '7 d', seconds: 604800, period: 3600 },
];
export const chosen = signal<Window>(windows[1]!);

export interface Series {
  times: number[];
  values: (number | null)[][]; // one list for each metric, as long as times
  period: number;
}

interface Answer {
  MetricDataResults: { Id: string; Timestamps: number[]; Values: number[] }[];
  NextToken?: string;
}

// Whole periods only: the one under way would look like a fall.
export function gridOf(now: number, window: Window): number[] {
  const end = Math.floor(now / window.period) * window.period;
  const begin = end - Math.ceil(window.seconds / window.period) * window.period;
  const times: number[] = [];
  for (let time = begin; time < end; time += window.period) times.push(time);
  return times;
}

export function onGrid(
  times: number[],
  found: Map<number, number>[],
  metrics: Metric[],
  countedSince: number,
): (number | null)[][] {
  const counted = times.map(
    (time) => time >= countedSince || found.some((points) => points.has(time)),
  );
  // What has just passed may not have been collected yet.
  let last = times.length - 1;
  if (last >= 0 && !found.some((points) => points.has(times[last]!))) counted[last] = false;
  return metrics.map((metric, index) =>
    times.map(
      (time, at) =>
        found[index]!.get(time) ?? (metric.kind === 'counter' && counted[at] ? 0 : null),
    ),
  );
}

const metrics_a_call_max = 500; // GetMetricData's own limit

export async function fetchSeries(
  metrics: Metric[],
  window: Window,
  now: number,
  countedSince: number,
): Promise<Series> {
  const times = gridOf(now, window);
  const found = metrics.map(() => new Map<number, number>());
  for (let first = 0; first < metrics.length; first += metrics_a_call_max) {
    const part = metrics.slice(first, first + metrics_a_call_max);
    let token: string | undefined;
    do {
      const answer: Answer = await call<Answer>('cloudwatch', 'GetMetricData', {
        StartTime: times[0],
        EndTime: times[times.length - 1]! + window.period,
        ScanBy: 'TimestampAscending',
        MetricDataQueries: part.map((metric, index) => ({
          Id: `m${first + index}`,
          MetricStat: {
            Period: window.period,
            Stat: metric.statistic,
            Metric: {
              Namespace: metric.namespace,
              MetricName: metric.name,
              Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({
                Name,
                Value,
              })),
            },
          },
        })),
        ...(token ? { NextToken: token } : {}),
      });
      for (const each of answer.MetricDataResults) {
        const points = found[Number(each.Id.slice(1))]!;
        each.Timestamps.forEach((time, index) => points.set(time, each.Values[index]!));
      }
      token = answer.NextToken;
    } while (token);
  }
  return { times, values: onGrid(times, found, metrics, countedSince), period: window.period };
}

// The names of the reasons that a load balancer has ever given.
export async function reasonsOf(balancer: string): Promise<string[]> {
  const names = new Set<string>();
  let token: string | undefined;
  do {
    const answer: {
      Metrics: { Dimensions: { Name: string; Value: string }[] }[];
      NextToken?: string;
    } = await call('cloudwatch', 'ListMetrics', {
      Namespace: 'Daruma',
      MetricName: 'ReasonCount',
      Dimensions: [{ Name: 'LoadBalancer', Value: balancer }],
      ...(token ? { NextToken: token } : {}),
    });
    for (const metric of answer.Metrics) {
      for (const each of metric.Dimensions) if (each.Name === 'Reason') names.add(each.Value);
    }
    token = answer.NextToken;
  } while (token);
  return [...names].sort();
}

const refresh_ms = 5000;

// Asks again while the component is shown, and at once when `metrics` or the window is another.
// A failure keeps what was there, and says why.
export function useSeries(metrics: Metric[]): { series: Series | null; problem: string } {
  const [series, setSeries] = useState<Series | null>(null);
  const [problem, setProblem] = useState('');
  const window = chosen.value;
  const key = JSON.stringify(metrics);
  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = async () => {
      const now = state.peek();
      try {
        if (now && metrics.length > 0 && !document.hidden) {
          const next = await fetchSeries(metrics, window, now.time, now.node.started);
          if (over) return;
          setSeries(next);
          setProblem('');
        }
      } catch (error) {
        if (over) return;
        setProblem(error instanceof Error ? error.message : String(error));
      }
      timer = setTimeout(again, state.peek() ? refresh_ms : 200);
    };
    void again();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [key, window]);
  return { series, problem };
}
