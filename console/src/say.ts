// SPDX-License-Identifier: Apache-2.0
//
// Conditions and actions of rules, and the standing of the whole, in words. Pure.
import type { Action, Condition, Config, Rule, Standing, State } from './types';

const fields: { [field: string]: string } = {
  'path-pattern': 'path',
  'host-header': 'host',
  'source-ip': 'source address',
  'http-request-method': 'method',
};

interface Configured {
  Values?: unknown[];
  RegexValues?: unknown[];
  HttpHeaderName?: string;
}

export function conditionText(condition: Condition): string {
  const configured = Object.entries(condition).find(
    ([name, value]) => name.endsWith('Config') && value,
  )?.[1] as Configured | undefined;
  const name =
    condition.Field === 'http-header'
      ? `header ${configured?.HttpHeaderName ?? '?'}`
      : condition.Field === 'query-string'
        ? 'query'
        : (fields[condition.Field] ?? condition.Field);
  const regular = configured?.RegexValues ?? (condition.RegexValues as unknown[] | undefined) ?? [];
  const plain = configured?.Values ?? condition.Values ?? [];
  const values = (regular.length > 0 ? regular : plain).map(valueText);
  const verb = regular.length > 0 ? 'matches' : 'is';
  return `${name} ${verb}${condition['daruma.negate'] ? ' not' : ''} ${values.join(' or ')}`;
}

function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { Key, Value } = value as { Key?: string; Value?: string };
  return Key ? `${Key}=${Value ?? ''}` : `*=${Value ?? ''}`;
}

export function actionText(rule: Rule): string {
  const last = rule.actions[rule.actions.length - 1];
  if (!last) return 'nothing';
  if (last.Type === 'forward') return forwardText(rule);
  if (last.Type === 'redirect') return redirectText(last);
  if (last.Type === 'fixed-response') {
    const answer = last.FixedResponseConfig as { StatusCode?: string } | undefined;
    return `answer ${answer?.StatusCode ?? ''}`;
  }
  return last.Type;
}

function forwardText(rule: Rule): string {
  const groups = rule.target_groups;
  if (groups.length === 1) return `to ${groups[0]!.name}`;
  const whole = groups.reduce((sum, { weight }) => sum + weight, 0);
  return (
    'to ' +
    groups
      .map(({ name, weight }) => `${name} (${whole ? Math.round((100 * weight) / whole) : 0} %)`)
      .join(', ')
  );
}

function redirectText(action: Action): string {
  const to = (action.RedirectConfig ?? {}) as { [member: string]: string };
  const code = (to.StatusCode ?? '').replace('HTTP_', '');
  const given = (name: string, otherwise: string) => to[name] ?? `#{${otherwise}}`;
  const query = to.Query ? '?' + to.Query : '';
  return (
    `redirect ${code} to ${given('Protocol', 'protocol').toLowerCase()}://` +
    `${given('Host', 'host')}${to.Port ? ':' + to.Port : ''}${to.Path ?? '/#{path}'}${query}`
  );
}

export const priorityText = (priority: number) => (priority === 0 ? 'default' : String(priority));

const ranks: Standing[] = ['critical', 'warning', 'ok', 'unused'];

export function worse(one: Standing, two: Standing): Standing {
  return ranks.indexOf(one) <= ranks.indexOf(two) ? one : two;
}

export function byStanding<Thing extends { standing: Standing }>(one: Thing, two: Thing): number {
  return ranks.indexOf(one.standing) - ranks.indexOf(two.standing);
}

export interface Verdict {
  standing: Standing;
  title: string;
  sentences: { subject: string; standing: Standing; text: string }[];
}

// How the whole node stands, the worst first: what is read in the first second.
export function verdictOf(config: Config, state: State): Verdict {
  const sentences: Verdict['sentences'] = [];
  const { node } = state;
  if (!node.healthy) sentences.push({ subject: 'node', standing: 'critical', text: node.reason });
  if (node.draining) {
    sentences.push({
      subject: 'node',
      standing: 'warning',
      text: 'it drains: it takes no new work',
    });
  }
  if (node.config_refused) {
    sentences.push({
      subject: 'node',
      standing: 'warning',
      text: 'the configuration file was refused; the former one serves',
    });
  }
  for (const problem of node.problems) {
    sentences.push({ subject: 'node', standing: 'warning', text: problem });
  }
  for (const { name } of config.load_balancers) {
    const balancer = state.load_balancers[name];
    if (balancer)
      sentences.push({ subject: name, standing: balancer.standing, text: balancer.sentence });
  }
  sentences.sort(byStanding);
  const standing = sentences.reduce<Standing>(
    (worst, each) => worse(worst, each.standing),
    'unused',
  );
  const ill = sentences.filter(
    (each) => each.standing === 'critical' || each.standing === 'warning',
  );
  const many = ill.length > 1 ? `${ill.length} things need a look` : '';
  const title =
    standing === 'critical'
      ? many || `${ill[0]!.subject} is failing`
      : standing === 'warning'
        ? many || `${ill[0]!.subject} needs a look`
        : standing === 'ok'
          ? 'All is well'
          : 'Nothing is served';
  return { standing, title, sentences };
}
