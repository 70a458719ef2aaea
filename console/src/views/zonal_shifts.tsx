// SPDX-License-Identifier: Apache-2.0
//
// Traffic that is sent away from a zone for a while: started, extended, cancelled.
import { useState } from 'preact/hooks';
import { dateAndTime, span, unixOf } from '../format';
import { config, state } from '../live';
import { useAsked } from '../parts/asked';
import { Problem } from '../parts/bits';
import { Field, lockOf, OperationButton } from '../parts/operation';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { get } from '../server';
import { cancelOf, extendOf, startOf, zonesOf } from '../shift_draft';
import type { Shift, ShiftDraft } from '../shift_draft';

const usual = '2h';

// These are the node's own and kept without --data too: only the role counts.
const lockOfShifts = () => lockOf('alarms');

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

function Extend({ shift, done }: { shift: Shift; done: () => void }) {
  const [expires, setExpires] = useState(usual);
  const balancer = shift.resourceIdentifier;
  return (
    <OperationButton
      title={`Extend the shift of ${balancer} away from ${shift.awayFrom}`}
      button="Extend"
      hidden={balancer}
      verb="Extend it"
      small
      locked={lockOfShifts()}
      onOpen={() => setExpires(usual)}
      onDone={done}
      operations={() => extendOf(balancer, expires)}
    >
      <Expires value={expires} set={setExpires} />
    </OperationButton>
  );
}

function Cancel({ shift, done }: { shift: Shift; done: () => void }) {
  const balancer = shift.resourceIdentifier;
  return (
    <OperationButton
      title={`Cancel the shift of ${balancer}`}
      button="End"
      hidden={balancer}
      verb="End it"
      danger
      small
      locked={lockOfShifts()}
      onDone={done}
      operations={() => cancelOf(balancer)}
    >
      <p>
        Requests go to <b>{shift.awayFrom}</b> again, at once.
      </p>
    </OperationButton>
  );
}

const columnsWith = (done: () => void): Column<Shift>[] => [
  { name: 'Load balancer', cell: ({ resourceIdentifier }) => resourceIdentifier },
  { name: 'Away from', cell: ({ awayFrom }) => awayFrom },
  {
    name: 'Ends in',
    number: true,
    cell: ({ expiryTime }) => span(Math.max(0, (unixOf(expiryTime) ?? 0) - state.value!.time)),
  },
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
        <Extend shift={shift} done={done} />
        <Cancel shift={shift} done={done} />
      </span>
    ),
  },
];

export function ZonalShifts() {
  const { answer, problem, again } = useAsked(
    () => get<{ items: Shift[] }>('../zonal-shifts'),
    String(state.value!.revision),
    10_000,
  );
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
        columns={columnsWith(again)}
        rows={answer?.items ?? []}
        keyOf={({ resourceIdentifier }) => resourceIdentifier}
        empty={answer ? 'No traffic is shifted away from a zone.' : 'Loading …'}
      />
    </section>
  );
}
