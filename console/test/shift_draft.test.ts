// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { command, pagePath } from '../src/aws';
import type { Operation } from '../src/aws';
import { cancelOf, effectOf, extendOf, startOf, zonesOf } from '../src/shift_draft';
import { aConfig, aState } from './example';

const shown = (made: Operation[] | string) =>
  typeof made === 'string' ? made : command(made[0]!, 'http://127.0.0.1:9090');
const draft = { balancer: 'web', zone: 'zone-a', expires: ' 2h ', comment: 'hot & dark' };

test('a shift is started, extended and cancelled with curl', () => {
  expect(shown(startOf(draft))).toBe(
    "curl -sS --fail-with-body -X POST 'http://127.0.0.1:9090/zonal-shifts/start?" +
      "load_balancer=web&zone=zone-a&expires=2h&comment=hot%20%26%20dark'",
  );
  expect(shown(extendOf('web', '90m', 3600))).toBe(
    "curl -sS --fail-with-body -X POST 'http://127.0.0.1:9090/zonal-shifts/extend?load_balancer=web&expires=90m'",
  );
  expect(shown(cancelOf('web'))).toContain('/zonal-shifts/cancel?load_balancer=web');
});

test('what is sent is what is shown', () => {
  const [made] = startOf(draft) as Operation[];
  expect(shown([made!])).toContain(pagePath(made!));
});

test('what is missing is told', () => {
  expect(startOf({ ...draft, zone: '' })).toBe('Say away from which zone.');
  expect(startOf({ ...draft, expires: '' })).toMatch(/how long/);
  expect(extendOf('web', ' ', 0)).toMatch(/how long/);
});

test('zones are the node’s and those of its targets, each once', () => {
  const config = aConfig();
  const [group] = config.target_groups;
  group!.targets.forEach((target, index) => (target.zone = ['zone-b', 'all'][index]!));
  config.target_groups.push({
    ...group!,
    load_balancers: [],
    targets: [{ ...group!.targets[0]!, zone: 'zone-c' }],
  });
  expect(zonesOf(config, 'zone-a', 'web')).toEqual(['zone-a', 'zone-b']);
  expect(zonesOf(config, '', 'web')).toEqual(['zone-b']);
});

test.each([
  ['2h', 7203, true], // what is shown of the time left is some seconds old
  ['2h', 7260, false],
  ['119m', 7200, false],
  ['3d', 7200, true],
  ['1d', 86_500, false],
  ['soon', 7200, true], // which the node refuses in its own words
])('an extension by %s with %i s left may be sent: %s', (expires, left, may) => {
  const made = extendOf('web', expires, left);
  if (may) expect(made).toMatchObject([{ name: 'zonal-shifts/extend', parameters: { expires } }]);
  else expect(made).toMatch(/^It would end earlier/);
});

test('of a shift’s targets it is counted who gets nothing because of it', () => {
  const config = aConfig();
  const state = aState();
  const shift = {
    resourceIdentifier: 'web',
    awayFrom: 'zone-a',
    startTime: '',
    expiryTime: '',
    comment: '',
  };
  const [group] = config.target_groups;
  expect(effectOf(config, state, shift)).toEqual({ away: 0, all: 0 });
  group!.targets.forEach((target) => (target.zone = 'zone-a'));
  expect(effectOf(config, state, shift)).toEqual({ away: 0, all: 2 });
  state.targets[group!.targets[0]!.key]!.shifted_away = true;
  expect(effectOf(config, state, shift)).toEqual({ away: 1, all: 2 });
  expect(effectOf(config, state, { ...shift, resourceIdentifier: 'other' }).all).toBe(0);
});
