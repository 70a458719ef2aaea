// SPDX-License-Identifier: Apache-2.0
//
// npm's ws as a client, of ws_server.js. Usage: node ws_client.js ws[s]://HOST:PORT
'use strict';
const assert = require('assert');
const {once} = require('events');
const {randomBytes} = require('crypto');
const WebSocket = require('ws');
const run = require('./cases');

const [url] = process.argv.slice(2);

async function open(path, protocols = [], options = {}) {
  const socket = new WebSocket(url + path, protocols, {
    rejectUnauthorized: false, handshakeTimeout: 20_000, maxPayload: 0, ...options});
  await once(socket, 'open');
  return socket;
}
async function hear(socket) {
  const [data, isBinary] = await once(socket, 'message');
  return [data, isBinary];
}

async function sizes(options) {
  const socket = await open('/chat', [], options);
  for (const size of [0, 1, 125, 126, 65_535, 65_536, 5_000_000]) {
    const message = randomBytes(size);
    socket.send(message);
    const [data, isBinary] = await hear(socket);
    assert.ok(isBinary && data.equals(message), `${size} bytes`);
  }
  socket.close(1000);
  const [code] = await once(socket, 'close');
  assert.strictEqual(code, 1000);
}

const cases = {
  messages_of_every_size: () => sizes({perMessageDeflate: false}),
  messages_of_every_size_compressed: () => sizes({perMessageDeflate: {threshold: 0}}),
  async fragments() {
    const socket = await open('/chat');
    for (let i = 0; i < 100; ++i) socket.send(`part ${i}, `, {fin: i === 99});
    const [data] = await hear(socket);
    assert.ok(data.toString().startsWith('part 0, ') && data.toString().endsWith('part 99, '));
    socket.close();
  },
  async ping() {
    const socket = await open('/chat');
    socket.ping('are you there');
    const [data] = await once(socket, 'pong');
    assert.strictEqual(data.toString(), 'are you there');
    socket.close();
  },
  async subprotocol() {
    const socket = await open('/chat', ['other', 'talk']);
    assert.strictEqual(socket.protocol, 'talk');
    socket.close();
  },
  async code_and_reason_of_the_server() {
    const socket = await open('/chat');
    socket.send('leave');
    const [code, reason] = await once(socket, 'close');
    assert.deepStrictEqual([code, reason.toString()], [4001, 'as asked']);
  },
  async refused() {
    const socket = new WebSocket(url + '/refuse', {rejectUnauthorized: false});
    const [request, response] = await once(socket, 'unexpected-response');
    assert.strictEqual(response.statusCode, 403);
    request.destroy();
  },
  async many_at_once() {
    await Promise.all([...Array(50).keys()].map(async number => {
      const socket = await open('/chat');
      for (let i = 0; i < 20; ++i) {
        socket.send(`${number} ${i}`);
        assert.strictEqual((await hear(socket))[0].toString(), `${number} ${i}`);
      }
      socket.close();
    }));
  },
};

run(cases);
