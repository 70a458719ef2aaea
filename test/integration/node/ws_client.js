// SPDX-License-Identifier: Apache-2.0
//
// npm's ws as a client, of ws_server.js. Usage: node ws_client.js ws[s]://HOST:PORT [http2]
'use strict';
const assert = require('assert');
const http2 = require('http2');
const {once} = require('events');
const {randomBytes} = require('crypto');
const WebSocket = require('ws');
const run = require('./cases');

const [url, ...words] = process.argv.slice(2);
const connection = words.includes('http2') ? connect() : null;

function connect() {
  return http2.connect(url.replace('ws', 'http'), {rejectUnauthorized: false});
}

// ws itself asks in HTTP/1.1 alone; what it makes of a stream is the same.
async function openByHttp2(path, protocols) {
  if (!connection.remoteSettings.enableConnectProtocol) await once(connection, 'remoteSettings');
  assert.ok(connection.remoteSettings.enableConnectProtocol);
  const stream = connection.request({
    ':method': 'CONNECT', ':protocol': 'websocket', ':path': path, 'sec-websocket-version': '13',
    ...protocols.length > 0 && {'sec-websocket-protocol': protocols.join(', ')}});
  const [head] = await once(stream, 'response');
  if (head[':status'] !== 200) throw Object.assign(new Error('refused'), {head});
  const socket = new WebSocket(null, undefined, {autoPong: true, closeTimeout: 20_000});
  socket._isServer = false;
  socket._protocol = head['sec-websocket-protocol'];
  socket.setSocket(stream, Buffer.alloc(0), {maxPayload: 0, skipUTF8Validation: false});
  return socket;
}

async function open(path, protocols = [], options = {}) {
  if (connection) return openByHttp2(path, protocols);
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
    if (connection) {
      const {head} = await open('/refuse').catch(error => error);
      return assert.strictEqual(head[':status'], 403);
    }
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

run(cases).then(() => connection && connection.close());
