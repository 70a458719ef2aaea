# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/2 that says whatever it is told to, frame by frame (hyperframe and hpack)."""
import socket
import ssl

import hpack
from hyperframe.frame import (ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame,
                              PingFrame, PriorityFrame, RstStreamFrame, SettingsFrame,
                              WindowUpdateFrame)

PREFACE = b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM = 7, 8, 9, 11
LAST_STREAM = 2**31 - 1


class Response:
    """What came on one stream."""

    def __init__(self):
        self.heads = []  # interim ones, the final one, trailers
        self.lines = []  # all fields of these, where one may come several times
        self.body = b''
        self.ended = False
        self.reset = None  # error code

    @property
    def head(self):
        """The final head."""
        return next(head for head in self.heads if not head.get(':status', '2').startswith('1'))

    @property
    def status(self):
        return int(self.head[':status'])


class Http2:
    """A connection. `windows` says whether what arrives is given back to the server's windows.

    `preface` is what it begins with, instead of the preface and `settings`.
    """

    def __init__(self, port, settings=None, windows=True, seconds=20, preface=None,
                 address='127.0.0.1'):
        self.raw = socket.create_connection((address, port), seconds)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(['h2', 'http/1.1'])
        self.socket = context.wrap_socket(self.raw, server_hostname='localhost')
        assert self.socket.selected_alpn_protocol() == 'h2'
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.windows = windows
        self.answers_pings = True
        self.received = b''
        self.responses = {}
        self.credit = {0: 65_535}  # what the server takes, by stream
        self.goaways = []          # (last stream, error)
        self.pings = []
        self.acknowledged = 0      # of the SETTINGS sent
        self.server_settings = {}
        self.closed = False
        self.next_stream = 1
        if preface is None:
            preface = PREFACE + SettingsFrame(0, settings=settings or {}).serialize()
        self.socket.sendall(preface)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *frames):
        self.socket.sendall(b''.join(frame.serialize() for frame in frames))

    def request(self, path='/', method='GET', more=(), body=None, end=True,
                authority='localhost'):
        """Begins a request; its stream."""
        fields = [(':method', method), (':scheme', 'https'), (':path', path),
                  (':authority', authority), *more]
        return self.headers(fields, end=end and body is None, body=body)

    def headers(self, fields, end=True, body=None):
        stream = self.next_stream
        self.next_stream += 2
        self.expect(stream)
        frame = HeadersFrame(stream, data=self.encoder.encode(fields), flags=['END_HEADERS'])
        if end:
            frame.flags.add('END_STREAM')
        self.send(frame)
        if body is not None:
            self.data(stream, body)
        return stream

    def expect(self, stream):
        """Keeps what comes on that stream."""
        self.responses[stream] = Response()
        self.credit[stream] = 65_535

    def data(self, stream, body, end=True):
        """Sends as the server's windows allow."""
        while body:
            room = min(self.credit[0], self.credit[stream], 16_384)
            if room <= 0:
                self.hear()
                continue
            self.put(stream, body[:room], end and len(body) <= room)
            body = body[room:]

    def put(self, stream, piece, end=False):
        self.credit[0] -= len(piece)
        self.credit[stream] -= len(piece)
        self.send(DataFrame(stream, data=piece, flags=['END_STREAM'] if end else []))

    def trailers(self, stream, fields):
        self.send(HeadersFrame(stream, data=self.encoder.encode(fields),
                               flags=['END_HEADERS', 'END_STREAM']))

    def send_reset(self, stream, code):
        self.send(RstStreamFrame(stream, error_code=code))

    def hear(self):
        """Takes in at least one frame, or the end of the connection."""
        while len(self.received) < 9 or len(self.received) < 9 + self._length():
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b''
            if not part:
                self.closed = True
                return
            self.received += part
        while len(self.received) >= 9 and len(self.received) >= 9 + self._length():
            length = self._length()
            frame, _ = Frame.parse_frame_header(memoryview(self.received[:9]))
            frame.parse_body(memoryview(self.received[9:9 + length]))
            self.received = self.received[9 + length:]
            self._take(frame)

    def _length(self):
        return int.from_bytes(self.received[:3], 'big')

    def _take(self, frame):
        response = self.responses.get(frame.stream_id)
        if isinstance(frame, (HeadersFrame, ContinuationFrame)):
            assert 'END_HEADERS' in frame.flags
            fields = self.decoder.decode(frame.data)
            response.lines += fields
            response.heads.append(dict(fields))
        elif isinstance(frame, DataFrame):
            response.body += frame.data
            if self.windows and frame.data:
                self.send(WindowUpdateFrame(0, window_increment=len(frame.data)),
                          WindowUpdateFrame(frame.stream_id, window_increment=len(frame.data)))
        elif isinstance(frame, RstStreamFrame):
            response.reset = frame.error_code
        elif isinstance(frame, WindowUpdateFrame):
            self.credit[frame.stream_id] += frame.window_increment
        elif isinstance(frame, GoAwayFrame):
            self.goaways.append((frame.last_stream_id, frame.error_code))
        elif isinstance(frame, PingFrame):
            if 'ACK' in frame.flags:
                self.pings.append(frame.opaque_data)
            elif self.answers_pings:
                self.send(PingFrame(0, opaque_data=frame.opaque_data, flags=['ACK']))
        elif isinstance(frame, SettingsFrame):
            if 'ACK' in frame.flags:
                self.acknowledged += 1
            else:
                self.server_settings.update(frame.settings)
                self.send(SettingsFrame(0, flags=['ACK']))
        if response and 'END_STREAM' in getattr(frame, 'flags', ()):
            response.ended = True

    def until(self, condition):
        """Hears until the condition holds."""
        while not condition():
            assert not self.closed, f'closed; {self.goaways}'
            self.hear()

    def answer(self, stream):
        """The whole response of a stream, or what came before it was reset."""
        response = self.responses[stream]
        self.until(lambda: response.ended or response.reset is not None)
        return response

    def get(self, path='/', **options):
        return self.answer(self.request(path, **options))

    def ping(self):
        """Waits until everything sent before has been looked at."""
        count = len(self.pings)
        self.send(PingFrame(0, opaque_data=b'12345678'))
        self.until(lambda: len(self.pings) > count)

    def until_closed(self):
        """What the connection ended with: the last GOAWAY."""
        while not self.closed:
            self.hear()
        return self.goaways[-1] if self.goaways else None


__all__ = ['CANCEL', 'COMPRESSION_ERROR', 'ENHANCE_YOUR_CALM', 'FLOW_CONTROL_ERROR',
           'INTERNAL_ERROR', 'LAST_STREAM', 'NO_ERROR', 'PREFACE', 'PROTOCOL_ERROR',
           'REFUSED_STREAM', 'ContinuationFrame', 'DataFrame', 'Frame', 'GoAwayFrame',
           'HeadersFrame', 'Http2', 'PingFrame', 'PriorityFrame', 'RstStreamFrame',
           'SettingsFrame', 'WindowUpdateFrame']
