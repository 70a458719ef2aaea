// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { adminAddress, command, kebab, queryBody, queryOf } from '../src/aws';
import type { Operation } from '../src/aws';

const endpoint = 'http://127.0.0.1:9090';
const deregister: Operation = {
  service: 'elbv2',
  name: 'DeregisterTargets',
  parameters: {
    TargetGroupArn: 'arn:aws:elasticloadbalancing:x:0:targetgroup/app/1',
    Targets: [
      { Id: '10.0.0.1', Port: 80 },
      { Id: '10.0.0.2', Port: 81 },
    ],
  },
};

test('lists and structures are flattened as the query protocol has them', () => {
  expect(queryBody(deregister)).toBe(
    'Action=DeregisterTargets&Version=2015-12-01' +
      '&TargetGroupArn=arn%3Aaws%3Aelasticloadbalancing%3Ax%3A0%3Atargetgroup%2Fapp%2F1' +
      '&Targets.member.1.Id=10.0.0.1&Targets.member.1.Port=80' +
      '&Targets.member.2.Id=10.0.0.2&Targets.member.2.Port=81',
  );
});

test('the command has the same values in the shorthand of the command line', () => {
  expect(command(deregister, endpoint)).toBe(
    `aws --endpoint-url ${endpoint} elbv2 deregister-targets ` +
      '--target-group-arn arn:aws:elasticloadbalancing:x:0:targetgroup/app/1 ' +
      '--targets Id=10.0.0.1,Port=80 Id=10.0.0.2,Port=81',
  );
});

test.each([
  [{ Names: ['a', 'b c'] }, "--names a 'b c'"],
  [
    { Attributes: [{ Key: 'k', Value: "it's" }] },
    `--attributes '[{"Key":"k","Value":"it'\\''s"}]'`,
  ],
  [{ ActionsEnabled: false }, '--no-actions-enabled'],
  [{ ActionsEnabled: true }, '--actions-enabled'],
  [
    { Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: [{ Weight: 1 }] } }] },
    `--actions '[{"Type":"forward","ForwardConfig":{"TargetGroups":[{"Weight":1}]}}]'`,
  ],
  [{ Text: '$(reboot)' }, "--text '$(reboot)'"],
  [{ Text: '' }, "--text ''"],
])('%j becomes %s', (parameters, expected) => {
  const made = command({ service: 'elbv2', name: 'X', parameters }, endpoint);
  expect(made).toBe(`aws --endpoint-url ${endpoint} elbv2 x ${expected}`);
});

test.each([
  ['ModifyRule', 'modify-rule'],
  ['DescribeSSLPolicies', 'describe-ssl-policies'],
  ['TargetGroupArn', 'target-group-arn'],
  ['SetAlarmState', 'set-alarm-state'],
])('%s is %s on the command line', (name, expected) => expect(kebab(name)).toBe(expected));

test.each([
  ['localhost:9191', '127.0.0.1:9191'],
  ['127.0.0.1:9090', '127.0.0.1:9090'],
  ['[::1]:9090', '[::1]:9090'],
  ['[::1]', '[::1]:80'],
  ['localhost', '127.0.0.1:80'],
])('of %s the admin address is %s', (host, address) => {
  expect(adminAddress(host)).toBe(address);
});

test('a space is no + in a query: the admin port would take it for one', () => {
  expect(queryOf([['header', 'User-Agent: a+b c']])).toBe('header=User-Agent%3A%20a%2Bb%20c');
});
