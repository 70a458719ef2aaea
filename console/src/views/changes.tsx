// SPDX-License-Identifier: Apache-2.0
//
// Who changed what through the API since the node's start, and what was refused.
import { useState } from 'preact/hooks';
import { dateAndTime } from '../format';
import { state } from '../live';
import { useAsked } from '../parts/asked';
import { Badge, Problem } from '../parts/bits';
import { Table } from '../parts/table';
import type { Column } from '../parts/table';
import { get } from '../server';
import type { Change } from '../types';

const columns: Column<Change>[] = [
  { name: 'When', cell: ({ time }) => dateAndTime(time) },
  { name: 'Who', cell: ({ caller, from }) => `${caller || 'anybody'} from ${from}` },
  { name: 'Did', cell: ({ action }) => action },
  {
    name: 'Outcome',
    cell: ({ outcome }) => <Badge tone={outcome === 'done' ? 'ok' : 'warning'}>{outcome}</Badge>,
  },
  {
    name: 'To',
    cell: ({ resource }) => (
      <span class="cut wide" title={resource}>
        {resource.replace(/^arn:aws:/, '')}
      </span>
    ),
  },
  { name: 'Request id', cell: ({ request_id }) => <code>{request_id}</code> },
];

export function Changes() {
  const { answer, problem } = useAsked(
    () => get<{ changes: Change[] }>('changes?limit=1000'),
    String(state.value!.revision),
    5000,
  );
  const [text, setText] = useState('');
  const rows = (answer?.changes ?? []).filter((change) =>
    [change.caller, change.action, change.outcome, change.resource]
      .join(' ')
      .toLowerCase()
      .includes(text.trim().toLowerCase()),
  );
  return (
    <>
      <header class="section-head">
        <h1>Changes</h1>
        <input
          type="search"
          placeholder="Filter"
          aria-label="Filter"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </header>
      <p class="muted">
        Through the API, since this node started; the log, area <code>audit</code>, has them all.
      </p>
      {problem && <Problem>{problem}</Problem>}
      <section class="panel" aria-label="Changes, the newest first">
        <Table
          label="Changes"
          columns={columns}
          rows={rows}
          keyOf={(change) => change.request_id + change.time}
          empty={answer ? 'Nothing was changed.' : 'Loading …'}
        />
      </section>
    </>
  );
}
