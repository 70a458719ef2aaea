# SPDX-License-Identifier: Apache-2.0
"""Attributes of a load balancer: what each one changes, seen from the target."""
import contextlib
import re
import ssl
import socket

import pytest

from harness import Configuration, Daruma, Ports, Target, forward_to, read_all, target_group

pytestmark = pytest.mark.threads

HTTP = 'routing.http.'
# A load balancer for each, with nothing else but its defaults.
ATTRIBUTES = {
    'defaults': {},
    'monitor': {HTTP + 'desync_mitigation_mode': 'monitor'},
    'strictest': {HTTP + 'desync_mitigation_mode': 'strictest'},
    'xff-preserve': {HTTP + 'xff_header_processing.mode': 'preserve'},
    'xff-remove': {HTTP + 'xff_header_processing.mode': 'remove'},
    'xff-port': {HTTP + 'xff_client_port.enabled': True},
    'host': {HTTP + 'preserve_host_header.enabled': True},
    'drop': {HTTP + 'drop_invalid_header_fields.enabled': True},
    'tls': {HTTP + 'x_amzn_tls_version_and_cipher_suite.enabled': True},
}


@pytest.fixture(scope='module')
def balancers(tmp_path_factory):
    """One daruma with one worker, one target and a load balancer for each of ATTRIBUTES."""
    folder = tmp_path_factory.mktemp('attributes')
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(Target(folder))
        groups = [target_group([target], name) for name in ['group', *ATTRIBUTES]]
        configuration = Configuration(folder / 'daruma', groups)
        kinds = {'HTTP': {}, 'HTTPS': {'Certificates': ['site']}}
        configuration.ports = {(name, kind): Ports.take() for name in ATTRIBUTES for kind in kinds}
        configuration.value['LoadBalancers'] += [
            {'Name': name, 'Attributes': attributes,
             'Listeners': [{'Port': configuration.ports[name, kind], 'Protocol': kind,
                            'DefaultActions': forward_to(name), **more}
                           for kind, more in kinds.items()]}
            for name, attributes in ATTRIBUTES.items()]
        configuration.write()
        daruma = stack.enter_context(Daruma(configuration, workers=1))
        daruma.wait_for_health({target.name: 'healthy'})
        yield daruma


def connect(daruma, balancer, kind='HTTP'):
    raw = socket.create_connection(('127.0.0.1', daruma.configuration.ports[balancer, kind]), 20)
    if kind == 'HTTP':
        return raw
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(raw)


def ask(connection, lines='', begin='GET / HTTP/1.1', host='Host: h.example\r\n', end='close'):
    """Sends a head and returns what comes."""
    connection.sendall(f'{begin}\r\n{host}Connection: {end}\r\n{lines}\r\n'.encode())
    return read_all(connection) if end == 'close' else connection.recv(65536)


def seen_by_target(daruma, balancer, lines='', kind='HTTP', **options):
    """The head as the target got it: it sends back what it was asked."""
    with connect(daruma, balancer, kind) as connection:
        port = connection.getsockname()[1]
        answer = ask(connection, lines, **options).decode()
    assert answer.startswith('HTTP/1.1 200 '), answer
    return answer.split('\r\n\r\n', 1)[1].replace(f':{port}\r\n', ':CLIENT\r\n')


XFF = 'X-Forwarded-For: 192.0.2.1\r\n'


@pytest.mark.parametrize('balancer, lines, seen', [
    ('defaults', '', '127.0.0.1'),
    ('defaults', XFF, '192.0.2.1, 127.0.0.1'),
    ('xff-preserve', '', None),
    ('xff-preserve', XFF, '192.0.2.1'),
    ('xff-remove', XFF, None),
    ('xff-port', '', '127.0.0.1:CLIENT'),
    ('xff-port', XFF, '192.0.2.1, 127.0.0.1:CLIENT'),
])
def test_x_forwarded_for(balancers, balancer, lines, seen):
    head = seen_by_target(balancers, balancer, lines)
    assert re.findall(r'(?i)\nx-forwarded-for: (.*)\r', head) == ([seen] if seen else [])


