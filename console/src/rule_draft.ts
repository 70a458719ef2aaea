// SPDX-License-Identifier: Apache-2.0
//
// A rule as a form has it, and as the API has it. Pure.
import type { Parameters, Value } from './aws';
import { typed, weightsProblem } from './weights';
import type { AwsAction, Share } from './weights';

export const conditionFields = {
  'host-header': { name: 'Host', config: 'HostHeaderConfig', regex: true, hint: '*.example.com' },
  'path-pattern': { name: 'Path', config: 'PathPatternConfig', regex: true, hint: '/shop/*' },
  'http-header': { name: 'Header', config: 'HttpHeaderConfig', regex: true, hint: '*Firefox*' },
  'http-request-method': {
    name: 'Method',
    config: 'HttpRequestMethodConfig',
    regex: false,
    hint: 'GET',
  },
  'query-string': {
    name: 'Query',
    config: 'QueryStringConfig',
    regex: false,
    hint: 'version=2, or only a value',
  },
  'source-ip': {
    name: 'Source address',
    config: 'SourceIpConfig',
    regex: false,
    hint: '192.0.2.0/24',
  },
} as const;
export type ConditionField = keyof typeof conditionFields;

export interface ConditionDraft {
  field: ConditionField;
  header: string; // of http-header
  regex: boolean;
  values: string; // one a line
  before?: AwsCondition; // whose draft it was
}

export interface Redirect {
  StatusCode: string;
  Protocol: string;
  Host: string;
  Port: string;
  Path: string;
  Query: string;
}

export interface ActionDraft {
  type: 'forward' | 'redirect' | 'fixed-response';
  shares: Share[];
  redirect: Redirect;
  status: string;
  contentType: string;
  body: string;
}

export interface RuleDraft {
  priority: string;
  conditions: ConditionDraft[];
  action: ActionDraft;
}

// As DescribeRules gives them: of XML, where everything is text and an empty list is "".
export type AwsCondition = { [member: string]: Value };

export const sameAsBefore: Redirect = {
  StatusCode: 'HTTP_301',
  Protocol: '#{protocol}',
  Host: '#{host}',
  Port: '#{port}',
  Path: '/#{path}',
  Query: '#{query}',
};

export const freshCondition = (): ConditionDraft => ({
  field: 'path-pattern',
  header: '',
  regex: false,
  values: '',
});

export const freshAction = (group: string | undefined): ActionDraft => ({
  type: 'forward',
  shares: group === undefined ? [] : [{ arn: group, weight: '1' }],
  redirect: { ...sameAsBefore },
  status: '503',
  contentType: 'text/plain',
  body: '',
});

export const priority_max = 50_000;

// After all the others, with room between.
export function freePriority(taken: number[]): string {
  const next = Math.max(0, ...taken) + 10;
  if (next <= priority_max) return String(next);
  for (let free = priority_max; free > 0; free -= 1) if (!taken.includes(free)) return String(free);
  return '';
}

const list = (value: Value | undefined): Value[] => (Array.isArray(value) ? value : []);
const text = (value: Value | undefined): string => (value === undefined ? '' : String(value));

function queryLine(pair: Value): string {
  const { Key, Value: value } = pair as { Key?: string; Value?: string };
  if (Key) return `${Key}=${value ?? ''}`;
  return (value ?? '').includes('=') ? `*=${value}` : (value ?? '');
}

// What stands before the first = is the key; without one, or as *, any key's value will do.
function queryPair(line: string): Value {
  const at = line.indexOf('=');
  const key = at < 0 ? '*' : line.slice(0, at);
  const value = line.slice(at + 1);
  return key === '*' || key === '' ? { Value: value } : { Key: key, Value: value };
}

export function conditionDraftOf(condition: AwsCondition): ConditionDraft {
  const field = text(condition.Field) as ConditionField;
  const config = (condition[conditionFields[field].config] || {}) as AwsCondition;
  const regular = list(config.RegexValues ?? condition.RegexValues);
  const plain = list(config.Values ?? condition.Values);
  return {
    field,
    header: text(config.HttpHeaderName),
    regex: regular.length > 0,
    values: (regular.length > 0 ? regular : plain)
      .map((value) => (field === 'query-string' ? queryLine(value) : String(value)))
      .join('\n'),
    before: condition,
  };
}

