# SPDX-License-Identifier: Apache-2.0
"""Forward actions over several groups, and the pages that Daruma writes itself."""
import contextlib
import collections

import pytest

from harness import Configuration, Daruma, Ports, Target, run, target_group, wait_until

pytestmark = pytest.mark.threads

PAGES = {
    'daruma.error_page.503.file': 'busy.html',
    'daruma.error_page.5xx.text': '{"status":#{status},"reason":"#{reason}","id":"#{trace_id}"}',
    'daruma.error_page.5xx.content_type': 'application/json',
    'daruma.error_page.405.text': 'no',
    'daruma.error_page.405.content_type': 'text/plain',
}


def by_weight(**weights):
    return [{'Type': 'forward', 'ForwardConfig': {'TargetGroups': [
        {'TargetGroup': name, 'Weight': weight} for name, weight in weights.items()]}}]


def path(value):
    return [{'Field': 'path-pattern', 'Values': [value]}]


@pytest.fixture(scope='module')
def balancer(tmp_path_factory):
    """Groups blue and green of one target each, an empty one, and one whose port is closed. One
    listener fails over and has pages of its own, the other is as an ALB's."""
    folder = tmp_path_factory.mktemp('forward')
    with contextlib.ExitStack() as stack:
        blue = stack.enter_context(Target(folder, '127.0.0.2'))
        green = stack.enter_context(Target(folder, '127.0.0.3'))
        dead = {'Id': '127.0.0.4', 'Port': Ports.take('127.0.0.4')}
        groups = [target_group([blue], 'blue'), target_group([green], 'green'),
                  target_group([], 'empty'), target_group([dead], 'dead')]
        rules = [{'Priority': i, 'Conditions': path(name), 'Actions': actions}
                 for i, (name, actions) in enumerate({
                     '/empty': by_weight(empty=1), '/dead': by_weight(dead=1),
                     '/shared': by_weight(empty=100, dead=100, blue=75, green=25),
                     '/none': by_weight(empty=1, dead=0), '/reserve': by_weight(empty=1, blue=0),
                 }.items(), 1)]
        configuration = Configuration(folder / 'daruma', groups, by_weight(blue=90, green=10),
                                      rules)
        (configuration.folder / 'busy.html').write_text('<h1>Busy: #{reason}</h1>')
        own = configuration.load_balancer['Listeners'][0]
        own['Attributes'] = {'daruma.forward.failover': True, **PAGES}
        configuration.write()
        daruma = stack.enter_context(Daruma(configuration))
        daruma.blue, daruma.green = blue, green
        daruma.wait_for_health({blue.name: 'healthy', green.name: 'healthy',
                                f"{dead['Id']}:{dead['Port']}": 'unhealthy'})
        yield daruma


def shares(daruma, url, requests, tls=False):
    """How often each target answered."""
    def once():
        return daruma.get(url, tls=tls).headers.get('X-Target', 'nobody')
    return collections.Counter(once() for _ in range(requests))


def test_a_group_without_capacity_passes_its_share_on(balancer):
    before = {name: balancer.metric('daruma_target_group_failovers_total', target_group=name)
              for name in ('empty', 'dead')}
    seen = shares(balancer, '/shared', 400)
    assert seen[balancer.blue.name] + seen[balancer.green.name] == 400, seen
    assert 250 < seen[balancer.blue.name] < 345, seen  # three in four
    for name, count in before.items():
        passed = balancer.metric('daruma_target_group_failovers_total', target_group=name) - count
        assert 80 < passed < 190, name


def test_without_failover_it_keeps_its_share_as_in_an_alb(balancer):
    seen = shares(balancer, '/shared', 200, tls=True)
    assert seen['nobody'] > 80, seen


def test_where_no_group_has_capacity_it_is_as_without_failover(balancer):
    assert balancer.get('/none').status_code == 503


def test_a_weight_of_0_gets_nothing(balancer):
    assert balancer.get('/reserve').status_code == 503


@pytest.mark.parametrize('targets', [1, 2])
def test_a_group_whose_targets_fail_passes_its_share_on_before_health_checks_know(
        balancer, tmp_path, targets):
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(Target(tmp_path, f'127.0.0.{5 + i}'))
                  for i in range(targets)]
        configuration = Configuration(
            tmp_path / 'daruma',
            [target_group([balancer.blue], 'blue'),
             target_group(others, 'other', HealthCheckIntervalSeconds=300)],
            by_weight(blue=1, other=1))
        configuration.load_balancer['Listeners'][0]['Attributes'] = {
            'daruma.forward.failover': True}
        configuration.write()
        with Daruma(configuration, workers=1) as daruma:
            daruma.wait_for_health({target.name: 'healthy'
                                    for target in (balancer.blue, *others)})
            for target in others:
                target.stop()
            assert [daruma.get('/').status_code for _ in range(40)] == [200] * 40
            passed = daruma.metric('daruma_target_group_failovers_total', target_group='other')
            assert 5 < passed < 35


def test_a_listener_has_pages_of_its_own(balancer):
    answer = balancer.get('/empty')
    assert answer.status_code == 503
    assert answer.text == '<h1>Busy: no_registered_targets</h1>'
    assert answer.headers['Content-Type'] == 'text/html'
    answer = balancer.get('/dead', headers={'X-Amzn-Trace-Id': 'Root=1-abc<script>'})
    assert (answer.status_code, answer.headers['Content-Type']) == (502, 'application/json')
    said = answer.json()
    assert said['status'] == 502 and said['reason'] == 'target_connection_refused'
    assert said['id'].startswith('Self=1-') and said['id'].endswith(';Root=1-abc%3Cscript%3E')
    answer = balancer.get('/', method='TRACE')
    assert (answer.status_code, answer.text) == (405, 'no')


def test_a_request_that_cannot_be_read_gets_its_page_too(balancer):
    answer = run(['curl', '-sS', '-i', '-H', 'Host: a b', balancer.http])
    assert answer.stdout.startswith('HTTP/1.1 400 Bad Request\n')
    assert '400 Bad Request</h1>' in answer.stdout  # it has none for 400


def test_another_listener_answers_as_an_alb(balancer):
    answer = balancer.get('/empty', tls=True)
    assert answer.status_code == 503 and len(answer.content) == 162


def test_pages_come_back_with_the_last_good_configuration(tmp_path):
    configuration = Configuration(tmp_path / 'daruma', [target_group([], 'empty')])
    configuration.load_balancer['Listeners'][0]['Attributes'] = {
        'daruma.error_page.503.file': 'busy.html'}
    page = configuration.folder / 'busy.html'
    page.write_text('kept')
    configuration.write()
    with Daruma(configuration) as daruma:
        wait_until('it is kept', (configuration.folder / 'data/last_good.json').exists)
        assert daruma.get('/').text == 'kept'
    page.unlink()
    with Daruma(configuration, options=['--last-good']) as daruma:
        assert daruma.get('/').text == 'kept'
