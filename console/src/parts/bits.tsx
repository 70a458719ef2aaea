// SPDX-License-Identifier: Apache-2.0
//
// Small parts: how something stands, a figure with its name, a text to copy, which time is shown.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { chosen, windows } from '../history';
import type { Standing } from '../types';

export type Tone = 'ok' | 'warning' | 'critical' | 'unused' | 'info';

// A shape for each tone: colour alone tells nobody who does not see it.
const shapes: { [tone in Tone]: string } = {
  ok: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm-1 9.6L3.9 8l1.1-1.1 2 2 4-4L12.1 6Z',
  warning: 'M8 1 .8 14.2h14.4Zm-.9 4.8h1.8l-.3 4.4H7.4Zm.9 5.3a1 1 0 1 1 0 2 1 1 0 0 1 0-2Z',
  critical:
    'M5 1h6l4 4v6l-4 4H5l-4-4V5Zm.4 3.3L4.3 5.4 6.9 8l-2.6 2.6 1.1 1.1L8 9.1l2.6 2.6 ' +
    '1.1-1.1L9.1 8l2.6-2.6-1.1-1.1L8 6.9Z',
  unused:
    'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm0 1.6a4.9 4.9 0 1 1 0 9.8 4.9 4.9 0 0 1 ' +
    '0-9.8Z',
  info:
    'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM7.1 7h1.8v5H7.1ZM8 3.8a1 1 0 1 1 0 2 1 1 ' +
    '0 0 1 0-2Z',
};

export function Icon({ tone }: { tone: Tone }) {
  return (
    <svg class={`icon tone-${tone}`} viewBox="0 0 16 16" aria-hidden="true">
      <path fill-rule="evenodd" d={shapes[tone]} />
    </svg>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge tone-${tone}`}>
      <Icon tone={tone} />
      {children}
    </span>
  );
}

export const standingNames: { [standing in Standing]: string } = {
  ok: 'OK',
  warning: 'Warning',
  critical: 'Critical',
  unused: 'Unused',
};

const stateTones: { [state: string]: Tone } = {
  healthy: 'ok',
  unhealthy: 'critical',
  unavailable: 'warning',
  initial: 'info',
  draining: 'info',
  unused: 'unused',
};

export function toneOfTarget(target: {
  state: string;
  saturated: boolean;
  anomalous: boolean;
}): Tone {
  const tone = stateTones[target.state] ?? 'info';
  return tone === 'ok' && (target.saturated || target.anomalous) ? 'warning' : tone;
}

export function TargetBadge({
  target,
}: {
  target: { state: string; saturated: boolean; anomalous: boolean } | undefined;
}) {
  if (!target) return <Badge tone="unused">not known</Badge>;
  const also =
    target.state !== 'healthy'
      ? ''
      : target.saturated
        ? ', busy'
        : target.anomalous
          ? ', anomalous'
          : '';
  return <Badge tone={toneOfTarget(target)}>{target.state + also}</Badge>;
}

export function Tile({
  name,
  value,
  tone,
  hint,
}: {
  name: string;
  value: string;
  tone?: Tone | '' | undefined;
  hint?: string;
}) {
  return (
    <div class={`tile ${tone ? 'tone-' + tone : ''}`} title={hint}>
      <dt>{name}</dt>
      <dd class="number">{value}</dd>
    </div>
  );
}

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone('Copied');
    } catch {
      setDone('Select the text and copy it: the browser does not let this page');
    }
    setTimeout(() => setDone(''), 3000);
  };
  return (
    <span class="copy">
      <button type="button" class="small" onClick={copy}>
        Copy<span class="hidden"> {what}</span>
      </button>
      <span role="status" class="muted">
        {done}
      </span>
    </span>
  );
}

export function WindowPicker() {
  return (
    <div class="segments" role="group" aria-label="Time shown">
      {windows.map((window) => (
        <button
          type="button"
          key={window.name}
          aria-pressed={chosen.value === window}
          onClick={() => {
            chosen.value = window;
          }}
        >
          {window.name}
        </button>
      ))}
    </div>
  );
}

export function Problem({ children }: { children: ComponentChildren }) {
  return (
    <p class="problem" role="alert">
      <Icon tone="critical" />
      <span>{children}</span>
    </p>
  );
}