@pytest.mark.parametrize('balancer, begin, host, seen', [
    ('defaults', 'GET / HTTP/1.1', 'h.example', 'h.example:PORT'),
    ('defaults', 'GET / HTTP/1.1', 'h.example:81', 'h.example:81'),
    ('defaults', 'GET / HTTP/1.1', '[2001:db8::1]', '[2001:db8::1]:PORT'),
    ('defaults', 'GET http://other/ HTTP/1.1', 'h.example', 'other:PORT'),
    ('host', 'GET / HTTP/1.1', 'h.example', 'h.example'),
    ('host', 'GET / HTTP/1.1', 'H.example.:81', 'H.example.:81'),
    ('host', 'GET http://other/ HTTP/1.1', 'h.example', 'other'),
])
def test_host(balancers, balancer, begin, host, seen):
    head = seen_by_target(balancers, balancer, begin=begin, host=f'Host: {host}\r\n')
    port = balancers.configuration.ports[balancer, 'HTTP']
    assert re.findall(r'(?i)\nhost: (.*)\r', head) == [seen.replace('PORT', str(port))]


@pytest.mark.parametrize('balancer', ['defaults', 'host', 'monitor'])
@pytest.mark.parametrize('second', ['h.example', 'other'])
def test_several_hosts_are_refused_whatever_the_attributes(balancers, balancer, second):
    with connect(balancers, balancer) as connection:
        answer = ask(connection, f'Host: {second}\r\n')
    assert answer.startswith(b'HTTP/1.1 400 ')


def test_invalid_field_names_are_dropped_where_asked_for(balancers):
    lines = 'X_Under: 1\r\nX-Good: 2\r\n'
    assert '\nX_Under: 1\r' in seen_by_target(balancers, 'defaults', lines)
    head = seen_by_target(balancers, 'drop', lines)
    assert 'X_Under' not in head
    assert '\nX-Good: 2\r' in head
    seen_by_target(balancers, 'drop')
    dropped = 'daruma_listener_invalid_header_fields_dropped_total'
    balancers.wait_for_metric(dropped, equal=1)  # requests


def test_targets_are_told_of_tls_where_asked_for(balancers):
    forged = 'X-Amzn-Tls-Version: forged\r\n'
    assert 'forged' in seen_by_target(balancers, 'defaults', forged, 'HTTPS')
    assert 'x-amzn-tls' not in seen_by_target(balancers, 'tls', forged).lower()
    head = seen_by_target(balancers, 'tls', forged, 'HTTPS').lower()
    assert re.findall(r'\nx-amzn-tls-version: (.*)\r', head) == ['tlsv1.3']
    assert re.search(r'\nx-amzn-tls-cipher-suite: tls_aes_', head)


ACCEPTABLE = 'X Y: 1\r\n'
AMBIGUOUS = 'Content-Length: 5\r\nContent-Length: 5\r\n'
SEVERE = 'Content-Length: 5\r\nContent-Length: 6\r\n'


@pytest.mark.parametrize('balancer, passing', [
    ('monitor', [ACCEPTABLE, AMBIGUOUS]),
    ('defaults', [ACCEPTABLE, AMBIGUOUS]),
    ('strictest', []),
])
def test_desync_mitigation_decides_by_tier(balancers, balancer, passing):
    for lines in ['', ACCEPTABLE, AMBIGUOUS, SEVERE]:
        with connect(balancers, balancer) as connection:
            body = 'hello' if 'Content-Length' in lines else ''
            answer = ask(connection, lines + '\r\n' + body, 'POST / HTTP/1.1').decode()
        status = 200 if lines in ['', *passing] else 400
        assert answer.startswith(f'HTTP/1.1 {status} '), (lines, answer)


@pytest.mark.parametrize('balancer, closes', [('defaults', True), ('monitor', False)])
def test_an_ambiguous_request_is_the_last_on_both_its_connections(balancers, balancer, closes):
    def target_connection(answer):
        return re.search(r'\r\nX-Connection: (\d+)\r\n', answer.decode())[1]

    with connect(balancers, balancer) as connection:
        before = target_connection(ask(connection, end='keep-alive'))
        ambiguous = ask(connection, AMBIGUOUS + '\r\nhello', 'POST / HTTP/1.1', end='keep-alive')
        assert target_connection(ambiguous) == before
        assert (b'\r\nConnection: close\r\n' in ambiguous) == closes
        if closes:
            assert connection.recv(1) == b''
        else:
            assert target_connection(ask(connection, end='keep-alive')) == before
    with connect(balancers, balancer) as connection:
        assert (target_connection(ask(connection)) != before) == closes
