// SPDX-License-Identifier: Apache-2.0
//
// One operation of the AWS API in the two forms that the console needs: the body of a request in
// the query protocol, and the command of AWS's CLI that does the same. Pure. Both come from the
// same value, so that what is shown to be copied is what is sent. What AWS's CLI has no command
// for, a page of the admin port, is curl's.

export type Value = string | number | boolean | Value[] | { [name: string]: Value };
export type Parameters = { [name: string]: Value };

export type Service = 'elbv2' | 'cloudwatch' | 'acm';

export interface Operation {
  service: Service | 'admin';
  name: string; // as AWS writes it: DeregisterTargets; of `admin` the page's path: zonal-shifts/start
  parameters: Parameters;
  files?: { [parameter: string]: string }; // which the command takes from a file of this name
}

const versions: { [service in Operation['service']]?: string } = {
  elbv2: '2015-12-01',
  cloudwatch: '2010-08-01',
  acm: '2015-12-08',
};

export function queryBody(operation: Operation): string {
  const pairs: [string, string][] = [
    ['Action', operation.name],
    ['Version', versions[operation.service] ?? ''],
  ];
  for (const [name, value] of Object.entries(operation.parameters)) flatten(name, value, pairs);
  return queryOf(pairs);
}

// With spaces as %20: to the admin port a + is itself.
export function queryOf(pairs: [string, string][]): string {
  return pairs
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

function flatten(path: string, value: Value, into: [string, string][]): void {
  if (Array.isArray(value)) {
    value.forEach((each, index) => flatten(`${path}.member.${index + 1}`, each, into));
  } else if (typeof value === 'object') {
    for (const [name, each] of Object.entries(value)) flatten(`${path}.${name}`, each, into);
  } else {
    into.push([path, String(value)]);
  }
}

// DescribeSSLPolicies → describe-ssl-policies, as botocore spells it.
export function kebab(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1-$2')
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase();
}

// zonal-shifts/start?load_balancer=web&zone=zone-a
export function pagePath({ name, parameters }: Operation): string {
  return `${name}?${queryOf(Object.entries(parameters).map(([key, each]) => [key, String(each)]))}`;
}

export function command(operation: Operation, endpoint: string): string {
  if (operation.service === 'admin')
    return `curl -sS --fail-with-body -X POST ${quoted(`${endpoint}/${pagePath(operation)}`)}`;
  const words = [
    'aws',
    '--endpoint-url',
    quoted(endpoint),
    operation.service,
    kebab(operation.name),
  ];
  for (const [name, value] of Object.entries(operation.parameters)) {
    const option = '--' + kebab(name);
    const file = operation.files?.[name];
    if (file !== undefined) {
      words.push(option, quoted('fileb://' + file));
    } else if (typeof value === 'boolean') {
      words.push(value ? option : option.replace('--', '--no-'));
    } else {
      words.push(option, ...argument(value));
    }
  }
  return words.join(' ');
}

function argument(value: Value): string[] {
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each !== 'object')) {
      return value.map((each) => quoted(String(each)));
    }
    const short = value.map(shorthand);
    if (short.every((each): each is string => each !== null)) return short.map(quoted);
    return [quoted(JSON.stringify(value))];
  }
  if (typeof value === 'object') return [quoted(shorthand(value) ?? JSON.stringify(value))];
  return [quoted(String(value))];
}

// Id=10.0.0.1,Port=80; null where values would need quotes of the shorthand's own.
function shorthand(value: Value): string | null {
  if (typeof value !== 'object' || Array.isArray(value)) return null;
  const parts: string[] = [];
  for (const [name, each] of Object.entries(value)) {
    if (typeof each === 'object' || !/^[\w.:/@-]+$/.test(String(each))) return null;
    parts.push(`${name}=${String(each)}`);
  }
  return parts.join(',');
}

// As a POSIX shell reads one word.
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

// What `--admin` of daruma's own commands takes, which is an address with a port, for the host that
// this browser uses.
export function adminAddress(host: string): string {
  const address = host.replace(/^localhost(?=:|$)/, '127.0.0.1');
  return /:\d+$/.test(address) ? address : `${address}:80`;
}
