# SPDX-License-Identifier: Apache-2.0
"""The AWS SDK for Go against the API, as Debian packages it."""
import json

import pytest

from aws import KEY, SECRET, serve_api
from harness import ROOT, run
from processes import program

SOURCE = ROOT / 'test/integration/go/aws_client.go'


@pytest.fixture(scope='module')
def aws_client(tmp_path_factory):
    """The program, compiled; what it compiles stays in build/ for the next time."""
    binary = tmp_path_factory.mktemp('go') / 'aws_client'
    answer = run(['env', 'GO111MODULE=off', 'GOPATH=/usr/share/gocode',
                  f'GOCACHE={ROOT}/build/go-cache', program('go'), 'build', '-o', binary, SOURCE],
                 seconds=300)
    assert answer.returncode == 0, answer.stderr
    return binary


def test_the_aws_sdk_walks_the_whole_way(aws_client, tmp_path, processes, start_targets):
    target, = start_targets(1)
    daruma = processes.enter_context(serve_api(tmp_path / 'daruma'))
    answer = run(['env', f'KEY={KEY}', f'SECRET={SECRET}', aws_client, daruma.admin,
                  daruma.configuration.http_port, target.address, target.port], seconds=120)
    assert answer.returncode == 0, answer.stderr
    results = json.loads(answer.stdout)
    assert set(results.values()) == {'ok'} and len(results) == 7, results
