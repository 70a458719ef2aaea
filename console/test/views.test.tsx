// SPDX-License-Identifier: Apache-2.0
//
// What views say, rendered to text; what they do in a browser: test/integration/test_console_*.py.
import { renderToString } from 'preact-render-to-string';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { config, state } from '../src/live';
import { place, placeOf } from '../src/route';
import { session } from '../src/server';
import type { Session, Story } from '../src/types';
import { Group } from '../src/views/group';
import { Nodes } from '../src/views/nodes';
import { StoryText } from '../src/views/story';
import { aConfig, aState, aTarget } from './example';

const admin: Session = {
  name: 'A',
  role: 'admin',
  csrf_token: 'x',
  expires: 0,
  authentication: 'sigv4',
  can_change: true,
};

beforeEach(() => {
  config.value = aConfig();
  state.value = aState();
  session.value = admin;
  place.value = placeOf('#/group/app');
  vi.stubGlobal('location', new URL('http://localhost:9191/console/'));
});
afterEach(() => {
  vi.unstubAllGlobals();
  session.value = null;
});

const buttons = (html: string) =>
  [...html.matchAll(/<button[^>]*?( disabled)?[^>]*>(.*?)<\/button>/g)].map(([all, , text]) => ({
    text: text!.replace(/<[^>]*>/g, ''),
    disabled: / disabled/.test(all.split('>')[0]!),
  }));
const writes = (html: string) =>
  buttons(html).filter(({ text }) => /Drain|Register|Weights|Reload/.test(text));

test('an admin may drain, register and weigh', () => {
  const found = writes(renderToString(<Group />));
  expect(found.map(({ text }) => text)).toEqual([
    'Register target',
    'Weights',
    'Drain 10.0.0.1:80',
    'Drain 10.0.0.2:80',
  ]);
  expect(found.every(({ disabled }) => !disabled)).toBe(true);
});

test('who only reads can change nothing, and is told why', () => {
  session.value = { ...admin, role: 'read-only', can_change: false };
  const html = renderToString(<Group />) + renderToString(<Nodes />);
  expect(writes(html)).toHaveLength(5);
  expect(writes(html).every(({ disabled }) => disabled)).toBe(true);
  expect(html).toContain('Your role is read-only.');
});

test('commands name the port that the browser uses', () => {
  expect(renderToString(<Nodes />)).toContain('daruma reload --admin 127.0.0.1:9191');
});

test('what the file declares is changed in the file', () => {
  config.value!.target_groups[0]!.declared = true;
  const html = renderToString(<Group />);
  expect(
    writes(html)
      .filter(({ text }) => /Drain|Register/.test(text))
      .every(({ disabled }) => disabled),
  ).toBe(true);
  expect(html).toContain('It is declared in daruma.yaml');
});

test('a node without a data directory changes nothing', () => {
  session.value = { ...admin, can_change: false };
  expect(renderToString(<Group />)).toContain('started without --data');
});

test('a target that drains is still there', () => {
  state.value!.targets['app|10.0.0.9:80'] = aTarget({ state: 'draining' });
  const html = renderToString(<Group />);
  expect(html).toContain('3 targets');
  expect(html).toContain('10.0.0.9:80');
  expect(writes(html).find(({ text }) => text === 'Drain 10.0.0.9:80')?.disabled).toBe(true);
});

test('of a thousand targets some thirty rows are made', () => {
  const group = config.value!.target_groups[0]!;
  state.value!.targets = {};
  group.targets = Array.from({ length: 1000 }, (_, index) => ({
    key: `app|10.1.0.${index}:80`,
    id: `10.1.0.${index}`,
    port: 80,
    zone: '',
    target: `10.1.0.${index}:80`,
  }));
  const html = renderToString(<Group />);
  expect(html).toContain('1,000 targets');
  expect(html.match(/data-row/g)!.length).toBeLessThan(60);
  expect(html).toContain('aria-rowcount="1001"');
});

test('what a client sent is text, and never markup', () => {
  const story = {
    time: '1970-01-01T00:00:10Z',
    trace_id: '',
    client: '',
    load_balancer: 'web',
    listener: 80,
    method: 'GET',
    host: '<script>',
    path: '/<img src=x onerror=alert(1)>',
    rule_priority: null,
    target_group: '',
    fail_open: false,
    candidates: [],
    waited_seconds: null,
    waiting: 0,
    attempts: [],
    status: 400,
    target_status: 0,
    reason: 'request_malformed',
    total_seconds: 0.1,
    request_seconds: null,
    target_seconds: null,
    response_seconds: null,
    received_bytes: 1,
    sent_bytes: 1,
    verdict: 'No.',
  } satisfies Story;
  const html = renderToString(<StoryText story={story} />);
  expect(html).not.toContain('<script>');
  expect(html).not.toContain('<img');
});
