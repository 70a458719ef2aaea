// SPDX-License-Identifier: Apache-2.0
//
// What can be changed of a listener's rules: a new one, another content, another order, none.
import { useEffect, useState } from 'preact/hooks';
import type { Operation } from '../aws';
import { config } from '../live';
import { Problem } from '../parts/bits';
import {
  declaredText,
  Field,
  lockOf,
  OpenButton,
  OperationButton,
  OperationDialog,
} from '../parts/operation';
import type { Show } from '../parts/operation';
import { Action, Conditions } from '../parts/rule_fields';
import { askRule, ruleChange } from '../rule_api';
import type { AwsRule } from '../rule_api';
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
} from '../rule_draft';
import type { RuleDraft } from '../rule_draft';
import { conditionText, priorityText } from '../say';
import type { Listener, LoadBalancer, Rule } from '../types';
import { sharesOf } from '../weights';

export const lockOfRules = ({ declared }: LoadBalancer) =>
  lockOf() || (declared ? declaredText : '');

// Whom its rules may send to: a target group is behind one load balancer only.
export const groupsFor = ({ name }: LoadBalancer) =>
  config.value!.target_groups.filter(({ load_balancers }) =>
    load_balancers.every((each) => each === name),
  );

const ruleText = (rule: Rule) =>
  rule.priority === 0 ? 'the default rule' : `rule ${rule.priority}`;

export function NewRule({ balancer, listener }: { balancer: LoadBalancer; listener: Listener }) {
  const fresh = (): RuleDraft => ({
    priority: freePriority(listener.rules.map(({ priority }) => priority)),
    conditions: [freshCondition()],
    action: freshAction(groupsFor(balancer)[0]?.arn),
  });
  const [draft, setDraft] = useState(fresh);
  const operations = (): Operation[] | string =>
    priorityProblem(draft.priority) ||
    conditionsProblem(draft.conditions) ||
    actionProblem(draft.action) || [
      {
        service: 'elbv2',
        name: 'CreateRule',
        parameters: {
          ListenerArn: listener.arn,
          Priority: Number(draft.priority),
          Conditions: draft.conditions.map(conditionOf),
          Actions: actionsOf(draft.action),
        },
      },
    ];
  return (
    <OperationButton
      title={`New rule of ${balancer.name}, port ${listener.port}`}
      button="New rule"
      verb="Make it"
      locked={lockOfRules(balancer)}
      onOpen={() => setDraft(fresh())}
      operations={operations}
    >
      <Field label="Priority" hint="the lowest is tried first">
        <input
          name="priority"
          inputMode="numeric"
          value={draft.priority}
          onInput={(event) => setDraft({ ...draft, priority: event.currentTarget.value })}
        />
      </Field>
      <Conditions
        value={draft.conditions}
        set={(conditions) => setDraft({ ...draft, conditions })}
      />
      <Action
        value={draft.action}
        set={(action) => setDraft({ ...draft, action })}
        groups={groupsFor(balancer)}
      />
    </OperationButton>
  );
}

type Content = Omit<RuleDraft, 'priority'>;

const contentOf = ({ conditions, actions }: AwsRule): Content => ({
  conditions: conditions.map(conditionDraftOf),
  action: actionDraftOf(actions, sharesOf(actions)),
});

const differs = (one: object, other: object) => JSON.stringify(one) !== JSON.stringify(other);

// Only what is another than before: the rest stays as it is.
export function editOf(
  rule: Rule,
  listener: Listener,
  before: AwsRule,
  now: Content,
): Operation[] | string {
  const was = contentOf(before);
  const conditions = differs(was.conditions, now.conditions);
  const actions = differs(was.action, now.action);
  if (!conditions && !actions) return 'Nothing is changed yet.';
  return (
    (conditions && conditionsProblem(now.conditions)) ||
    (actions && actionProblem(now.action)) || [
      ruleChange(rule, listener.arn, {
        ...(conditions ? { conditions: now.conditions.map(conditionOf) } : {}),
        ...(actions ? { actions: actionsOf(now.action, before.actions) } : {}),
      }),
    ]
  );
}

interface OfRule {
  balancer: LoadBalancer;
  listener: Listener;
  rule: Rule;
}
type InRow = OfRule & { show: Show };
type Opened = OfRule & { close: () => void };

