// SPDX-License-Identifier: Apache-2.0
//
// A rule as the API has it, whole: what is sent back must be all that belongs to it. A listener's
// default rule is its DefaultActions.
import type { Operation, Parameters, Value } from './aws';
import type { AwsCondition } from './rule_draft';
import { describe } from './server';
import type { Rule } from './types';
import type { AwsAction } from './weights';

export interface AwsRule {
  conditions: AwsCondition[];
  actions: AwsAction[];
  transforms: number;
}

const listOf = <T>(value: T[] | '' | undefined): T[] => value || []; // an empty element is ""

export async function askRule(rule: Rule, listenerArn: string): Promise<AwsRule> {
  if (rule.priority === 0) {
    const { Listeners } = await describe<{ Listeners: { DefaultActions: AwsAction[] | '' }[] }>({
      service: 'elbv2',
      name: 'DescribeListeners',
      parameters: { ListenerArns: [listenerArn] },
    });
    return { conditions: [], actions: listOf(Listeners[0]?.DefaultActions), transforms: 0 };
  }
  const { Rules } = await describe<{
    Rules: { Conditions: AwsCondition[] | ''; Actions: AwsAction[] | ''; Transforms?: Value[] }[];
  }>({ service: 'elbv2', name: 'DescribeRules', parameters: { RuleArns: [rule.arn] } });
  return {
    conditions: listOf(Rules[0]?.Conditions),
    actions: listOf(Rules[0]?.Actions),
    transforms: listOf(Rules[0]?.Transforms).length,
  };
}

export function ruleChange(
  rule: Rule,
  listenerArn: string,
  { conditions, actions }: { conditions?: Value[]; actions?: Value[] },
): Operation {
  if (rule.priority === 0) {
    return {
      service: 'elbv2',
      name: 'ModifyListener',
      parameters: { ListenerArn: listenerArn, ...(actions ? { DefaultActions: actions } : {}) },
    };
  }
  const parameters: Parameters = { RuleArn: rule.arn };
  if (conditions) parameters.Conditions = conditions;
  if (actions) parameters.Actions = actions;
  return { service: 'elbv2', name: 'ModifyRule', parameters };
}
