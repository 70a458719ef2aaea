// SPDX-License-Identifier: Apache-2.0
//
// A server for work on the console, with a made-up node behind it: `apache` goes through the
// surge again and again, and `many` is as large as you like.
//
// Usage: console/build.sh build/console && node console/dev/mock.mjs build/console [PORT] [TARGETS]
// Everybody gets in; `reader` as the name is read-only, `wrong` as the secret is refused.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Node } from './node.mjs';
import { answerApi } from './api.mjs';

const [folder, port = '8181', targets = '40'] = process.argv.slice(2);
const node = new Node(Number(port), Number(targets));
let session = null;

const types = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
};
const common = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
};

function send(response, status, body, type = 'application/json') {
  response.writeHead(status, { ...common, 'Content-Type': type });
  response.end(type === 'application/json' ? JSON.stringify(body) : body);
}

const refuse = (response, status, code, message) =>
  send(response, status, { error: { code, message } });

function live(_, response) {
  response.writeHead(200, { ...common, 'Content-Type': 'text/event-stream' });
  const say = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  say('config', node.config());
  let revision = node.revision;
  const timer = setInterval(() => {
    if (!session) {
      say('end', { reason: 'logged out' });
      return response.end();
    }
    if (node.revision !== revision) say('config', node.config());
    revision = node.revision;
    return say('state', node.state());
  }, 1000);
  say('state', node.state());
  response.on('close', () => clearInterval(timer));
}

function answerSession(request, response, body) {
  if (request.method === 'DELETE') {
    session = null;
    response.writeHead(204, common);
    return response.end();
  }
  if (request.method === 'POST') {
    const given = JSON.parse(body);
    if ((given.secret ?? given.password) === 'wrong') {
      return refuse(response, 401, 'LoginFailed', 'The name or the secret is wrong.');
    }
    const name = given.access_key_id ?? given.user;
    const role = name === 'reader' ? 'read-only' : 'admin';
    session = {
      name,
      role,
      csrf_token: 'x',
      expires: Date.now() / 1000 + 1800,
      authentication: 'sigv4',
      can_change: role === 'admin',
    };
  }
  return session
    ? send(response, 200, session)
    : refuse(response, 401, 'NoSession', 'Nobody is logged in.');
}

const pages = {
  live,
  health: (_, response, url) =>
    send(response, 200, node.health(url.searchParams.get('target_group'))),
  explain: (_, response, url) => send(response, 200, node.explain(url.searchParams)),
  changes: (_, response) => send(response, 200, { changes: node.changes }),
  trial: (_, response, url) => send(response, 200, node.trial(url.searchParams)),
  reload: (_, response) =>
    send(response, 200, { applied: true, text: 'Applied: nothing has changed.' }),
  '/zonal-shifts': (_, response) => send(response, 200, { items: [] }),
};

function answer(request, response, body) {
  const url = new URL(request.url, 'http://localhost');
  const page = url.pathname.replace('/console/', '') || 'index.html';
  if (/^\w+\.(html|js|css|svg)$/.test(page)) {
    return send(response, 200, readFileSync(join(folder, page)), types[page.split('.').pop()]);
  }
  if (page === 'session') return answerSession(request, response, body);
  if (!session) return refuse(response, 401, 'NoSession', 'Nobody is logged in.');
  if (page === 'api') return answerApi(node, session, request, response, body);
  return pages[page]
    ? pages[page](request, response, url)
    : refuse(response, 404, 'NotFound', 'There is no such page.');
}

createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    try {
      answer(request, response, Buffer.concat(parts).toString());
    } catch (error) {
      refuse(response, 400, 'BadRequest', error.message);
    }
  });
}).listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/console/`));
