# SPDX-License-Identifier: Apache-2.0
"""The deterministic limits: system calls and instructions per request, bytes per idle connection.

Counts, not times: they hold on a busy machine as on a quiet one. Times are for `make bench`.
"""
import contextlib
import re
import signal
import subprocess
from pathlib import Path

import pytest

from harness import LOAD, program, wait_until
from instructions import (h2load, load, one_worker, per_http2_request, per_logged_request,
                          per_plain_request, port_of)


@contextlib.contextmanager
def counted_system_calls(pid, file):
    """Calls made by all threads of a process, by name, once the block has ended."""
    calls = {}
    with open(file.with_suffix('.err'), 'w+', encoding='ascii') as errors:
        strace = subprocess.Popen([program('strace'), '-f', '-c', '-o', file, '-p', str(pid)],
                                  stderr=errors)
        try:
            wait_until('strace attaches',
                       lambda: 'attached' in Path(errors.name).read_text(encoding='ascii'), 20)
            yield calls
        finally:
            strace.send_signal(signal.SIGINT)
            strace.wait(20)
    for line in file.read_text().splitlines():
        match = re.match(r'\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$', line)
        if match and match.group(2) != 'total':
            calls[match.group(2)] = int(match.group(1))


@pytest.mark.parametrize('tls, limit', [(False, 4.5), (True, 5.0)], ids=['plain', 'tls'])
def test_system_calls_per_request_at_saturation(tmp_path, tls, limit):
    requests = 20000
    with one_worker(tmp_path, tls) as daruma:
        load(port_of(daruma, tls), 2000, tls=tls)
        with counted_system_calls(daruma.pid, tmp_path / 'calls') as calls:
            load(port_of(daruma, tls), requests, tls=tls)
    per_request = {name: round(count / requests, 3) for name, count in calls.items()
                   if count > requests / 1000}
    print(f'system calls per request: {sum(calls.values()) / requests:.2f} {per_request}')
    assert sum(calls.values()) / requests <= limit, per_request
    assert calls.get('epoll_ctl', 0) / requests < 0.05, per_request


def test_system_calls_per_http2_request_at_saturation(tmp_path):
    """Answers that are ready together leave in one write."""
    requests = 20000
    with one_worker(tmp_path, True) as daruma:
        h2load(daruma, 2000)
        with counted_system_calls(daruma.pid, tmp_path / 'calls') as calls:
            h2load(daruma, requests)
    per_request = {name: round(count / requests, 3) for name, count in calls.items()
                   if count > requests / 1000}
    print(f'system calls per HTTP/2 request: {sum(calls.values()) / requests:.2f} {per_request}')
    assert sum(calls.values()) / requests <= 3.0, per_request


def within(limit, measure, attempts=3):
    """Whether one of a few measurements is: on a busy machine a target lets requests wait, which
    takes instructions of its own."""
    measured = []
    while len(measured) < attempts and not (measured and measured[-1] <= limit):
        measured.append(measure(len(measured)))
    print(f'user instructions per request: {measured}')
    return measured[-1] <= limit


def test_user_instructions_per_plain_request(tmp_path):
    assert within(12000, lambda attempt: per_plain_request(tmp_path / f'{attempt}'))


def test_user_instructions_per_logged_request(tmp_path):
    assert within(16500, lambda attempt: per_logged_request(tmp_path / f'{attempt}'))


def test_user_instructions_of_the_saturation_guard_per_plain_request(tmp_path):
    """At a target that is not full. Most of what a request costs is the kernel's, and not here."""
    assert within(300, lambda attempt: (
        per_plain_request(tmp_path / f'{attempt}-guarded') -
        per_plain_request(tmp_path / f'{attempt}-unguarded', guarded=False)))


def test_user_instructions_per_http2_request(tmp_path):
    """With TLS towards the client; nghttp2 and OpenSSL included."""
    per_request = per_http2_request(tmp_path)
    print(f'user instructions per HTTP/2 request: {per_request:.0f}')
    assert per_request <= 50000


def resident_bytes(pid):
    status = Path(f'/proc/{pid}/status').read_text()
    return int(re.search(r'^VmRSS:\s+(\d+) kB', status, re.M).group(1)) * 1024


@pytest.mark.parametrize('tls, limit', [(False, 2048), (True, 16384)], ids=['plain', 'tls'])
def test_bytes_per_idle_connection(tmp_path, tls, limit):
    connections = 4000
    with one_worker(tmp_path, tls) as daruma:
        load(port_of(daruma, tls), 2000, tls=tls)  # pools are filled once
        before = resident_bytes(daruma.pid)
        holder = subprocess.Popen(
            [LOAD, '--port', str(port_of(daruma, tls)), '--connections', str(connections),
             '--requests', str(connections), '--hold', *(['--tls'] if tls else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert holder.stdout.readline() == 'HELD\n'
            daruma.wait_for_metric('daruma_listener_connections_active', at_least=connections)
            per_connection = (resident_bytes(daruma.pid) - before) / connections
        finally:
            holder.stdin.close()
            holder.wait(60)
    print(f'bytes per idle connection: {per_connection:.0f}')
    assert per_connection <= limit
