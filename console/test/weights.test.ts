// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { sharesOf, weightsProblem, withShares } from '../src/weights';

const two = [
  { Type: 'authenticate-oidc', Order: '1' },
  {
    Type: 'forward',
    Order: '2',
    ForwardConfig: {
      TargetGroups: [
        { TargetGroupArn: 'a', Weight: '1' },
        { TargetGroupArn: 'b', Weight: '9' },
      ],
      TargetGroupStickinessConfig: { Enabled: 'true', DurationSeconds: '60' },
    },
  },
];

test('weights are read as they are', () => {
  expect(sharesOf(two)).toEqual([
    { arn: 'a', weight: '1' },
    { arn: 'b', weight: '9' },
  ]);
  expect(sharesOf([{ Type: 'forward', TargetGroupArn: 'a' }])).toEqual([{ arn: 'a', weight: '1' }]);
  expect(sharesOf([{ Type: 'redirect' }])).toEqual([]);
});

test('everything else of the actions stays, and has its type', () => {
  expect(
    withShares(two, [
      { arn: 'a', weight: '5' },
      { arn: 'b', weight: '0' },
    ]),
  ).toEqual([
    { Type: 'authenticate-oidc', Order: 1 },
    {
      Type: 'forward',
      Order: 2,
      ForwardConfig: {
        TargetGroups: [
          { TargetGroupArn: 'a', Weight: 5 },
          { TargetGroupArn: 'b', Weight: 0 },
        ],
        TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 },
      },
    },
  ]);
});

test('a group that stood alone is said once', () => {
  expect(
    withShares(
      [{ Type: 'forward', TargetGroupArn: 'a', ForwardConfig: '' }],
      [{ arn: 'a', weight: '3' }],
    ),
  ).toEqual([
    { Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a', Weight: 3 }] } },
  ]);
});

test.each([
  [['1', '0'], ''],
  [['0', '0'], 'One weight must be above 0.'],
  [['1000'], 'A weight is a whole number from 0 to 999.'],
  [['-1'], 'A weight is a whole number from 0 to 999.'],
  [['1.5'], 'A weight is a whole number from 0 to 999.'],
  [[''], 'A weight is a whole number from 0 to 999.'],
])('%j: %s', (weights, problem) => {
  expect(weightsProblem(weights.map((weight) => ({ arn: '', weight })))).toBe(problem);
});
