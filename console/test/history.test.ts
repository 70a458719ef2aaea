// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { gridOf, onGrid } from '../src/history';
import type { Metric } from '../src/history';

const metric = (kind: Metric['kind']): Metric => ({
  namespace: 'Daruma',
  name: 'X',
  dimensions: {},
  statistic: 'Sum',
  kind,
});

test('the grid has whole periods, and not the one under way', () => {
  expect(gridOf(1009, { name: '', seconds: 30, period: 10 })).toEqual([970, 980, 990]);
  expect(gridOf(1010, { name: '', seconds: 30, period: 10 })).toEqual([980, 990, 1000]);
});

test('a counter without a point counted nothing, a level is not known', () => {
  const found = [new Map([[10, 5]]), new Map([[20, 1]])];
  expect(onGrid([0, 10, 20], found, [metric('counter'), metric('level')], 10)).toEqual([
    [null, 5, 0],
    [null, null, 1],
  ]);
});

test('the newest period is not known while nothing of it was collected', () => {
  expect(onGrid([0, 10], [new Map([[0, 5]])], [metric('counter')], 0)).toEqual([[5, null]]);
});
