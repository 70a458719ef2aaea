# SPDX-License-Identifier: Apache-2.0
"""`daruma target` by itself: it must play its part before anything can be said of a balancer."""
import hashlib
import re
import signal
import socket
import ssl
import threading

import pytest
import requests

from frames import INTERNAL_ERROR, NO_ERROR, Http2
from harness import (Daruma, letters, new_session, program, read_all, run, target_group,
                     wait_until)
from test_http2_targets import configuration_for


def url(target, path='/'):
    return f'{"https" if target.tls else "http"}://{target.name}{path}'


def get(target, path='/', **options):
    with new_session() as session:
        return session.get(url(target, path), timeout=20, **options)


@pytest.mark.parametrize('tls', [False, True])
def test_it_shows_the_request_and_numbers_its_answers(start_targets, tls):
    target, = start_targets(1, tls=tls)
    with new_session() as session:
        answers = [session.post(url(target, '/x?y'), data='abc') for _ in range(3)]
    assert answers[0].text.startswith('POST /x?y HTTP/1.1\r\n')
    assert {a.headers['X-Target'] for a in answers} == {target.name}
    assert len({a.headers['X-Connection'] for a in answers}) == 1
    assert [a.headers['X-Request'] for a in answers] == ['1', '2', '3']
    assert answers[0].headers['X-Body-Sha256'] == hashlib.sha256(b'abc').hexdigest()


def test_paths_do_what_they_say(start_targets):
    target, = start_targets(1)
    assert get(target, '/health').status_code == 200
    assert get(target, '/status/418').status_code == 418
    assert get(target, '/status/99').status_code == 400
    assert get(target, '/bytes/100000').content == letters(100_000)
    assert get(target, '/chunked/3333').content == letters(3333)
    assert get(target, '/chunked/0').content == b''
    assert get(target, '/until-close/100').content == letters(100)
    assert get(target, '/slow/300').elapsed.total_seconds() >= 0.3
    for path in ('/close', '/reset'):
        with pytest.raises(requests.exceptions.ConnectionError):
            get(target, path)
    truncated = get(target, '/truncated/100')
    assert (truncated.headers['Content-Length'], len(truncated.content)) == ('100', 50)


def test_options_shape_the_usual_answer(start_targets):
    target, = start_targets(1, options=['--status', '202', '--body-bytes', '5', '--delay', '100',
                                        '--health-status', '503'])
    answer = get(target, '/anything')
    assert (answer.status_code, answer.content) == (202, b'abcde')
    assert answer.elapsed.total_seconds() >= 0.1
    assert get(target, '/health').status_code == 503


def test_a_connection_is_closed_after_its_requests(start_targets):
    target, = start_targets(1, options=['--keepalive-requests', '2'])
    with new_session() as session:
        answers = [session.get(url(target)) for _ in range(5)]
    assert [a.headers['X-Request'] for a in answers] == ['1', '2', '1', '2', '1']
    assert answers[0].headers['Keep-Alive'] == 'timeout=75, max=1'
    assert answers[1].headers['Connection'] == 'close'


def test_an_idle_connection_is_closed(start_targets):
    target, = start_targets(1, options=['--keepalive-timeout', '1'])
    with socket.create_connection((target.address, target.port), 10) as connection:
        assert connection.recv(1) == b''


