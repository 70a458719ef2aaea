# SPDX-License-Identifier: Apache-2.0
"""What a browser does at the console: a cookie, a token, a stream of events."""
import contextlib
import json
import socket

from harness import new_session

# hash_of_password() of this; made once, as it takes a while.
PASSWORD = 'correct horse battery staple'


class Console:
    """Somebody's browser."""

    def __init__(self, daruma):
        self.daruma = daruma
        self.http = new_session()
        self.token = ''

    def close(self):
        self.http.close()

    def ask(self, method, path, **options):
        options.setdefault('timeout', 20)
        headers = dict(options.pop('headers', {}))
        if self.token and method != 'GET':
            headers.setdefault('X-Daruma-Csrf', self.token)
        return self.http.request(method, self.daruma.admin + path, headers=headers, **options)

    def get(self, path, **options):
        return self.ask('GET', path, **options)

    def log_in(self, **account):
        answer = self.ask('POST', '/console/session', json=account)
        if answer.status_code == 200:
            self.token = answer.json()['csrf_token']
        return answer

    def elbv2(self, action, **parameters):
        return self.ask('POST', '/console/api',
                        data={'Action': action, 'Version': '2015-12-01', **parameters})

    def json_api(self, target, body, version='1.0'):
        return self.ask('POST', '/console/api', data=json.dumps(body), headers={
            'X-Amz-Target': target, 'Content-Type': f'application/x-amz-json-{version}'})

    @contextlib.contextmanager
    def live(self):
        with self.raw_stream() as raw, raw.makefile('rb') as lines:
            assert lines.readline() == b'HTTP/1.1 200 OK\r\n'
            head = {}
            while (line := lines.readline()) != b'\r\n':
                name, value = line.decode().split(': ', 1)
                head[name] = value.strip()
            assert head['Content-Type'] == 'text/event-stream'
            yield Events(lines)

    def raw_stream(self, receive_buffer=None):
        """A connection that has asked for /console/live, and reads nothing yet."""
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(60)
        raw.connect(('127.0.0.1', self.daruma.configuration.admin_port))
        cookies = '; '.join(f'{c.name}={c.value}' for c in self.http.cookies)
        raw.sendall(f'GET /console/live HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n'
                    .encode())
        return raw


class Events:
    """Server-sent events, as they come."""

    def __init__(self, lines):
        self.lines = lines

    def next(self):
        """(name, data) of the next one."""
        name = None
        for line in self.lines:
            line = line.decode().rstrip('\n')
            if line.startswith('event: '):
                name = line[7:]
            elif line.startswith('data: '):
                return name, json.loads(line[6:])
        return None, None

    def until(self, name, wanted=lambda data: True, at_most=60):
        """The data of the first event of that name that is as wanted."""
        for _ in range(at_most):
            got, data = self.next()
            assert got is not None, f'the stream ended; no {name}'
            if got == name and wanted(data):
                return data
        raise AssertionError(f'{at_most} events, and no {name} as wanted; the last: {data}')
