// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { reachable } from '../src/graph';
import { groupFigures, offsets, reasonFigure } from '../src/figures';
import { healthDiffers } from '../src/live';
import { stack, summary } from '../src/parts/chart';
import { sightOf } from '../src/parts/table';
import { linkTo, placeOf } from '../src/route';
import { countOf } from '../src/views/rules';
import { toneOfDays } from '../src/views/certificates';
import { aState, aTarget } from './example';

test('the path through a node goes both ways, and not sideways', () => {
  const edges: [string, string][] = [
    ['listener', 'rule'],
    ['listener', 'other'],
    ['rule', 'group'],
    ['other', 'group'],
    ['group', 'target'],
  ];
  expect([...reachable('rule', edges)].sort()).toEqual(['group', 'listener', 'rule', 'target']);
  expect([...reachable('target', edges)].sort()).toEqual([
    'group',
    'listener',
    'other',
    'rule',
    'target',
  ]);
});

test('a circle ends', () =>
  expect(
    reachable('a', [
      ['a', 'b'],
      ['b', 'a'],
    ]).size,
  ).toBe(2));

test('lines are stacked, and what is not known stays so', () => {
  expect(
    stack([
      [1, null, 3],
      [10, 20, null],
    ]),
  ).toEqual([
    [1, null, 3],
    [11, 20, null],
  ]);
});

test('a line is told in a sentence', () => {
  const line = { label: 'p50', color: '--s1', values: [1, 5, null] };
  const times = [0, 10, 20];
  expect(summary(line, times, String)).toMatch(/^p50: 5 now, at most 5 at \d\d:\d\d:10$/);
  expect(summary({ ...line, values: [null] }, times, String)).toBe('p50: no figures');
});

test('of a thousand rows only those in sight are rendered', () => {
  expect(sightOf(0, 360, 36, 1000)).toEqual({ first: 0, last: 18 });
  const { first, last } = sightOf(18_000, 360, 36, 1000);
  expect(first).toBeLessThan(500);
  expect(last - first).toBeLessThan(30);
  expect(sightOf(36_000, 360, 36, 1000).last).toBe(1000);
});

test('addresses are read back as they are written', () => {
  const link = linkTo('alarms', 'odd/name?%&', { key: 'a b' });
  const place = placeOf(link);
  expect([place.view, place.name, place.options.get('key')]).toEqual([
    'alarms',
    'odd/name?%&',
    'a b',
  ]);
  expect(placeOf('').view).toBe('overview');
  expect(placeOf('#/alarms/100%').name).toBe('100%');
});

test('health differs when a target is ill, full, new or gone', () => {
  const before = aState();
  expect(healthDiffers(null, before)).toBe(true);
  expect(healthDiffers(before, aState())).toBe(false);
  const key = 'app|10.0.0.1:80';
  expect(
    healthDiffers(before, {
      ...before,
      targets: { ...before.targets, [key]: aTarget({ state: 'unhealthy' }) },
    }),
  ).toBe(true);
  expect(
    healthDiffers(before, {
      ...before,
      targets: { ...before.targets, [key]: aTarget({ saturated: true }) },
    }),
  ).toBe(true);
  expect(healthDiffers(before, { ...before, targets: { [key]: aTarget() } })).toBe(true);
  expect(
    healthDiffers(before, {
      ...before,
      targets: { ...before.targets, [key]: aTarget({ requests: 9 }) },
    }),
  ).toBe(false);
});

test('each figure finds its own values among all', () => {
  const figures = groupFigures({ TargetGroup: 'g', LoadBalancer: 'l' });
  const begins = offsets(figures);
  const values = figures.flatMap(({ metrics }, figure) =>
    metrics.map((_, metric) => [100 * figure + metric]),
  );
  figures.forEach((figure, index) => {
    const lines = figure.lines({ times: [0], period: 1, values }, begins[index]!);
    expect(lines[0]!.values[0]).toBe(100 * index);
  });
});

test('full handshakes are those that resumed none', () => {
  const opened = groupFigures({ TargetGroup: 'g' })[3]!;
  const lines = opened.lines({ times: [0], period: 10, values: [[50], [40], [30], [0], [0]] }, 0);
  expect(lines.map(({ label, values }) => [label, values[0]])).toEqual([
    ['opened', 5],
    ['full handshakes', 1],
    ['resumed', 3],
    ['not opened', 0],
    ['failed requests', 0],
  ]);
});

test('reasons that were not given in this time are left out', () => {
  const figure = reasonFigure({ LoadBalancer: 'l' }, ['a', 'b']);
  expect(
    figure
      .lines(
        {
          times: [0, 10],
          period: 10,
          values: [
            [0, 0],
            [null, 20],
          ],
        },
        0,
      )
      .map(({ label, values }) => [label, values]),
  ).toEqual([['b', [null, 2]]]);
});

test.each([
  [null, 'unused'],
  [3, 'critical'],
  [12, 'warning'],
  [21, 'ok'],
] as const)('a certificate with %s days left is %s', (days, tone) =>
  expect(toneOfDays(days)).toBe(tone),
);

test('a rule that was not met has 0, and one that is left out is not known', () => {
  const rules = { a: { requests: 1, requests_total: 7 } };
  expect(countOf({ rules, rules_left_out: false }, 'a', 'requests_total')).toBe(7);
  expect(countOf({ rules, rules_left_out: false }, 'b', 'requests_total')).toBe(0);
  expect(countOf({ rules, rules_left_out: true }, 'a', 'requests')).toBe(1);
  expect(countOf({ rules, rules_left_out: true }, 'b', 'requests')).toBeNull();
});
