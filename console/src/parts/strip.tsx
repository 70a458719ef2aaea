// SPDX-License-Identifier: Apache-2.0
//
// Health as a strip of time: for a group how many were healthy, for each target what it was.
// The worse, the taller: so it can be read without colours too.
import { useEffect, useRef, useState } from 'preact/hooks';
import { dimensionsOf, healthMetric } from '../figures';
import { clock, many } from '../format';
import { chosen, fetchSeries } from '../history';
import { config, groupsByName, healthChanges, state } from '../live';
import { Paced } from '../pace';
import { linkTo } from '../route';
import { get } from '../server';
import { counts, healthySteps, pastOf, plateaus, stretches } from '../strip';
import type { Shade, Step } from '../strip';
import type { HealthChange, HealthHistory } from '../types';

const heights: { [shade in Shade]: number } = {
  unhealthy: 100,
  full: 70,
  healthy: 40,
  draining: 40,
  other: 25,
  unknown: 6,
};
const meanings: { [shade in Shade]: string } = {
  unhealthy: 'unhealthy',
  full: 'healthy, all workers busy',
  healthy: 'healthy',
  draining: 'draining',
  other: 'being checked, or unused',
  unknown: 'not known',
};

const refresh_least_ms = 2000;

// Of one group, asked for again when any target's health has changed.
export function useHealth(group: string): HealthHistory | null {
  const [history, setHistory] = useState<HealthHistory | null>(null);
  const paced = useRef<Paced | null>(null);
  const version = healthChanges.value;
  useEffect(() => {
    let over = false;
    const mine = new Paced(
      () =>
        get<HealthHistory>(`health?target_group=${encodeURIComponent(group)}`).then(
          (next) => over || setHistory(next),
        ),
      refresh_least_ms,
    );
    paced.current = mine;
    return () => {
      over = true;
      mine.stop();
    };
  }, [group]);
  useEffect(() => paced.current?.want(), [group, version]);
  return history;
}

const remembered_max = 200; // targets of a group whose past is asked for

type Past = { [target: string]: HealthChange[] };

// What the metrics have kept of the time before the node's start. That does not change any more.
// Null: not known yet.
function usePast(group: string, history: HealthHistory | null, begin: number): Past | null {
  const [past, setPast] = useState<Past | null>(null);
  const window = chosen.value;
  const since = history?.since ?? 0;
  const targets = Object.keys(history?.targets ?? {}).slice(0, remembered_max);
  const wanted = history !== null && begin < since && targets.length > 0;
  useEffect(() => {
    const found = groupsByName.peek().get(group);
    if (!wanted || !found) return;
    let over = false;
    const dimensions = dimensionsOf(config.peek()!, found);
    const metrics = targets.map((target) => healthMetric(dimensions, target));
    fetchSeries(metrics, window, since + window.period, Infinity).then(
      ({ times, values, period }) => {
        if (over) return;
        setPast(
          Object.fromEntries(
            targets.map((target, index) => [target, pastOf(times, values[index]!, period, since)]),
          ),
        );
      },
      () => over || setPast({}), // then it cannot be known
    );
    return () => {
      over = true;
    };
  }, [group, wanted, since, targets.join(), window]);
  return wanted ? past : {};
}

interface Axis {
  begin: number;
  end: number;
}

function useAxis(): Axis {
  const end = Math.ceil((state.value?.time ?? 0) / 2) * 2; // moves every other second
  return { begin: end - chosen.value.seconds, end };
}

const at = (time: number, axis: Axis) => (1000 * (time - axis.begin)) / (axis.end - axis.begin);

function Bars({ changes, axis }: { changes: HealthChange[]; axis: Axis }) {
  return (
    <svg class="strip-bars" viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">
      {stretches(changes, axis.begin, axis.end).map(({ from, to, shade }) => (
        <rect
          key={from}
          class={`shade-${shade}`}
          x={at(from, axis)}
          y={100 - heights[shade]}
          width={Math.max(at(to, axis) - at(from, axis), 1)}
          height={heights[shade]}
        />
      ))}
    </svg>
  );
}

