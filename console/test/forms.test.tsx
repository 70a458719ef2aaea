// SPDX-License-Identifier: Apache-2.0
//
// Who may use which form, and what forms send; what they do: test/integration/test_console_forms.py.
import { renderToString } from 'preact-render-to-string';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Operation } from '../src/aws';
import { config, state } from '../src/live';
import { place, placeOf } from '../src/route';
import { actionDraftOf, conditionDraftOf } from '../src/rule_draft';
import { session } from '../src/server';
import type { Rule, Session } from '../src/types';
import { Certificates } from '../src/views/certificates';
import { editOf, groupsFor, prioritiesChange } from '../src/views/rule_forms';
import { Rules } from '../src/views/rules';
import { sharesOf } from '../src/weights';
import { aConfig, aState } from './example';

const admin: Session = {
  name: 'A',
  role: 'admin',
  csrf_token: 'x',
  expires: 0,
  authentication: 'sigv4',
  can_change: true,
};
const rule: Rule = {
  arn: 'first',
  priority: 10,
  conditions: [{ Field: 'path-pattern', Values: ['/a'] }],
  actions: [{ Type: 'forward' }],
  target_groups: [{ name: 'app', weight: 1 }],
};
const listener = () => config.value!.load_balancers[0]!.listeners[0]!;

beforeEach(() => {
  config.value = aConfig();
  listener().rules.unshift(rule);
  state.value = aState();
  session.value = admin;
  place.value = placeOf('#/rules');
  vi.stubGlobal('location', new URL('http://localhost:9191/console/'));
});
afterEach(() => {
  vi.unstubAllGlobals();
  session.value = null;
});

const writes = (html: string) =>
  [...html.matchAll(/<button([^>]*)>(.*?)<\/button>/g)]
    .map(([, attributes, text]) => ({
      text: text!.replace(/<[^>]*>/g, ''),
      disabled: / disabled/.test(attributes!),
    }))
    .filter(({ text }) => /New|Priorities|Edit|Delete|^(Import|Request)$/.test(text));

test('an admin may make, edit, delete and order rules, but not delete the default one', () => {
  const found = writes(renderToString(<Rules />));
  expect(found.map(({ text }) => text)).toEqual([
    'New rule',
    'Priorities',
    'Edit rule 10',
    'Delete rule 10',
    'Edit the default rule',
  ]);
  expect(found.some(({ disabled }) => disabled)).toBe(false);
});

test.each([
  ['Your role is read-only.', () => (session.value = { ...admin, role: 'read-only' })],
  ['It is declared in daruma.yaml', () => (config.value!.load_balancers[0]!.declared = true)],
  ['started without --data', () => (session.value = { ...admin, can_change: false })],
])('where it cannot be, it is said why: %s', (why, make) => {
  make();
  const html = renderToString(<Rules />);
  expect(writes(html)).toHaveLength(5);
  expect(writes(html).every(({ disabled }) => disabled)).toBe(true);
  expect(html).toContain(`They cannot be changed here: `);
  expect(html).toContain(why);
});

const before = {
  conditions: [{ Field: 'path-pattern', Values: ['/a'] }],
  actions: [{ Type: 'forward', TargetGroupArn: 'group' }],
  transforms: 1,
};
const content = () => ({
  conditions: before.conditions.map(conditionDraftOf),
  action: actionDraftOf(before.actions, sharesOf(before.actions)),
});

test('only what was edited is sent', () => {
  expect(editOf(rule, listener(), before, content())).toBe('Nothing is changed yet.');
  const conditions = content();
  conditions.conditions[0]!.values = '/b';
  expect(editOf(rule, listener(), before, conditions)).toEqual([
    {
      service: 'elbv2',
      name: 'ModifyRule',
      parameters: {
        RuleArn: 'first',
        Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/b'] } }],
      },
    },
  ]);
  const weights = content();
  weights.action.shares[0]!.weight = 'x';
  expect(editOf(rule, listener(), before, weights)).toMatch(/weight/);
});

test('of several conditions those that were not edited are sent as they were', () => {
  const query = {
    Field: 'query-string',
    QueryStringConfig: { Values: [{ Key: 'a=b', Value: ' c' }] },
  };
  const two = { ...before, conditions: [...before.conditions, query] };
  const now = { ...content(), conditions: two.conditions.map(conditionDraftOf) };
  now.conditions[0]!.values = '/b';
  const [made] = editOf(rule, listener(), two, now) as Operation[];
  expect(made!.parameters.Conditions).toEqual([
    { Field: 'path-pattern', PathPatternConfig: { Values: ['/b'] } },
    query,
  ]);
  now.conditions.shift();
  const [without] = editOf(rule, listener(), two, now) as Operation[];
  expect(without!.parameters.Conditions).toEqual([query]);
});

test('the default rule is the listener’s', () => {
  const answer = content();
  answer.action.type = 'fixed-response';
  const [made] = editOf(listener().rules[1]!, listener(), before, answer) as [object];
  expect(made).toMatchObject({
    name: 'ModifyListener',
    parameters: {
      ListenerArn: 'listener',
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } }],
    },
  });
});

test('only priorities that were changed are sent, all at once', () => {
  const other = { ...rule, arn: 'second', priority: 20 };
  const ranked = (...priorities: string[]) =>
    [rule, other].map((each, index) => ({ rule: each, priority: priorities[index]! }));
  expect(prioritiesChange(ranked('10', '20'))).toBe('Nothing is changed yet.');
  expect(prioritiesChange(ranked('20', '20'))).toBe('Two rules have the priority 20.');
  expect(prioritiesChange(ranked('20', '10'))).toMatchObject([
    {
      name: 'SetRulePriorities',
      parameters: {
        RulePriorities: [
          { RuleArn: 'first', Priority: 20 },
          { RuleArn: 'second', Priority: 10 },
        ],
      },
    },
  ]);
  expect(prioritiesChange(ranked('10', '30'))).toMatchObject([
    { parameters: { RulePriorities: [{ RuleArn: 'second', Priority: 30 }] } },
  ]);
});

test('groups of other load balancers are not offered', () => {
  const [app] = config.value!.target_groups;
  config.value!.target_groups.push(
    { ...app!, name: 'free', load_balancers: [] },
    { ...app!, name: 'theirs', load_balancers: ['web', 'other'] },
  );
  const offered = groupsFor(config.value!.load_balancers[0]!);
  expect(offered.map(({ name }) => name)).toEqual(['app', 'free']);
});

test('who only reads imports and requests nothing', () => {
  expect(writes(renderToString(<Certificates />))).toEqual([
    { text: 'Import', disabled: false },
    { text: 'Request', disabled: false },
  ]);
  session.value = { ...admin, role: 'read-only' };
  const html = renderToString(<Certificates />);
  expect(writes(html).map(({ disabled }) => disabled)).toEqual([true, true]);
  expect(html).toContain('They cannot be changed here: Your role is read-only.');
});
