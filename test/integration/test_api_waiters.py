# SPDX-License-Identifier: Apache-2.0
"""The five waiters of elbv2, each satisfied at its first looks: states that really move."""
import concurrent.futures

import pytest
from botocore.exceptions import WaiterError

from aws import client, serve_api
from harness import wait_until

POLLS_MAX = 3


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path / 'daruma'))


class Waits:
    """Runs waiters, and counts how often they look."""

    def __init__(self, elbv2):
        self.elbv2, self.looks = elbv2, 0
        elbv2.meta.events.register('before-call', self._count)

    def _count(self, **_):
        self.looks += 1

    def until(self, name, polls=POLLS_MAX, **parameters):
        """How many looks it took."""
        self.looks = 0
        self.elbv2.get_waiter(name).wait(
            **parameters, WaiterConfig={'Delay': 1, 'MaxAttempts': polls})
        return self.looks

    def in_vain(self, name, **parameters):
        with pytest.raises(WaiterError, match='Max attempts exceeded'):
            self.until(name, polls=2, **parameters)
        assert self.looks == 2


def test_the_five_waiters(daruma, start_targets):
    first, second = start_targets(2)
    elbv2 = client(daruma)
    waits = Waits(elbv2)
    waits.in_vain('load_balancer_exists', Names=['web'])
    waits.in_vain('load_balancer_available', Names=['web'])
    arn = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    assert waits.until('load_balancer_exists', Names=['web']) == 1
    assert waits.until('load_balancer_available', LoadBalancerArns=[arn]) == 1
    waits.in_vain('load_balancers_deleted', LoadBalancerArns=[arn])

    group = elbv2.create_target_group(
        Name='group', Protocol='HTTP', Port=80, TargetType='ip', HealthCheckPath='/health',
    )['TargetGroups'][0]['TargetGroupArn']
    elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[
        {'Key': 'deregistration_delay.timeout_seconds', 'Value': '1'}])
    elbv2.register_targets(TargetGroupArn=group,
                           Targets=[first.description(), second.description()])
    waits.in_vain('target_in_service', TargetGroupArn=group)  # unused: nothing forwards to it
    elbv2.create_listener(LoadBalancerArn=arn, Protocol='HTTP',
                          Port=daruma.configuration.http_port,
                          DefaultActions=[{'Type': 'forward', 'TargetGroupArn': group}])
    waits.until('target_in_service', TargetGroupArn=group)

    gone = {'TargetGroupArn': group, 'Targets': [first.description()]}
    waits.in_vain('target_deregistered', **gone)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        # Requests under way to both: what drains is not just a word.
        slow = [pool.submit(daruma.get, '/slow/900') for _ in range(2)]
        wait_until('both are under way', lambda: daruma.metric(
            'daruma_target_requests_in_flight', target=first.name) == 1)
        elbv2.deregister_targets(**gone)
        health = elbv2.describe_target_health(**gone)['TargetHealthDescriptions'][0]
        assert health['TargetHealth']['State'] == 'draining'
        assert waits.until('target_deregistered', **gone) in (2, 3)
        assert [each.result().status_code for each in slow] == [200, 200]
    assert [each['Target']['Id'] for each in elbv2.describe_target_health(
        TargetGroupArn=group)['TargetHealthDescriptions']] == [second.address]

    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert waits.until('load_balancers_deleted', LoadBalancerArns=[arn]) == 1
