// SPDX-License-Identifier: Apache-2.0
//
// npm's ws as a target: GET /health is answered, /refuse refused, and every message comes back.
// Usage: node ws_server.js ADDRESS PORT
'use strict';
const http = require('http');
const {WebSocketServer} = require('ws');

const server = http.createServer((request, response) => response.end('healthy'));
const sockets = new WebSocketServer({
  noServer: true, perMessageDeflate: true,
  handleProtocols: protocols => protocols.has('talk') ? 'talk' : false});
server.on('upgrade', (request, socket, head) => {
  if (request.url === '/refuse') {
    return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
  }
  sockets.handleUpgrade(request, socket, head, webSocket => {
    webSocket.on('message', (data, isBinary) => {
      if (!isBinary && data.toString() === 'leave') return webSocket.close(4001, 'as asked');
      webSocket.send(data, {binary: isBinary});
    });
  });
});
const [address, port] = process.argv.slice(2);
server.listen(Number(port), address);
