// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followSession, link, silentSeconds, start, stop, takeState } from '../src/live';
import { session } from '../src/server';
import type { Session } from '../src/types';
import { aState } from './example';

class FakeSource extends EventTarget {
  static CLOSED = 2;
  static made: FakeSource[] = [];
  static get open() {
    return FakeSource.made.filter(({ readyState }) => readyState !== FakeSource.CLOSED);
  }
  readyState = 0;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {
    super();
    FakeSource.made.push(this);
  }
  close() {
    this.readyState = FakeSource.CLOSED;
  }
}

const page = Object.assign(new EventTarget(), { hidden: false });
function hide(hidden: boolean) {
  page.hidden = hidden;
  page.dispatchEvent(new Event('visibilitychange'));
}
const somebody: Session = {
  name: 'A',
  role: 'admin',
  csrf_token: 'x',
  expires: 0,
  authentication: 'sigv4',
  can_change: true,
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('EventSource', FakeSource);
  vi.stubGlobal('document', page);
  FakeSource.made = [];
  page.hidden = false;
});
afterEach(() => {
  session.value = null;
  stop();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a hidden page holds no connection, and goes on when it is seen', () => {
  followSession();
  hide(true);
  expect(FakeSource.open).toHaveLength(0); // nobody is logged in
  hide(false);
  session.value = somebody;
  expect(FakeSource.open).toHaveLength(1);
  takeState(JSON.stringify(aState()));
  expect(link.value).toBe('live');
  hide(true);
  expect(FakeSource.open).toHaveLength(0);
  expect(link.value).toBe('paused');
  vi.advanceTimersByTime(60_000);
  expect(link.value).toBe('paused');
  hide(false);
  expect(FakeSource.open).toHaveLength(1);
  expect(link.value).toBe('waiting');
});

test('a page that was opened in the background waits', () => {
  page.hidden = true;
  start();
  expect(FakeSource.open).toHaveLength(0);
  expect(link.value).toBe('paused');
});

test('a connection on which nothing comes is stale, not live', () => {
  start();
  vi.advanceTimersByTime(6000);
  expect(link.value).toBe('stale');
});

test('silence is measured by the clock of the browser', () => {
  vi.setSystemTime(0); // the node's is years ahead
  start();
  takeState(JSON.stringify(aState()));
  vi.advanceTimersByTime(4000);
  expect(link.value).toBe('live');
  vi.advanceTimersByTime(8000);
  expect(link.value).toBe('stale');
  expect(silentSeconds()).toBeCloseTo(12);
});

test('a node that tells every five seconds is live', () => {
  start();
  takeState(JSON.stringify({ ...aState(), interval_seconds: 5 }));
  vi.advanceTimersByTime(14_000);
  expect(link.value).toBe('live');
});
