// SPDX-License-Identifier: Apache-2.0
//
// Figures as people read them. Pure. Null and NaN are "–": not known is not 0.

const none = '–';

const known = (value: number | null | undefined): value is number =>
  value !== null && value !== undefined && Number.isFinite(value);

// 1234567 → "1,234,567".
export function count(value: number | null | undefined): string {
  return known(value) ? Math.round(value).toLocaleString('en') : none;
}

// Three significant digits: 0.123, 12.3, 1,230, 12.3 k, 4.56 M.
export function short(value: number | null | undefined): string {
  if (!known(value)) return none;
  const size = Math.abs(value);
  if (size >= 1e9) return significant(value / 1e9) + ' G';
  if (size >= 1e6) return significant(value / 1e6) + ' M';
  if (size >= 1e4) return significant(value / 1e3) + ' k';
  if (size >= 1000) return count(value);
  return significant(value);
}

function significant(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;
  return String(Number(value.toFixed(digits)));
}

export function rate(perSecond: number | null | undefined): string {
  return known(perSecond) ? short(perSecond) + '/s' : none;
}

export function seconds(value: number | null | undefined): string {
  if (!known(value)) return none;
  if (value === 0) return '0 s';
  if (value < 0.001) return significant(value * 1e6) + ' µs';
  if (value < 1) return significant(value * 1e3) + ' ms';
  if (value < 60) return significant(value) + ' s';
  return span(value);
}

// A span in its two biggest units: "3 d 4 h", "5 min 12 s".
export function span(value: number | null | undefined): string {
  if (!known(value)) return none;
  const whole = Math.max(0, Math.round(value));
  const units: [number, string][] = [
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return '0 s';
  const parts: string[] = [];
  let rest = whole;
  for (const [size, name] of units.slice(first, first + 2)) {
    const many = Math.floor(rest / size);
    rest -= many * size;
    if (many > 0) parts.push(`${many} ${name}`);
  }
  return parts.join(' ');
}

export function bytes(value: number | null | undefined): string {
  if (!known(value)) return none;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${significant(size)} ${units[unit]}`;
}

export function percent(part: number, whole: number): string {
  return whole > 0 ? significant((100 * part) / whole) + ' %' : none;
}

const two = (value: number) => String(value).padStart(2, '0');

// Local time, as a clock shows it: 14:03:27.
export function clock(unix: number): string {
  const date = new Date(unix * 1000);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

// 2026-11-27 14:03:27, local time.
export function dateAndTime(unix: number | null | undefined): string {
  if (!known(unix)) return none;
  const date = new Date(unix * 1000);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${clock(unix)}`;
}

// The same without the day, where that is today's.
export function moment(unix: number | null | undefined, now = Date.now() / 1000): string {
  const full = dateAndTime(unix);
  return full.slice(0, 10) === dateAndTime(now).slice(0, 10) ? full.slice(11) : full;
}

// Unix seconds of an ISO 8601 text; null if it is none.
export function unixOf(text: string | null | undefined): number | null {
  if (!text) return null;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed / 1000;
}

// "3 targets", "1 target".
export function many(value: number, one: string, more = one + 's'): string {
  return `${count(value)} ${value === 1 ? one : more}`;
}

// target_group_saturated → "target group saturated".
export function words(name: string): string {
  return name.replace(/_/g, ' ');
}
