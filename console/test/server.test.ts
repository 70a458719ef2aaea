// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { get, reload, session } from '../src/server';

// A node that takes the request, and never answers.
function silent(_: string, { signal }: RequestInit): Promise<Response> {
  return new Promise((_, reject) =>
    signal!.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  session.value = undefined;
});
afterEach(() => {
  session.value = null;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('who gets no answer is told after a while, and what that means for a change', async () => {
  vi.stubGlobal('fetch', silent);
  const asked = expect(get('changes')).rejects.toThrow(/No answer within 30 s.*at once\.$/);
  const changed = expect(reload()).rejects.toThrow(/Whether it was done is not known/);
  await vi.advanceTimersByTimeAsync(30_000);
  await asked;
  await changed;
});

test('a node that is away is told at once', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
  await expect(get('changes')).rejects.toThrow('The node does not answer');
});
