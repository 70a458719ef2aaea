# SPDX-License-Identifier: Apache-2.0
"""Starts daruma and sample targets on free loopback ports, and asks them things.

Nothing here waits a fixed time: wait_until() polls until what is expected is so, or fails saying
what it waited for. Every process is ended by its own id when its `with` block ends.
"""
import contextlib
import json
import os
import re
import resource
import socket
import ssl
import subprocess
import time
from pathlib import Path

import requests

from metrics import samples
# Offered to the tests too.
from processes import ROOT, Ports, Process, letters, program, wait_until  # noqa: F401

DARUMA = Path(os.environ.get('DARUMA', ROOT / 'build/release/daruma')).resolve()
LOAD = DARUMA.parent / 'test/load/daruma_load'  # checks every answer; built beside daruma


class Target(Process):
    """`daruma target` on an address of its own."""

    def __init__(self, folder, address='127.0.0.2', port=None, tls=False, options=()):
        self.address = address
        self.port = port or Ports.take(address)
        self.tls = tls
        self.folder = folder
        self.options = list(options)
        super().__init__(
            [DARUMA, 'target', '--listen', f'{address}:{self.port}', *(['--tls'] if tls else []),
             *self.options], Path(folder) / f'target-{address}-{self.port}.log')
        wait_until(f'target {self.name} listens', self._listens)

    def _listens(self):
        assert self.is_running(), self.output()
        with contextlib.suppress(OSError):
            socket.create_connection((self.address, self.port), 1).close()
            return True
        return False

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    def again(self, options=None):
        """The same target once more, after it ended."""
        return Target(self.folder, self.address, self.port, self.tls,
                      self.options if options is None else options)


def make_certificate(folder, name='site', names=('localhost', '127.0.0.1')):
    certificate, key = Path(folder) / f'{name}.crt', Path(folder) / f'{name}.key'
    subprocess.run([DARUMA, 'certificate', '--certificate', certificate, '--key', key,
                    *(word for n in names for word in ('--name', n))],
                   check=True, stdout=subprocess.DEVNULL)
    return {'Name': name, 'CertificateFile': certificate.name, 'PrivateKeyFile': key.name}


def target_group(targets, name='group', **members):
    tls = any(getattr(target, 'tls', False) for target in targets)
    return {
        'Name': name, 'Protocol': 'HTTPS' if tls else 'HTTP', 'Port': 443 if tls else 80,
        'HealthCheckPath': '/health', 'HealthCheckIntervalSeconds': 5,
        'HealthCheckTimeoutSeconds': 2, 'HealthyThresholdCount': 2, 'UnhealthyThresholdCount': 2,
        'Targets': [target if isinstance(target, dict) else target.description()
                    for target in targets],
        **members}


def forward_to(name='group'):
    return [{'Type': 'forward', 'TargetGroup': name}]


