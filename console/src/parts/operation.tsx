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

interface Props {
  title: string; // of the dialog
  button: string; // that opens it
  verb: string; // of the button that does it
  operations: () => Operation[] | string; // a text: what is missing
  danger?: boolean;
  small?: boolean;
  hidden?: string; // said to screen readers after the button's text
  locked?: string | false; // why it cannot be done at all
  onOpen?: () => void;
  onClose?: () => void;
  onDone?: () => void;
  children?: ComponentChildren; // the fields
}

// Why this session may not change anything; "" if it may.
export function lockOf(service: 'api' | 'alarms' = 'api'): string {
  const now = session.value;
  if (!now || now.role !== 'admin') return 'Your role is read-only.';
  if (service === 'api' && !now.can_change) {
    return 'This node keeps nothing: it was started without --data.';
  }
  return '';
}

export const declaredText = 'It is declared in daruma.yaml: change it there, then reload.';

export function OperationButton(props: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const lock = props.locked ?? lockOf();
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  const close = () => {
    setOpen(false);
    props.onClose?.();
  };
  return (
    <>
      <button
        type="button"
        disabled={!!lock}
        title={lock || undefined}
        class={`${props.danger ? 'danger' : ''} ${props.small ? 'small' : ''}`}
        onClick={() => {
          props.onOpen?.();
          setOpen(true);
        }}
      >
        {props.button}
        {props.hidden && <span class="hidden"> {props.hidden}</span>}
      </button>
      {open && (
        <dialog ref={dialog} onClose={close} aria-label={props.title}>
          <Body {...props} close={() => dialog.current?.close()} />
        </dialog>
      )}
    </>
  );
}

type Outcome = { done: true } | { refused: string } | null;

function Body(props: Props & { close: () => void }) {
  const [busy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>(null);
  const operations = props.operations();
  const commands =
    typeof operations === 'string'
      ? ''
      : operations.map((each) => command(each, location.origin)).join('\n');
  const submit = async (event: Event) => {
    event.preventDefault();
    if (typeof operations === 'string') return;
    setBusy(true);
    setOutcome(null);
    try {
      for (const each of operations) await perform(each);
      setOutcome({ done: true });
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
        {outcome && 'done' in outcome && <p class="done">Done.</p>}
        {outcome && 'refused' in outcome && <Problem>{outcome.refused}</Problem>}
      </div>
      <footer>
        <button type="button" onClick={props.close}>
          {outcome && 'done' in outcome ? 'Close' : 'Cancel'}
        </button>
        <button
          type="submit"
          class={props.danger ? 'danger' : 'primary'}
          disabled={busy || typeof operations === 'string' || (!!outcome && 'done' in outcome)}
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
