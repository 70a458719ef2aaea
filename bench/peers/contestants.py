# SPDX-License-Identifier: Apache-2.0
"""Whom the comparison starts: the origin, Daruma, its peers, and the relay that parses nothing.

Each contestant listens three times on 127.0.0.1: `plain` (HTTP to HTTP), `tls` (HTTPS to HTTP;
HTTP/2 by ALPN) and `both` (HTTPS to HTTPS), as far as it can.
"""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path

from processes import Ports, Process, program, wait_until

CONFIGURATIONS = Path(__file__).resolve().parent / 'configurations'
KINDS = ('plain', 'tls', 'both')
PROXY_CORE, LOAD_CORE = 0, 1
RULES, TARGETS = 10_000, 1_000


def on_core(core):
    return [program('taskset', 'bench'), '-c', str(core)] if (os.cpu_count() or 1) > core else []


def accepts(address, port):
    with contextlib.suppress(OSError):
        socket.create_connection((address, port), 1).close()
        return True
    return False


def version_of(name, option):
    done = subprocess.run([program(name, 'bench'), option], capture_output=True, text=True,
                          check=False)
    return (done.stdout + done.stderr).splitlines()[0].strip()


class Origin:
    """The target of all: answers at once, plain and with TLS, on as many addresses as asked."""

    address = '127.0.0.2'

    def __init__(self, folder, binaries, addresses=1, requests_per_connection=0):
        self.port, self.tls_port = Ports.take(self.address), Ports.take(self.address)
        self.process = Process(
            [*on_core(LOAD_CORE), binaries / 'peers_origin', '--port', self.port,
             '--tls-port', self.tls_port, '--addresses', addresses,
             '--requests-per-connection', requests_per_connection,
             '--certificate', folder / 'site.crt', '--key', folder / 'site.key'],
            folder / f'origin-{self.port}.log')
        wait_until('the origin listens', self._listens)

    def _listens(self):
        assert self.process.is_running(), self.process.output()
        return accepts(self.address, self.port)

    def stats(self):
        with urllib.request.urlopen(f'http://{self.address}:{self.port}/stats', timeout=5) as page:
            return json.load(page)

    def close(self):
        self.process.kill()


class Contestant:
    """One proxy, or for the relay one process for each kind."""

    kinds = KINDS

    def __init__(self, name, folder, origin, binaries, daruma):
        self.name, self.origin, self.binaries, self.daruma = name, origin, binaries, daruma
        self.folder = folder / name
        self.folder.mkdir(exist_ok=True)
        for file in ('site.crt', 'site.key', 'site.pem'):
            shutil.copy(folder / file, self.folder / file)
        self.ports = {kind: Ports.take() for kind in self.kinds}
        self.processes = {}  # kind → Process
        self.start()
        for kind in self.kinds:
            wait_until(f'{name} serves {kind}', lambda kind=kind: self._serves(kind), 30)

    def _serves(self, kind):
        assert self.processes[kind].is_running(), f'{self.name}: {self.processes[kind].output()}'
        return accepts('127.0.0.1', self.ports[kind])

    def run_one(self, *command):
        """Starts the one program that serves all kinds."""
        process = Process([*on_core(PROXY_CORE), *command], self.folder / 'output.log')
        self.processes = dict.fromkeys(self.kinds, process)

    def fill(self, template):
        text = (CONFIGURATIONS / template).read_text(encoding='utf-8')
        values = {'folder': self.folder, 'target': self.origin.address,
                  'target_port': self.origin.port, 'target_tls_port': self.origin.tls_port,
                  **self.ports}
        for key, value in values.items():
            text = text.replace(f'@{key}@', str(value))
        file = self.folder / template
        file.write_text(text, encoding='utf-8')
        return file

    def start(self):
        raise NotImplementedError

    def close(self):
        for process in set(self.processes.values()):
            if process.is_running():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.stop(10)
            process.kill()


class Nginx(Contestant):
    version = staticmethod(lambda: version_of('nginx', '-v'))

    def start(self):
        self.run_one(program('nginx', 'bench'), '-c', self.fill('nginx.conf'),
                     '-e', self.folder / 'error.log')


class HAProxy(Contestant):
    version = staticmethod(lambda: version_of('haproxy', '-v'))

    def start(self):
        self.run_one(program('haproxy', 'bench'), '-db', '-f', self.fill('haproxy.cfg'))


class Nghttpx(Contestant):
    kinds = ('plain', 'tls')
    version = staticmethod(lambda: version_of('nghttpx', '--version'))

    def start(self):
        self.run_one(program('nghttpx', 'bench'), f'--conf={self.fill("nghttpx.conf")}')


