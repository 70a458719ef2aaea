// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { command } from '../src/aws';
import {
  base64Of,
  deedOperation,
  deedOperations,
  deedsFor,
  freshImport,
  importOf,
  isDeclared,
  outgoingOf,
  requestOf,
} from '../src/certificate_draft';
import type { ImportDraft } from '../src/certificate_draft';
import type { Operation } from '../src/aws';
import type { Certificate } from '../src/types';

const leaf = '-----BEGIN CERTIFICATE-----\nbGVhZg==\n-----END CERTIFICATE-----\n';
const key = '-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n';
const draft = (part: { [name in 'certificate' | 'key' | 'chain']?: string }): ImportDraft => {
  const fresh = freshImport();
  for (const [name, text] of Object.entries(part)) fresh[name as keyof typeof part].text = text!;
  return fresh;
};
const made = (draft: ImportDraft) => (importOf(draft) as Operation[])[0]!;

test('what is not there yet is told', () => {
  expect(importOf(draft({}))).toBe('Give the certificate, in PEM.');
  expect(importOf(draft({ certificate: key, key }))).toBe('Give the certificate, in PEM.');
  expect(importOf(draft({ certificate: leaf }))).toBe('Give its private key, in PEM.');
  expect(importOf(draft({ certificate: leaf, key: leaf }))).toBe('Give its private key, in PEM.');
});

test('it is sent as it is, and the command has neither the key nor any of it', () => {
  const whole = made(draft({ certificate: leaf, key, chain: leaf }));
  expect(whole.parameters).toEqual({
    Certificate: btoa(leaf),
    PrivateKey: btoa(key),
    CertificateChain: btoa(leaf),
  });
  const shown = command(whole, 'http://127.0.0.1:9090');
  expect(shown).toBe(
    'aws --endpoint-url http://127.0.0.1:9090 acm import-certificate ' +
      '--certificate fileb://certificate.pem --private-key fileb://private-key.pem ' +
      '--certificate-chain fileb://chain.pem',
  );
  expect(shown).not.toContain('c2VjcmV0');
  expect(shown).not.toContain(btoa(key).slice(0, 20));
});

test('the command names the files that were chosen, and what is replaced', () => {
  const chosen = draft({ certificate: leaf, key });
  chosen.key.file = 'my key.pem';
  chosen.replaces = 'arn:one';
  expect(command(made(chosen), 'http://x')).toContain(
    "--private-key 'fileb://my key.pem' --certificate-arn arn:one",
  );
  expect(made(chosen).parameters).not.toHaveProperty('CertificateChain');
});

test('base64 is of the bytes in UTF-8', () => expect(base64Of('é')).toBe('w6k='));

test('a request has its names', () => {
  const fresh = { name: ' ', others: '', key: 'RSA_2048' };
  expect(requestOf(fresh)).toBe('Say for which name.');
  expect(
    requestOf({ ...fresh, name: 'a.example.com', others: '*.example.com\n\nb.example.com ' }),
  ).toMatchObject([
    {
      parameters: {
        DomainName: 'a.example.com',
        SubjectAlternativeNames: ['*.example.com', 'b.example.com'],
        KeyAlgorithm: 'RSA_2048',
      },
    },
  ]);
});

test('what came in with a time was imported, the file’s has none', () => {
  const certificate: Certificate = {
    CertificateArn: 'a',
    DomainName: 'a',
    Status: 'ISSUED',
    Type: 'IMPORTED',
  };
  expect(isDeclared(certificate)).toBe(true);
  expect(isDeclared({ ...certificate, ImportedAt: 1 })).toBe(false);
  expect(isDeclared({ ...certificate, Type: 'AMAZON_ISSUED' })).toBe(false);
});

test.each([
  ['not there', [], ['add', 'default']],
  ['one of the others', ['false'], ['remove', 'default']],
  ['the default', ['true'], []],
  ['both', ['true', 'false'], ['remove']],
])('where it is %s, that can be done', (_, shown, possible) => {
  const certificates = shown.map((IsDefault) => ({ CertificateArn: 'mine', IsDefault }));
  const others = [{ CertificateArn: 'other', IsDefault: 'true' }];
  expect(deedsFor([...others, ...certificates], 'mine')).toEqual(possible);
});

test.each([
  ['add', 'add-listener-certificates'],
  ['remove', 'remove-listener-certificates'],
  ['default', 'modify-listener'],
] as const)('to %s is %s', (deed, name) => {
  expect(command(deedOperation(deed, 'l', 'c'), 'http://x')).toBe(
    `aws --endpoint-url http://x elbv2 ${name} --listener-arn l --certificates CertificateArn=c`,
  );
});

test.each([
  ['another is the default', ['old', 'true'], 'old'],
  ['that stays as one of the others', ['old', 'true', 'old', 'false'], ''],
  ['it is the default itself', ['mine', 'true', 'old', 'false'], ''],
  ['there is none', [], ''],
])('made the default where %s, it takes the place of one: %j, %s', (_, pairs, outgoing) => {
  const shown = [];
  for (let at = 0; at < pairs.length; at += 2)
    shown.push({ CertificateArn: pairs[at]!, IsDefault: pairs[at + 1]! });
  expect(outgoingOf(shown, 'mine')).toBe(outgoing);
});

test('a default that goes is kept before another takes its place', () => {
  const made = (keep: string) =>
    deedOperations('default', 'l', 'new', keep).map((each) => command(each, 'http://x'));
  expect(made('old')).toEqual([
    'aws --endpoint-url http://x elbv2 add-listener-certificates --listener-arn l ' +
      '--certificates CertificateArn=old',
    'aws --endpoint-url http://x elbv2 modify-listener --listener-arn l ' +
      '--certificates CertificateArn=new',
  ]);
  expect(made('')).toHaveLength(1);
  expect(deedOperations('add', 'l', 'new', 'old')).toEqual([deedOperation('add', 'l', 'new')]);
});
