# SPDX-License-Identifier: Apache-2.0
"""Why did this request end as it did? `daruma explain`, against targets that fail, are full, or
answer: what is told is what was staged.
"""
import concurrent.futures
import contextlib
import json
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from apache import Apache
from harness import (DARUMA, Configuration, Daruma, Ports, Target, run, target_group,
                     wait_until)

GUARDED = {'daruma.saturation_guard.enabled': 'true'}
TRACE_FIELD = 'X-Amzn-Trace-Id'


def explain(daruma, *words):
    return run([DARUMA, 'explain', *words, '--admin',
                f'127.0.0.1:{daruma.configuration.admin_port}'])


def told(daruma, *words):
    """What `daruma explain --json` says, read."""
    done = explain(daruma, *words, '--json')
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def root(number):
    """A trace id that a client makes up."""
    return f'1-69266d1c-{number:024x}'


def traced(number):
    return {TRACE_FIELD: f'Root={root(number)}'}


@contextlib.contextmanager
def balancer(folder, groups, workers=2, **options):
    with Daruma(Configuration(folder / 'daruma', groups, **options), workers) as daruma:
        yield daruma


class ClosesSecondRequest:
    """Keeps a connection alive after one answer, and closes it upon the next request."""

    def __init__(self):
        self.port = Ports.take('127.0.0.3')
        self.listener = socket.create_server(('127.0.0.3', self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def description(self):
        return {'Id': '127.0.0.3', 'Port': self.port}

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.recv(65536)
            connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            connection.recv(65536)

    def close(self):
        self.listener.close()


def test_a_request_that_was_answered_is_found_by_its_trace_id(tmp_path):
    with Target(tmp_path) as target, balancer(tmp_path, [target_group([target])]) as daruma:
        assert daruma.get('/here?a=b', headers=traced(7)).status_code == 200
        [story] = told(daruma, root(7))['stories']
        assert (story['method'], story['path'], story['status']) == ('GET', '/here?a=b', 200)
        assert story['trace_id'].endswith(f'Root={root(7)}')
        assert story['target_group'] == 'group' and story['rule_priority'] == 0
        assert story['reason'] is None and story['candidates'] == []
        [attempt] = story['attempts']
        assert attempt['target'] == target.name and attempt['requests'] >= 1
        assert 0 < story['target_seconds'] <= story['total_seconds'] < 10
        text = explain(daruma, root(7)).stdout
        assert text.startswith('GET 127.0.0.1/here?a=b\n  200 at '), text
        assert 'The target answered 200.' in text


def test_an_unknown_id_says_how_long_stories_are_kept(tmp_path):
    with Target(tmp_path) as target, balancer(tmp_path, [target_group([target])]) as daruma:
        assert daruma.get().status_code == 200
        done = explain(daruma, root(404))
        assert done.returncode == 1 and done.stdout == ''
        assert f'No story of a request with the trace id {root(404)}.' in done.stderr
        assert '0 of at most 2048 that failed' in done.stderr  # 1024 by each of two workers
        assert '1 of at most 8192 others, back to 20' in done.stderr
        as_json = explain(daruma, root(404), '--json')
        assert as_json.returncode == 1
        answer = json.loads(as_json.stdout)
        assert answer['stories'] == [] and answer['workers_answered'] == 2
        assert answer['kept']['others']['kept'] == 1


def test_a_refused_target_is_named_with_what_to_look_at(tmp_path):
    nobody = {'Id': '127.0.0.2', 'Port': Ports.take('127.0.0.2')}
    name = f'127.0.0.2:{nobody["Port"]}'
    with balancer(tmp_path, [target_group([nobody])]) as daruma:
        assert daruma.get('/gone', headers=traced(1)).status_code == 502
        answer = told(daruma, '--last-errors')
        [story] = answer['stories']
        assert story == told(daruma, root(1))['stories'][0]
        assert story['reason'] == 'target_connection_refused' and story['target_status'] == 0
        [attempt] = story['attempts']
        assert attempt['target'] == name
        assert attempt['reason'] == 'target_connection_refused'
        assert attempt['connect_seconds'] is None and attempt['sent_bytes'] == 0
        [candidate] = story['candidates']
        assert candidate['target'] == name
        text = explain(daruma, '--last-errors', 1).stdout
        assert f'The target refused the TCP connection ({name}' in text, text
        assert 'is the server running' in text


def test_of_the_last_errors_the_newest_come_first_and_no_more_than_asked_for(tmp_path):
    nobody = {'Id': '127.0.0.2', 'Port': Ports.take('127.0.0.2')}
    with balancer(tmp_path, [target_group([nobody])]) as daruma:
        for number in range(5):
            daruma.get(headers=traced(number))
        stories = told(daruma, '--last-errors', '3')['stories']
        assert [story['trace_id'][-1] for story in stories] == ['4', '3', '2']


def test_an_error_of_the_target_itself_is_told_apart(tmp_path):
    with Target(tmp_path) as target, balancer(tmp_path, [target_group([target])]) as daruma:
        assert daruma.get('/status/500', headers=traced(5)).status_code == 500
        [story] = told(daruma, '--last-errors')['stories']
        assert story['target_status'] == 500 and story['reason'] is None
        assert "it is the target's own answer" in story['verdict']


def test_a_second_attempt_tells_of_the_first(tmp_path):
    closing = ClosesSecondRequest()
    with contextlib.closing(closing), Target(tmp_path) as target, balancer(
            tmp_path, [target_group([closing, target], HealthCheckIntervalSeconds=300,
                                    Attributes=GUARDED)]) as daruma:
        first_name = f'127.0.0.3:{closing.port}'
        daruma.wait_for_health({first_name: 'healthy', target.name: 'healthy'}, 30)
        number = 0

        def retried():
            nonlocal number
            number += 1
            assert daruma.get(headers=traced(number)).status_code == 200
            story = told(daruma, root(number))['stories'][0]
            return story if len(story['attempts']) == 2 else None
        story = wait_until('a request is sent twice', retried)
        first, second = story['attempts']
        assert first['target'] == first_name
        assert first['reason'] == 'target_closed_before_response'
        assert first['connection'] == 'reused' and first['requests'] == 2
        assert first['sent_bytes'] > 0 and first['received_bytes'] == 0
        assert first['idle_seconds'] <= first['age_seconds']
        assert second['target'] == target.name and second['reason'] is None
        assert 'at attempt 2' in story['verdict']
        assert {candidate['target'] for candidate in story['candidates']} == {
            first['target'], target.name}


@pytest.mark.parametrize('tls', [True, False], ids=['tls', 'plain'])
def test_a_full_target_is_said_to_be_full(tmp_path, tls):
    with Target(tmp_path, tls=tls, options=['--workers', '2', '--delay', '400']) as target:
        group = target_group([target], HealthCheckIntervalSeconds=300, Attributes=GUARDED)
        # The one worker has all of the target's places.
        with balancer(tmp_path, [group], workers=1) as daruma, \
                concurrent.futures.ThreadPoolExecutor(16) as clients:
            def saturated():
                answers = clients.map(lambda _: daruma.get().status_code, range(32))
                return 503 in list(answers)
            wait_until('requests are turned away', saturated, 60)
            stories = told(daruma, '--last-errors', '100')['stories']
            story = next(s for s in stories if s['reason'] == 'target_group_saturated')
            assert story['status'] == 503 and story['waited_seconds'] >= 0.2
            [candidate] = story['candidates']
            assert candidate['standing'] == 'full' and candidate['load']['full']
            # A plain target does not show who is served: there it is an estimate.
            assert (1 if tls else 0) <= candidate['load']['learned_limit'] <= (4 if tls else 8)
            assert 'of 1 targets 1 were full' in story['verdict']
            assert story['attempts'] == []


def test_a_target_is_asked_for(tmp_path):
    with Target(tmp_path) as one, Target(tmp_path) as other, \
            balancer(tmp_path, [target_group([one, other])]) as daruma:
        for _ in range(8):
            daruma.get()
        stories = told(daruma, '--target', one.name)['stories']
        assert stories
        assert {story['attempts'][0]['target'] for story in stories} == {one.name}


def test_what_nobody_can_answer_is_refused(tmp_path):
    with Target(tmp_path) as target, balancer(tmp_path, [target_group([target])]) as daruma:
        answer = daruma.ask_admin('/explain')
        assert answer.status_code == 400
        assert 'trace_id=ID, last_errors=N and target=ADDRESS:PORT' in answer.text
        assert 'from 1 to 100' in daruma.ask_admin('/explain?last_errors=1000').text
        daruma.stop()
        done = explain(daruma, root(1))
        assert done.returncode == 1 and 'is a daruma running' in done.stderr


def advise(daruma):
    """What `daruma advise` says: for people, and read from JSON."""
    admin = f'127.0.0.1:{daruma.configuration.admin_port}'
    text, as_json = (run([DARUMA, 'advise', *words, '--admin', admin])
                     for words in ([], ['--json']))
    assert text.returncode == as_json.returncode == 0, text.stderr + as_json.stderr
    return text.stdout, json.loads(as_json.stdout)['advice']


def test_a_target_that_closes_after_few_requests_is_advised_against(tmp_path):
    with Target(tmp_path, tls=True, options=['--keepalive-requests', '5']) as target, \
            balancer(tmp_path, [target_group([target])], workers=1) as daruma:
        assert advise(daruma) == (
            'Nothing to advise: no target shows what would have to be changed.\n', [])
        for _ in range(20):
            assert daruma.get().status_code == 200
        text, [advice] = advise(daruma)
        assert text == f'group: {advice["text"]}\n'
        assert advice['target'] == target.name
        assert advice['advice'] == 'raise_requests_per_connection'
        assert f'at {target.name} closes each connection after 5 requests' in text
        assert 'life is TLS negotiation, one handshake for 5.0 requests' in text
        daruma.wait_for_metric('daruma_advice', equal=1,
                               target=target.name, advice='raise_requests_per_connection')


def test_a_target_with_too_few_workers_is_advised_to_have_more(tmp_path):
    with Target(tmp_path, tls=True, options=['--workers', '2', '--delay', '400']) as target:
        group = target_group([target], HealthCheckIntervalSeconds=300, Attributes=GUARDED)
        with balancer(tmp_path, [group], workers=1) as daruma, \
                concurrent.futures.ThreadPoolExecutor(16) as clients:
            def advised():
                list(clients.map(lambda _: daruma.get(), range(32)))
                text, _ = advise(daruma)
                return 'requests/s to target group group were turned away; about' in text
            wait_until('more workers are advised', advised, 60)
            _, advice = advise(daruma)
            assert [each['advice'] for each in advice] == ['raise_workers']


def test_advice_speaks_apache(tmp_path, processes):
    # Not under tmp_path, which Apache's own user may not enter.
    folder = Path(processes.enter_context(tempfile.TemporaryDirectory(prefix='daruma-apache-')))
    folder.chmod(0o755)
    with Apache(folder, '127.0.0.5', keepalive_requests=3) as apache, \
            balancer(tmp_path, [target_group([apache])], workers=1) as daruma:
        for _ in range(20):
            assert daruma.get('/page-10').status_code == 200
        text, [advice] = advise(daruma)
        assert advice['target'] == apache.name
        assert (f'Apache at {apache.name} closes each connection after 4 requests '
                '(MaxKeepAliveRequests 3): ') in text
