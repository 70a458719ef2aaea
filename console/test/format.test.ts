// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import * as format from '../src/format';

test.each([
  [0, '0'],
  [0.1234, '0.123'],
  [1.234, '1.23'],
  [12.34, '12.3'],
  [123.4, '123'],
  [1234, '1,234'],
  [12345, '12.3 k'],
  [1234567, '1.23 M'],
  [2e9, '2 G'],
  [null, '–'],
  [NaN, '–'],
  [undefined, '–'],
])('%s in short is %s', (value, text) => expect(format.short(value)).toBe(text));

test.each([
  [0, '0 s'],
  [0.00005, '50 µs'],
  [0.0123, '12.3 ms'],
  [1.5, '1.5 s'],
  [75, '1 min 15 s'],
  [3600, '1 h'],
  [90061, '1 d 1 h'],
  [null, '–'],
])('%s seconds are %s', (value, text) => expect(format.seconds(value)).toBe(text));

test.each([
  [999, '999 B'],
  [1500, '1.5 kB'],
  [5e9, '5 GB'],
])('%s bytes are %s', (value, text) => expect(format.bytes(value)).toBe(text));

test('the day is left out where it is today', () => {
  const now = new Date(2026, 10, 27, 14, 0, 0).getTime() / 1000;
  expect(format.moment(now - 60, now)).toBe('13:59:00');
  expect(format.moment(now - 86400, now)).toBe('2026-11-26 14:00:00');
  expect(format.moment(null, now)).toBe('–');
});

test('one is not many', () => {
  expect(format.many(1, 'target')).toBe('1 target');
  expect(format.many(0, 'target')).toBe('0 targets');
  expect(format.many(2, 'entry', 'entries')).toBe('2 entries');
});

test('a text that is no time has none', () => {
  expect(format.unixOf('soon')).toBeNull();
  expect(format.unixOf('1970-01-01T00:00:10Z')).toBe(10);
});

test('nothing of nothing is no percentage', () => {
  expect(format.percent(0, 0)).toBe('–');
  expect(format.percent(1, 8)).toBe('12.5 %');
});
