// SPDX-License-Identifier: Apache-2.0
//
// The live stream: how the node is configured, and once a second how it stands. Only while the page
// is to be seen: a browser has six connections to a host, and each stream takes one.
import { batch, computed, signal } from '@preact/signals';
import { findSession, session } from './server';
import type { Config, LoadBalancer, State, TargetGroup } from './types';

export const config = signal<Config | null>(null);
export const state = signal<State | null>(null);
export type Link = 'waiting' | 'live' | 'stale' | 'paused';
export const link = signal<Link>('waiting');
// Counts the changes of any target's health: who shows the past asks for it again.
export const healthChanges = signal(0);

export const groupsByName = computed(
  () =>
    new Map<string, TargetGroup>(
      (config.value?.target_groups ?? []).map((group) => [group.name, group]),
    ),
);
export const balancersByName = computed(
  () =>
    new Map<string, LoadBalancer>(
      (config.value?.load_balancers ?? []).map((each) => [each.name, each]),
    ),
);

const stale_after_ms = 5000;
const again_ms = 3000;
// When the node was last heard, by this browser's clock, which the node's may differ from.
let heard: number | null = null;

// For how long the node has not been heard; null: it never was.
export function silentSeconds(): number | null {
  return heard === null ? null : (performance.now() - heard) / 1000;
}

let source: EventSource | null = null;
let watchdog: ReturnType<typeof setTimeout> | undefined;

// Nothing has been heard for too long.
function watch(): void {
  clearTimeout(watchdog);
  // A node of very many targets tells less often.
  const every_ms = 1000 * (state.peek()?.interval_seconds ?? 0);
  watchdog = setTimeout(
    () => {
      link.value = 'stale';
    },
    Math.max(stale_after_ms, 3 * every_ms),
  );
}

export function start(): void {
  stop();
  if (document.hidden) {
    link.value = 'paused';
    return;
  }
  if (link.peek() === 'paused') link.value = 'waiting';
  watch();
  source = new EventSource('live');
  source.addEventListener('config', (event) => takeConfig(JSON.parse(event.data) as Config));
  source.addEventListener('state', (event) => takeState(event.data as string));
  source.addEventListener('end', () => {
    stop();
    // Where nobody logs in, there is a next session. No answer: the stream finds out.
    findSession()
      .catch(() => undefined)
      .finally(() => {
        if (session.peek() && !source)
          setTimeout(() => session.peek() && !source && start(), again_ms);
      });
  });
  source.onerror = () => {
    link.value = 'stale';
    // An EventSource cannot tell a 401 from a node that is away.
    findSession().catch(() => undefined);
    // After an answer that is no stream (503: too many) a browser does not try again by itself.
    const broken = source;
    if (broken?.readyState === EventSource.CLOSED)
      setTimeout(() => source === broken && start(), again_ms);
  };
}

export function stop(): void {
  source?.close();
  source = null;
  clearTimeout(watchdog);
}

export function takeConfig(next: Config): void {
  config.value = next;
  healthChanges.value += 1;
}

export function takeState(text: string): void {
  const began = performance.now();
  heard = began;
  const next = JSON.parse(text) as State;
  const changed = healthDiffers(state.peek(), next);
  batch(() => {
    state.value = next;
    link.value = 'live';
    if (changed) healthChanges.value += 1;
  });
  watch();
  // What an update costs, for whoever measures: from its arrival until the page has rendered it,
  // which Preact does in a task that stands in line before this one.
  setTimeout(() => {
    performance.clearMeasures('daruma-update-former');
    performance.measure('daruma-update', { start: began, end: performance.now() });
  }, 0);
}

// Whether a target is ill, well, full or not full that was otherwise before.
export function healthDiffers(before: State | null, after: State): boolean {
  if (!before) return true;
  const keys = Object.keys(after.targets);
  if (keys.length !== Object.keys(before.targets).length) return true;
  return keys.some((key) => {
    const was = before.targets[key];
    const is = after.targets[key];
    return !was || !is || was.state !== is.state || was.saturated !== is.saturated;
  });
}

// Begins and ends with the session, and rests while the page is hidden.
export function followSession(): void {
  document.addEventListener('visibilitychange', () => {
    if (session.peek()) start();
  });
  session.subscribe((value) => {
    if (value) {
      start();
    } else {
      stop();
      batch(() => {
        config.value = null;
        state.value = null;
        link.value = 'waiting';
      });
      heard = null;
    }
  });
}
