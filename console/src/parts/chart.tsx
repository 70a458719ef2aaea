// SPDX-License-Identifier: Apache-2.0
//
// A chart over time: drawn by uPlot for the eye, said in a sentence and a table for everybody else.
import { signal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clock } from '../format';
import { theme } from '../theme';

export interface Line {
  label: string;
  color: string; // name of a CSS variable: --s1
  values: (number | null)[];
  dash?: boolean;
}

export interface ChartProps {
  title: string;
  times: number[];
  period: number;
  lines: Line[];
  format: (value: number | null) => string;
  stacked?: boolean;
  problem?: string;
  onPick?: (label: string) => void; // makes the legend's names buttons
  picked?: string;
}

// Each line on the sum of those before it.
export function stack(lines: (number | null)[][]): (number | null)[][] {
  const sums: number[] = [];
  return lines.map((values) =>
    values.map((value, index) => {
      if (value === null) return null;
      sums[index] = (sums[index] ?? 0) + value;
      return sums[index]!;
    }),
  );
}

// What somebody who cannot see the picture is told of a line.
export function summary(line: Line, times: number[], format: ChartProps['format']): string {
  let most = -1;
  let last: number | null = null;
  line.values.forEach((value, index) => {
    if (value === null) return;
    last = value;
    if (most < 0 || value > line.values[most]!) most = index;
  });
  if (most < 0) return `${line.label}: no figures`;
  return (
    `${line.label}: ${format(last)} now, at most ${format(line.values[most]!)} ` +
    `at ${clock(times[most]!)}`
  );
}

