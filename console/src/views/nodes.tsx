// SPDX-License-Identifier: Apache-2.0
//
// This node: every Daruma stands alone in this release.
import { useState } from 'preact/hooks';
import { adminAddress } from '../aws';
import { count, dateAndTime, moment, many, span } from '../format';
import { config, state } from '../live';
import { Badge, Icon, Problem, Tile } from '../parts/bits';
import { lockOf } from '../parts/operation';
import { reload, session } from '../server';
import { ZonalShifts } from './zonal_shifts';

export function Nodes() {
  const { node, revision, time } = state.value!;
  const late = node.workers - node.workers_adopted;
  return (
    <>
      <header class="section-head">
        <h1>Nodes</h1>
      </header>
      <section class="panel" aria-labelledby="node">
        <header>
          <h2 id="node">This node</h2>
          <Badge tone={!node.healthy ? 'critical' : node.draining ? 'warning' : 'ok'}>
            {!node.healthy ? 'not healthy' : node.draining ? 'draining' : 'serving'}
          </Badge>
          <span class="muted">
            {config.value!.endpoint}
            {node.zone ? `, zone ${node.zone}` : ''}
          </span>
        </header>
        {!node.healthy && <Problem>{node.reason}</Problem>}
        <dl class="tiles">
          <Tile name="Version" value={config.value!.version} />
          <Tile name="Up for" value={span(time - node.started)} hint={dateAndTime(node.started)} />
          <Tile name="Workers" value={count(node.workers)} />
          <Tile name="Requests being served" value={count(node.exchanges_active)} />
          <Tile name="Configuration" value={`revision ${count(revision)}`} />
          <Tile
            name="File applied"
            value={moment(node.config_applied_at)}
            tone={node.config_refused ? 'warning' : ''}
          />
        </dl>
        {node.config_refused && (
          <p class="notice">
            <Icon tone="warning" />
            The configuration file was refused: the former one serves. <code>
              daruma check
            </code>{' '}
            says why.
          </p>
        )}
        {late > 0 && (
          <p class="notice">
            <Icon tone="warning" />
            {many(late, 'worker')} still serve an older revision.
          </p>
        )}
        {node.problems.length > 0 && (
          <section>
            <h3>What could not be done</h3>
            <ul>
              {node.problems.map((problem) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          </section>
        )}
        <Reload />
        <p class="muted">
          You are {session.value!.name || 'anybody'}, with the role {session.value!.role}.
          {session.value!.can_change
            ? ''
            : ' The API’s resources cannot be changed by this session.'}
        </p>
      </section>
      <ZonalShifts />
    </>
  );
}

function Reload() {
  const [outcome, setOutcome] = useState<{ done?: string; refused?: string }>({});
  const [busy, setBusy] = useState(false);
  const lock = lockOf('role');
  const run = async () => {
    setBusy(true);
    try {
      setOutcome({ done: await reload() });
    } catch (error) {
      setOutcome({ refused: error instanceof Error ? error.message : String(error) });
    }
    setBusy(false);
  };
  return (
    <section aria-labelledby="reload">
      <h3 id="reload">Configuration file</h3>
      <p>
        Reads daruma.yaml again. No connection is dropped; a file that is wrong changes nothing.
      </p>
      <p>
        <button
          type="button"
          disabled={!!lock || busy}
          title={lock || undefined}
          onClick={() => void run()}
        >
          {busy ? 'Reading …' : 'Reload'}
        </button>
        <span class="muted">
          {' '}
          The same on the command line:{' '}
          <code>daruma reload --admin {adminAddress(location.host)}</code>
        </span>
      </p>
      <div role="status">
        {outcome.done && <p class="done text">{outcome.done}</p>}
        {outcome.refused && (
          <Problem>
            <span class="text">{outcome.refused}</span>
          </Problem>
        )}
      </div>
    </section>
  );
}