// What it was, if nobody has edited it: a draft has less than that (blanks around a value, what is
// key and what is value). Given twice, the API refuses it: Values, and the same in …Config.
function untouched({ before, ...now }: ConditionDraft): Value | null {
  if (!before) return null;
  const { before: _, ...was } = conditionDraftOf(before);
  if (JSON.stringify(was) !== JSON.stringify(now)) return null;
  const { config } = conditionFields[was.field];
  return before[config] ? { Field: was.field, [config]: before[config] } : before;
}

const linesOf = ({ values }: ConditionDraft): string[] =>
  values
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

export function conditionOf(draft: ConditionDraft): Value {
  const same = untouched(draft);
  if (same !== null) return same;
  const { config, regex } = conditionFields[draft.field];
  const lines = linesOf(draft);
  return {
    Field: draft.field,
    [config]: {
      ...(draft.field === 'http-header' ? { HttpHeaderName: draft.header.trim() } : {}),
      [regex && draft.regex ? 'RegexValues' : 'Values']:
        draft.field === 'query-string' ? lines.map(queryPair) : lines,
    },
  };
}

export function actionDraftOf(actions: AwsAction[], shares: Share[]): ActionDraft {
  const last = actions[actions.length - 1] ?? {};
  const fixed = (last.FixedResponseConfig || {}) as AwsAction;
  const draft = freshAction(undefined);
  return {
    ...draft,
    type: text(last.Type) as ActionDraft['type'],
    shares,
    redirect: { ...draft.redirect, ...((last.RedirectConfig || {}) as Partial<Redirect>) },
    status: text(fixed.StatusCode) || draft.status,
    contentType: text(fixed.ContentType) || draft.contentType,
    body: text(fixed.MessageBody),
  };
}

// `before`: the actions that it had. What the form does not show of them stays: the order, and of a
// forward the stickiness.
export function actionsOf(draft: ActionDraft, before: AwsAction[] = []): Value[] {
  const last = before[before.length - 1] ?? {};
  const made = {
    Type: draft.type,
    ...(last.Order ? { Order: typed(last.Order, 'Order') } : {}),
  };
  const others = before.slice(0, -1).map((each) => typed(each));
  if (draft.type === 'redirect')
    return [...others, { ...made, RedirectConfig: { ...draft.redirect } }];
  if (draft.type === 'fixed-response') {
    const config = {
      StatusCode: draft.status.trim(),
      ContentType: draft.contentType,
      ...(draft.body ? { MessageBody: draft.body } : {}),
    };
    return [...others, { ...made, FixedResponseConfig: config }];
  }
  const { TargetGroups: _, ...config } = (last.ForwardConfig || {}) as AwsAction;
  const groups = draft.shares.map(({ arn, weight }) => ({
    TargetGroupArn: arn,
    Weight: Number(weight),
  }));
  const kept = typed(config) as Parameters;
  return [...others, { ...made, ForwardConfig: { ...kept, TargetGroups: groups } }];
}

export function priorityProblem(priority: string): string {
  const good = /^\d{1,5}$/.test(priority.trim()) && Number(priority) >= 1;
  return good && Number(priority) <= priority_max
    ? ''
    : `A priority is a whole number from 1 to ${priority_max}.`;
}

export function conditionsProblem(conditions: ConditionDraft[]): string {
  if (conditions.length === 0) return 'A rule needs a condition.';
  for (const condition of conditions) {
    if (untouched(condition) !== null) continue;
    const { name } = conditionFields[condition.field];
    if (condition.field === 'http-header' && !condition.header.trim()) return 'Name the header.';
    if (linesOf(condition).length === 0) return `${name}: give at least one value.`;
  }
  return '';
}

export function actionProblem(action: ActionDraft): string {
  if (action.type === 'forward') {
    if (action.shares.length === 0) return 'Choose a target group.';
    return weightsProblem(action.shares);
  }
  if (action.type === 'redirect') {
    for (const [name, value] of Object.entries(action.redirect))
      if (value === '' && name !== 'Query') return `Redirect: ${name} is missing.`;
    return '';
  }
  return action.status.trim() ? '' : 'Give a status.';
}

// What is wrong with priorities that are to be set together; "" if nothing.
export function prioritiesProblem(priorities: string[]): string {
  for (const priority of priorities) {
    const problem = priorityProblem(priority);
    if (problem) return problem;
  }
  const twice = priorities.find(
    (priority, index) => priorities.findIndex((each) => Number(each) === Number(priority)) < index,
  );
  return twice === undefined ? '' : `Two rules have the priority ${twice.trim()}.`;
}
