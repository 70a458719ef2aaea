# SPDX-License-Identifier: Apache-2.0
"""Zones, zonal shift, algorithms and the blue/green example, through the program."""
import collections
import contextlib
import json
import types

import pytest

from harness import (DARUMA, ROOT, Configuration, Daruma, Ports, Target, run, target_group,
                     wait_until)

pytestmark = pytest.mark.threads


def who_answers(daruma, requests=40, **options):
    """How often each target answered; 'nobody' where none did."""
    return collections.Counter(
        daruma.get(**options).headers.get('X-Target', 'nobody') for _ in range(requests))


def in_zone(target, zone):
    return {**target.description(), 'AvailabilityZone': zone}


@pytest.fixture(scope='module')
def targets(tmp_path_factory):
    """One in each of two zones."""
    folder = tmp_path_factory.mktemp('targets')
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Target(folder, f'127.0.0.{i}')) for i in (2, 3)]


@pytest.fixture
def configuration(tmp_path, targets):
    zones = [in_zone(targets[0], 'zone-a'), in_zone(targets[1], 'zone-b')]
    return Configuration(tmp_path / 'daruma', [target_group(zones)],
                         attributes={'zonal_shift.config.enabled': 'true'})


def healthy(daruma, targets):
    daruma.wait_for_health({target.name: 'healthy' for target in targets})


def shift(daruma, *words):
    return run([DARUMA, 'zonal-shift', *words, '--admin',
                f'127.0.0.1:{daruma.configuration.admin_port}'])


def override_of(daruma, target):
    for each in daruma.ask_admin('/targets').json()['TargetGroups'][0]['TargetHealthDescriptions']:
        if each['Target']['Id'] == target.address:
            return each['AdministrativeOverride']['State']
    return None


def test_without_cross_zone_the_nodes_own_targets_are_asked(configuration, targets):
    group = configuration.value['TargetGroups'][0]
    group['Attributes'] = {'load_balancing.cross_zone.enabled': 'false'}
    configuration.write()
    with Daruma(configuration) as daruma:
        healthy(daruma, targets)
        assert who_answers(daruma) == {targets[0].name: 40}
        configuration.value['Node']['AvailabilityZone'] = 'zone-c'
        configuration.write()
        assert "no target is in this node's zone, zone-c" in daruma.reload().stdout
        assert daruma.get().status_code == 503
        del configuration.value['Node']['AvailabilityZone']
        configuration.write()
        assert 'needs to know the zone of this node' in daruma.reload().stderr


def test_a_zonal_shift_outlives_a_restart_and_ends(configuration, targets):
    web = ['--load-balancer', 'web']
    with Daruma(configuration) as daruma:
        healthy(daruma, targets)
        assert who_answers(daruma).keys() == {target.name for target in targets}
        started = shift(daruma, 'start', *web, '--zone', 'zone-a', '--expires', '2h',
                        '--comment', 'a test & more')
        assert started.stdout == 'traffic of load balancer web is shifted away from zone-a for ' \
                                 '2h 0m\n', started
        assert who_answers(daruma) == {targets[1].name: 40}
        assert override_of(daruma, targets[0]) == 'zonal_shift_active'
        assert override_of(daruma, targets[1]) == 'no_override'
        daruma.wait_for_metric('daruma_target_group_active_zonal_shift_hosts', equal=1)
        daruma.wait_for_metric('daruma_load_balancer_dns_healthy', equal=0, lb='web')
        again = shift(daruma, 'start', *web, '--zone', 'zone-b', '--expires', '1h')
        assert again.returncode == 1 and 'is shifted away from zone-a already' in again.stderr
        assert shift(daruma, 'extend', *web, '--expires', '5d').returncode == 1
        assert '1h 30m' in shift(daruma, 'extend', *web, '--expires', '90m').stdout
    with Daruma(configuration) as daruma:
        healthy(daruma, targets)
        assert who_answers(daruma) == {targets[1].name: 40}
        (row,) = json.loads(shift(daruma, 'list').stdout)['items']
        assert (row['resourceIdentifier'], row['awayFrom'], row['comment']) == \
            ('web', 'zone-a', 'a test & more')
        assert shift(daruma, 'cancel', *web).stdout == \
            'traffic of load balancer web goes to zone-a again\n'
        assert who_answers(daruma).keys() == {target.name for target in targets}
        assert shift(daruma, 'cancel', *web).returncode == 1
        configuration.load_balancer['Attributes']['zonal_shift.config.enabled'] = 'false'
        configuration.write()
        assert daruma.reload().returncode == 0
        refused = shift(daruma, 'start', *web, '--zone', 'zone-a', '--expires', '2h')
        assert "'zonal_shift.config.enabled' of load balancer 'web' is not true" in refused.stderr


