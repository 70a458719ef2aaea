// SPDX-License-Identifier: Apache-2.0
//
// The fields of a rule: its conditions, and what is done with the requests that meet them.
import { useRef } from 'preact/hooks';
import { conditionFields, freshCondition } from '../rule_draft';
import type { ActionDraft, ConditionDraft, ConditionField, Redirect } from '../rule_draft';
import type { TargetGroup } from '../types';
import { Field } from './operation';

interface Changed<T> {
  value: T;
  set: (next: T) => void;
}

const without = <T,>(all: T[], index: number) => all.filter((_, at) => at !== index);
const replaced = <T,>(all: T[], index: number, part: Partial<T>) =>
  all.map((each, at) => (at === index ? { ...each, ...part } : each));

function focusFirst(form: HTMLElement | null, name: string): void {
  // After it is rendered.
  setTimeout(() => form?.querySelector<HTMLElement>(`[name="${name}"]`)?.focus(), 0);
}

// Whoever takes one away with the keyboard goes on at the button that adds one.
function Many<T>({
  value,
  set,
  fresh,
  name,
  add,
  children,
  most = Infinity,
}: Changed<T[]> & {
  fresh: () => T;
  name: string; // of a part's first field: name-2
  add: string;
  most?: number;
  children: (each: T, index: number, takeAway: () => void) => preact.ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  return (
    <div class="many" ref={box}>
      {value.map((each, index) =>
        children(each, index, () => {
          set(without(value, index));
          focusFirst(box.current, `add-${name}`);
        }),
      )}
      <button
        type="button"
        class="small"
        name={`add-${name}`}
        disabled={value.length >= most}
        onClick={() => {
          set([...value, fresh()]);
          focusFirst(box.current, `${name}-${value.length}`);
        }}
      >
        {add}
      </button>
    </div>
  );
}

export function Conditions({ value, set }: Changed<ConditionDraft[]>) {
  return (
    <Many
      value={value}
      set={set}
      fresh={freshCondition}
      name="condition"
      add={value.length ? 'And another condition' : 'Add a condition'}
    >
      {(each, index, takeAway) => (
        <OneCondition
          key={index}
          index={index}
          value={each}
          set={(next) => set(replaced(value, index, next))}
          takeAway={takeAway}
        />
      )}
    </Many>
  );
}

function OneCondition({
  index,
  value,
  set,
  takeAway,
}: Changed<ConditionDraft> & { index: number; takeAway: () => void }) {
  const { regex, hint } = conditionFields[value.field];
  return (
    <fieldset class="part">
      <legend>Condition {index + 1}</legend>
      <Field label="Of">
        <select
          name={`condition-${index}`}
          value={value.field}
          onChange={(event) =>
            set({ ...value, field: event.currentTarget.value as ConditionField })
          }
        >
          {Object.entries(conditionFields).map(([field, { name }]) => (
            <option key={field} value={field}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      {value.field === 'http-header' && (
        <Field label="Name of the header">
          <input
            name={`header-${index}`}
            value={value.header}
            spellcheck={false}
            onInput={(event) => set({ ...value, header: event.currentTarget.value })}
          />
        </Field>
      )}
      <Field
        label="Values, any of them"
        hint={value.regex && regex ? 'one a line' : `as ${hint}; one a line`}
      >
        <textarea
          name={`values-${index}`}
          rows={2}
          value={value.values}
          spellcheck={false}
          onInput={(event) => set({ ...value, values: event.currentTarget.value })}
        />
      </Field>
      <footer>
        {regex && (
          <label class="check">
            <input
              type="checkbox"
              name={`regex-${index}`}
              checked={value.regex}
              onChange={(event) => set({ ...value, regex: event.currentTarget.checked })}
            />
            Regular expressions
          </label>
        )}
        <button type="button" class="small" onClick={takeAway}>
          Take away<span class="hidden"> condition {index + 1}</span>
        </button>
      </footer>
    </fieldset>
  );
}

const types: [ActionDraft['type'], string][] = [
  ['forward', 'Forward to target groups'],
  ['redirect', 'Redirect'],
  ['fixed-response', 'Fixed response'],
];

interface Choice {
  groups: TargetGroup[];
}

export function Action({ value, set, groups }: Changed<ActionDraft> & Choice) {
  return (
    <fieldset class="part">
      <legend>Then</legend>
      <Field label="Action">
        <select
          name="action"
          value={value.type}
          onChange={(event) =>
            set({ ...value, type: event.currentTarget.value as ActionDraft['type'] })
          }
        >
          {types.map(([type, label]) => (
            <option key={type} value={type}>
              {label}
            </option>
          ))}
        </select>
      </Field>
      {value.type === 'forward' && <Forward value={value} set={set} groups={groups} />}
      {value.type === 'redirect' && (
        <RedirectFields value={value.redirect} set={(redirect) => set({ ...value, redirect })} />
      )}
      {value.type === 'fixed-response' && <FixedResponse value={value} set={set} />}
    </fieldset>
  );
}

function Forward({ value, set, groups }: Changed<ActionDraft> & Choice) {
  const setShares = (shares: ActionDraft['shares']) => set({ ...value, shares });
  const spare = groups.find(({ arn }) => !value.shares.some((share) => share.arn === arn));
  return (
    <Many
      value={value.shares}
      set={setShares}
      fresh={() => ({ arn: spare?.arn ?? '', weight: '1' })}
      name="group"
      add={value.shares.length ? 'And another target group' : 'Add a target group'}
      most={groups.length}
    >
      {({ arn, weight }, index, takeAway) => (
        <div class="share-fields" key={index}>
          <Field label="Target group">
            <select
              name={`group-${index}`}
              value={arn}
              onChange={(event) =>
                setShares(replaced(value.shares, index, { arn: event.currentTarget.value }))
              }
            >
              {groups.map((group) => (
                <option key={group.arn} value={group.arn}>
                  {group.name}
                </option>
              ))}
            </select>
          </Field>
          <Field label="Weight" hint="0 to 999">
            <input
              name={`weight-${index}`}
              inputMode="numeric"
              value={weight}
              onInput={(event) =>
                setShares(
                  replaced(value.shares, index, { weight: event.currentTarget.value.trim() }),
                )
              }
            />
          </Field>
          <button type="button" class="small" onClick={takeAway}>
            Take away<span class="hidden"> target group {index + 1}</span>
          </button>
        </div>
      )}
    </Many>
  );
}

const redirectParts: [keyof Redirect, string][] = [
  ['Protocol', '#{protocol}, HTTP or HTTPS'],
  ['Host', 'may hold #{host}'],
  ['Port', 'or #{port}'],
  ['Path', 'may hold #{path}, #{host}, #{port}'],
  ['Query', 'may hold #{query} and the others; may be empty'],
];

function RedirectFields({ value, set }: Changed<Redirect>) {
  return (
    <>
      <Field label="Status">
        <select
          name="redirect-status"
          value={value.StatusCode}
          onChange={(event) => set({ ...value, StatusCode: event.currentTarget.value })}
        >
          <option value="HTTP_301">301, permanent</option>
          <option value="HTTP_302">302, temporary</option>
        </select>
      </Field>
      {redirectParts.map(([part, hint]) => (
        <Field key={part} label={part} hint={hint}>
          <input
            name={`redirect-${part.toLowerCase()}`}
            value={value[part]}
            spellcheck={false}
            onInput={(event) => set({ ...value, [part]: event.currentTarget.value.trim() })}
          />
        </Field>
      ))}
    </>
  );
}

const contentTypes = [
  'text/plain',
  'text/css',
  'text/html',
  'application/javascript',
  'application/json',
];

function FixedResponse({ value, set }: Changed<ActionDraft>) {
  return (
    <>
      <Field label="Status" hint="2xx, 4xx or 5xx">
        <input
          name="status"
          inputMode="numeric"
          value={value.status}
          onInput={(event) => set({ ...value, status: event.currentTarget.value })}
        />
      </Field>
      <Field label="Content type">
        <select
          name="content-type"
          value={value.contentType}
          onChange={(event) => set({ ...value, contentType: event.currentTarget.value })}
        >
          {contentTypes.map((type) => (
            <option key={type} value={type}>
              {type}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Body" hint="may be empty">
        <textarea
          name="body"
          rows={3}
          value={value.body}
          spellcheck={false}
          onInput={(event) => set({ ...value, body: event.currentTarget.value })}
        />
      </Field>
    </>
  );
}
