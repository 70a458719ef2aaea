# SPDX-License-Identifier: Apache-2.0
"""A name server on a loopback port, whose answers a test changes while it serves.

Messages are RFC 1035's: one question, answers of type A, AAAA and CNAME; by UDP up to 512 bytes, by
TCP what is longer.
"""
import ipaddress
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28
NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3
UDP_BYTES_MAX = 512
_HEADER = struct.Struct('!6H')
_TRUNCATED = 0x0200


class NameServer:
    """Use with `with`. An unknown name does not exist."""

    def __init__(self):
        self._records = {}  # name → (addresses, TTL in seconds)
        self._aliases = {}  # name → (another name, TTL in seconds)
        self._failing = set()  # (name, type)
        self._asked = []  # (name, type), in order
        self._lock = threading.Lock()
        self.by_tcp = 0  # questions
        self._tcp = socket.create_server(('127.0.0.1', 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(self._tcp.getsockname())
        self._threads = [threading.Thread(target=serve)
                         for serve in (self._serve_udp, self._serve_tcp)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        # An empty question ends a thread.
        self._udp.sendto(b'', self._udp.getsockname())
        socket.create_connection(self._tcp.getsockname(), 10).close()
        for thread in self._threads:
            thread.join(10)
        self._udp.close()
        self._tcp.close()

    @property
    def name(self):
        return '127.0.0.1:%d' % self._udp.getsockname()[1]

    def set(self, name, *addresses, ttl=1):
        with self._lock:
            self._records[name] = ([ipaddress.ip_address(each) for each in addresses], ttl)

    def set_alias(self, name, other, ttl):
        with self._lock:
            self._aliases[name] = (other, ttl)

    def forget(self, name):
        with self._lock:
            del self._records[name]

    def fail(self, name, *types):
        """Answers with SERVFAIL to these types; to none of them: works again."""
        with self._lock:
            self._failing = {(name, each) for each in types}

    def times_asked(self, name, kind=A):
        with self._lock:
            return self._asked.count((name, kind))

    def _serve_udp(self):
        while True:
            question, client = self._udp.recvfrom(4096)
            if not question:
                return
            answer = self._answer(question)
            if len(answer) > UDP_BYTES_MAX:
                number, flags = struct.unpack_from('!2H', answer)
                answer = (_HEADER.pack(number, flags | _TRUNCATED, 1, 0, 0, 0) +
                          question[_HEADER.size:])
            self._udp.sendto(answer, client)

    def _serve_tcp(self):
        while True:
            connection, _ = self._tcp.accept()
            with connection, connection.makefile('rb') as stream:
                if not (size := stream.read(2)):
                    return
                while size:
                    answer = self._answer(stream.read(int.from_bytes(size, 'big')))
                    self.by_tcp += 1
                    connection.sendall(len(answer).to_bytes(2, 'big') + answer)
                    size = stream.read(2)

    def _answer(self, message):
        number = _HEADER.unpack_from(message)[0]
        at, labels = _HEADER.size, []
        while message[at]:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
        name, (kind, _) = '.'.join(labels).lower(), struct.unpack_from('!2H', message, at + 1)
        with self._lock:
            self._asked.append((name, kind))
            code, records = self._find(name, kind)
        # A response, authoritative, recursion desired and available.
        return (_HEADER.pack(number, 0x8580 | code, 1, len(records), 0, 0) +
                message[_HEADER.size:at + 5] + b''.join(records))

    def _find(self, name, kind):
        if (name, kind) in self._failing:
            return SERVER_FAILURE, []
        if name in self._aliases:
            other, ttl = self._aliases[name]
            code, records = self._find(other, kind)
            return code, [_record(name, CNAME, ttl, _encoded(other)), *records]
        if name not in self._records:
            return NO_SUCH_NAME, []
        addresses, ttl = self._records[name]
        version = {A: 4, AAAA: 6}.get(kind)
        return NO_ERROR, [_record(name, kind, ttl, each.packed) for each in addresses
                          if each.version == version]


def _encoded(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'


def _record(name, kind, ttl, data):
    return _encoded(name) + struct.pack('!2HIH', kind, 1, ttl, len(data)) + data
