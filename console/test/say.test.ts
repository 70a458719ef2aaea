// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { actionText, conditionText, verdictOf, worse } from '../src/say';
import type { Condition, Rule } from '../src/types';
import { aConfig, aState } from './example';

test.each<[Condition, string]>([
  [{ Field: 'path-pattern', Values: ['/a/*', '/b'] }, 'path is /a/* or /b'],
  [{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/x'] } }, 'path matches ^/x'],
  [{ Field: 'host-header', HostHeaderConfig: { Values: ['a.example'] } }, 'host is a.example'],
  [
    { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Beta', Values: ['yes'] } },
    'header X-Beta is yes',
  ],
  [
    {
      Field: 'query-string',
      QueryStringConfig: { Values: [{ Key: 'a', Value: '1' }, { Value: '2' }] },
    },
    'query is a=1 or *=2',
  ],
  [
    { Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] }, 'daruma.negate': true },
    'source address is not 10.0.0.0/8',
  ],
  [
    { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['POST'] } },
    'method is POST',
  ],
])('%j is told in words', (condition, text) => expect(conditionText(condition)).toBe(text));

const rule = (actions: Rule['actions'], target_groups: Rule['target_groups'] = []): Rule => ({
  arn: '',
  priority: 1,
  conditions: [],
  actions,
  target_groups,
});

test.each<[Rule, string]>([
  [rule([{ Type: 'forward' }], [{ name: 'app', weight: 1 }]), 'to app'],
  [
    rule(
      [{ Type: 'forward' }],
      [
        { name: 'a', weight: 9 },
        { name: 'b', weight: 1 },
      ],
    ),
    'to a (90 %), b (10 %)',
  ],
  [
    rule(
      [{ Type: 'forward' }],
      [
        { name: 'a', weight: 0 },
        { name: 'b', weight: 0 },
      ],
    ),
    'to a (0 %), b (0 %)',
  ],
  [
    rule([
      {
        Type: 'redirect',
        RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' },
      },
    ]),
    'redirect 301 to https://#{host}:443/#{path}',
  ],
  [rule([{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503' } }]), 'answer 503'],
])('%j is told in words', (each, text) => expect(actionText(each)).toBe(text));

test('the worst is said first, and gives the title', () => {
  const state = aState();
  state.load_balancers.api = {
    ...state.load_balancers.web!,
    standing: 'critical',
    sentence: 'no target of it is healthy',
  };
  const config = aConfig();
  config.load_balancers.push({ ...config.load_balancers[0]!, name: 'api' });
  const verdict = verdictOf(config, state);
  expect(verdict.standing).toBe('critical');
  expect(verdict.title).toBe('api is failing');
  expect(verdict.sentences[0]).toMatchObject({
    subject: 'api',
    text: 'no target of it is healthy',
  });
});

test('a refused configuration is said though all is served', () => {
  const state = aState();
  state.node.config_refused = true;
  expect(verdictOf(aConfig(), state)).toMatchObject({
    standing: 'warning',
    title: 'node needs a look',
  });
});

test('all is well when all is', () => {
  expect(verdictOf(aConfig(), aState())).toMatchObject({ standing: 'ok', title: 'All is well' });
});

test('what is unused is no worse than what is well', () => {
  expect(worse('unused', 'ok')).toBe('ok');
  expect(worse('warning', 'critical')).toBe('critical');
});
