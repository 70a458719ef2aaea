// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Paced } from '../src/pace';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('is asked at once, then no more than every two seconds', async () => {
  const ask = vi.fn(() => Promise.resolve());
  const paced = new Paced(ask, 2000);
  for (let tenth = 0; tenth < 100; tenth += 1) {
    paced.want();
    if (tenth === 0) expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(ask.mock.calls.length).toBeGreaterThanOrEqual(5); // in ten seconds
  expect(ask.mock.calls.length).toBeLessThanOrEqual(6);
});

test('waits for the answer, and asks once more if that was wanted meanwhile', async () => {
  const answers: (() => void)[] = [];
  const ask = vi.fn(() => new Promise<void>((resolve) => answers.push(resolve)));
  const paced = new Paced(ask, 2000);
  paced.want();
  paced.want();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ask).toHaveBeenCalledTimes(1);
  answers[0]!();
  await vi.advanceTimersByTimeAsync(0);
  expect(ask).toHaveBeenCalledTimes(2);
  answers[1]!();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ask).toHaveBeenCalledTimes(2);
});

test('a failure is no end; to be stopped is one', async () => {
  const ask = vi.fn(() => Promise.reject(new Error('away')));
  const paced = new Paced(ask, 2000);
  paced.want();
  await vi.advanceTimersByTimeAsync(2000);
  paced.want();
  expect(ask).toHaveBeenCalledTimes(2);
  paced.want();
  paced.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(ask).toHaveBeenCalledTimes(2);
});