function Count({ steps, axis }: { steps: Step[]; axis: Axis }) {
  const wide = (step: Step) => at(step.to, axis) - at(step.from, axis);
  // Narrow ones have no room for their figure; on a small screen that comes sooner.
  const least = matchMedia('(max-width: 60rem)').matches ? 110 : 35;
  return (
    <div class="strip-count" aria-hidden="true">
      <svg viewBox="0 0 1000 100" preserveAspectRatio="none">
        {steps
          .filter(({ of }) => of > 0)
          .map((step) => {
            const x = at(step.from, axis);
            const width = Math.max(wide(step), 1);
            const healthy = (100 * step.healthy) / step.of;
            const full = (100 * step.full) / step.of;
            return (
              <g key={step.from}>
                <rect class="shade-unhealthy" x={x} y={0} width={width} height={100 - healthy} />
                <rect class="shade-full" x={x} y={100 - healthy} width={width} height={full} />
                <rect
                  class="shade-healthy"
                  x={x}
                  y={100 - healthy + full}
                  width={width}
                  height={healthy - full}
                />
              </g>
            );
          })}
      </svg>
      {plateaus(steps)
        .filter((step) => wide(step) > least)
        .map((step) => (
          <b key={step.from} style={{ left: `${at(step.from, axis) / 10}%` }}>
            {step.healthy}
          </b>
        ))}
    </div>
  );
}

function spoken(name: string, steps: Step[]): string {
  const told = steps
    .filter(({ of }) => of > 0)
    .slice(-8)
    .map(
      (step) =>
        `${step.healthy} of ${step.of} from ${clock(step.from)}` +
        (step.full ? `, ${step.full} full` : ''),
    );
  return `Healthy targets of ${name}: ${told.join('; ') || 'not known'}`;
}

const rows_max = 6;

// The whole strip of a group. With `all`, each target has its row.
export function HealthStrip({ group, all = false }: { group: string; all?: boolean }) {
  const history = useHealth(group);
  const axis = useAxis();
  const past = usePast(group, history, axis.begin);
  const now = state.value?.target_groups[group];
  if (!history || !past || !now) return <div class="strip loading" />;
  const targets = Object.entries(history.targets).map(
    ([target, changes]): [string, HealthChange[]] => [
      target,
      [...(past[target] ?? []), ...changes],
    ],
  );
  const steps = healthySteps(
    targets.map(([, changes]) => changes),
    axis.begin,
    axis.end,
  );
  const { values, cut } = counts(steps);
  const ill = targets.filter(([, changes]) =>
    stretches(changes, axis.begin, axis.end).some(
      ({ shade }) => shade === 'unhealthy' || shade === 'full',
    ),
  );
  const shown = all || targets.length <= rows_max ? targets.slice(0, 40) : ill.slice(0, rows_max);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => axis.begin + part * (axis.end - axis.begin));
  return (
    <figure class="strip" data-group={group}>
      <figcaption>
        <a href={linkTo('group', group)}>{group}</a>
        <strong class="counts">
          {cut ? '… ' : ''}
          {values.join(' → ') || '–'}
        </strong>
        <span class="muted">
          {now.healthy} of {now.targets} healthy
          {now.saturated > 0 ? `, ${now.saturated} busy` : ''}
        </span>
      </figcaption>
      <div class="strip-rows" role="img" aria-label={spoken(group, steps)}>
        <span class="strip-name muted" aria-hidden="true">
          healthy
        </span>
        <Count steps={steps} axis={axis} />
        {shown.map(([target, changes]) => [
          <span class="strip-name" key={target} aria-hidden="true" title={target}>
            {target}
          </span>,
          <Bars key={target + '|'} changes={changes} axis={axis} />,
        ])}
        <span />
        <div class="strip-ticks muted" aria-hidden="true">
          {ticks.map((time) => (
            <span key={time}>{clock(time)}</span>
          ))}
        </div>
      </div>
      {shown.length < targets.length && (
        <p class="muted">
          {many(targets.length - shown.length, 'other target')}
          {all ? '' : ' without trouble in this time'}.
        </p>
      )}
    </figure>
  );
}

export function StripKey() {
  return (
    <ul class="legend">
      {(['healthy', 'full', 'unhealthy', 'draining', 'unknown'] as Shade[]).map((shade) => (
        <li key={shade}>
          <i class={`swatch shade-${shade}`} />
          {meanings[shade]}
        </li>
      ))}
    </ul>
  );
}
