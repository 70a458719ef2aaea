// SPDX-License-Identifier: Apache-2.0
//
// A dialog around one operation of the API: its fields, the command that does the same, the button
// that does it, and what came of it in the server's own words.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { command } from '../aws';
import type { Operation } from '../aws';
import { perform, Refused, session } from '../server';
import { Copy, Problem } from './bits';

interface ButtonProps {
  button: string; // its text
  danger?: boolean;
  small?: boolean;
  hidden?: string; // said to screen readers after the button's text
  locked?: string | false; // why it cannot be done at all
}

interface FormProps {
  title: string; // of the dialog
  verb: string; // of the button that does it
  operations: () => Operation[] | string; // a text: what is missing
  danger?: boolean;
  onClose?: () => void;
  onDone?: () => void;
  children?: ComponentChildren; // the fields
}

type Props = ButtonProps & FormProps & { onOpen?: () => void };

// Why this session may not change anything; "" if it may. Some things need no --data: only the role
// counts for them.
export function lockOf(needs: 'data' | 'role' = 'data'): string {
  const now = session.value;
  if (!now || now.role !== 'admin') return 'Your role is read-only.';
  if (needs === 'data' && !now.can_change) {
    return 'This node keeps nothing: it was started without --data.';
  }
  return '';
}

export const declaredText = 'It is declared in daruma.yaml: change it there, then reload.';

export function OperationButton({ onOpen, onClose, ...props }: Props) {
  const [open, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    onClose?.();
  };
  return (
    <>
      <OpenButton
        {...props}
        open={() => {
          onOpen?.();
          setOpen(true);
        }}
      />
      {open && <OperationDialog {...props} onClose={close} />}
    </>
  );
}

export function OpenButton(props: ButtonProps & { open: () => void }) {
  const lock = props.locked ?? lockOf();
  return (
    <button
      type="button"
      disabled={!!lock}
      title={lock || undefined}
      class={`${props.danger ? 'danger' : ''} ${props.small ? 'small' : ''}`}
      onClick={props.open}
    >
      {props.button}
      {props.hidden && <span class="hidden"> {props.hidden}</span>}
    </button>
  );
}

// What a button in a row of a table opens is held beside the table: rows move, and go. An element
// that is moved in the page loses its focus, and a dialog its place above the others.
export type Show = (form: (close: () => void) => ComponentChildren) => void;

export function useForm(): [ComponentChildren, Show] {
  const [form, setForm] = useState<ComponentChildren>(null);
  return [form, (make) => setForm(make(() => setForm(null)))];
}

// Open as long as it is there.
export function OperationDialog(props: FormProps & { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={props.onClose} aria-label={props.title}>
      <Body {...props} close={() => dialog.current?.close()} />
    </dialog>
  );
}

// `done`: the commands of what was done, whatever the fields have become since.
type Outcome = { done: string } | { refused: string } | null;

function Body(props: FormProps & { close: () => void }) {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const operations = props.operations();
  const done = outcome && 'done' in outcome ? outcome.done : '';
  const commands =
    done ||
    (typeof operations === 'string'
      ? ''
      : operations.map((each) => command(each, location.origin)).join('\n'));
  const submit = async (event: Event) => {
    event.preventDefault();
    if (typeof operations === 'string') return;
    setBusy(true);
    setOutcome(null);
    try {
      for (const each of operations) await perform(each);
      setOutcome({ done: commands });
      props.onDone?.();
    } catch (error) {
      const code = error instanceof Refused ? error.code + ': ' : '';
      setOutcome({ refused: code + (error instanceof Error ? error.message : String(error)) });
    }
    setBusy(false);
  };
  return (
    <form onSubmit={submit} class="operation">
      <h2>{props.title}</h2>
      <div class="fields">{props.children}</div>
      <section class="command" aria-label="The same on the command line">
        <header>
          <h3>The same on the command line</h3>
          {commands && <Copy text={commands} what="the command" />}
        </header>
        <pre tabIndex={0}>{commands || String(operations)}</pre>
      </section>
      <div role="status" class="outcome">
        {done && <p class="done">Done.</p>}
        {outcome && 'refused' in outcome && <Problem>{outcome.refused}</Problem>}
      </div>
      <footer>
        <button type="button" onClick={props.close}>
          {done ? 'Close' : 'Cancel'}
        </button>
        <button
          type="submit"
          class={props.danger ? 'danger' : 'primary'}
          disabled={busy || typeof operations === 'string' || !!done}
        >
          {busy ? 'Working …' : props.verb}
        </button>
      </footer>
    </form>
  );
}

export function Field({
  label,
  hint,
  children,
}: {
  label: string;
  hint?: string;
  children: ComponentChildren;
}) {
  return (
    <label class="field">
      <span>
        {label}
        {hint && <small class="muted"> {hint}</small>}
      </span>
      {children}
    </label>
  );
}
