// SPDX-License-Identifier: Apache-2.0
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { beginSession, delay, farewell, get, logIn, perform, reload, session } from '../src/server';
import type { Session } from '../src/types';

// A node that takes the request, and never answers.
function silent(_: string, { signal }: RequestInit): Promise<Response> {
  return new Promise((_, reject) =>
    signal!.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))),
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  session.value = undefined;
});
afterEach(() => {
  session.value = null;
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('who gets no answer is told after a while, and what that means for a change', async () => {
  vi.stubGlobal('fetch', silent);
  const asked = expect(get('changes')).rejects.toThrow(/No answer within 30 s.*at once\.$/);
  const changed = expect(reload()).rejects.toThrow(/Whether it was done is not known/);
  await vi.advanceTimersByTimeAsync(30_000);
  await asked;
  await changed;
});

test('a node that is away is told at once', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
  await expect(get('changes')).rejects.toThrow('The node does not answer');
});

const somebody: Session = {
  name: 'A',
  role: 'admin',
  csrf_token: 'old',
  expires: 0,
  authentication: 'sigv4',
  can_change: true,
};
const noSession = () =>
  new Response('{"error": {"code": "NoSession", "message": "Nobody is logged in"}}', {
    status: 401,
  });

// A node that has been restarted: the old session is none. `next`: who asks for one gets it.
function restarted(next: Session | null) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string, { method = 'GET', headers }: RequestInit) => {
    const token = new Headers(headers).get('X-Daruma-Csrf');
    asked.push(`${method} ${path}`);
    if (path === 'session' && method === 'GET' && next) return Response.json(next);
    if (next && token === next.csrf_token) return Response.json({ text: 'done' });
    return noSession();
  });
  return asked;
}

test('where nobody logs in, a new session is begun, and what was asked is asked again', async () => {
  session.value = { ...somebody, authentication: 'none' };
  const asked = restarted({ ...somebody, csrf_token: 'new', authentication: 'none' });
  expect(await reload()).toBe('done');
  expect(asked).toEqual(['POST reload', 'GET session', 'POST reload']);
  expect(session.value.csrf_token).toBe('new');
});

test('else the login is shown, and why', async () => {
  session.value = { ...somebody };
  const asked = restarted(null);
  await expect(reload()).rejects.toThrow('Nobody is logged in');
  expect(asked).toEqual(['POST reload', 'GET session']);
  expect(session.value).toBe(null);
  expect(farewell.value).toContain('ended');
});

test('nothing is done in the name of somebody else who has logged in meanwhile', async () => {
  session.value = { ...somebody };
  const asked = restarted({ ...somebody, name: 'B', csrf_token: 'new' });
  await expect(reload()).rejects.toThrow('Nobody is logged in');
  expect(asked).toEqual(['POST reload', 'GET session']);
  expect(session.value.name).toBe('B');
});

test('a login that nobody can pass any more ends when it is tried', async () => {
  session.value = null;
  restarted({ ...somebody, csrf_token: 'new', authentication: 'none' });
  await logIn({ user: 'a', password: 'b' });
  expect(session.peek()?.authentication).toBe('none');
});

test('a node that is away when the page is opened is asked again', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('failed')));
  await beginSession();
  expect(delay.value).toContain('does not answer');
  restarted(somebody);
  await vi.advanceTimersByTimeAsync(2000);
  expect(delay.value).toBe('');
  expect(session.value).toEqual(somebody);
});

const shift = {
  service: 'admin' as const,
  name: 'zonal-shifts/cancel',
  parameters: { load_balancer: 'web' },
};

test('traffic is shifted in the session’s name, with its token', async () => {
  session.value = somebody;
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (path: string, { method = 'GET', headers }: RequestInit) => {
    asked.push(`${method} ${path} ${new Headers(headers).get('X-Daruma-Csrf')}`);
    return Response.json({ text: 'done' });
  });
  await perform(shift);
  expect(asked).toEqual(['POST zonal-shifts/cancel?load_balancer=web old']);
});

test('why it is not shifted is shown', async () => {
  session.value = somebody;
  vi.stubGlobal('fetch', async () =>
    Response.json(
      { error: { code: 'ResourceNotFoundException', message: 'no traffic is shifted' } },
      { status: 404 },
    ),
  );
  await expect(perform(shift)).rejects.toMatchObject({
    code: 'ResourceNotFoundException',
    message: 'no traffic is shifted',
  });
});
