# SPDX-License-Identifier: Apache-2.0
"""TLS with targets beyond an ALB's: verified, with SNI, with a certificate of one's own. And health
checks that look at the body."""
import contextlib
import http.server
import re
import ssl
import threading

import pytest

from authority import Authority
from harness import Configuration, Daruma, Ports, Target, target_group, wait_until

pytestmark = pytest.mark.threads

TLS = 'daruma.target_tls.'


@pytest.fixture(scope='module')
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp('authority'))


def target_with(folder, address, pair):
    return Target(folder, address, tls=True,
                  options=['--certificate', pair[0], '--key', pair[1]])


class Asking:
    """An HTTPS server that asks for a certificate, and tells what it was told: of the client's
    certificate and of SNI."""

    def __init__(self, authority, address, required):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue(f'server-{required}', f'IP:{address}'))
        context.load_verify_locations(authority.file)
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        names = {}
        context.sni_callback = lambda sock, name, _: names.update({id(sock): name})

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                peer = self.connection.getpeercert() or {}
                subject = dict(pair[0] for pair in peer.get('subject', ()))
                name = names.get(id(self.connection))
                body = f"{subject.get('commonName')} {name}".encode()
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        self.address = address
        self.port = Ports.take(address)
        self.server = http.server.ThreadingHTTPServer((address, self.port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def rule(priority, name):
    return {'Priority': priority,
            'Conditions': [{'Field': 'path-pattern', 'Values': [f'/{name}']}],
            'Actions': [{'Type': 'forward', 'TargetGroup': name}]}


@pytest.fixture(scope='module')
def verified(authority, tmp_path_factory):
    """A balancer with a group for each way in which a certificate may be right or wrong."""
    folder = tmp_path_factory.mktemp('verified')
    other = Authority(folder, 'other')
    good = ('127.0.0.2', authority.issue('good', 'IP:127.0.0.2'))
    named = ('127.0.0.3', authority.issue('named', 'DNS:app.internal'))
    expired = ('127.0.0.4', authority.issue('expired', 'IP:127.0.0.4', end='210101000000Z'))
    early = ('127.0.0.5', authority.issue('early', 'IP:127.0.0.5', begin='390101000000Z'))
    foreign = ('127.0.0.6', other.issue('foreign', 'IP:127.0.0.6'))
    verify = {TLS + 'verify.enabled': True, TLS + 'ca_bundle.file': str(authority.file)}
    with contextlib.ExitStack() as stack:
        def group(name, target, attributes):
            made = stack.enter_context(target_with(folder, *target))
            return target_group([made], name, Attributes=attributes, HealthCheckIntervalSeconds=5)
        groups = [group('good', good, verify),
                  group('named', named, {**verify, TLS + 'server_name': 'app.internal'}),
                  group('wrong', named, verify),
                  group('expired', expired, verify),
                  group('early', early, verify),
                  group('foreign', foreign, verify),
                  group('unverified', expired, {})]
        configuration = Configuration(
            folder / 'daruma', groups,
            rules=[rule(i, g['Name']) for i, g in enumerate(groups, 1)])
        yield stack.enter_context(Daruma(configuration, workers=1))


OUTCOMES = {
    'good': (200, '-'), 'named': (200, '-'), 'unverified': (200, '-'),
    'wrong': (502, 'target_certificate_wrong_name'),
    'expired': (502, 'target_certificate_expired'),
    'early': (502, 'target_certificate_expired'),
    'foreign': (502, 'target_certificate_untrusted'),
}


@pytest.mark.parametrize('name', OUTCOMES)
def test_requests_go_only_where_the_certificate_is_right(verified, name):
    status, reason = OUTCOMES[name]
    for _ in range(3):
        assert verified.get(f'/{name}').status_code == status
    lines = wait_until('they are logged', lambda: [
        line for line in verified.log_lines() if f'/{name} HTTP' in line])
    assert {re.findall(r'"([^"]*)"', line)[7] for line in lines} == {reason}


def test_probes_verify_too_and_say_what_was_wrong(verified):
    def described(name):
        groups = verified.ask_admin('/targets').json()['TargetGroups']
        return str(next(g for g in groups if g['TargetGroupName'] == name))
    expected = {'good': "'healthy'", 'named': "'healthy'", 'unverified': "'healthy'",
                'wrong': 'for another name', 'expired': 'has expired', 'early': 'not valid yet',
                'foreign': 'no trusted authority'}
    for name, words in expected.items():
        wait_until(f'{name}: {words}', lambda n=name, w=words: w in described(n), 30)


def test_a_certificate_of_ones_own_and_sni(authority, tmp_path):
    certificate, key = authority.issue('balancer', 'DNS:balancer')
    with Asking(authority, '127.0.0.7', True) as strict, \
            Asking(authority, '127.0.0.8', False) as lenient:
        groups = [target_group([strict], 'shown', Protocol='HTTPS', Attributes={
                      TLS + 'certificate': 'own', TLS + 'server_name': 'strict.internal'}),
                  target_group([lenient], 'plain', Protocol='HTTPS')]
        configuration = Configuration(tmp_path / 'daruma', groups,
                                      rules=[rule(1, 'shown'), rule(2, 'plain')])
        configuration.value['Certificates'].append(
            {'Name': 'own', 'CertificateFile': str(certificate), 'PrivateKeyFile': str(key)})
        configuration.write()
        with Daruma(configuration, workers=1) as daruma:
            name = f'127.0.0.7:{strict.port}'
            wait_until('probes show it too', lambda: daruma.health().get(name) == 'healthy')
            assert daruma.get('/shown').text == 'balancer strict.internal'
            assert daruma.get('/plain').text == 'None None'  # as an ALB


def test_what_was_not_verified_is_not_used_where_it_has_to_be(authority, tmp_path):
    pair = authority.issue('switched', 'IP:127.0.0.9')
    with target_with(tmp_path, '127.0.0.9', pair) as target:
        group = target_group([target])
        with Daruma(Configuration(tmp_path / 'daruma', [group]), workers=1) as daruma:
            assert daruma.get('/').status_code == 200
            group['Attributes'] = {
                TLS + 'verify.enabled': True,
                TLS + 'ca_bundle.file': str(Authority(tmp_path, 'nobody').file)}
            daruma.configuration.write()
            assert daruma.reload().returncode == 0
            assert daruma.get('/').status_code == 502
            group['Attributes'][TLS + 'ca_bundle.file'] = str(authority.file)
            daruma.configuration.write()
            assert daruma.reload().returncode == 0
            assert daruma.get('/').status_code == 200


def test_a_health_check_may_look_at_the_body(tmp_path):
    """The sample target answers /health with the request's head, so that its path decides."""
    with Target(tmp_path, '127.0.0.2') as one, Target(tmp_path, '127.0.0.3') as two:
        groups = [target_group([one], 'right', HealthCheckPath='/status/200?all-is-well',
                               Attributes={'daruma.health_check.body': 'all-is-well'}),
                  target_group([two], 'wrong', HealthCheckPath='/chunked/40000',
                               Attributes={'daruma.health_check.body': 'xyzabd'})]
        configuration = Configuration(tmp_path / 'daruma', groups, rules=[rule(1, 'wrong')])
        with Daruma(configuration) as daruma:
            daruma.wait_for_health({one.name: 'healthy', two.name: 'unhealthy'})
            page = str(daruma.ask_admin('/targets').json())
            assert 'the body lacks the text that it should hold' in page
            lines = wait_until('it is logged', lambda: daruma.log_lines('health_check_log'))
            assert any(' FAIL 200 ResponseStringMismatch ' in line for line in lines)
            groups[1]['Attributes']['daruma.health_check.body'] = 'xyzabc'
            configuration.write()
            assert daruma.reload().returncode == 0
            daruma.wait_for_health({one.name: 'healthy', two.name: 'healthy'})