class H2o(Contestant):
    kinds = ('plain', 'tls')
    version = staticmethod(lambda: version_of('h2o', '--version'))

    def start(self):
        self.run_one(program('h2o', 'bench'), '-m', 'worker', '-c', self.fill('h2o.yaml'))


class Relay(Contestant):
    """The limit: carries bytes, understands none."""

    version = staticmethod(lambda: 'bench/peers/relay.cc')

    def start(self):
        tls = ['--certificate', self.folder / 'site.crt', '--key', self.folder / 'site.key']
        options = {'plain': [], 'tls': tls, 'both': [*tls, '--target-tls']}
        for kind, port in self.ports.items():
            target_port = self.origin.tls_port if kind == 'both' else self.origin.port
            self.processes[kind] = Process(
                [*on_core(PROXY_CORE), self.binaries / 'peers_relay', '--port', port,
                 '--target', self.origin.address, '--target-port', target_port, *options[kind]],
                self.folder / f'{kind}.log')


def address_after(number):
    """What peers_origin listens on: 127.0.0.2 and those after it."""
    host = number + 2
    return f'127.{host >> 16 & 255}.{host >> 8 & 255}.{host & 255}'


class Daruma(Contestant):
    """With one worker and no access log, as its peers are measured."""

    targets = 1
    rules = 0

    def group(self, name, protocol, port):
        return {'Name': name, 'Protocol': protocol, 'Port': port,
                'HealthCheckPath': '/health', 'HealthCheckIntervalSeconds': 30,
                'HealthCheckTimeoutSeconds': 5, 'HealthyThresholdCount': 2,
                'UnhealthyThresholdCount': 2,
                'Targets': [{'Id': address_after(i), 'Port': port} for i in range(self.targets)]}

    def listener(self, kind, group):
        forward = [{'Type': 'forward', 'TargetGroup': group}]
        certificates = {} if kind == 'plain' else {'Certificates': ['site']}
        # Every request has to find its way past all other rules to the last one.
        paths = [f'/department-{i}/*' for i in range(1, self.rules)] + ['/bytes/*']
        rules = [{'Priority': i + 1, 'Actions': forward,
                  'Conditions': [{'Field': 'path-pattern', 'Values': [path]}]}
                 for i, path in enumerate(paths[-self.rules:])] if self.rules else []
        return {'Port': self.ports[kind], 'Protocol': 'HTTP' if kind == 'plain' else 'HTTPS',
                'DefaultActions': forward, 'Rules': rules, **certificates}

    def configuration(self):
        return {
            'Admin': {'Address': '127.0.0.1', 'Port': self.admin_port},
            'Node': {'Addresses': ['127.0.0.1'], 'AvailabilityZone': 'zone-a'},
            'Logs': {'Directory': './logs'},
            'Certificates': [{'Name': 'site', 'CertificateFile': 'site.crt',
                              'PrivateKeyFile': 'site.key'}],
            'TargetGroups': [self.group('plain', 'HTTP', self.origin.port),
                             self.group('encrypted', 'HTTPS', self.origin.tls_port)],
            'LoadBalancers': [{
                'Name': 'bench', 'Attributes': {'access_logs.s3.enabled': False,
                                                'daruma.quota.rules': max(100, self.rules)},
                'Listeners': [self.listener(kind, 'encrypted' if kind == 'both' else 'plain')
                              for kind in self.kinds]}]}

    def start(self):
        self.admin_port = Ports.take()
        file = self.folder / 'daruma.yaml'
        file.write_text(json.dumps(self.configuration()), encoding='utf-8')
        self.run_one(self.daruma, 'serve', '--config', file, '--data', self.folder / 'data',
                     '--workers', 1)

    def version(self):
        return version_of(self.daruma, '--version')


class DarumaWithTargets(Daruma):
    kinds = ('plain',)
    targets = TARGETS


class DarumaWithRules(Daruma):
    kinds = ('plain',)
    rules = RULES


# The Daruma entries' order in a table is theirs here.
CONTESTANTS = {
    'daruma': Daruma, 'nginx': Nginx, 'haproxy': HAProxy, 'nghttpx': Nghttpx, 'h2o': H2o,
    'relay': Relay, 'daruma-targets': DarumaWithTargets, 'daruma-rules': DarumaWithRules}
PEERS = ('nginx', 'haproxy', 'nghttpx', 'h2o')


def make_certificate(folder, daruma):
    """One ECDSA P-256 certificate for all of them."""
    subprocess.run([daruma, 'certificate', '--certificate', folder / 'site.crt',
                    '--key', folder / 'site.key', '--name', 'localhost', '--name', '127.0.0.1'],
                   check=True, stdout=subprocess.DEVNULL)
    (folder / 'site.pem').write_text((folder / 'site.crt').read_text(encoding='ascii') +
                                     (folder / 'site.key').read_text(encoding='ascii'),
                                     encoding='ascii')
