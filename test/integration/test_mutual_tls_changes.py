# SPDX-License-Identifier: Apache-2.0
"""What becomes of clients' connections when what a listener asks of clients changes under them."""
import socket
import ssl

import pytest

from authority import Authority
from harness import (
    Configuration, Daruma, Target, make_certificate, read_until, target_group)

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