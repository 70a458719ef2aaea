// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { counts, healthySteps, pastOf, plateaus, stretches } from '../src/strip';
import type { HealthChange } from '../src/types';

const change = (time: number, state: string, saturated = false): HealthChange => ({
  time,
  state,
  saturated,
  reason: '',
  description: '',
});

test('what was before the first change is not known', () => {
  expect(
    stretches([change(20, 'initial'), change(30, 'healthy')], 10, 50).map(({ from, to, shade }) => [
      from,
      to,
      shade,
    ]),
  ).toEqual([
    [10, 20, 'unknown'],
    [20, 30, 'other'],
    [30, 50, 'healthy'],
  ]);
});

test('changes before the window count for its beginning', () => {
  expect(stretches([change(1, 'healthy'), change(5, 'unhealthy')], 10, 50)).toMatchObject([
    { from: 10, to: 50, shade: 'unhealthy' },
  ]);
});

test('a reason that changes alone makes no new stretch', () => {
  expect(stretches([change(10, 'unhealthy'), change(20, 'unhealthy')], 10, 50)).toHaveLength(1);
});

test('the incident is two, one, two', () => {
  const steps = healthySteps(
    [
      [change(0, 'healthy')],
      [change(0, 'healthy'), change(20, 'unhealthy'), change(40, 'healthy')],
    ],
    10,
    60,
  );
  expect(steps.map(({ from, to, healthy, of }) => [from, to, healthy, of])).toEqual([
    [10, 20, 2, 2],
    [20, 40, 1, 2],
    [40, 60, 2, 2],
  ]);
  expect(counts(steps)).toEqual({ values: [2, 1, 2], cut: false });
});

test('who is full serves, and is counted as full', () => {
  const steps = healthySteps([[change(0, 'healthy'), change(20, 'healthy', true)]], 10, 60);
  expect(steps.map(({ healthy, full }) => [healthy, full])).toEqual([
    [1, 0],
    [1, 1],
  ]);
  expect(counts(steps).values).toEqual([1]);
});

test('a plateau lasts while as many are healthy, full or not', () => {
  const steps = healthySteps(
    [[change(0, 'healthy'), change(20, 'healthy', true), change(30, 'unhealthy')]],
    10,
    60,
  );
  expect(plateaus(steps).map(({ from, to, healthy }) => [from, to, healthy])).toEqual([
    [10, 30, 1],
    [30, 60, 0],
  ]);
});

test('all of them ill is zero, and nobody there is nothing', () => {
  expect(counts(healthySteps([[change(0, 'unhealthy')]], 10, 60)).values).toEqual([0]);
  expect(counts(healthySteps([], 10, 60)).values).toEqual([]);
});

test('only the newest changes are said', () => {
  const changes = Array.from({ length: 20 }, (_, index) =>
    change(index, index % 2 ? 'healthy' : 'unhealthy'),
  );
  expect(counts(healthySteps([changes], 0, 30), 4)).toEqual({ values: [0, 1, 0, 1], cut: true });
});

test('points from before the start are the past, and gaps between them are not known', () => {
  const past = pastOf([0, 10, 20, 30, 40, 50], [null, 1, 1, 0, null, 1], 10, 55);
  expect(past.map(({ time, state }) => [time, state])).toEqual([
    [0, 'unknown'],
    [10, 'healthy'],
    [30, 'unhealthy'],
    [40, 'unknown'],
    [50, 'healthy'],
  ]);
  expect(
    stretches([...past, change(55, 'initial')], 5, 60).map(({ from, shade }) => [from, shade]),
  ).toEqual([
    [5, 'unknown'],
    [10, 'healthy'],
    [30, 'unhealthy'],
    [40, 'unknown'],
    [50, 'healthy'],
    [55, 'other'],
  ]);
});

test('after the last point it is not known what was until the start', () => {
  expect(pastOf([0, 10], [1, 1], 10, 100).map(({ time, state }) => [time, state])).toEqual([
    [0, 'healthy'],
    [20, 'unknown'],
  ]);
  expect(healthySteps([pastOf([0], [1], 10, 100)], 0, 50).map(({ of }) => of)).toEqual([1, 0]);
  expect(pastOf([], [], 10, 100)).toEqual([]);
});
