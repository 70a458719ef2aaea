// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import {
  actionDraftOf,
  actionProblem,
  actionsOf,
  conditionDraftOf,
  conditionOf,
  conditionsProblem,
  freePriority,
  freshAction,
  freshCondition,
  prioritiesProblem,
  priorityProblem,
} from '../src/rule_draft';
import type { AwsCondition, ConditionDraft } from '../src/rule_draft';
import { sharesOf } from '../src/weights';

const draft = (part: Partial<ConditionDraft>): ConditionDraft => ({ ...freshCondition(), ...part });

test.each<[Partial<ConditionDraft>, object]>([
  [
    { values: ' /a/* \n\n/b ' },
    { Field: 'path-pattern', PathPatternConfig: { Values: ['/a/*', '/b'] } },
  ],
  [
    { field: 'host-header', regex: true, values: '^a+$' },
    { Field: 'host-header', HostHeaderConfig: { RegexValues: ['^a+$'] } },
  ],
  [
    { field: 'http-header', header: ' User-Agent ', values: '*Firefox*' },
    {
      Field: 'http-header',
      HttpHeaderConfig: { HttpHeaderName: 'User-Agent', Values: ['*Firefox*'] },
    },
  ],
  [
    // Which has no regular expressions, whatever the field before it had.
    { field: 'source-ip', regex: true, values: '192.0.2.0/24' },
    { Field: 'source-ip', SourceIpConfig: { Values: ['192.0.2.0/24'] } },
  ],
  [
    { field: 'http-request-method', values: 'GET\nHEAD' },
    { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET', 'HEAD'] } },
  ],
  [
    { field: 'query-string', values: 'v=1=2\nany\n*=a=b' },
    {
      Field: 'query-string',
      QueryStringConfig: {
        Values: [{ Key: 'v', Value: '1=2' }, { Value: 'any' }, { Value: 'a=b' }],
      },
    },
  ],
])('%j is sent as %j, and read back', (part, sent) => {
  expect(conditionOf(draft(part))).toEqual(sent);
  const { before: _, ...again } = conditionDraftOf(sent as never);
  expect(conditionOf(again)).toEqual(sent);
});

test('what DescribeRules says twice is read once', () => {
  expect(
    conditionDraftOf({
      Field: 'host-header',
      Values: ['a.example.com'],
      HostHeaderConfig: { Values: ['a.example.com'] },
    }).values,
  ).toBe('a.example.com');
});

test.each<[string, AwsCondition, AwsCondition?]>([
  ['blanks', { Field: 'path-pattern', PathPatternConfig: { Values: ['/a ', ' /b'] } }],
  [
    'an = in a query’s key',
    { Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'a=b', Value: 'c' }] } },
  ],
  [
    'any key, spelt out',
    { Field: 'query-string', QueryStringConfig: { Values: [{ Key: '*', Value: 'c' }] } },
  ],
  ['a value of blanks', { Field: 'host-header', HostHeaderConfig: { Values: [' '] } }],
  ['the short form', { Field: 'path-pattern', Values: ['/a '] }],
  [
    'what is said twice, once',
    { Field: 'host-header', Values: ['a '], HostHeaderConfig: { Values: ['a '] } },
    { Field: 'host-header', HostHeaderConfig: { Values: ['a '] } },
  ],
])('a condition that nobody edits keeps %s', (_, before, sent = before) => {
  const now = conditionDraftOf(before);
  expect(conditionsProblem([now])).toBe('');
  expect(conditionOf(now)).toEqual(sent);
  expect(conditionOf({ ...now, values: 'x' })).not.toEqual(sent);
  expect(conditionOf({ ...now, field: 'http-request-method' })).not.toEqual(sent);
});

test('a condition needs values, and a header its name', () => {
  expect(conditionsProblem([])).toBe('A rule needs a condition.');
  expect(conditionsProblem([draft({ values: ' \n' })])).toBe('Path: give at least one value.');
  expect(conditionsProblem([draft({ field: 'http-header', values: 'a' })])).toBe(
    'Name the header.',
  );
  expect(conditionsProblem([draft({ values: '/a' })])).toBe('');
});

const forward = [
  {
    Type: 'forward',
    Order: '1',
    ForwardConfig: {
      TargetGroups: [{ TargetGroupArn: 'a', Weight: '1' }],
      TargetGroupStickinessConfig: { Enabled: 'true', DurationSeconds: '77' },
    },
  },
];

test('of a forward that is edited the stickiness and the order stay', () => {
  const now = actionDraftOf(forward, sharesOf(forward));
  now.shares = [...now.shares, { arn: 'b', weight: '3' }];
  expect(actionsOf(now, forward)).toEqual([
    {
      Type: 'forward',
      Order: 1,
      ForwardConfig: {
        TargetGroups: [
          { TargetGroupArn: 'a', Weight: 1 },
          { TargetGroupArn: 'b', Weight: 3 },
        ],
        TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 77 },
      },
    },
  ]);
});

test('a forward that becomes something else takes nothing along', () => {
  const now = { ...actionDraftOf(forward, sharesOf(forward)), type: 'fixed-response' as const };
  expect(actionsOf(now, forward)).toEqual([
    {
      Type: 'fixed-response',
      Order: 1,
      FixedResponseConfig: { StatusCode: '503', ContentType: 'text/plain' },
    },
  ]);
});

test('a redirect keeps an empty query, and is read as it is', () => {
  const config = {
    StatusCode: 'HTTP_302',
    Protocol: 'HTTPS',
    Host: '#{host}',
    Port: '443',
    Path: '/x',
    Query: '',
  };
  const actions = [{ Type: 'redirect', RedirectConfig: config }];
  const read = actionDraftOf(actions, []);
  expect(actionProblem(read)).toBe('');
  expect(actionsOf(read, actions)).toEqual(actions);
  expect(actionProblem({ ...read, redirect: { ...config, Path: '' } })).toBe(
    'Redirect: Path is missing.',
  );
});

test('a forward needs a group, and a weight above 0', () => {
  expect(actionProblem(freshAction(undefined))).toBe('Choose a target group.');
  expect(actionProblem({ ...freshAction('a'), shares: [{ arn: 'a', weight: '0' }] })).toBe(
    'One weight must be above 0.',
  );
  expect(actionProblem({ ...freshAction('a'), type: 'fixed-response', status: ' ' })).toBe(
    'Give a status.',
  );
});

test.each([
  [[], '10'],
  [[0, 10, 20], '30'],
  [[50000], '49999'],
  [[49995, 50000], '49999'],
])('with %j taken, %s is free', (taken, free) => expect(freePriority(taken)).toBe(free));

test.each([
  [['1', '50000'], ''],
  [['0'], 'A priority is a whole number from 1 to 50000.'],
  [['50001'], 'A priority is a whole number from 1 to 50000.'],
  [['1.5'], 'A priority is a whole number from 1 to 50000.'],
  [['7', '07'], 'Two rules have the priority 07.'],
])('priorities %j: %s', (priorities, problem) => {
  expect(prioritiesProblem(priorities)).toBe(problem);
  if (priorities.length === 1) expect(priorityProblem(priorities[0]!)).toBe(problem);
});
