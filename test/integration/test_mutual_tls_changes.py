# SPDX-License-Identifier: Apache-2.0
"""What becomes of clients' connections when what a listener asks of clients changes under them."""
import socket
import ssl

import pytest

from authority import Authority
from frames import REFUSED_STREAM, Http2
from harness import (
    DARUMA, Configuration, Daruma, Target, make_certificate, read_all, read_until, run,
    target_group, wait_until)

CLIENT = ('extendedKeyUsage=clientAuth',)
HEAD = b'GET / HTTP/1.1\r\nHost: a\r\n'
OUTDATED = 'client_certificate_outdated'


class Site:
    """A node whose HTTPS listener asks clients as it is told to; its target tells what it got."""

    def __init__(self, folder, processes):
        target = processes.enter_context(Target(folder))
        self.ours, self.foreign = Authority(folder, 'ours'), Authority(folder, 'foreign')
        self.good = self.ours.issue('good', extensions=CLIENT)
        self.admin = self.foreign.issue('self-made', extensions=CLIENT, subject='/CN=admin')
        self.configuration = Configuration(folder / 'daruma', [target_group([target])])
        self.configuration.value['TrustStores'] = [
            {'Name': 'ours', 'CaCertificatesFile': str(self.ours.file)},
            {'Name': 'foreign', 'CaCertificatesFile': str(self.foreign.file)}]
        self.listener = self.configuration.load_balancer['Listeners'][1]
        self.daruma = None

    def serve(self, processes, **mutual):
        self.listener['MutualAuthentication'] = mutual
        self.configuration.write()
        self.daruma = processes.enter_context(Daruma(self.configuration, workers=1))

    def change(self, **mutual):
        self.listener['MutualAuthentication'] = mutual
        self.reload()

    def reload(self):
        self.configuration.write()
        done = self.daruma.reload()
        assert done.returncode == 0, done.stdout + done.stderr

    def connect(self, pair=None):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if pair:
            context.load_cert_chain(*pair)
        raw = socket.create_connection(('127.0.0.1', self.configuration.https_port), 20)
        return context.wrap_socket(raw)

    def count(self, reason):
        return self.daruma.metric('daruma_listener_reasons_total', reason=reason)


@pytest.fixture
def site(tmp_path, processes):
    return Site(tmp_path, processes)


OFF, PASSED = {'Mode': 'off'}, {'Mode': 'passthrough'}
VERIFIED = {'Mode': 'verify', 'TrustStore': 'ours'}
ELSEWHERE = {'Mode': 'verify', 'TrustStore': 'foreign'}
EXPIRED = {**ELSEWHERE, 'IgnoreClientCertificateExpiry': True}
CHANGES = [(PASSED, VERIFIED), (ELSEWHERE, VERIFIED), (EXPIRED, ELSEWHERE), (ELSEWHERE, PASSED),
           (ELSEWHERE, OFF), (OFF, PASSED), (OFF, VERIFIED)]


@pytest.mark.parametrize('before, after', CHANGES)
def test_a_head_of_before_is_not_served_after(site, processes, before, after):
    site.serve(processes, **before)
    with site.connect(site.admin) as begun, site.connect(site.admin) as idle:
        idle.sendall(HEAD + b'\r\n')
        assert b'200 OK' in read_until(idle, b'\r\n\r\n')
        begun.sendall(HEAD)
        site.change(**after)
        begun.sendall(b'\r\n')
        answer = read_all(begun)
        assert answer.startswith(b'HTTP/1.1 421 '), answer
        assert b'connection: close' in answer.lower() and b'admin' not in answer
        assert b'HTTP/1.1' not in read_all(idle)
    site.daruma.wait_for_metric('daruma_listener_reasons_total', equal=1, reason=OUTDATED)
    wait_until('the log has its line', lambda: any(
        ' 421 ' in line and OUTDATED in line for line in site.daruma.log_lines()))


@pytest.mark.parametrize('before, after', [(PASSED, VERIFIED), (ELSEWHERE, VERIFIED)])
def test_a_stream_of_after_is_not_served_on_a_connection_of_before(
        site, processes, monkeypatch, before, after):
    site.serve(processes, **before)
    make = ssl.create_default_context

    def with_certificate():
        context = make()
        context.check_hostname = False
        context.load_cert_chain(*site.admin)
        return context
    monkeypatch.setattr(ssl, 'create_default_context', with_certificate)
    with Http2(site.configuration.https_port) as there:
        monkeypatch.undo()
        assert there.get().status == 200
        site.change(**after)
        response = there.get()
        assert response.reset == REFUSED_STREAM and not response.heads
        there.until(lambda: there.goaways)
    assert site.count(OUTDATED) == 1


@pytest.mark.parametrize('mutual', [OFF, PASSED, VERIFIED])
def test_a_new_certificate_of_the_listener_ends_no_connection(site, processes, mutual):
    site.serve(processes, **mutual)
    with site.connect(site.good) as there:
        there.sendall(HEAD)
        renewed = site.configuration.folder / 'renewed'
        renewed.mkdir()
        pair = make_certificate(renewed)
        site.configuration.value['Certificates'] = [
            {key: f'renewed/{value}' if 'File' in key else value for key, value in pair.items()}]
        site.reload()
        there.sendall(b'\r\n')
        assert b'HTTP/1.1 200 OK' in read_until(there, b'\r\n\r\n')
        if mutual['Mode'] == 'verify':
            site.change(**mutual, AdvertiseTrustStoreCaNames='on')
            there.sendall(HEAD + b'\r\n')
            assert b'HTTP/1.1 200 OK' in read_until(there, b'\r\n\r\n')
    assert site.count(OUTDATED) == 0


NAMES = ('X-Amzn-Mtls-Clientcert-Subject', 'X-Client-Name')


@pytest.mark.parametrize('mutual', [OFF, PASSED, VERIFIED])
def test_rules_do_not_go_by_what_clients_say_of_certificates(site, processes, mutual):
    site.listener['Rules'] = [
        {'Priority': number, 'Conditions': [{'Field': 'http-header', 'HttpHeaderConfig': {
            'HttpHeaderName': name, 'Values': ['CN=admin']}}],
         'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '299'}}]}
        for number, name in enumerate(NAMES, 1)]
    site.listener['Attributes'] = {
        'routing.http.request.x_amzn_mtls_clientcert_subject.header_name': NAMES[1]}
    site.serve(processes, **mutual)
    # Without mutual TLS a name that is the listener's own stands for nothing.
    for name, status in zip(NAMES, (b'200', b'299' if mutual == OFF else b'200')):
        with site.connect(site.good) as there:
            there.sendall(HEAD + f'{name}: CN=admin\r\nConnection: close\r\n\r\n'.encode())
            assert read_all(there).startswith(b'HTTP/1.1 ' + status), name
    checked = run([DARUMA, 'check', site.configuration.file])
    assert f'no request has {NAMES[0]}' in checked.stdout + checked.stderr
