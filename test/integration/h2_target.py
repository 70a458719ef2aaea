# SPDX-License-Identifier: Apache-2.0
"""Targets that speak HTTP/2 (python3-h2), and do what a path asks of them."""
import contextlib
import socket
import ssl
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from harness import make_certificate
from processes import Ports


class Request:
    """What came on one stream."""

    def __init__(self, connection, stream, fields):
        self.connection = connection
        self.stream = stream
        self.fields = fields
        self.head = dict(fields)
        self.body = b''
        self.trailers = None
        self.ended = False
        self.reset = None  # error code

    @property
    def path(self):
        return self.head[':path']

    def send(self, status=200, fields=(), body=b'', end=True, trailers=None):
        """A head and what the windows take at once of a body; the rest as they open."""
        bare = end and not body and trailers is None
        self.connection.headers(self.stream, [(':status', str(status)), *fields], end=bare)
        if not bare:
            self.connection.body(self.stream, body, end, trailers)


class Connection:
    """One connection of a client, served by a thread of its own."""

    def __init__(self, target, raw):
        self.target = target
        self.raw = raw
        self.lock = threading.RLock()
        self.requests = {}
        self.unsent = {}  # stream → [bytes, end, trailers]
        self.wire = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=False, header_encoding='utf-8', validate_inbound_headers=True))
        self.closed = False
        self.goaway = False  # the client said it
        with self.lock:
            self.wire.local_settings = h2.settings.Settings(
                client=False, initial_values={**self.wire.local_settings, **target.settings})
            self.wire.initiate_connection()
            self.flush()
        threading.Thread(target=self._serve, daemon=True).start()

    def flush(self):
        with contextlib.suppress(OSError):
            self.raw.sendall(self.wire.data_to_send())

    def headers(self, stream, fields, end=False):
        with self.lock:
            self.wire.send_headers(stream, fields, end_stream=end)
            self.flush()

    def body(self, stream, body, end, trailers=None):
        with self.lock:
            self.unsent[stream] = [body, end, trailers]
            self._pump(stream)

    def reset(self, stream, code):
        with self.lock:
            self.unsent.pop(stream, None)
            self.wire.reset_stream(stream, code)
            self.flush()

    def leave(self, last_stream, code=0):
        """GOAWAY, and what is under way goes on."""
        with self.lock:
            frame = b'\x00\x00\x08\x07\x00' + bytes(4)
            self.wire_raw(frame + last_stream.to_bytes(4, 'big') + code.to_bytes(4, 'big'))

    def wire_raw(self, frames):
        """Bytes that h2 knows nothing of."""
        with self.lock, contextlib.suppress(OSError):
            self.raw.sendall(self.wire.data_to_send() + frames)

    def close(self):
        self.closed = True
        with contextlib.suppress(OSError):
            self.raw.shutdown(socket.SHUT_RDWR)
        self.raw.close()

    def _pump(self, stream):
        body, end, trailers = self.unsent[stream]
        while body:
            room = min(self.wire.local_flow_control_window(stream),
                       self.wire.max_outbound_frame_size)
            if room <= 0:
                break
            last = end and len(body) <= room and trailers is None
            self.wire.send_data(stream, body[:room], end_stream=last)
            body = body[room:]
            if last:
                end = False
        self.unsent[stream] = [body, end, trailers]
        if not body:
            del self.unsent[stream]
            if trailers is not None:
                self.wire.send_headers(stream, trailers, end_stream=True)
            elif end:
                self.wire.end_stream(stream)
        self.flush()

    def _serve(self):
        while not self.closed:
            try:
                data = self.raw.recv(65536)
            except OSError:
                data = b''
            if not data:
                break
            with self.lock:
                try:
                    events = self.wire.receive_data(data)
                except h2.exceptions.ProtocolError as problem:
                    self.target.problems.append(repr(problem))
                    self.flush()
                    break
                self.flush()
                for event in events:
                    self._take(event)
        self.closed = True
        self.raw.close()

    def _take(self, event):
        if isinstance(event, h2.events.RequestReceived):
            request = Request(self, event.stream_id, event.headers)
            self.requests[event.stream_id] = request
            self.target.requests.append(request)
            self.target.begin(request)
        elif isinstance(event, h2.events.DataReceived):
            request = self.requests[event.stream_id]
            request.body += event.data
            if self.target.takes_bodies:
                with contextlib.suppress(h2.exceptions.ProtocolError):
                    self.wire.acknowledge_received_data(event.flow_controlled_length,
                                                        event.stream_id)
                self.flush()
        elif isinstance(event, h2.events.TrailersReceived):
            self.requests[event.stream_id].trailers = dict(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            request = self.requests[event.stream_id]
            request.ended = True
            if request.reset is None:
                self.target.end(request)
        elif isinstance(event, h2.events.StreamReset):
            self.unsent.pop(event.stream_id, None)
            if event.stream_id in self.requests:
                self.requests[event.stream_id].reset = int(event.error_code)
        elif isinstance(event, h2.events.WindowUpdated):
            for stream in list(self.unsent):
                if event.stream_id in (0, stream):
                    self._pump(stream)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = True


class H2Target:
    """Echoes what it is asked; `begin` and `end` of a request may be replaced."""

    def __init__(self, folder, address='127.0.0.6', tls=True, settings=None, alpn=('h2',)):
        self.tls = tls
        self.address = address
        self.port = Ports.take(address)
        self.settings = {h2.settings.SettingCodes(code): value
                         for code, value in (settings or {}).items()}
        self.connections = []
        self.requests = []
        self.problems = []  # what the client did wrong
        self.takes_bodies = True
        self.begin = lambda request: None
        self.end = self.echo
        self.context = None
        if tls:
            files = make_certificate(folder, f'h2-{self.port}')
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(folder / files['CertificateFile'],
                                         folder / files['PrivateKeyFile'])
            self.context.set_alpn_protocols(list(alpn))
        self.listener = socket.create_server((address, self.port), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.connections:
            connection.close()

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    def asked(self, path=None):
        """Requests but for health checks, or those for a path."""
        return [request for request in self.requests
                if request.path == path or (path is None and request.path != '/health')]

    def carrying(self):
        """Connections over which something else than health checks went."""
        return [connection for connection in self.connections
                if any(request.path != '/health' for request in connection.requests.values())]

    @staticmethod
    def echo(request):
        request.send(200, [('content-type', 'text/plain'), ('x-method', request.head[':method'])],
                     request.body or request.path.encode())

    def _accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._begin, args=(raw,), daemon=True).start()

    def _begin(self, raw):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            try:
                raw = self.context.wrap_socket(raw, server_side=True)
            except (OSError, ssl.SSLError):
                return
        self.connections.append(Connection(self, raw))