class Configuration:
    """A daruma.yaml in the making: one load balancer `web` with an HTTP and an HTTPS listener."""

    def __init__(self, folder, groups, default_actions=None, rules=(), attributes=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.admin_port = Ports.take()
        self.http_port = Ports.take()
        self.https_port = Ports.take()
        actions = default_actions or forward_to(groups[0]['Name'])
        listener = {'DefaultActions': actions, 'Rules': list(rules)}
        self.value = {
            'Admin': {'Address': '127.0.0.1', 'Port': self.admin_port},
            'Node': {'Addresses': ['127.0.0.1'], 'AvailabilityZone': 'zone-a'},
            'Logs': {'Directory': './logs'},
            'Certificates': [make_certificate(self.folder)],
            'TargetGroups': list(groups),
            'LoadBalancers': [{
                'Name': 'web',
                'Attributes': {'access_logs.s3.enabled': True,
                               'health_check_logs.s3.enabled': True, **(attributes or {})},
                'Listeners': [
                    {'Port': self.http_port, 'Protocol': 'HTTP', **listener},
                    {'Port': self.https_port, 'Protocol': 'HTTPS', 'Certificates': ['site'],
                     **listener}]}]}
        self.write()

    @property
    def file(self):
        return self.folder / 'daruma.yaml'

    @property
    def load_balancer(self):
        return self.value['LoadBalancers'][0]

    def write(self):
        # JSON is YAML; written aside and moved, as a careful operator does.
        aside = self.file.with_suffix('.new')
        aside.write_text(json.dumps(self.value, indent=1))
        aside.rename(self.file)


class Daruma(Process):
    """`daruma serve`, ready to be asked."""

    def __init__(self, configuration, workers=2, options=(), wrapper=(), keeps=True):
        self.configuration = configuration
        self.folder = configuration.folder
        self.admin = f'http://127.0.0.1:{configuration.admin_port}'
        self.http = f'http://127.0.0.1:{configuration.http_port}'
        self.https = f'https://127.0.0.1:{configuration.https_port}'
        super().__init__(
            [*wrapper, DARUMA, 'serve', '--config', configuration.file,
             *(['--data', self.folder / 'data'] if keeps else []),
             '--workers', workers, *options], self.folder / 'daruma.log')
        try:
            wait_until('daruma serves', self._is_ready, 60 if wrapper else 20)
        except AssertionError as problem:
            self.kill()
            raise AssertionError(f'{problem}\n{self.output()}') from None

    def _is_ready(self):
        assert self.is_running(), 'daruma ended'
        with contextlib.suppress(requests.ConnectionError):
            return self.ask_admin('/healthz').status_code == 200
        return False

    def get(self, path='/', tls=False, method='GET', **options):
        """One request on a connection of its own."""
        options.setdefault('timeout', 30)
        with new_session() as session:
            return session.request(method, (self.https if tls else self.http) + path,
                                   allow_redirects=False, **options)

    def ask_admin(self, path):
        """A page of the admin server."""
        with new_session() as session:
            return session.get(self.admin + path, timeout=10)

    def connect_admin(self, seconds=20):
        """A raw connection to the admin server."""
        return socket.create_connection(('127.0.0.1', self.configuration.admin_port), seconds)

    def connect(self, tls=False, seconds=20):
        """A raw connection to a listener."""
        port = self.configuration.https_port if tls else self.configuration.http_port
        raw = socket.create_connection(('127.0.0.1', port), seconds)
        if not tls:
            return raw
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(raw, server_hostname='localhost')

    def metrics(self):
        """The text of /metrics."""
        return self.ask_admin('/metrics').text

    def metric(self, name, **labels):
        """The sum of all samples of that name with these labels."""
        return sum(value for labels_there, value in samples(self.metrics(), name)
                   if labels.items() <= labels_there.items())

    def wait_for_metric(self, name, *, equal=None, at_least=None, **labels):
        """Waits until metric() is that: an answer may be read before its worker has counted it."""
        def is_there():
            value = self.metric(name, **labels)
            return value == equal if at_least is None else value >= at_least
        expected = f'{equal}' if at_least is None else f'at least {at_least}'
        wait_until(f'{name} {labels or ""} to be {expected}', is_there)

    def reload(self):
        """Runs `daruma reload`."""
        return run([DARUMA, 'reload', '--admin', f'127.0.0.1:{self.configuration.admin_port}'])

    def log_lines(self, kind='access_log'):
        """All lines so far of the access log or the health-check log."""
        lines = []
        for path in sorted((self.folder / 'logs').glob(kind + '*.log')):
            lines += path.read_text().splitlines()
        return lines

    def health(self):
        """Target → its state now, from the metrics."""
        return {labels['target']: labels['state']
                for labels, value in samples(self.metrics(), 'daruma_target_health_state')
                if value == 1}

    def wait_for_health(self, expected, seconds=30):
        """Waits until exactly these targets have these states."""
        return wait_until(f'health {expected}', lambda: self.health() == expected, seconds)


def new_session():
    """A requests session for self-signed certificates, deaf to the environment."""
    session = requests.Session()
    session.trust_env = False
    session.verify = False
    return session


def run(command, seconds=60, **options):
    """Runs a program to its end; output and errors as text."""
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=seconds, stdin=subprocess.DEVNULL, **options)


def load(daruma, connections, requests, path, body, tls=False, seconds=300):
    """So many requests in a closed loop, whose answers must be that many letters; the report."""
    expected = daruma.folder / f'letters-{body}'
    expected.write_bytes(letters(body))
    configuration = daruma.configuration
    answer = run([LOAD, '--port', configuration.https_port if tls else configuration.http_port,
                  *(['--tls'] if tls else []), '--path', path, '--connections', connections,
                  '--requests', requests, '--expect-body', expected], seconds)
    assert answer.stdout, answer.stderr
    return json.loads(answer.stdout.splitlines()[-1])


def seconds_of_work(daruma, also=lambda: None, requests=100):
    """How long it takes to be answered so many times, and at the admin port; to be compared with
    the same in other circumstances: a machine is as fast as it is."""
    began = time.monotonic()
    for _ in range(requests):
        assert daruma.get('/').status_code == 200
    assert daruma.ask_admin('/healthz').status_code == 200
    also()
    return time.monotonic() - began


def raise_descriptor_limit(count):
    """For this process and those that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert most == resource.RLIM_INFINITY or most >= count, f'needs ulimit -Hn {count}'
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, most))


def chromium(profile, *words):
    """The command that starts Chromium without a window, deaf to the world and to certificates."""
    return [program('chromium'), '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
            '--no-first-run', '--disable-background-networking', '--disable-component-update',
            '--disable-sync', '--ignore-certificate-errors', f'--user-data-dir={profile}', *words]


def resident_kilobytes(pid):
    """Memory that a process has in RAM."""
    status = Path(f'/proc/{pid}/status').read_text()
    return int(re.search(r'VmRSS:\s+(\d+) kB', status).group(1))


def read_all(connection):
    """Everything until the peer closes, which it must do in an orderly way."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b''.join(parts)


def read_until(connection, end):
    """Everything up to `end`, which must be the last that comes."""
    received = b''
    while not received.endswith(end):
        part = connection.recv(65536)
        assert part, f'closed after {received!r}'
        received += part
    return received