const css = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsOf(
  props: ChartProps,
  size: { width: number; height: number },
  cursor: Signal<number | null>,
): uPlot.Options {
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const axis = {
    stroke: css('--muted'),
    font: `${Math.round(rem * 0.75)}px system-ui, sans-serif`,
    grid: { stroke: css('--grid'), width: 1 },
    ticks: { show: false },
  };
  const last = props.times.length - 1;
  return {
    ...size,
    padding: [rem * 0.5, rem * 0.5, 0, 0],
    legend: { show: false },
    cursor: {
      sync: { key: 'time' },
      points: { show: !props.stacked },
      drag: { x: false, y: false },
    },
    scales: {
      // A list in place of the function would stay what it is at first.
      x: { time: true, range: (_, min, max) => [min, max] },
      y: { range: (_, __, max) => [0, (max || 1) * 1.08] },
    },
    axes: [
      {
        ...axis,
        size: rem * 1.5,
        space: rem * 5,
        values: (_, ticks) =>
          ticks.map((t) => clock(t).slice(0, props.times[last]! - props.times[0]! > 1200 ? 5 : 8)),
      },
      {
        ...axis,
        size: rem * 4,
        space: rem * 2.2,
        values: (_, ticks) => ticks.map((t) => props.format(t)),
      },
    ],
    series: [
      {},
      ...props.lines.map((line) => ({
        label: line.label,
        // What is 0 must not be seen in a stack: no line on top of what is below it.
        ...(props.stacked ? {} : { stroke: css(line.color) }),
        width: props.stacked ? 0 : 1.75,
        spanGaps: false,
        points: { show: false },
        ...(line.dash ? { dash: [6, 4] } : {}),
        ...(props.stacked ? { fill: css(line.color) + 'c0' } : {}),
        ...(props.stacked ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
      })),
    ],
    ...(props.stacked
      ? {
          bands: props.lines.slice(1).map((_, index) => ({
            series: [index + 2, index + 1] as [number, number],
          })),
        }
      : {}),
    hooks: {
      // Which time is drawn, for whoever cannot look at the canvas.
      draw: [
        (plot) => {
          const box = plot.root.parentElement;
          if (box) box.dataset.until = String(plot.scales.x!.max);
        },
      ],
      setCursor: [
        (plot) => {
          cursor.value = plot.cursor.idx ?? null;
        },
      ],
    },
  };
}

function showAllOf(plot: uPlot, { times, period }: ChartProps): void {
  plot.setScale('x', { min: times[0]!, max: times[times.length - 1]! + period });
}

function dataOf(props: ChartProps): uPlot.AlignedData {
  const values = props.lines.map((line) => line.values);
  return [props.times, ...(props.stacked ? stack(values) : values)] as uPlot.AlignedData;
}

export function Chart(props: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const cursor = useMemo(() => signal<number | null>(null), []);
  const empty = props.times.length === 0;
  const shape = JSON.stringify([
    props.lines.map((line) => [line.label, line.color]),
    props.stacked,
    theme.value,
    empty,
  ]);

  useEffect(() => {
    const element = box.current;
    if (!element || empty) return;
    const size = () => ({ width: element.clientWidth, height: element.clientHeight });
    plot.current = new uPlot(optionsOf(props, size(), cursor), dataOf(props), element);
    showAllOf(plot.current, props);
    const watch = new ResizeObserver(() => plot.current?.setSize(size()));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);

  useEffect(() => {
    if (!plot.current || empty) return;
    plot.current.setData(dataOf(props), false);
    showAllOf(plot.current, props);
  }, [props.times, props.lines]);

  const said = empty
    ? 'no figures yet'
    : props.lines.length === 0
      ? 'none in this time'
      : props.lines.map((line) => summary(line, props.times, props.format)).join('; ');
  return (
    <figure class="chart">
      <figcaption>
        <h3>{props.title}</h3>
        <Legend {...props} cursor={cursor} />
      </figcaption>
      <div class="plot" ref={box} role="img" aria-label={`${props.title}: ${said}`}>
        {empty && <span class="muted">{props.problem || 'Loading …'}</span>}
        {!empty && props.lines.length === 0 && <span class="muted">None in this time.</span>}
      </div>
      {props.problem && !empty && <p class="problem">{props.problem}</p>}
      <AsTable {...props} />
    </figure>
  );
}

function Legend(props: ChartProps & { cursor: Signal<number | null> }) {
  const at = props.cursor.value;
  const valueOf = (line: Line) => {
    if (at !== null) return line.values[at] ?? null;
    for (let index = line.values.length - 1; index >= 0; index -= 1) {
      if (line.values[index] !== null) return line.values[index]!;
    }
    return null;
  };
  return (
    <ul class="legend">
      {props.lines.map((line) => (
        <li key={line.label}>
          <i class={`swatch ${line.color.slice(2)} ${line.dash ? 'dash' : ''}`} />
          {props.onPick ? (
            <button
              type="button"
              class="link"
              aria-pressed={props.picked === line.label}
              onClick={() => props.onPick!(line.label)}
            >
              {line.label}
            </button>
          ) : (
            line.label
          )}
          <output class="number">{props.format(valueOf(line))}</output>
        </li>
      ))}
      <li class="when muted">
        {at !== null && props.times[at] ? clock(props.times[at]!) : 'newest'}
      </li>
    </ul>
  );
}

const rows_max = 60;

function AsTable(props: ChartProps) {
  const [open, setOpen] = useState(false);
  const first = Math.max(0, props.times.length - rows_max);
  return (
    <details class="as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Table<span class="hidden"> of {props.title}</span>
      </summary>
      {open && (
        <div class="scroll" tabIndex={0} role="region" aria-label={`Table of ${props.title}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">Time</th>
                {props.lines.map((line) => (
                  <th scope="col" key={line.label}>
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {props.times
                .slice(first)
                .map((time, row) => (
                  <tr key={time}>
                    <th scope="row">{clock(time)}</th>
                    {props.lines.map((line) => (
                      <td key={line.label} class="number">
                        {props.format(line.values[first + row] ?? null)}
                      </td>
                    ))}
                  </tr>
                ))
                .reverse()}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
