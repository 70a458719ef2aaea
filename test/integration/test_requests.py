# SPDX-License-Identifier: Apache-2.0
"""Requests through listeners, rules and TLS to targets: what clients get and targets see."""
import hashlib
import re

import pytest

from harness import letters, new_session, read_all, run, wait_until

pytestmark = pytest.mark.threads


def test_a_target_sees_the_request_and_who_asked(site):
    for tls in (False, True):
        answer = site.get('/some/path?q=%2F', tls=tls, headers={'X-Mine': 'kept'})
        assert answer.status_code == 200
        port = site.configuration.https_port if tls else site.configuration.http_port
        seen = answer.text.lower()
        assert seen.startswith('get /some/path?q=%2f http/1.1\r\n')
        assert 'x-mine: kept\r\n' in seen
        assert 'x-forwarded-for: 127.0.0.1\r\n' in seen
        assert f'x-forwarded-proto: {"https" if tls else "http"}\r\n' in seen
        assert f'x-forwarded-port: {port}\r\n' in seen
        assert re.search(r'x-amzn-trace-id: root=1-[0-9a-f]{8}-[0-9a-f]{24}\r\n', seen)
        assert f'host: 127.0.0.1:{port}\r\n' in seen


def test_rules_by_path_and_host(site):
    assert (site.get('/soon-or-later').status_code, site.get('/soon').text) == (503, 'soon')
    assert site.get('/which').headers['Server'] == 'daruma-target'
    answer = site.get('/which', headers={'Host': 'www.EXAMPLE.com'})
    assert (answer.status_code, answer.text) == (200, 'rule 30')
    assert answer.headers['Server'] == 'awselb/2.0'


def test_a_redirect_fills_in_its_placeholders(site):
    answer = site.get('/old/page?a=b', headers={'Host': 'shop.example.org'})
    assert answer.status_code == 301
    assert answer.headers['Location'] == (
        'https://new.example.com:443/old/page?from=shop.example.org&a=b')


@pytest.mark.parametrize('size', [0, 1, 1000, 65_536, 5_000_000])
def test_a_body_arrives_whole_in_both_directions(site, size):
    body = letters(size)
    answer = site.get('/', tls=True, method='POST', data=body)
    assert answer.headers['X-Body-Bytes'] == str(size)
    assert answer.headers['X-Body-Sha256'] == hashlib.sha256(body).hexdigest()
    assert site.get(f'/bytes/{size}', tls=True).content == body


def test_a_chunked_body_arrives_whole_in_both_directions(site):
    pieces = [b'first', b'x' * 70_000, b'last']
    answer = site.get('/', method='POST', data=iter(pieces))
    assert answer.headers['X-Body-Sha256'] == hashlib.sha256(b''.join(pieces)).hexdigest()
    answer = site.get('/chunked/300000')
    assert answer.headers['Transfer-Encoding'] == 'chunked'
    assert answer.content == letters(300_000)


