# SPDX-License-Identifier: Apache-2.0
"""Figures, hosts and annotations reach a fake Mackerel, whatever becomes of it meanwhile; its
agent's plugin and check are answered. docs/mackerel.md."""
import json
import os
import time

import pytest

from fake_mackerel import KEY, FakeMackerel
from harness import (DARUMA, Configuration, Daruma, Target, run, seconds_of_work, target_group,
                     wait_until)

REQUESTS = 'custom.alb.request.count'


@pytest.fixture
def mackerel():
    with FakeMackerel() as made:
        yield made
    assert made.broken == []


def configure(folder, targets, mackerel, **members):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'mackerel.key').write_text(KEY + '\n')
    configuration = Configuration(folder, [target_group(targets)])
    configuration.value['Mackerel'] = {
        'ApiKeyFile': 'mackerel.key', 'BaseUrl': mackerel.url, 'Service': 'shop', 'Roles': ['lb'],
        'IntervalSeconds': 1, **members}
    configuration.write()
    return configuration


@pytest.fixture
def pushed(tmp_path, processes, start_targets, mackerel):
    """A daruma that pushes once a second."""
    targets = start_targets(1)
    daruma = processes.enter_context(
        Daruma(configure(tmp_path / 'daruma', targets, mackerel)))
    daruma.wait_for_health({target.name: 'healthy' for target in targets})
    return daruma


def ask(daruma, count):
    for _ in range(count):
        assert daruma.get('/').status_code == 200


def test_figures_are_what_clients_counted(pushed, mackerel):
    ask(pushed, 7)
    wait_until('all requests were pushed', lambda: sum(mackerel.values(REQUESTS)) == 7)
    host = mackerel.living()['web.daruma.internal']
    assert host['name'] == 'web'
    assert host['roleFullnames'] == ['shop:lb']
    assert sum(mackerel.values('custom.alb.request_per_group.group.count')) == 7
    assert sum(mackerel.values('custom.alb.httpcode_count.target_2xx')) == 7
    assert sum(mackerel.values('custom.alb.connection_count.new')) >= 7
    assert mackerel.values('custom.alb.host_count.group.healthy')[-1] == 1
    assert all(0 < value < 10 for value in mackerel.values('custom.alb.response.time_p99'))
    # Every figure has a graph: "#" stands for a target group.
    named = {name.replace('#', 'group') for name in mackerel.graphs}
    assert {point['name'].rpartition('.')[0] for point in mackerel.points} <= named


@pytest.mark.parametrize('status', [429, 500, 401, None])
def test_nothing_is_lost_while_mackerel_is_away(pushed, mackerel, status):
    ask(pushed, 2)
    wait_until('requests were pushed', lambda: sum(mackerel.values(REQUESTS)) == 2)
    before = len(mackerel.requests)
    if status:
        mackerel.answer_with = status
        ask(pushed, 3)
        wait_until('it was refused twice', lambda: len(mackerel.requests) >= before + 2)
        # No sooner than after a second, and then two.
        first, second = (moment for _, _, moment in mackerel.requests[before:before + 2])
        assert second - first > 0.9
        mackerel.answer_with = None
    else:
        mackerel.go_away()
        ask(pushed, 3)
        wait_until('it was noticed', lambda: 'Mackerel takes nothing' in pushed.output())
        mackerel.come_back()
    wait_until('all requests were pushed', lambda: sum(mackerel.values(REQUESTS)) == 5, 20)
    wait_until('it is told', lambda: 'Mackerel takes figures again' in pushed.output())
    times = {point['time'] for point in mackerel.points}
    # One point an interval, and each interval once: a key of time and name is never there twice.
    assert len([point for point in mackerel.points if point['name'] == REQUESTS]) == len(times)


def test_a_restart_keeps_what_waits(pushed, mackerel, processes):
    wait_until('the host is made', mackerel.living)
    mackerel.go_away()
    ask(pushed, 4)
    asked = time.time()
    wait_until('it was noticed', lambda: 'Mackerel takes nothing' in pushed.output())
    # The second with the requests, and one more, so that what it had is on the disk.
    wait_until('later seconds were counted',
               lambda: pushed.ask_admin('/mackerel').json()['Time'] >= asked + 2)
    pushed.kill()  # as a crash
    mackerel.come_back()
    processes.enter_context(Daruma(pushed.configuration))
    wait_until('all requests were pushed', lambda: sum(mackerel.values(REQUESTS)) == 4, 20)
    assert len(mackerel.hosts) == 1


def test_nobody_waits_for_mackerel(pushed, mackerel):
    """It takes connections and never answers: requests and the admin port do not notice."""
    wait_until('the host is made', mackerel.living)
    before = seconds_of_work(pushed)
    with mackerel.lock:  # every answer waits for it
        wait_until('a push hangs', lambda: mackerel.waiting)
        during = seconds_of_work(pushed)
        assert mackerel.waiting, 'it hung all the time'
    wait_until('it goes on', lambda: sum(mackerel.values(REQUESTS)) == 200, 20)
    after = seconds_of_work(pushed)
    print(f'{before:.3f} s before, {during:.3f} s meanwhile, {after:.3f} s after')
    assert during <= 3 * max(before, after)
    with mackerel.lock:
        wait_until('a push hangs', lambda: mackerel.waiting)
        began = time.monotonic()
        assert pushed.stop() == 0
        assert time.monotonic() - began < 10


