// SPDX-License-Identifier: Apache-2.0
//
// Health over time: what a target was and for how long, and how many of a group were healthy. Pure.
import type { HealthChange } from './types';

// What is drawn of a target. `full` is healthy, and saturated.
export type Shade = 'healthy' | 'full' | 'unhealthy' | 'draining' | 'other' | 'unknown';

export interface Stretch {
  from: number;
  to: number;
  shade: Shade;
  change: HealthChange | null;
}

export function shadeOf(change: { state: string; saturated: boolean }): Shade {
  if (change.state === 'healthy') return change.saturated ? 'full' : 'healthy';
  if (change.state === 'unhealthy' || change.state === 'unavailable') return 'unhealthy';
  if (change.state === 'draining') return 'draining';
  if (change.state === 'unknown') return 'unknown';
  return 'other';
}

// What was before `until`, of points of a metric that is 1 while a target is healthy. Whether it was
// unhealthy, being checked or draining otherwise, such a point does not tell: it was not healthy.
export function pastOf(
  times: number[],
  values: (number | null)[],
  period: number,
  until: number,
): HealthChange[] {
  const found: HealthChange[] = [];
  const add = (time: number, state: string) => {
    if (time < until && found[found.length - 1]?.state !== state)
      found.push({ time, state, reason: '', description: '', saturated: false });
  };
  times.forEach((time, index) => {
    const value = values[index];
    add(time, value === null || value === undefined ? 'unknown' : value ? 'healthy' : 'unhealthy');
  });
  if (times.length > 0) add(times[times.length - 1]! + period, 'unknown');
  return found;
}

// Without gaps from `begin` to `end`; what lies before the first change is unknown.
export function stretches(changes: HealthChange[], begin: number, end: number): Stretch[] {
  const found: Stretch[] = [];
  const add = (from: number, to: number, change: HealthChange | null) => {
    const cut = { from: Math.max(from, begin), to: Math.min(to, end) };
    if (cut.from >= cut.to) return;
    const shade = change ? shadeOf(change) : 'unknown';
    const last = found[found.length - 1];
    if (last && last.shade === shade && last.to === cut.from) last.to = cut.to;
    else found.push({ ...cut, shade, change });
  };
  add(-Infinity, changes[0]?.time ?? Infinity, null);
  changes.forEach((change, index) =>
    add(change.time, changes[index + 1]?.time ?? Infinity, change),
  );
  return found;
}

export interface Step {
  from: number;
  to: number;
  healthy: number; // saturated ones included: they serve
  full: number;
  of: number; // whose state is known, draining ones left out
}

// How many were healthy, in steps.
export function healthySteps(targets: HealthChange[][], begin: number, end: number): Step[] {
  const events: { time: number; healthy: number; full: number; of: number }[] = [];
  for (const changes of targets) {
    for (const { from, to, shade } of stretches(changes, begin, end)) {
      const one = {
        healthy: shade === 'healthy' || shade === 'full' ? 1 : 0,
        full: shade === 'full' ? 1 : 0,
        of: shade === 'unknown' || shade === 'draining' ? 0 : 1,
      };
      events.push({ time: from, ...one });
      events.push({ time: to, healthy: -one.healthy, full: -one.full, of: -one.of });
    }
  }
  events.sort((a, b) => a.time - b.time);
  const steps: Step[] = [];
  let now = { healthy: 0, full: 0, of: 0 };
  for (let at = 0; at < events.length;) {
    const time = events[at]!.time;
    const next = { ...now };
    for (; at < events.length && events[at]!.time === time; at += 1) {
      next.healthy += events[at]!.healthy;
      next.full += events[at]!.full;
      next.of += events[at]!.of;
    }
    now = next;
    if (time >= end) break;
    const last = steps[steps.length - 1];
    if (last && last.healthy === now.healthy && last.of === now.of && last.full === now.full) {
      continue;
    }
    if (last) last.to = time;
    steps.push({ from: time, to: end, ...now });
  }
  return steps;
}

// For how long so many were healthy, whether or not some of them were full.
export function plateaus(steps: Step[]): Step[] {
  const found: Step[] = [];
  for (const step of steps) {
    const last = found[found.length - 1];
    if (last && last.healthy === step.healthy && last.of === step.of) last.to = step.to;
    else found.push({ ...step });
  }
  return found.filter(({ of }) => of > 0);
}

// The picture in words: [2, 1, 2]; the newest `most` of it.
export function counts(steps: Step[], most = 8): { values: number[]; cut: boolean } {
  const values: number[] = [];
  for (const step of steps) {
    if (step.of === 0) continue;
    if (values[values.length - 1] !== step.healthy) values.push(step.healthy);
  }
  return { values: values.slice(-most), cut: values.length > most };
}
