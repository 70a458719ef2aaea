# SPDX-License-Identifier: Apache-2.0
"""Clients and servers of Node.js: npm's ws, grpc-js, and the AWS SDK.

Their versions are those of node/package-lock.json; `npm ci` puts them into build/tools/node once.
Without npm, or without its registry, the tests are skipped and say so.
"""
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from aws import KEY, SECRET, serve_api
from harness import ROOT, Ports, Process, make_certificate, run, wait_until
from test_grpc import Server, serve as serve_grpc

SCRIPTS = Path(__file__).parent / 'node'
FOLDER = ROOT / 'build/tools/node'


@pytest.fixture(scope='module')
def node():
    """Runs node with these words, in an environment where it finds the packages."""
    if not shutil.which('node') or not shutil.which('npm'):
        pytest.skip('node or npm is missing: install nodejs with its npm')
    FOLDER.mkdir(parents=True, exist_ok=True)
    lock = (SCRIPTS / 'package-lock.json').read_text()
    installed = FOLDER / 'installed.json'
    if not installed.exists() or installed.read_text() != lock:
        for name in ('package.json', 'package-lock.json'):
            shutil.copy(SCRIPTS / name, FOLDER)
        answer = subprocess.run(
            ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1'],
            cwd=FOLDER, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
        if answer.returncode != 0:
            pytest.skip(f'npm ci has got no packages: {answer.stderr[-500:]}')
        installed.write_text(lock)
    environment = {'NODE_PATH': str(FOLDER / 'node_modules')}
    return lambda script, *words, more=None, **options: run(
        ['node', SCRIPTS / script, *words], env={**os.environ, **environment, **(more or {})},
        **options)


def cases_of(answer, count):
    assert answer.returncode == 0, answer.stdout + answer.stderr
    results = json.loads(answer.stdout)
    assert len(results) == count
    assert {name: what for name, what in results.items() if what != 'ok'} == {}


class WebSocketServer(Process):
    def __init__(self, folder, address='127.0.0.8'):
        self.address, self.port = address, Ports.take(address)
        super().__init__(['node', SCRIPTS / 'ws_server.js', address, self.port],
                         folder / 'ws_server.log', {'NODE_PATH': str(FOLDER / 'node_modules')})
        wait_until('ws listens', self._listens)

    def _listens(self):
        assert self.is_running(), self.output()
        with socket.socket() as probe:
            return probe.connect_ex((self.address, self.port)) == 0

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}


@pytest.mark.parametrize('scheme, words', [('ws', ()), ('wss', ()), ('wss', ('http2',))],
                         ids=['ws', 'wss', 'http2'])
def test_ws_on_both_sides(node, tmp_path, processes, serve, scheme, words):
    daruma = serve([processes.enter_context(WebSocketServer(tmp_path))], wait_healthy=False)
    base = daruma.http if scheme == 'ws' else daruma.https
    cases_of(node('ws_client.js', base.replace('http', 'ws', 1), *words, seconds=120), 8)

    def lines():
        return [line for line in daruma.log_lines() if line.startswith(f'{scheme} ')]
    opened = 2 + 4 + 50
    wait_until('all lines', lambda: len(lines()) == opened)
    assert all((' HTTP/2.0" ' in line) == bool(words) for line in lines())


def test_the_fourteen_cases_by_grpc_js(node, tmp_path, processes):
    server = processes.enter_context(Server(tmp_path))
    daruma = serve_grpc(tmp_path, processes, [server])
    daruma.wait_for_health({server.name: 'healthy'})
    cases_of(node('grpc_client.js', f'127.0.0.1:{daruma.configuration.https_port}',
                  daruma.folder / 'site.crt', seconds=120), 14)


def test_the_aws_sdk_walks_the_whole_way(node, tmp_path, processes, start_targets):
    target, = start_targets(1)
    make_certificate(tmp_path, 'site', ['site.example.com'])
    daruma = processes.enter_context(serve_api(tmp_path / 'daruma'))
    configuration = daruma.configuration
    cases_of(node('aws_client.js', daruma.admin, configuration.http_port, configuration.https_port,
                  target.address, target.port, tmp_path / 'site.crt', tmp_path / 'site.key',
                  seconds=120, more={'KEY': KEY, 'SECRET': SECRET}), 9)