def test_changes_are_annotations_and_a_deleted_load_balancer_is_retired(pushed, mackerel):
    value = pushed.configuration.value
    other = dict(value['LoadBalancers'][0], Name='other', Listeners=[
        {'Port': pushed.configuration.https_port + 1000, 'Protocol': 'HTTP',
         'DefaultActions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
             'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': 'x'}}]}])
    value['LoadBalancers'].append(other)
    value['TargetGroups'][0]['Targets'].append({'Id': '127.0.0.9', 'Port': 9})
    pushed.configuration.write()
    assert pushed.reload().returncode == 0
    wait_until('both are hosts', lambda: len(mackerel.living()) == 2)
    wait_until('the change is told', lambda: mackerel.annotations)
    told = mackerel.annotations[0]
    assert 'load balancer other added' in told['description']
    assert 'target group group: registered 127.0.0.9:9' in told['description']
    assert (told['service'], told['roles']) == ('shop', ['lb'])
    value['LoadBalancers'].pop()
    pushed.configuration.write()
    assert pushed.reload().returncode == 0
    wait_until('it is retired', lambda: set(mackerel.living()) == {'web.daruma.internal'})


def test_the_agents_plugin_prints_figures_and_graphs(pushed):
    admin = f'127.0.0.1:{pushed.configuration.admin_port}'
    wait_until('there are figures', lambda: pushed.ask_admin('/mackerel').json()['LoadBalancers'])

    def figures():
        answer = run([DARUMA, 'mackerel-plugin', '--admin', admin])
        assert answer.returncode == 0, answer.stderr
        return dict((name, (float(value), int(epoch))) for name, value, epoch in
                    (line.split('\t') for line in answer.stdout.splitlines()))

    # Of the minute that ended last: in the first one the target was yet to be checked.
    wait_until('the target is healthy', lambda: figures()['alb.host_count.group.healthy'][0] == 1,
               150)
    lines = figures()
    assert abs(lines['alb.request.count'][1] - time.time()) < 60
    other = run([DARUMA, 'mackerel-plugin', '--admin', admin, '--lb', 'web',
                 '--metric-key-prefix', 'front'])
    assert other.stdout.startswith('front.')
    meta = run([DARUMA, 'mackerel-plugin'], env={**os.environ, 'MACKEREL_AGENT_PLUGIN_META': '1'})
    first, _, rest = meta.stdout.partition('\n')
    assert first == '# mackerel-agent-plugin'
    graphs = json.loads(rest)['graphs']
    assert graphs['alb.httpcode_count']['metrics'][0]['stacked'] is True
    wrong = run([DARUMA, 'mackerel-plugin', '--admin', admin, '--lb', 'nobody'])
    assert wrong.returncode == 1
    assert "there is no load balancer 'nobody', but web" in wrong.stderr


def test_the_agents_check_has_the_exit_codes_of_checks(pushed, processes, tmp_path):
    admin = f'127.0.0.1:{pushed.configuration.admin_port}'
    check = [DARUMA, 'check-alb', '--admin', admin, '--certificate-warning', '1',
             '--certificate-critical', '0']
    wait_until('all is well', lambda: run(check).returncode == 0)
    assert 'requests in the last 1 s' in run(check).stdout
    soon = run([DARUMA, 'check-alb', '--admin', admin, '--certificate-warning', '3000',
                '--certificate-critical', '0'])
    assert (soon.returncode, 'certificate site ends in' in soon.stdout) == (1, True)
    pushed.configuration.value['TargetGroups'][0]['Targets'].append(
        {'Id': '127.0.0.9', 'Port': 9})
    pushed.configuration.write()
    assert pushed.reload().returncode == 0
    wait_until('half of the targets are dead', lambda: run(check).returncode == 2, 20)
    assert '1 of 2 targets of group unhealthy' in run(check).stdout
    pushed.stop()
    gone = run(check)
    assert (gone.returncode, gone.stdout.startswith('ALB UNKNOWN: ')) == (3, True)
    assert run([DARUMA, 'check-alb', '--nonsense']).returncode == 3


def test_what_is_wrong_with_the_section_is_said(tmp_path, mackerel):
    target = {'Id': '127.0.0.2', 'Port': 80}
    for number, (members, said) in enumerate([
            ({'ApiKeyFile': 'missing.key'}, 'cannot read'),
            ({'BaseUrl': 'api.mackerelio.com'}, 'BaseUrl is an address such as'),
            ({'Service': 'x'}, "a name of Mackerel's has 2 to 63"),
            ({'BaseUrl': 'https://api.mackerelio.com'}, 'Mackerel takes one batch a minute'),
            ({'Rolls': ['lb']}, 'did you mean Roles?'),
            ({'IntervalSeconds': 0}, 'IntervalSeconds')]):
        configuration = configure(tmp_path / str(number), [target], mackerel, **members)
        answer = run([DARUMA, 'check', configuration.file])
        assert answer.returncode == 1
        assert said in answer.stderr, answer.stderr
