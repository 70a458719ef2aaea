# SPDX-License-Identifier: Apache-2.0
"""The life of targets as health checks see it. Slow: ALB's shortest interval is 5 seconds."""
import socket
import ssl
import time

import pytest

from harness import target_group, wait_until

# Two failed checks 5 s apart, each given 2 s, and one interval in which the first may fall.
THRESHOLD_SECONDS = 20


GUARDED = {'Attributes': {'daruma.saturation_guard.enabled': 'true'}}
UNGUARDED = {'Attributes': {'daruma.saturation_guard.enabled': 'false'}}


def targets_of(daruma, count=20):
    answers = [daruma.get('/') for _ in range(count)]
    assert all(answer.status_code == 200 for answer in answers)
    return {answer.headers['X-Target'] for answer in answers}


def test_targets_stop_one_after_the_other_and_come_back(start_targets, serve, processes):
    first, second = start_targets(2, tls=True)
    daruma = serve([first, second])
    assert targets_of(daruma) == {first.name, second.name}

    first.kill()
    daruma.wait_for_health({first.name: 'unhealthy', second.name: 'healthy'}, THRESHOLD_SECONDS)
    daruma.wait_for_metric('daruma_target_health_reason', equal=1,
                           target=first.name, reason='Target.FailedHealthChecks')
    assert targets_of(daruma) == {second.name}

    second.kill()
    answer = daruma.get('/')
    assert (answer.status_code, len(answer.content)) == (502, 122)
    daruma.wait_for_metric('daruma_listener_reasons_total', at_least=1,
                           reason='target_connection_refused')
    daruma.wait_for_health({first.name: 'unhealthy', second.name: 'unhealthy'}, THRESHOLD_SECONDS)
    assert daruma.get('/').status_code == 502

    processes.enter_context(first.again())
    processes.enter_context(second.again())
    daruma.wait_for_health({first.name: 'healthy', second.name: 'healthy'}, THRESHOLD_SECONDS)
    assert targets_of(daruma) == {first.name, second.name}


def test_failing_checks_of_all_targets_leave_all_serving(start_targets, serve):
    targets = start_targets(2, options=['--health-status', '500'])
    daruma = serve(targets, wait_healthy=False)
    daruma.wait_for_health({target.name: 'unhealthy' for target in targets}, THRESHOLD_SECONDS)
    daruma.wait_for_metric('daruma_target_health_reason', equal=2,
                           reason='Target.ResponseCodeMismatch')
    before = daruma.metric('daruma_target_group_fail_open_requests_total')
    assert targets_of(daruma) == {target.name for target in targets}
    daruma.wait_for_metric('daruma_target_group_fail_open_requests_total', equal=before + 20)


def test_a_check_without_an_answer_is_a_timeout(start_targets, serve):
    target, = start_targets(1, options=['--health-delay', '8000'])
    daruma = serve([target], wait_healthy=False)
    daruma.wait_for_health({target.name: 'unhealthy'}, THRESHOLD_SECONDS)
    daruma.wait_for_metric('daruma_target_health_reason', equal=1, reason='Target.Timeout')
    assert any('TimedOut' in line for line in daruma.log_lines('health_check_log'))


def test_a_new_target_needs_one_success_only(start_targets, serve):
    began = time.monotonic()
    serve(start_targets(1))  # waits until it is healthy
    assert time.monotonic() - began < 5


def test_a_group_without_targets_says_503(serve):
    daruma = serve([])
    answer = daruma.get('/')
    assert (answer.status_code, len(answer.content)) == (503, 162)
    assert answer.headers['Server'] == 'awselb/2.0'
    daruma.wait_for_metric('daruma_listener_reasons_total', equal=1, reason='no_registered_targets')
    line, = wait_until('the log says so', daruma.log_lines)
    assert ':targetgroup/group/' in line


def test_a_target_removed_from_the_file_gets_nothing_new(start_targets, serve):
    first, second = start_targets(2)
    daruma = serve([first, second])
    daruma.configuration.value['TargetGroups'] = [target_group([second])]
    daruma.configuration.write()
    assert daruma.reload().returncode == 0
    assert targets_of(daruma) == {second.name}


def description_of(daruma, target):
    for group in daruma.ask_admin('/targets').json()['TargetGroups']:
        for entry in group['TargetHealthDescriptions']:
            if entry['Target'] == target.description():
                return entry['TargetHealth'].get('Description', '')
    raise AssertionError(f'no target {target.name}')


def keep_asking(daruma, what, condition, seconds):
    """wait_until(), with one request before each look; the statuses."""
    statuses = []

    def ask_and_look():
        statuses.append(daruma.get('/', tls=True).status_code)
        return condition()
    wait_until(what, ask_and_look, seconds)
    return statuses


@pytest.fixture
def full_target(start_targets, serve):
    """full_target(group): daruma before a target of two places. One is taken by somebody else
    while daruma has the other, so probes wait at the door."""
    strangers = []

    def start(group):
        target, = start_targets(
            1, tls=True, options=['--workers', '2', '--keepalive-timeout', '600'])
        daruma = serve([target], workers=1, group=group)
        assert daruma.get('/', tls=True).status_code == 200
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        strangers.append(context.wrap_socket(
            socket.create_connection((target.address, target.port), 20)))
        return target, daruma, strangers[0]
    yield start
    for stranger in strangers:
        stranger.close()


def failed_probes(daruma):
    return sum('FAIL - TimedOut' in line for line in daruma.log_lines('health_check_log'))


def test_a_busy_target_stays_healthy_though_its_probes_time_out(full_target):
    target, daruma, stranger = full_target(GUARDED)
    statuses = keep_asking(daruma, 'three probes timed out', lambda: failed_probes(daruma) >= 3, 60)
    assert set(statuses) == {200}
    assert daruma.health() == {target.name: 'healthy'}
    assert description_of(daruma, target).startswith('Saturated:')
    assert 'is busy, not dead' in daruma.output()
    assert 'unhealthy' not in daruma.output()
    stranger.close()
    wait_until('a probe passes', lambda: description_of(daruma, target) == '', 30)


def test_without_the_guard_the_same_target_is_taken_away(full_target):
    target, daruma, _ = full_target(UNGUARDED)
    statuses = keep_asking(daruma, 'it is unhealthy',
                           lambda: daruma.health() == {target.name: 'unhealthy'}, 60)
    assert set(statuses) == {200}


def test_failing_requests_take_a_dead_target_out_and_bring_it_back_in_seconds(
        start_targets, serve, processes):
    first, second = start_targets(2, tls=True)
    slow_checks = {'HealthCheckIntervalSeconds': 60, 'HealthyThresholdCount': 5}
    daruma = serve([first, second], workers=2, group={**GUARDED, **slow_checks})
    first.kill()
    keep_asking(daruma, 'it is out', lambda: daruma.health()[first.name] == 'unhealthy', 30)
    assert f'{first.name} answers nobody' in daruma.output()
    processes.enter_context(first.again())
    daruma.wait_for_health({first.name: 'healthy', second.name: 'healthy'}, 30)
    assert targets_of(daruma) == {first.name, second.name}
