# SPDX-License-Identifier: Apache-2.0
"""Each way in which a target can fail, staged one at a time: the reason that Daruma states is the
cause that was staged. One balancer, one target group for each fault, asked all at once because
some take ten seconds.
"""
import concurrent.futures
import contextlib
import re
import socket
import ssl
import struct
import threading

import pytest

from authority import Authority
from harness import (Configuration, Daruma, Ports, Target, make_certificate, new_session,
                     target_group, wait_until)

HEAD = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'
WHOLE = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
LAST = b'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello'


# Nobody is found unhealthy while a test runs.
ONE_CHECK = {'HealthCheckIntervalSeconds': 300}


def reset(connection):
    """Closes with RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def reset_in_handshake(connection):
    connection.recv(1)  # of the ClientHello: else nobody can tell it from a reset before TLS began
    reset(connection)


def take_request(connection):
    received = b''
    while b'\r\n\r\n' not in received:
        part = connection.recv(65536)
        if not part:
            return None
        received += part
    return received


def after_request(*steps):
    """Reads a request, then does each step: bytes are sent, a function gets the connection."""
    def act(connection):
        if take_request(connection) is None:
            return
        for step in steps:
            if callable(step):
                step(connection)
            else:
                connection.sendall(step)
    return act


def hang(connection):
    """Says nothing more, until the other side closes."""
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def finish(connection):
    """Closes with FIN, and reads what still comes."""
    connection.shutdown(socket.SHUT_WR)
    hang(connection)


def kept_alive_then_closed(connection):
    """Answers one request well, and closes upon the next without a word."""
    if take_request(connection):
        connection.sendall(WHOLE)
        take_request(connection)


class FaultyTarget:
    """Listens on a port of its own; what it does with each connection is its fault."""

    def __init__(self, act=None, context=None, backlog=64):
        self.act = act
        self.context = context
        self.port = Ports.take('127.0.0.4')
        self.listener = socket.create_server(('127.0.0.4', self.port), backlog=backlog)
        if act:
            threading.Thread(target=self._serve, daemon=True).start()

    def description(self):
        return {'Id': '127.0.0.4', 'Port': self.port}

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection):
        with contextlib.suppress(OSError):
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.act(connection)
            connection.close()

    def close(self):
        self.listener.close()


def full_listen_queue():
    """A listener whose queue is full: further SYNs are dropped, as by a black hole."""
    target = FaultyTarget(backlog=0)
    target.fillers = []
    for _ in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            filler.connect(('127.0.0.4', target.port))
        target.fillers.append(filler)
    return target


class Nobody:
    """Stands where nobody listens."""

    def __init__(self, identity, port=None):
        self.identity = identity
        self.port = port or Ports.take('127.0.0.4')

    def description(self):
        return {'Id': self.identity, 'Port': self.port}

    def close(self):
        pass


def server_context(folder):
    if not (folder / 'target.crt').exists():
        make_certificate(folder, 'target')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / 'target.crt', folder / 'target.key')
    return context


def no_shared_cipher(folder):
    """Can agree on nothing with its ECDSA certificate: answers a hello with an alert."""
    context = server_context(folder)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers('AES128-SHA')
    return context


def expired_target(folder):
    """Shows a certificate that was good once, to who looks."""
    authority = Authority(folder)
    certificate = authority.issue('expired', 'IP:127.0.0.4', end='210101000000Z')
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    target = FaultyTarget(hang, context)
    target.attributes = {'daruma.target_tls.verify.enabled': True,
                         'daruma.target_tls.ca_bundle.file': str(authority.file)}
    return target


GARBAGE = b'220 smtp.example ESMTP\r\n'
LONG_HEAD = b'HTTP/1.1 200 OK\r\n' + b'X: %s\r\n' % (b'y' * 8000) * 6 + b'\r\n'
BAD_CHUNK = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n'
HALF_CHUNKS = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'
HALF_HEAD = b'HTTP/1.1 200 OK\r\nContent-Le'

# name: (how the target is made, protocol, status the client sees, stated reason)
FAULTS = {
    'refused': (lambda f: Nobody('127.0.0.4'), 'HTTP', 502, 'target_connection_refused'),
    'unreachable': (lambda f: Nobody('2001:db8::1'), 'HTTP', 502, 'target_unreachable'),
    'no-such-name': (lambda f: Nobody('no-such-name.invalid'), 'HTTP', 503,
                     'target_name_unresolved'),
    'black-hole': (lambda f: full_listen_queue(), 'HTTP', 504, 'target_connect_timeout'),
    'reset-at-accept': (lambda f: FaultyTarget(reset), 'HTTP', 502,
                        'target_reset_before_response'),
    'closed-at-accept': (lambda f: FaultyTarget(finish), 'HTTP', 502,
                         'target_closed_before_response'),
    'reset-after-request': (lambda f: FaultyTarget(after_request(reset)), 'HTTP', 502,
                            'target_reset_before_response'),
    'closed-after-request': (lambda f: FaultyTarget(after_request()), 'HTTP', 502,
                             'target_closed_before_response'),
    'reset-mid-head': (lambda f: FaultyTarget(after_request(HALF_HEAD, reset)), 'HTTP', 502,
                       'target_response_truncated'),
    'closed-mid-head': (lambda f: FaultyTarget(after_request(HALF_HEAD)), 'HTTP', 502,
                        'target_response_truncated'),
    'reset-mid-body': (lambda f: FaultyTarget(after_request(HEAD, b'x' * 10, reset)), 'HTTP', 200,
                       'target_response_truncated'),
    'closed-mid-body': (lambda f: FaultyTarget(after_request(HEAD, b'x' * 10)), 'HTTP', 200,
                        'target_response_truncated'),
    'closed-mid-chunks': (lambda f: FaultyTarget(after_request(HALF_CHUNKS)), 'HTTP', 200,
                          'target_response_truncated'),
    'bad-chunk': (lambda f: FaultyTarget(after_request(BAD_CHUNK, hang)), 'HTTP', 502,
                  'target_response_malformed'),
    'garbage': (lambda f: FaultyTarget(after_request(GARBAGE, hang)), 'HTTP', 502,
                'target_response_malformed'),
    'oversized-head': (lambda f: FaultyTarget(after_request(LONG_HEAD, hang)), 'HTTP', 502,
                       'target_response_head_too_large'),
    'no-answer': (lambda f: FaultyTarget(after_request(hang)), 'HTTP', 504,
                  'target_response_timeout'),
    'slow-body': (lambda f: FaultyTarget(after_request(HEAD, hang)), 'HTTP', 200,
                  'target_body_timeout'),
    'tls-alert': (lambda f: FaultyTarget(hang, no_shared_cipher(f)), 'HTTPS', 502,
                  'target_tls_handshake_failed'),
    'plain-http-target': (lambda f: FaultyTarget(lambda c: c.sendall(GARBAGE)), 'HTTPS', 502,
                          'target_tls_handshake_failed'),
    'reset-in-handshake': (lambda f: FaultyTarget(reset_in_handshake), 'HTTPS', 502,
                           'target_tls_handshake_failed'),
    'handshake-never-answered': (lambda f: FaultyTarget(hang), 'HTTPS', 504,
                                 'target_tls_handshake_timeout'),
    'expired-certificate': (lambda f: expired_target(f), 'HTTPS', 502,
                            'target_certificate_expired'),
    'closed-after-request-tls': (lambda f: FaultyTarget(after_request(), server_context(f)),
                                 'HTTPS', 502, 'target_closed_before_response'),
}


def ask(daruma, name):
    """The status that a client sees; an answer that breaks off counts by its head."""
    with new_session() as session:
        answer = session.post(f'{daruma.http}/{name}', data=b'x', timeout=30, stream=True)
        with contextlib.suppress(Exception):
            answer.content  # noqa: B018 (reads it)
        return answer.status_code


def rule(priority, name):
    return {'Priority': priority,
            'Conditions': [{'Field': 'path-pattern', 'Values': [f'/{name}']}],
            'Actions': [{'Type': 'forward', 'TargetGroup': name}]}


@pytest.fixture(scope='module')
def outcomes(tmp_path_factory):
    """name → (status, reason in the access log); and the balancer."""
    folder = tmp_path_factory.mktemp('faults')
    targets = {name: make(folder) for name, (make, *_) in FAULTS.items()}
    groups = [target_group([targets[name]], name=name, Protocol=fault[1], **ONE_CHECK,
                           Attributes=getattr(targets[name], 'attributes', {}))
              for name, fault in FAULTS.items()]
    rules = [rule(i + 1, name) for i, name in enumerate(FAULTS)]
    configuration = Configuration(
        folder / 'daruma', groups, rules=rules,
        default_actions=[{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}],
        attributes={'idle_timeout.timeout_seconds': '3'})
    with Daruma(configuration) as daruma:
        with concurrent.futures.ThreadPoolExecutor(len(FAULTS)) as pool:
            statuses = dict(zip(FAULTS, pool.map(lambda name: ask(daruma, name), FAULTS)))
        lines = wait_until('all are logged',
                           lambda: len(daruma.log_lines()) >= len(FAULTS) and daruma.log_lines())
        reasons = {}
        for line in lines:
            name = re.search(r'"POST http://[^/]+/(\S+) HTTP', line).group(1)
            reasons[name] = re.findall(r'"([^"]*)"', line)[7]
        metrics = {name: daruma.metric('daruma_listener_reasons_total', reason=fault[3])
                   for name, fault in FAULTS.items()}
    for target in targets.values():
        target.close()
    return {name: (statuses[name], reasons[name], metrics[name]) for name in FAULTS}


@pytest.mark.parametrize('name', FAULTS)
def test_the_stated_reason_is_the_staged_cause(outcomes, name):
    _, _, status, reason = FAULTS[name]
    seen_status, seen_reason, counted = outcomes[name]
    assert (seen_status, seen_reason) == (status, reason)
    assert counted >= 1


@pytest.fixture
def racing(tmp_path, processes):
    """A balancer before a target that closes a kept-alive connection upon its second request."""
    target = FaultyTarget(kept_alive_then_closed)
    processes.callback(target.close)
    configuration = Configuration(tmp_path / 'daruma', [
        target_group([target], Protocol='HTTP', **ONE_CHECK)])
    return processes.enter_context(Daruma(configuration, workers=1))


def last_entry(daruma, count):
    lines = wait_until('it is logged',
                       lambda: len(daruma.log_lines()) >= count and daruma.log_lines())
    quoted = re.findall(r'"([^"]*)"', lines[-1])
    return {'reason': quoted[7], 'targets': quoted[8], 'statuses': quoted[9]}


def test_a_stale_connection_costs_no_idempotent_request(racing):
    assert racing.get('/first').status_code == 200
    assert racing.get('/second').status_code == 200  # sent again, on a new connection
    entry = last_entry(racing, 2)
    first, second = entry['targets'].split(' ')
    assert first == second
    assert (entry['statuses'], entry['reason']) == ('- 200', '-')
    racing.wait_for_metric('daruma_target_group_retries_total', equal=1)


def test_what_may_have_been_done_is_not_done_twice(racing):
    assert racing.get('/first').status_code == 200
    assert racing.get('/second', method='POST', data='x').status_code == 502
    entry = last_entry(racing, 2)
    assert ' ' not in entry['targets']
    assert entry['reason'] == 'target_closed_before_response'


def test_a_target_that_cannot_be_reached_costs_nobody_while_another_can(tmp_path, processes,
                                                                        serve):
    alive = processes.enter_context(Target(tmp_path, '127.0.0.2'))
    # Health checks find somebody at its address, requests do not.
    processes.enter_context(Target(tmp_path, '127.0.0.4', alive.port))
    dead = Nobody('127.0.0.4')
    daruma = serve([alive, dead], wait_healthy=False,
                   group={'HealthCheckPort': str(alive.port), **ONE_CHECK})
    daruma.wait_for_health({alive.name: 'healthy', f'127.0.0.4:{dead.port}': 'healthy'})
    assert [daruma.get('/', method='POST', data='x').status_code for _ in range(20)] == [200] * 20
    daruma.wait_for_metric('daruma_target_group_retries_total', at_least=3)
    daruma.wait_for_metric('daruma_target_requests_total', equal=0, target=f'127.0.0.4:{dead.port}')


class OnePlace(FaultyTarget):
    """Has one process: further connections wait in its listen queue while it serves a slow page."""

    def __init__(self, context, seconds):
        self.seconds = seconds
        super().__init__(self.serve_pages, context)

    def serve_pages(self, connection):
        for last in (False, False, False, False, True):
            if not take_request(connection):
                return
            threading.Event().wait(self.seconds)  # what the page takes
            connection.sendall(LAST if last else WHOLE)

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._handle(connection)


def test_what_a_full_target_cannot_take_is_turned_away_with_its_reason(tmp_path, processes):
    target = OnePlace(server_context(tmp_path), 0.1)
    processes.callback(target.close)
    group = target_group([target], Protocol='HTTPS', **ONE_CHECK)
    daruma = processes.enter_context(Daruma(Configuration(tmp_path / 'daruma', [group])))

    # Each of more clients than it has places asks again as soon as it is answered.
    stop = threading.Event()
    answers = []

    def keep_asking():
        while not stop.is_set():
            answers.append(daruma.get('/'))

    clients = [threading.Thread(target=keep_asking) for _ in range(8)]
    for client in clients:
        client.start()
    try:
        wait_until('somebody is turned away',
                   lambda: any(answer.status_code == 503 for answer in list(answers)), 30)
    finally:
        stop.set()
        for client in clients:
            client.join()
    assert {answer.status_code for answer in answers} == {200, 503}
    turned_away = [answer for answer in answers if answer.status_code == 503]
    assert {answer.headers['Retry-After'] for answer in turned_away} == {'1'}
    lines = wait_until('all are logged',
                       lambda: len(daruma.log_lines()) >= len(answers) and daruma.log_lines())
    reasons = [re.findall(r'"([^"]*)"', line)[7] for line in lines]
    assert reasons.count('target_group_saturated') == len(turned_away)
    daruma.wait_for_metric('daruma_target_group_turned_away_total', equal=len(turned_away))
    daruma.wait_for_metric('daruma_target_connections_waited_total', at_least=1)
