// SPDX-License-Identifier: Apache-2.0
//
// The frame around every view: where one can go, who one is, whether what is shown is live.
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { span } from './format';
import { config, link, silentSeconds, state } from './live';
import { Badge, Icon } from './parts/bits';
import { linkTo, place } from './route';
import { delay, logOut, session } from './server';
import { Alarms } from './views/alarms';
import { Certificates } from './views/certificates';
import { Changes } from './views/changes';
import { Group } from './views/group';
import { Login } from './views/login';
import { MapView } from './views/map';
import { Nodes } from './views/nodes';
import { Overview } from './views/overview';
import { Rules } from './views/rules';
import { Why } from './views/why';

const views: { [view: string]: { title: string; component: ComponentType } } = {
  overview: { title: 'Overview', component: Overview },
  map: { title: 'Map', component: MapView },
  group: { title: 'Target groups', component: Group },
  why: { title: 'Why', component: Why },
  rules: { title: 'Rules', component: Rules },
  alarms: { title: 'Alarms', component: Alarms },
  certificates: { title: 'Certificates', component: Certificates },
  changes: { title: 'Changes', component: Changes },
  nodes: { title: 'Nodes', component: Nodes },
};

export function App() {
  const who = session.value;
  if (who === undefined)
    return (
      <p class="loading-page" role="status">
        {delay.value ? `${delay.value} It is asked again every other second.` : 'Loading …'}
      </p>
    );
  if (who === null) return <Login />;
  return <Frame />;
}

function Frame() {
  const { view } = place.value;
  const shown = views[view];
  const heading = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${shown?.title ?? 'Not found'} – Daruma`;
    // Whoever cannot see that the view is another one is told so by the focus.
    if (!first.current) {
      heading.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    first.current = false;
  }, [view]);
  const View = shown?.component;
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          heading.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <Top />
      <Navigation view={view} />
      <main id="main" tabIndex={-1} ref={heading} aria-label={shown?.title ?? 'Not found'}>
        {!View ? (
          <p>
            There is no such page. <a href={linkTo('overview')}>Overview</a>
          </p>
        ) : config.value && state.value ? (
          <View />
        ) : (
          <p class="loading-page" role="status">
            Waiting for the node …
          </p>
        )}
      </main>
    </>
  );
}

function Top() {
  const who = session.value!;
  return (
    <header class="top">
      <a class="brand" href={linkTo('overview')}>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path class="doll" d="M16 2c9 0 13 7 13 15s-5 13-13 13S3 25 3 17 7 2 16 2Z" />
          <path class="face" d="M16 8c6 0 9 3 9 7s-3 6-9 6-9-2-9-6 3-7 9-7Z" />
          <circle cx="12" cy="14.5" r="2.2" />
          <circle cx="20" cy="14.5" r="2.2" />
        </svg>
        Daruma
      </a>
      <LinkState />
      <span class="who">
        <span class="muted" title={`Logged in as ${who.name || 'anybody'}`}>
          {who.name || 'anybody'}
        </span>
        {who.role === 'read-only' && <Badge tone="info">read-only</Badge>}
        {who.authentication !== 'none' && (
          <button type="button" class="small" onClick={() => void logOut().catch(() => undefined)}>
            Log out
          </button>
        )}
      </span>
    </header>
  );
}

export function LinkState() {
  if (link.value === 'live')
    return (
      <span class="link-state">
        <Badge tone="ok">live</Badge>
      </span>
    );
  if (link.value === 'paused')
    return (
      <span class="link-state">
        <Badge tone="info">paused while hidden</Badge>
      </span>
    );
  if (link.value === 'waiting')
    return (
      <span class="link-state">
        <Badge tone="info">connecting</Badge>
      </span>
    );
  return <Silence />;
}

// Said once to who hears the page: not each second again.
function Silence() {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((before) => before + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = silentSeconds();
  return (
    <span class="link-state" role="alert">
      <Badge tone="critical">
        no news
        {seconds !== null && <span aria-hidden="true"> for {span(seconds)}</span>}: what is shown is
        old
      </Badge>
    </span>
  );
}

function Navigation({ view }: { view: string }) {
  const ringing = state.value?.alarms.alarm.length ?? 0;
  const ill = Object.values(state.value?.target_groups ?? {}).filter(
    ({ standing }) => standing === 'critical',
  ).length;
  return (
    <nav aria-label="Views">
      <ul>
        {Object.entries(views).map(([name, { title }]) => (
          <li key={name}>
            <a href={linkTo(name)} aria-current={view === name ? 'page' : undefined}>
              {title}
              {name === 'alarms' && ringing > 0 && (
                <span class="bubble">
                  <Icon tone="critical" />
                  {ringing}
                  <span class="hidden"> ringing</span>
                </span>
              )}
              {name === 'group' && ill > 0 && (
                <span class="bubble">
                  <Icon tone="critical" />
                  {ill}
                  <span class="hidden"> critical</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
