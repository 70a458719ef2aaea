// SPDX-License-Identifier: Apache-2.0
//
// Traffic that is sent away from a zone for a while: started, extended, cancelled.
import { useState } from 'preact/hooks';
import { dateAndTime, span, unixOf } from '../format';
import { config, state } from '../live';
import { useAsked } from '../parts/asked';
import { Badge, Problem } from '../parts/bits';
import {
  Field,
  lockOf,
  OpenButton,
  OperationButton,
  OperationDialog,
  useForm,
} from '../parts/operation';
import type { Show } from '../parts/operation';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { get } from '../server';
import { cancelOf, effectOf, extendOf, startOf, zonesOf } from '../shift_draft';
import type { Shift, ShiftDraft } from '../shift_draft';

const usual = '2h';

// These are the node's own and kept without --data too: only the role counts.
const lockOfShifts = () => lockOf('role');

function Start({ done }: { done: () => void }) {
  const balancers = config.value!.load_balancers.map(({ name }) => name);
  const zonesAt = (balancer: string) => zonesOf(config.value!, state.value!.node.zone, balancer);
  const fresh = (balancer = balancers[0] ?? ''): ShiftDraft => ({
    balancer,
    zone: zonesAt(balancer)[0] ?? '',
    expires: usual,
    comment: '',
  });
  const [draft, setDraft] = useState(fresh());
  return (
    <OperationButton
      title="Shift traffic away from a zone"
      button="Start a shift"
      verb="Start it"
      locked={lockOfShifts() || (balancers.length === 0 && 'There is no load balancer.')}
      onOpen={() => setDraft(fresh())}
      onDone={done}
      operations={() => startOf(draft)}
    >
      <Field label="Load balancer" hint="with zonal_shift.config.enabled">
        <select
          name="balancer"
          value={draft.balancer}
          onChange={(event) => setDraft(fresh(event.currentTarget.value))}
        >
          {balancers.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </Field>
      <Field label="Away from">
        <select
          name="zone"
          value={draft.zone}
          onChange={(event) => setDraft({ ...draft, zone: event.currentTarget.value })}
        >
          {zonesAt(draft.balancer).map((zone) => (
            <option key={zone} value={zone}>
              {zone}
            </option>
          ))}
        </select>
      </Field>
      <Expires value={draft.expires} set={(expires) => setDraft({ ...draft, expires })} />
      <Field label="Comment" hint="for those who find it">
        <input
          name="comment"
          value={draft.comment}
          onInput={(event) => setDraft({ ...draft, comment: event.currentTarget.value })}
        />
      </Field>
    </OperationButton>
  );
}

function Expires({ value, set }: { value: string; set: (next: string) => void }) {
  return (
    <Field label="For" hint="from now, 1m to 3d: 90m, 2h">
      <input
        name="expires"
        value={value}
        spellcheck={false}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </Field>
  );
}

interface InRow {
  shift: Shift;
  show: Show;
  done: () => void;
}
interface Opened {
  shift: Shift;
  done: () => void;
  close: () => void;
}

const askShifts = () => get<{ items: Shift[] }>('../zonal-shifts');
const again_ms = 10_000;

const leftOf = ({ expiryTime }: Shift) =>
  Math.max(0, (unixOf(expiryTime) ?? 0) - state.value!.time);

function Extend({ show, ...of }: InRow) {
  return (
    <OpenButton
      button="Extend"
      hidden={of.shift.resourceIdentifier}
      small
      locked={lockOfShifts()}
      open={() => show((close) => <ExtendForm {...of} close={close} />)}
    />
  );
}

function ExtendForm({ shift, done, close }: Opened) {
  const [expires, setExpires] = useState(usual);
  const balancer = shift.resourceIdentifier;
  // Somebody else may extend it while this is open.
  const { answer } = useAsked(askShifts, '', again_ms);
  const now =
    answer?.items.find(({ resourceIdentifier }) => resourceIdentifier === balancer) ?? shift;
  return (
    <OperationDialog
      title={`Extend the shift of ${balancer} away from ${shift.awayFrom}`}
      verb="Extend it"
      onClose={close}
      onDone={done}
      operations={() => extendOf(balancer, expires, leftOf(now))}
    >
      <p>
        It ends {dateAndTime(unixOf(now.expiryTime))}, in {span(leftOf(now))}.
      </p>
      <Expires value={expires} set={setExpires} />
    </OperationDialog>
  );
}

function Cancel({ show, ...of }: InRow) {
  return (
    <OpenButton
      button="End"
      hidden={of.shift.resourceIdentifier}
      danger
      small
      locked={lockOfShifts()}
      open={() => show((close) => <CancelForm {...of} close={close} />)}
    />
  );
}

function CancelForm({ shift, done, close }: Opened) {
  const balancer = shift.resourceIdentifier;
  return (
    <OperationDialog
      title={`Cancel the shift of ${balancer}`}
      verb="End it"
      danger
      onClose={close}
      onDone={done}
      operations={() => cancelOf(balancer)}
    >
      <p>
        Requests go to <b>{shift.awayFrom}</b> again, at once.
      </p>
    </OperationDialog>
  );
}

function Effect({ shift }: { shift: Shift }) {
  const { away, all } = effectOf(config.value!, state.value!, shift);
  // What is told once a second may be of before it began, which is in whole seconds.
  if (away < all && state.value!.time < (unixOf(shift.startTime) ?? 0) + 2) return <>…</>;
  return (
    <span title="A shift does nothing where too few targets of other zones are healthy, nor in a group without cross-zone load balancing.">
      {all > 0 && away === all ? (
        `${away} of ${all} targets get no new requests`
      ) : (
        <Badge tone="warning">
          {all === 0
            ? 'none: no target is there'
            : away === 0
              ? 'none: its targets are asked as before'
              : `${away} of ${all} targets get no new requests`}
        </Badge>
      )}
    </span>
  );
}

const columnsWith = (show: Show, done: () => void): Column<Shift>[] => [
  { name: 'Load balancer', cell: ({ resourceIdentifier }) => resourceIdentifier },
  { name: 'Away from', cell: ({ awayFrom }) => awayFrom },
  { name: 'Effect', cell: (shift) => <Effect shift={shift} /> },
  { name: 'Ends in', number: true, cell: (shift) => span(leftOf(shift)) },
  { name: 'Since', cell: ({ startTime }) => dateAndTime(unixOf(startTime)) },
  {
    name: 'Comment',
    cell: ({ comment }) => (
      <span class="cut" title={comment}>
        {comment}
      </span>
    ),
  },
  {
    name: 'Change',
    cell: (shift) => (
      <span class="actions">
        <Extend shift={shift} show={show} done={done} />
        <Cancel shift={shift} show={show} done={done} />
      </span>
    ),
  },
];

export function ZonalShifts() {
  const { answer, problem, again } = useAsked(askShifts, String(state.value!.revision), again_ms);
  const [form, show] = useForm();
  return (
    <section class="panel" aria-labelledby="shifts">
      <header>
        <h2 id="shifts">Zonal shifts</h2>
        <span class="muted">of this node; others have their own</span>
        <span class="actions">
          <Start done={again} />
        </span>
      </header>
      {problem && <Problem>{problem}</Problem>}
      <Table
        label="Shifts"
        columns={columnsWith(show, again)}
        rows={answer?.items ?? []}
        keyOf={({ resourceIdentifier }) => resourceIdentifier}
        empty={answer ? 'No traffic is shifted away from a zone.' : 'Loading …'}
      />
      {form}
    </section>
  );
}
