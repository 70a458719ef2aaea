# SPDX-License-Identifier: Apache-2.0
"""What listeners say of header fields: names for targets, and fields of every response."""
import re

import pytest

from harness import Configuration, Daruma, Target, read_all, run, target_group

pytestmark = pytest.mark.threads

RESPONSE = 'routing.http.response.{}.header_value'
FIELDS = {
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains; preload',
    'Access-Control-Allow-Origin': 'https://app.example.com',
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'X-Own, Content-Type',
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': 'X-Target',
    'Access-Control-Max-Age': '600',
    'Content-Security-Policy': "default-src 'self'; img-src * data:",
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
}
ATTRIBUTES = {
    **{RESPONSE.format(name.lower().replace('-', '_')): value for name, value in FIELDS.items()},
    'routing.http.request.x_amzn_tls_version.header_name': 'X-My-Tls',
    'routing.http.request.x_amzn_tls_cipher_suite.header_name': 'My_Cipher',
}


@pytest.fixture(scope='module')
def balancer(tmp_path_factory):
    folder = tmp_path_factory.mktemp('headers')
    with Target(folder) as target:
        rules = [{'Priority': 1, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/fixed']}],
                  'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
                      'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': 'fixed'}}]},
                 {'Priority': 2, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/none']}],
                  'Actions': [{'Type': 'forward', 'TargetGroup': 'none'}]}]
        configuration = Configuration(
            folder / 'daruma', [target_group([target]), target_group([], 'none')], rules=rules,
            attributes={'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': True,
                        'daruma.traceparent.start': 'sampled'})
        for listener in configuration.load_balancer['Listeners']:
            listener['Attributes'] = ATTRIBUTES
        configuration.write()
        with Daruma(configuration) as daruma:
            yield daruma


def all_once(fields):
    assert {name: fields.getlist(name) for name in FIELDS} == {
        name: [value] for name, value in FIELDS.items()}


def test_every_response_has_the_listeners_fields(balancer):
    for tls in (False, True):
        for path, status in (('/', 200), ('/status/404', 404), ('/status/204', 204),
                             ('/status/503', 503), ('/chunked/10', 200), ('/fixed', 200),
                             ('/none', 503), ('/close', 502)):
            answer = balancer.get(path, tls=tls)
            assert answer.status_code == status, path
            all_once(answer.raw.headers)
    answer = balancer.get('/', method='TRACE')
    assert answer.status_code == 405
    all_once(answer.raw.headers)
    with balancer.connect() as connection:
        connection.sendall(b'no request\r\n\r\n')
        assert b'\r\nX-Frame-Options: DENY\r\n' in read_all(connection)


def test_over_http2_too(balancer):
    for path in ('/', '/fixed', '/none'):
        out = run(['curl', '-sSk', '--http2', '-D', '-', '-o', '/dev/null',
                   balancer.https + path]).stdout
        assert out.startswith('HTTP/2 ')
        for name, value in FIELDS.items():
            assert out.count(f'{name.lower()}: {value}\n') == 1, out


def test_a_switched_protocol_has_them_and_an_interim_response_has_not(balancer):
    with balancer.connect() as connection:
        connection.sendall(b'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n'
                           b'Upgrade: echo\r\n\r\n')
        head = connection.recv(65536)
        assert head.startswith(b'HTTP/1.1 101') and b'\r\nX-Frame-Options: DENY\r\n' in head
    with balancer.connect() as connection:
        connection.sendall(b'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n'
                           b'Content-Length: 1\r\nConnection: close\r\n\r\n')
        assert connection.recv(65536) == b'HTTP/1.1 100 Continue\r\n\r\n'


def test_fields_of_the_target_give_way(tmp_path):
    """The sample target says `Server: daruma-target` and X-…; a listener cannot name those. So one
    daruma is the target of another."""
    with Target(tmp_path) as target:
        inner = Configuration(tmp_path / 'inner', [target_group([target])])
        inner.load_balancer['Listeners'][0]['Attributes'] = {
            RESPONSE.format('x_frame_options'): 'SAMEORIGIN',
            RESPONSE.format('content_security_policy'): 'theirs'}
        inner.write()
        with Daruma(inner, workers=1):
            description = {'Id': '127.0.0.1', 'Port': inner.http_port}
            outer = Configuration(tmp_path / 'outer', [target_group([description])])
            outer.load_balancer['Listeners'][0]['Attributes'] = {
                RESPONSE.format('x_frame_options'): 'DENY'}
            outer.write()
            with Daruma(outer, workers=1) as daruma:
                fields = daruma.get('/').raw.headers
                assert fields.getlist('X-Frame-Options') == ['DENY']
                assert fields.getlist('Content-Security-Policy') == ['theirs']
                fields = daruma.get('/', tls=True).raw.headers
                assert fields.getlist('X-Frame-Options') == ['SAMEORIGIN']


def test_targets_are_told_of_tls_under_the_names_that_the_listener_has(balancer):
    forged = {name: 'forged' for name in ('x-my-tls', 'X-AMZN-TLS-VERSION', 'my_cipher',
                                          'X-Amzn-Tls-Cipher-Suite')}
    text = balancer.get('/', tls=True, headers=forged).text
    assert re.search(r'^X-My-Tls: TLSv1\.[23]\r?$', text, re.M), text
    assert re.search(r'^My_Cipher: (TLS|ECDHE)[\w-]+\r?$', text, re.M), text
    assert 'forged' not in text and 'X-Amzn-Tls' not in text


def test_a_trace_is_begun_where_there_is_none(balancer):
    text = balancer.get('/').text
    root = re.search(r'X-Amzn-Trace-Id: Root=1-(\w{8})-(\w{24})', text)
    trace = re.search(r'^traceparent: 00-(\w{32})-(\w{16})-01\r?$', text, re.M)
    assert trace.group(1) == root.group(1) + root.group(2)
    assert trace.group(2) != '0' * 16
    good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'
    text = balancer.get('/', headers={'Traceparent': good, 'tracestate': 'a=b'}).text
    assert f'Traceparent: {good}' in text and 'tracestate: a=b' in text
    assert text.lower().count('traceparent') == 1
    text = balancer.get('/', headers={'Traceparent': good + '-x', 'tracestate': 'a=b'}).text
    assert good + '-x' not in text and 'tracestate' not in text
    assert re.search(r'^traceparent: 00-\w{32}-\w{16}-01\r?$', text, re.M)
