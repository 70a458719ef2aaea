// SPDX-License-Identifier: Apache-2.0
//
// New weights in a rule's actions, as DescribeRules and DescribeListeners give these. Pure.
import type { Value } from './aws';

export type AwsAction = { [member: string]: Value };
export interface Share {
  arn: string;
  weight: string;
}

// In the query protocol everything is text; the command's JSON tells numbers and truth apart.
export function typed(value: Value, name = ''): Value {
  if (Array.isArray(value)) return value.map((each) => typed(each));
  if (typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, each]) => each !== '')
        .map(([member, each]) => [member, typed(each, member)]),
    );
  }
  if (['Order', 'Weight', 'DurationSeconds', 'SessionTimeout'].includes(name)) return Number(value);
  if (name === 'Enabled') return value === true || value === 'true';
  return value;
}

function forwardOf(actions: AwsAction[]): AwsAction | undefined {
  return actions.find(({ Type }) => Type === 'forward');
}

export function sharesOf(actions: AwsAction[]): Share[] {
  const forward = forwardOf(actions);
  const config = forward?.ForwardConfig as { TargetGroups?: AwsAction[] } | undefined;
  if (config?.TargetGroups) {
    return config.TargetGroups.map(({ TargetGroupArn, Weight }) => ({
      arn: String(TargetGroupArn),
      weight: String(Weight ?? 1),
    }));
  }
  return forward?.TargetGroupArn ? [{ arn: String(forward.TargetGroupArn), weight: '1' }] : [];
}

// The same actions with these weights. Everything else of them stays: stickiness, order, others.
export function withShares(actions: AwsAction[], shares: Share[]): Value[] {
  return actions.map((action) => {
    if (action.Type !== 'forward') return typed(action);
    const { TargetGroupArn: _, ...rest } = action;
    const config = (action.ForwardConfig || {}) as AwsAction;
    return typed({
      ...rest,
      ForwardConfig: {
        ...config,
        TargetGroups: shares.map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: weight })),
      },
    });
  });
}

// What is wrong with them; "" if nothing.
export function weightsProblem(shares: Share[]): string {
  const good = shares.every(({ weight }) => /^\d{1,3}$/.test(weight) && Number(weight) <= 999);
  if (!good) return 'A weight is a whole number from 0 to 999.';
  if (shares.every(({ weight }) => Number(weight) === 0)) return 'One weight must be above 0.';
  return '';
}
