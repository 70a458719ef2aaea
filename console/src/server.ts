// SPDX-License-Identifier: Apache-2.0
//
// Everything that is asked of the server but the live stream. A refusal is thrown as Refused, with
// the server's own words.
import { signal } from '@preact/signals';
import { pagePath, queryBody } from './aws';
import type { Operation } from './aws';
import type { Session } from './types';

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

// Null: nobody is logged in. Undefined: not asked yet.
export const session = signal<Session | null | undefined>(undefined);
// Why the session ended, to be told at the login; "" if nobody needs to know.
export const farewell = signal('');

function refusal(answer: Response, text: string): Refused {
  let code = String(answer.status);
  let message = text || answer.statusText;
  try {
    const body = JSON.parse(text);
    code = body.error?.code ?? body.__type ?? code;
    message = body.error?.message ?? body.message ?? body.Message ?? body.text ?? message;
  } catch {
    // What is no XML would make an error page of the parser's, with styles that the page's policy
    // forbids.
    if (!text.startsWith('<')) return new Refused(answer.status, code, message);
    const xml = new DOMParser().parseFromString(text, 'text/xml');
    code = xml.querySelector('Error > Code')?.textContent ?? code;
    message = xml.querySelector('Error > Message')?.textContent ?? message;
  }
  return new Refused(answer.status, String(code).replace(/^.*#/, ''), message);
}

const patience_ms = 30_000;

// The answer with its whole body, within `patience_ms`. (AbortSignal.timeout is too new for some
// browsers that get this page.)
async function send(path: string, options: RequestInit): Promise<[Response, string]> {
  const token = session.peek()?.csrf_token;
  const headers = new Headers(options.headers);
  if (token && options.method) headers.set('X-Daruma-Csrf', token);
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), patience_ms);
  try {
    const answer = await fetch(path, {
      ...options,
      headers,
      credentials: 'same-origin',
      signal: patience.signal,
    });
    return [answer, await answer.text()];
  } catch {
    if (!patience.signal.aborted)
      throw new Refused(0, 'NoAnswer', 'The node does not answer. Is it running, and reachable?');
    throw new Refused(
      0,
      'NoAnswer',
      `No answer within ${patience_ms / 1000} s. The node may be busy, or stopped, or too many ` +
        'windows of this browser show it at once' +
        (options.method ? '. Whether it was done is not known: look before you try again.' : '.'),
    );
  } finally {
    clearTimeout(timer);
  }
}

// The answer's body.
async function ask(path: string, options: RequestInit = {}): Promise<string> {
  let [answer, text] = await send(path, options);
  if (answer.ok) return text;
  const refused = refusal(answer, text);
  if (path === 'session' || !ofTheSession.includes(refused.code)) throw refused;
  // Nothing was done yet. Where nobody logs in, there is a session again for who asks; of anybody
  // else it is not done in a name that was not shown.
  await findSession().catch(() => undefined);
  if (session.peek()?.authentication !== 'none') throw refused;
  [answer, text] = await send(path, options);
  if (!answer.ok) throw refusal(answer, text);
  return text;
}
const ofTheSession = ['NoSession', 'CsrfTokenMissing'];

export async function get<T>(path: string): Promise<T> {
  return JSON.parse(await ask(path)) as T;
}

let looking: Promise<void> | null = null;

// Whose session it is now. Throws if there is no answer: then it is as it was.
export function findSession(): Promise<void> {
  looking ??= look().finally(() => {
    looking = null;
  });
  return looking;
}

async function look(): Promise<void> {
  try {
    const found = await get<Session>('session');
    if (!isSame(found, session.peek())) session.value = found;
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 401) throw error;
    if (session.peek()) farewell.value = 'The session has ended. Please log in again.';
    session.value = null;
  }
}

// Whoever follows the session begins again when it is another one.
function isSame(one: Session, other: Session | null | undefined): boolean {
  return (
    one.csrf_token === other?.csrf_token &&
    one.role === other.role &&
    one.can_change === other.can_change
  );
}

// Why it is not known yet who is logged in; "" if nothing is the matter.
export const delay = signal('');
const again_ms = 2000;

// Until there is an answer.
export async function beginSession(): Promise<void> {
  try {
    await findSession();
    delay.value = '';
  } catch (error) {
    delay.value = error instanceof Error ? error.message : String(error);
    setTimeout(() => void beginSession(), again_ms);
  }
}

export type Credentials =
  { access_key_id: string; secret: string } | { user: string; password: string };

export async function logIn(credentials: Credentials): Promise<void> {
  try {
    const answer = await ask('session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(credentials),
    });
    farewell.value = '';
    session.value = JSON.parse(answer) as Session;
  } catch (error) {
    if (error instanceof Refused && error.status === 0) throw error; // no answer
    // Since the login was shown it may be that nobody has to log in.
    await findSession().catch(() => undefined);
    if (!session.peek()) throw error;
  }
}

export async function logOut(): Promise<void> {
  try {
    await ask('session', { method: 'DELETE' });
  } finally {
    session.value = null;
  }
}

export async function reload(): Promise<string> {
  const answer = await ask('reload', { method: 'POST' });
  return (JSON.parse(answer) as { text: string }).text;
}

const jsonServices = {
  cloudwatch: { target: 'GraniteServiceVersion20100801', type: 'application/x-amz-json-1.0' },
  acm: { target: 'CertificateManager', type: 'application/x-amz-json-1.1' },
};

// Of CloudWatch and ACM.
export async function call<T>(
  service: 'cloudwatch' | 'acm',
  name: string,
  parameters: object,
): Promise<T> {
  const { target, type } = jsonServices[service];
  const answer = await ask('api', {
    method: 'POST',
    headers: { 'Content-Type': type, 'X-Amz-Target': `${target}.${name}` },
    body: JSON.stringify(parameters),
  });
  return JSON.parse(answer || '{}') as T;
}

// Of ELB: the answer's …Result element.
async function query(operation: Operation): Promise<Element> {
  const answer = await ask('api', {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: queryBody(operation),
  });
  const xml = new DOMParser().parseFromString(answer, 'text/xml');
  return xml.querySelector(`${operation.name}Result`) ?? xml.documentElement;
}

// What an operation answers, as the JSON of its shape: lists are elements named `member`.
export function jsonOf(element: Element): unknown {
  const children = [...element.children];
  if (children.length === 0) return element.textContent ?? '';
  if (children.every((each) => each.tagName === 'member')) return children.map(jsonOf);
  return Object.fromEntries(children.map((each) => [each.tagName, jsonOf(each)]));
}

export async function describe<T>(operation: Operation): Promise<T> {
  return jsonOf(await query(operation)) as T;
}

// Under the console: the page of the same name beside it asks for no login, and has no caller.
async function post(operation: Operation): Promise<void> {
  await ask(pagePath(operation), { method: 'POST' });
}

export async function perform(operation: Operation): Promise<void> {
  if (operation.service === 'elbv2') await query(operation);
  else if (operation.service === 'admin') await post(operation);
  else await call(operation.service, operation.name, operation.parameters);
}
