# SPDX-License-Identifier: Apache-2.0
"""In front of two real Apaches (prefork, TLS): nothing lost, few handshakes, every way to fail."""
import tempfile
from pathlib import Path

import pytest

from apache import Apache
from harness import load

ADDRESSES = ('127.0.0.2', '127.0.0.3')
THRESHOLD_SECONDS = 20


@pytest.fixture
def start_apaches(processes):
    # Not under tmp_path, which Apache's own user may not enter.
    folder = Path(processes.enter_context(tempfile.TemporaryDirectory(prefix='daruma-apache-')))
    folder.chmod(0o755)

    def start(**options):
        return [processes.enter_context(Apache(folder, address, **options))
                for address in ADDRESSES]
    return start


def test_100_000_requests_over_100_connections_with_unlimited_keep_alive(start_apaches, serve):
    apaches = start_apaches(workers=120, keepalive_requests=0)
    daruma = serve(apaches)
    warm = load(daruma, tls=True, connections=100, requests=2000, path='/page-1000', body=1000)
    assert warm['statuses'] == {'200': 2000}, warm
    before = daruma.metric('daruma_target_tls_handshakes_total')

    report = load(daruma, tls=True, connections=100, requests=100_000, path='/page-1000', body=1000)
    assert report['statuses'] == {'200': 100_000}, report
    assert (report['failed'], report['bodies_wrong']) == (0, 0), report
    handshakes = daruma.metric('daruma_target_tls_handshakes_total') - before
    assert handshakes <= 100, f'{handshakes} handshakes for 100,000 requests'


def test_100_000_requests_with_100_requests_per_connection_lose_none(start_apaches, serve):
    apaches = start_apaches(workers=120, keepalive_requests=100)
    daruma = serve(apaches)
    report = load(daruma, tls=True, connections=100, requests=100_000, path='/page-1000', body=1000)
    assert report['statuses'] == {'200': 100_000}, report
    assert (report['failed'], report['bodies_wrong']) == (0, 0), report


def test_large_pages_arrive_whole(start_apaches, serve):
    daruma = serve(start_apaches(workers=60))
    report = load(daruma, tls=True, connections=20, requests=5000, path='/page-20000', body=20_000)
    assert report['statuses'] == {'200': 5000}, report
    assert (report['failed'], report['bodies_wrong']) == (0, 0), report


def targets_of(daruma, count=20):
    answers = [daruma.get('/page-10', tls=True) for _ in range(count)]
    assert [answer.status_code for answer in answers] == [200] * count
    return {answer.headers['X-Target'] for answer in answers}


def test_apaches_stop_fail_their_checks_and_come_back(start_apaches, serve, processes):
    first, second = start_apaches(workers=10)
    daruma = serve([first, second])

    # One is stopped.
    first.stop()
    daruma.wait_for_health({first.name: 'unhealthy', second.name: 'healthy'}, THRESHOLD_SECONDS)
    daruma.wait_for_metric('daruma_target_health_reason', equal=1,
                           target=first.name, reason='Target.FailedHealthChecks')
    assert targets_of(daruma) == {second.name}

    # Both fail their checks, and both serve pages: fail-open.
    first = processes.enter_context(first.again())
    daruma.wait_for_health({first.name: 'healthy', second.name: 'healthy'}, THRESHOLD_SECONDS)
    first.remove_health_page()
    second.remove_health_page()
    daruma.wait_for_health({first.name: 'unhealthy', second.name: 'unhealthy'}, THRESHOLD_SECONDS)
    daruma.wait_for_metric('daruma_target_health_reason', equal=2,
                           reason='Target.ResponseCodeMismatch')
    counted = daruma.metric('daruma_target_group_fail_open_requests_total')
    assert targets_of(daruma) == {first.name, second.name}
    daruma.wait_for_metric('daruma_target_group_fail_open_requests_total', equal=counted + 20)

    # All processes are gone.
    first.stop()
    second.stop()
    answer = daruma.get('/page-10', tls=True)
    assert (answer.status_code, len(answer.content)) == (502, 122)
    daruma.wait_for_metric('daruma_listener_reasons_total', at_least=1,
                           reason='target_connection_refused')

    # And back again, with their health page.
    again = [apache.again() for apache in (first, second)]
    for apache in again:
        processes.enter_context(apache)
        (apache.folder / 'pages' / 'health').write_text('ok')
    daruma.wait_for_health({apache.name: 'healthy' for apache in again}, THRESHOLD_SECONDS)
    assert targets_of(daruma) == {apache.name for apache in again}
