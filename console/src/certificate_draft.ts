// SPDX-License-Identifier: Apache-2.0
//
// What is asked of ACM for a certificate, and of a listener that shows it. Pure. The command names
// files, so that no private key is ever shown, or copied into a shell's history.
import type { Operation, Parameters } from './aws';
import type { Certificate } from './types';

// A text in PEM, and the file that it came from, or would be kept in.
export interface Pem {
  text: string;
  file: string;
}

export interface ImportDraft {
  certificate: Pem;
  key: Pem;
  chain: Pem; // text "": none
  replaces: string; // ARN; "": a new one
}

// How the command calls what was typed.
export const usualFiles = {
  certificate: 'certificate.pem',
  key: 'private-key.pem',
  chain: 'chain.pem',
};

export const freshImport = (replaces = ''): ImportDraft => ({
  certificate: { text: '', file: usualFiles.certificate },
  key: { text: '', file: usualFiles.key },
  chain: { text: '', file: usualFiles.chain },
  replaces,
});

export function base64Of(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

export function importOf({ certificate, key, chain, replaces }: ImportDraft): Operation[] | string {
  if (!certificate.text.includes('-----BEGIN CERTIFICATE-----'))
    return 'Give the certificate, in PEM.';
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key.text)) return 'Give its private key, in PEM.';
  const parameters: Parameters = {
    Certificate: base64Of(certificate.text),
    PrivateKey: base64Of(key.text),
  };
  const files = {
    Certificate: certificate.file,
    PrivateKey: key.file,
    CertificateChain: chain.file,
  };
  if (chain.text.trim()) parameters.CertificateChain = base64Of(chain.text);
  if (replaces) parameters.CertificateArn = replaces;
  return [{ service: 'acm', name: 'ImportCertificate', parameters, files }];
}

export interface RequestDraft {
  name: string;
  others: string; // one a line
  key: string;
}

export const keyAlgorithms = ['EC_prime256v1', 'EC_secp384r1', 'RSA_2048'];

export function requestOf({ name, others, key }: RequestDraft): Operation[] | string {
  if (!name.trim()) return 'Say for which name.';
  const names = others
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return [
    {
      service: 'acm',
      name: 'RequestCertificate',
      parameters: {
        DomainName: name.trim(),
        ...(names.length > 0 ? { SubjectAlternativeNames: names } : {}),
        ValidationMethod: 'DNS',
        KeyAlgorithm: key,
      },
    },
  ];
}

// A file's, named in daruma.yaml: only what was imported has a time when it was.
export const isDeclared = ({ Type, ImportedAt }: Certificate) =>
  Type === 'IMPORTED' && ImportedAt === undefined;

// As DescribeListenerCertificates has them: of XML, where everything is text.
export interface Shown {
  CertificateArn: string;
  IsDefault: string;
}
export type Deed = 'add' | 'default' | 'remove';

export const deeds: { [deed in Deed]: string } = {
  add: 'Show it to who asks for one of its names',
  default: 'Make it the default: shown to everybody else',
  remove: 'Take it from the listener',
};

// What can be done about this certificate where these are shown.
export function deedsFor(shown: Shown[], arn: string): Deed[] {
  const mine = shown.filter(({ CertificateArn }) => CertificateArn === arn);
  const isDefault = mine.some(({ IsDefault }) => IsDefault === 'true');
  const isOther = mine.some(({ IsDefault }) => IsDefault !== 'true');
  const found: Deed[] = isOther ? ['remove'] : isDefault ? [] : ['add'];
  return isDefault ? found : [...found, 'default'];
}

export function deedOperation(deed: Deed, listener: string, certificate: string): Operation {
  const names: { [deed in Deed]: string } = {
    add: 'AddListenerCertificates',
    default: 'ModifyListener',
    remove: 'RemoveListenerCertificates',
  };
  return {
    service: 'elbv2',
    name: names[deed],
    parameters: { ListenerArn: listener, Certificates: [{ CertificateArn: certificate }] },
  };
}

// The default that another certificate takes the place of, where nothing else keeps it at the
// listener: clients that ask for its names would not get it any more.
export function outgoingOf(shown: Shown[], arn: string): string {
  const before = shown.find(({ IsDefault }) => IsDefault === 'true')?.CertificateArn ?? '';
  const kept = shown.some(
    ({ CertificateArn, IsDefault }) => CertificateArn === before && IsDefault !== 'true',
  );
  return kept || before === arn ? '' : before;
}

// `keep`: this one stays, as one of the others; added first, so that it is never away.
export function deedOperations(
  deed: Deed,
  listener: string,
  certificate: string,
  keep: string,
): Operation[] {
  const made = deedOperation(deed, listener, certificate);
  return deed === 'default' && keep ? [deedOperation('add', listener, keep), made] : [made];
}
