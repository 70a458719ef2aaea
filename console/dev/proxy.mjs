// SPDX-License-Identifier: Apache-2.0
//
// The page of a folder in front of a real Daruma: to look at a change without building Daruma.
//
// Usage: console/build.sh build/console && node console/dev/proxy.mjs build/console PORT ADMIN-PORT
import { createServer, request as ask } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, port, admin] = process.argv.slice(2);
const types = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css' };

createServer((request, response) => {
  const name = new URL(request.url, 'http://localhost').pathname.replace(/^\/console\//, '');
  const file = join(folder, name || 'index.html');
  if (request.url.startsWith('/console/') && !name.includes('/') && existsSync(file)) {
    response.writeHead(200, {
      'Content-Type': types[file.split('.').pop()] ?? 'image/svg+xml',
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    });
    response.end(readFileSync(file));
    return;
  }
  const { method, url, headers } = request;
  const onward = ask({ host: '127.0.0.1', port: admin, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}).listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/console/`));
