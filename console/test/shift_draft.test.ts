// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { command, pagePath } from '../src/aws';
import type { Operation } from '../src/aws';
import { cancelOf, extendOf, startOf, zonesOf } from '../src/shift_draft';
import { aConfig } from './example';

const shown = (made: Operation[] | string) =>
  typeof made === 'string' ? made : command(made[0]!, 'http://127.0.0.1:9090');
const draft = { balancer: 'web', zone: 'zone-a', expires: ' 2h ', comment: 'hot & dark' };

test('a shift is started, extended and cancelled with curl', () => {
  expect(shown(startOf(draft))).toBe(
    "curl -fsS -X POST 'http://127.0.0.1:9090/zonal-shifts/start?" +
      "load_balancer=web&zone=zone-a&expires=2h&comment=hot%20%26%20dark'",
  );
  expect(shown(extendOf('web', '90m'))).toBe(
    "curl -fsS -X POST 'http://127.0.0.1:9090/zonal-shifts/extend?load_balancer=web&expires=90m'",
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
  expect(extendOf('web', ' ')).toMatch(/how long/);
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
