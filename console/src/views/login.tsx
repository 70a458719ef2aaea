// SPDX-License-Identifier: Apache-2.0
import { useRef, useState } from 'preact/hooks';
import { Problem } from '../parts/bits';
import { Field } from '../parts/operation';
import { farewell, logIn, Refused } from '../server';

type Way = 'key' | 'password';

export function Login() {
  const [way, setWay] = useState<Way>('key');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const secret = useRef<HTMLInputElement>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(given.get(name) ?? '');
    setBusy(true);
    setProblem('');
    try {
      await logIn(
        way === 'key'
          ? { access_key_id: text('name').trim(), secret: text('secret').trim() }
          : { user: text('name'), password: text('secret') },
      );
    } catch (error) {
      setProblem(error instanceof Refused ? error.message : String(error));
      setBusy(false);
      secret.current?.select();
    }
  };
  return (
    <main class="login">
      <form onSubmit={submit}>
        <h1>Daruma</h1>
        <p class="muted">The console of this node.</p>
        {farewell.value && !problem && (
          <p class="notice" role="status">
            {farewell.value}
          </p>
        )}
        <div class="segments" role="group" aria-label="Log in with">
          <button type="button" aria-pressed={way === 'key'} onClick={() => setWay('key')}>
            Access key
          </button>
          <button
            type="button"
            aria-pressed={way === 'password'}
            onClick={() => setWay('password')}
          >
            Password
          </button>
        </div>
        <Field label={way === 'key' ? 'Access key id' : 'User'}>
          <input
            name="name"
            required
            autoFocus
            autoComplete="username"
            spellcheck={false}
            autoCapitalize="none"
          />
        </Field>
        <Field label={way === 'key' ? 'Secret access key' : 'Password'}>
          <input
            name="secret"
            type="password"
            required
            autoComplete="current-password"
            ref={secret}
          />
        </Field>
        {problem && <Problem>{problem}</Problem>}
        <button type="submit" class="primary" disabled={busy}>
          {busy ? 'Logging in …' : 'Log in'}
        </button>
        <p class="muted small-text">
          {way === 'key' ? (
            <>
              Make a key with <code>daruma keys create --data data</code>.
            </>
          ) : (
            <>
              Users are in <code>Admin: Users</code> of daruma.yaml.
            </>
          )}
        </p>
      </form>
    </main>
  );
}