@pytest.mark.parametrize('words, message', [
    (['start', '--load-balancer', 'wbe', '--zone', 'zone-a', '--expires', '2h'],
     "there is no load balancer 'wbe'; did you mean web?"),
    (['start', '--load-balancer', 'web', '--zone', 'zone-c', '--expires', '2h'],
     "zone 'zone-c' is none of the node's or a target's: zone-a, zone-b"),
    (['start', '--load-balancer', 'web', '--zone', 'zone-a', '--expires', 'soon'],
     "'soon'"),
    (['start', '--load-balancer', 'web', '--zone', 'zone-a', '--expires', '4d'],
     '1m to 3d'),
    (['extend', '--load-balancer', 'wbe', '--expires', '2h'],
     "no traffic of load balancer 'wbe' is shifted"),
    (['cancel', '--load-balancer', 'wbe'], "no traffic of load balancer 'wbe' is shifted"),
    (['begin', '--load-balancer', 'web'], 'A subcommand is required'),
    (['start', '--load-balancer', 'web'], '--zone'),
])
def test_what_cannot_be_shifted_is_named(configuration, targets, words, message):
    with Daruma(configuration) as daruma:
        healthy(daruma, targets)
        refused = shift(daruma, *words)
        assert refused.returncode != 0 and message in refused.stderr, refused
        assert json.loads(shift(daruma, 'list').stdout)['items'] == []
        assert who_answers(daruma).keys() == {target.name for target in targets}


def test_thresholds_open_the_group_and_are_told(configuration, tmp_path, targets):
    group = configuration.value['TargetGroups'][0]
    with Target(tmp_path, '127.0.0.4', options=['--health-status', '500']) as sick:
        group['Targets'].append(in_zone(sick, 'zone-b'))
        configuration.write()
        with Daruma(configuration) as daruma:
            daruma.wait_for_health({**{target.name: 'healthy' for target in targets},
                                    sick.name: 'unhealthy'})
            assert who_answers(daruma)[sick.name] == 0
            daruma.wait_for_metric('daruma_target_group_healthy_state_routing', equal=2)
            group['Attributes'] = {'target_group_health.unhealthy_state_routing.'
                                   'minimum_healthy_targets.percentage': '67'}
            configuration.write()
            assert daruma.reload().returncode == 0
            assert who_answers(daruma)[sick.name] > 0
            daruma.wait_for_metric('daruma_target_group_fail_open_requests_total', at_least=1)
            daruma.wait_for_metric('daruma_target_group_unhealthy_state_routing', equal=2)
            zones = daruma.ask_admin('/targets').json()['TargetGroups'][0]['Zones']
            assert [(z['ZoneName'], z['HealthyTargets'], z['Targets'], z['RoutingState'],
                     z['DnsState']) for z in zones] == \
                [('zone-a', 2, 3, 'unhealthy', 'healthy'), ('zone-b', 2, 3, 'unhealthy', 'healthy')]


@pytest.mark.parametrize('algorithm', ['least_outstanding_requests', 'weighted_random'])
def test_algorithms_share_requests_out(configuration, targets, algorithm):
    configuration.value['TargetGroups'][0]['Attributes'] = {
        'load_balancing.algorithm.type': algorithm}
    configuration.write()
    with Daruma(configuration) as daruma:
        healthy(daruma, targets)
        seen = who_answers(daruma, 200)
        assert all(60 < seen[target.name] < 140 for target in targets), seen


def test_the_example_of_blue_and_green(tmp_path):
    """As it stands, but for its ports."""
    text = (ROOT / 'examples/blue-green.yaml').read_text(encoding='utf-8')
    example = types.SimpleNamespace(folder=tmp_path, file=tmp_path / 'blue-green.yaml',
                                    admin_port=Ports.take(), http_port=Ports.take(), https_port=0)
    with contextlib.ExitStack() as stack:
        blue = [stack.enter_context(Target(tmp_path, '127.0.0.2'))]
        port = blue[0].port
        blue.append(stack.enter_context(Target(tmp_path, '127.0.0.3', port)))
        green = [stack.enter_context(Target(tmp_path, f'127.0.0.{i}', port)) for i in (4, 5)]
        text = text.replace('      - Port: 8080', f'      - Port: {example.http_port}')
        text = text.replace('    Port: 8080', f'    Port: {port}')
        text = text.replace('Port: 9090', f'Port: {example.admin_port}')
        example.file.write_text(text)
        assert run([DARUMA, 'check', example.file]).stderr == ''
        with Daruma(example, workers=1) as daruma:
            healthy(daruma, blue + green)
            seen = who_answers(daruma, 300)
            assert 8 <= sum(seen[target.name] for target in green) <= 65, seen  # one in ten
            seen = who_answers(daruma, 20, headers={'X-Version': 'green'})
            assert sum(seen[target.name] for target in green) == 20, seen
            for target in green:
                target.stop()
            wait_until('its share goes to blue', lambda: all(
                who_answers(daruma, 1)['nobody'] == 0 for _ in range(60)))