def test_trailers_pass(site):
    with site.connect() as connection:
        connection.sendall(b'GET /chunked/10 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        answer = read_all(connection)
    digest = hashlib.sha256(letters(10)).hexdigest().encode()
    assert answer.lower().endswith(b'0\r\nx-sha256: ' + digest + b'\r\n\r\n')


def test_a_body_without_length_ends_with_the_connection_or_in_chunks(site):
    assert site.get('/until-close/100000').content == letters(100_000)


def test_head_has_a_length_and_no_body(site):
    with site.connect() as connection:
        connection.sendall(b'HEAD /bytes/10 HTTP/1.1\r\nHost: a\r\n\r\n'
                           b'GET /bytes/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        answer = read_all(connection)
    head, between, last = answer.split(b'\r\n\r\n')
    assert b'content-length: 10' in head.lower()
    assert between.startswith(b'HTTP/1.1 200')
    assert last == b'abc'


@pytest.mark.parametrize('status', [204, 304, 400, 404, 410, 500, 503])
def test_a_targets_status_passes_untouched(site, status):
    answer = site.get(f'/status/{status}')
    assert answer.status_code == status
    assert answer.headers['Server'] == 'daruma-target'


def test_expect_continue_is_answered_before_the_body(site):
    with site.connect() as connection:
        connection.sendall(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n'
                           b'Expect: 100-continue\r\nConnection: close\r\n\r\n')
        assert connection.recv(1000).startswith(b'HTTP/1.1 100 ')
        connection.sendall(b'hello')
        answer = read_all(connection)
    assert hashlib.sha256(b'hello').hexdigest().encode() in answer


def test_pipelined_requests_are_answered_in_order(site):
    wanted = [f'/bytes/{n}' for n in range(1, 21)]
    with site.connect() as connection:
        for path in wanted[:-1]:
            connection.sendall(f'GET {path} HTTP/1.1\r\nHost: a\r\n\r\n'.encode())
        connection.sendall(f'GET {wanted[-1]} HTTP/1.1\r\nHost: a\r\n'
                           'Connection: close\r\n\r\n'.encode())
        answer = read_all(connection)
    lengths = [int(n) for n in re.findall(rb'(?i)content-length: (\d+)', answer)]
    assert lengths == list(range(1, 21))


def test_http_1_0_gets_an_answer_that_ends_by_closing(site):
    with site.connect() as connection:
        connection.sendall(b'GET /chunked/1000 HTTP/1.0\r\n\r\n')
        head, body = read_all(connection).split(b'\r\n\r\n', 1)
    assert b'transfer-encoding' not in head.lower()
    assert body == letters(1000)


def test_a_connection_serves_many_requests_and_targets_take_turns(site):
    with new_session() as session:
        targets = [session.get(site.https + '/').headers['X-Target'] for _ in range(20)]
    assert set(targets) == {target.name for target in site.targets}


def test_target_connections_are_reused_across_clients(site):
    before = site.metric('daruma_target_connections_total')
    for _ in range(30):
        assert site.get('/').status_code == 200
    # At most one new connection for each worker and target.
    assert site.metric('daruma_target_connections_total') - before <= 4


@pytest.mark.parametrize('path, status, reason', [
    ('/close', 502, 'target_closed_before_response'),
    ('/reset', 502, 'target_reset_before_response'),
])
def test_a_target_that_breaks_off_costs_this_request_alone(site, path, status, reason):
    # A fresh connection, so that nobody may try again elsewhere.
    answer = site.get(path, method='POST', data='x')
    assert answer.status_code == status
    assert len(answer.content) == 122
    assert answer.headers['Server'] == 'awselb/2.0'
    site.wait_for_metric('daruma_listener_reasons_total', at_least=1, reason=reason)
    assert site.get('/').status_code == 200


def test_a_truncated_answer_is_not_made_to_look_whole(site):
    answer = run(['curl', '-sk', '-o', '/dev/null', site.http + '/truncated/100000'])
    assert answer.returncode in (18, 56)  # "outstanding read data remaining", "reset by peer"
    assert site.get('/').status_code == 200


@pytest.mark.parametrize('request_bytes, status', [
    (b'GARBAGE\r\n\r\n', 400),
    (b'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 400),
    (b'GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n', 400),
    (b'TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 405),
    (b'GET /' + b'x' * 17_000 + b' HTTP/1.1\r\nHost: a\r\n\r\n', 414),
    (b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505),
    (b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n', 501),
    (b'GET / HTTP/1.1\r\nHost: a\r\nX: ' + b'x' * 70_000 + b'\r\n\r\n', 400),
    (b'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: '
     + b'192.0.2.1, ' * 31 + b'\r\n\r\n', 463),
], ids=['no-http', 'two-lengths', 'bad-host', 'trace', 'long-line', 'http-2', 'gzip', 'long-field',
        'xff'])
def test_what_is_no_good_request_is_refused_and_closed(site, request_bytes, status):
    with site.connect() as connection:
        connection.sendall(request_bytes)
        assert read_all(connection).startswith(f'HTTP/1.1 {status} '.encode())


def test_plain_http_on_the_https_port_is_told_so(site):
    before = site.metric('daruma_listener_own_responses_total', code='4xx')
    with new_session() as session:
        answer = session.get(f'http://127.0.0.1:{site.configuration.https_port}/', timeout=10)
    assert answer.status_code == 400
    assert 'The plain HTTP request was sent to HTTPS port' in answer.text
    site.wait_for_metric('daruma_listener_own_responses_total', equal=before + 1, code='4xx')
    site.wait_for_metric('daruma_listener_reasons_total', equal=1, reason='plain_http_on_https')
    wait_until('the line is written',
               lambda: [line for line in site.log_lines() if '"plain_http_on_https"' in line])