def test_with_all_workers_occupied_a_connection_waits_before_its_handshake(start_targets):
    target, = start_targets(1, tls=True, options=['--workers', '1', '--backlog', '8'])
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    def connect():
        return socket.create_connection((target.address, target.port), 10)
    with context.wrap_socket(connect()) as first:
        with connect() as second:  # the kernel completes TCP; nobody speaks TLS
            second.settimeout(0.3)
            with pytest.raises(TimeoutError):
                context.wrap_socket(second, do_handshake_on_connect=True)
        with connect() as third:
            threading.Timer(0.2, first.close).start()
            third.settimeout(10)
            with context.wrap_socket(third) as served:
                served.sendall(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
                answer = read_all(served)
    assert b'\r\nX-Worker: 1\r\n' in answer


def test_sigterm_finishes_the_answer_under_way(start_targets):
    target, = start_targets(1)
    with socket.create_connection((target.address, target.port), 20) as connection:
        connection.sendall(b'GET /slow/1000 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n'
                           b'Content-Length: 1\r\n\r\n')
        assert connection.recv(100).startswith(b'HTTP/1.1 100 ')
        connection.sendall(b'x')
        stopper = threading.Thread(target=target.stop)
        stopper.start()
        answer = read_all(connection)
        stopper.join()
    assert answer.startswith(b'HTTP/1.1 200 ')
    assert target.wait() == 0


def test_a_port_in_use_is_explained(start_targets):
    target, = start_targets(1)
    again = run([*target.command])
    assert again.returncode == 1
    assert target.name in again.stderr


def test_requests_that_are_none_get_400(start_targets):
    target, = start_targets(1)
    with socket.create_connection((target.address, target.port), 10) as connection:
        connection.sendall(b'nonsense\r\n\r\n')
        assert read_all(connection).startswith(b'HTTP/1.1 400 ')
    wait_until('it goes on serving', lambda: get(target).status_code == 200)


# By HTTP/2

@pytest.mark.parametrize('tls', [False, True], ids=['prior-knowledge', 'alpn'])
def test_it_speaks_http_2(start_targets, tls):
    target, = start_targets(1, tls=tls, options=['--workers', '4'])

    def curl(path, *options):
        return run([program('curl'), '-sk', '-D', '-',
                    '--http2' if tls else '--http2-prior-knowledge', *options, url(target, path)])
    answer = curl('/x?y', '--data', 'abc', '--header', 'X-Mine: kept').stdout
    assert answer.startswith('HTTP/2 200')
    for line in (f'x-target: {target.name}', 'x-connection: 2', 'x-request: 1',
                 'x-body-bytes: 3', f'x-body-sha256: {hashlib.sha256(b"abc").hexdigest()}',
                 'POST /x?y HTTP/2.0', 'x-mine: kept', f'host: {target.name}'):
        assert f'{line}\n' in answer, line
    assert re.search('^x-worker: [1-4]$', answer, re.M)
    assert 'HTTP/2 418' in curl('/status/418').stdout
    assert 'HTTP/2 400' in curl('/status/99').stdout
    assert 'set-cookie: basket=begun; Path=/' in curl('/cookie/basket').stdout
    assert curl('/bytes/3000000').stdout.endswith(letters(3_000_000).decode())
    until_close = curl('/until-close/100').stdout
    assert until_close.endswith(letters(100).decode()) and 'content-length' not in until_close
    chunked = curl('/chunked/3333').stdout
    assert letters(3333).decode() in chunked
    assert f'x-sha256: {hashlib.sha256(letters(3333)).hexdigest()}' in chunked
    head = curl('/bytes/100', '--head').stdout
    assert 'content-length: 100' in head and letters(100).decode() not in head
    for path in ('/close', '/reset', '/truncated/100'):
        assert curl(path).returncode == 92, path  # the stream was reset
    slow = curl('/slow/300', '-o', '/dev/null', '-w', '%{time_total}')
    assert float(slow.stdout.split()[-1]) >= 0.3
    # HTTP/1.1 goes on as before.
    assert get(target, '/').text.startswith('GET / HTTP/1.1')


def test_what_ends_a_connection_of_http_1_resets_a_stream(start_targets):
    target, = start_targets(1, tls=True)
    with Http2(target.port, address=target.address) as client:
        response = client.get('/truncated/100')
        assert (response.head['content-length'], response.body, response.ended) == (
            '100', letters(50), False)
        assert [client.get(path).reset for path in ('/truncated/9', '/close', '/reset')] == \
            [INTERNAL_ERROR] * 3
        assert client.get('/bytes/3').body == b'abc'


@pytest.mark.parametrize('tls', [False, True], ids=['prior-knowledge', 'alpn'])
def test_many_streams_at_once(start_targets, tls):
    target, = start_targets(1, tls=tls)
    answer = run([program('h2load'), '-n', '5000', '-c', '10', '-m', '50',
                  url(target, '/bytes/5000')])
    assert '5000 succeeded, 0 failed, 0 errored, 0 timeout' in answer.stdout, answer.stdout
    answer = run([program('nghttp'), '-nv', '--no-dep', url(target, '/chunked/10')])
    assert 'x-sha256: ' in answer.stdout


def test_goaway_comes_after_its_requests(start_targets):
    target, = start_targets(1, tls=True, options=['--keepalive-requests', '100'])
    answer = run([program('h2load'), '-n', '100', '-c', '1', '-m', '10', url(target, '/bytes/9')])
    assert '100 succeeded' in answer.stdout, answer.stdout
    answer = run([program('nghttp'), '-v', '--no-dep', '-m', '99', url(target, '/bytes/9')])
    assert 'GOAWAY' in answer.stdout


def test_a_group_of_http2_has_it(start_targets, tmp_path, processes):
    targets = start_targets(2, tls=True, options=['--keepalive-requests', '50'])
    configuration = configuration_for(
        tmp_path / 'daruma', [target_group(targets, ProtocolVersion='HTTP2')])
    daruma = processes.enter_context(Daruma(configuration, workers=1))
    daruma.wait_for_health({target.name: 'healthy' for target in targets})
    answer = run([program('h2load'), '-n', '2000', '-c', '5', '-m', '10',
                  daruma.https + '/bytes/5000'])
    assert 'status codes: 2000 2xx' in answer.stdout, answer.stdout


def test_a_drain_lets_its_streams_end(start_targets):
    target, = start_targets(1, tls=True)
    with Http2(target.port, address=target.address) as client:
        stream = client.request('/slow/500', 'POST', end=False,
                                more=[('expect', '100-continue'), ('content-length', '1')])
        client.until(lambda: client.responses[stream].heads)
        target.send(signal.SIGTERM)
        client.until(lambda: client.goaways)
        client.data(stream, b'x')
        assert client.answer(stream).status == 200
        assert client.until_closed() == (stream, NO_ERROR)
    assert target.wait() == 0
