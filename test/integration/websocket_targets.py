# SPDX-License-Identifier: Apache-2.0
"""Targets that speak WebSocket: a real server, and one that says only what it is told."""
import asyncio
import base64
import contextlib
import hashlib
import queue
import socket
import ssl
import struct
import threading
from http import HTTPStatus

import websockets

from harness import Ports, make_certificate


class Echo:
    """A server of python3-websockets in a thread of its own; echoes messages.

    The message `rude` makes it break off; the path /refuse is answered with 403.
    """

    def __init__(self, folder, address='127.0.0.2', tls=False):
        self.address = address
        self.port = Ports.take(address)
        self.tls = tls
        self.paths = []
        self._context = None
        if tls:
            pem = make_certificate(folder, 'echo', ('localhost', address))
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(folder / pem['CertificateFile'],
                                          folder / pem['PrivateKeyFile'])

    def __enter__(self):
        started = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(started),))
        self._thread.start()
        assert started.wait(20)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    async def _serve(self, started):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with websockets.serve(self._echo, self.address, self.port, ssl=self._context,
                                    process_request=self._before, max_size=None,
                                    ping_interval=None):
            started.set()
            await self._stop.wait()

    async def _before(self, path, _):
        self.paths.append(path)
        if path == '/health':
            return HTTPStatus.OK, [], b''
        return (HTTPStatus.FORBIDDEN, [('X-Said', 'no')], b'no') if path == '/refuse' else None

    async def _echo(self, socket, path):
        async for message in socket:
            if message == 'rude':
                socket.transport.abort()
            await socket.send(message)


def accept_of(key):
    """RFC 6455 4.2.2."""
    digest = hashlib.sha1(key + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest()
    return base64.b64encode(digest)


class RawWebSocketTarget:
    """Answers an upgrade as told, and hands its socket over: next().

    `answer` makes the answer of the Sec-WebSocket-Accept that is right.
    """

    def __init__(self, answer=None, receive_buffer=None, address='127.0.0.5'):
        self.answer = answer or (lambda accept: (
            b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
            b'Connection: Upgrade\r\nX-Mine: kept\r\nSec-WebSocket-Accept: ' + accept +
            b'\r\n\r\n'))
        self.address = address
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = Ports.take(address)
        self.listener.bind((address, self.port))
        self.listener.listen()
        self.switched = queue.Queue()

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    def next(self):
        """The head of the next upgrade, and the socket on which it was answered."""
        return self.switched.get(timeout=20)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        head = b''
        while not head.endswith(b'\r\n\r\n'):
            part = connection.recv(1)
            if not part:
                return connection.close()
            head += part
            if head.startswith(b'GET /health') and head.endswith(b'\r\n\r\n'):
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
                head = b''
        fields = dict(line.split(b': ', 1) for line in head.split(b'\r\n')[1:] if line)
        connection.settimeout(20)
        connection.sendall(self.answer(accept_of(fields.get(b'Sec-WebSocket-Key', b''))))
        return self.switched.put((head, connection))


def break_off(connection):
    """Ends it by a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()