export function EditRule({ show, ...of }: InRow) {
  return (
    <OpenButton
      button="Edit"
      hidden={ruleText(of.rule)}
      small
      locked={lockOfRules(of.balancer)}
      open={() => show((close) => <EditForm {...of} close={close} />)}
    />
  );
}

function EditForm({ balancer, listener, rule, close }: Opened) {
  const [before, setBefore] = useState<AwsRule | null>(null);
  const [content, setContent] = useState<Content | null>(null);
  const [problem, setProblem] = useState('');
  const load = async () => {
    try {
      const found = await askRule(rule, listener.arn);
      setBefore(found);
      setContent(contentOf(found));
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  useEffect(() => void load(), []);
  return (
    <OperationDialog
      title={`Edit ${ruleText(rule)} of ${balancer.name}, port ${listener.port}`}
      verb="Change it"
      onClose={close}
      operations={() =>
        before && content ? editOf(rule, listener, before, content) : problem || 'Loading …'
      }
    >
      {problem && <Problem>{problem}</Problem>}
      {content && rule.priority !== 0 && (
        <Conditions
          value={content.conditions}
          set={(conditions) => setContent({ ...content, conditions })}
        />
      )}
      {content && (
        <Action
          value={content.action}
          set={(action) => setContent({ ...content, action })}
          groups={groupsFor(balancer)}
        />
      )}
      {before && before.transforms > 0 && <p class="muted">Its transforms stay as they are.</p>}
    </OperationDialog>
  );
}

export function DeleteRule({ show, ...of }: InRow) {
  return (
    <OpenButton
      button="Delete"
      hidden={ruleText(of.rule)}
      danger
      small
      locked={lockOfRules(of.balancer)}
      open={() => show((close) => <DeleteForm {...of} close={close} />)}
    />
  );
}

function DeleteForm({ rule, close }: Opened) {
  return (
    <OperationDialog
      title={`Delete rule ${rule.priority}`}
      verb="Delete it"
      danger
      onClose={close}
      operations={() => [
        { service: 'elbv2', name: 'DeleteRule', parameters: { RuleArn: rule.arn } },
      ]}
    >
      <p>
        Requests that it took ({rule.conditions.map(conditionText).join(' and ')}) go to the rules
        after it.
      </p>
    </OperationDialog>
  );
}

interface Ranked {
  rule: Rule;
  priority: string;
}

export function prioritiesChange(ranked: Ranked[]): Operation[] | string {
  const changed = ranked.filter(({ rule, priority }) => Number(priority) !== rule.priority);
  if (changed.length === 0) return 'Nothing is changed yet.';
  return (
    prioritiesProblem(ranked.map(({ priority }) => priority)) || [
      {
        service: 'elbv2',
        name: 'SetRulePriorities',
        parameters: {
          RulePriorities: changed.map(({ rule, priority }) => ({
            RuleArn: rule.arn,
            Priority: Number(priority),
          })),
        },
      },
    ]
  );
}

export function Priorities({ balancer, listener }: { balancer: LoadBalancer; listener: Listener }) {
  const rules = listener.rules.filter(({ priority }) => priority !== 0);
  // As they were when it was opened: what one types into does not jump.
  const [ranked, setRanked] = useState<Ranked[]>([]);
  return (
    <OperationButton
      title={`Priorities of ${balancer.name}, port ${listener.port}`}
      button="Priorities"
      verb="Set them"
      locked={lockOfRules(balancer) || (rules.length === 0 && 'There is only the default rule.')}
      onOpen={() =>
        setRanked(rules.map((rule) => ({ rule, priority: priorityText(rule.priority) })))
      }
      operations={() => prioritiesChange(ranked)}
    >
      <p class="muted">The lowest is tried first; all are set at once.</p>
      {ranked.map(({ rule, priority }, index) => (
        <Field key={rule.arn} label={rule.conditions.map(conditionText).join(' and ')}>
          <input
            name={`priority-${rule.priority}`}
            inputMode="numeric"
            value={priority}
            onInput={(event) => {
              const next = [...ranked];
              next[index] = { rule, priority: event.currentTarget.value };
              setRanked(next);
            }}
          />
        </Field>
      ))}
    </OperationButton>
  );
}
