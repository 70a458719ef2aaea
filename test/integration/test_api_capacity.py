# SPDX-License-Identifier: Apache-2.0
"""Operations about what a node does not have to have: reserved capacity, address pools. The
packaged clients do not know most of them."""
import re

import pytest

from aws import MODELS, READER, READER_SECRET, ask, client, serve_api
from harness import Daruma


@pytest.fixture(scope='module')
def daruma(tmp_path_factory):
    with serve_api(tmp_path_factory.mktemp('capacity'), LoadBalancers=[{'Name': 'file'}]) as daruma:
        yield daruma


def make_balancer(daruma, name='web'):
    return ask(daruma, 'CreateLoadBalancer', Name=name).first('LoadBalancerArn')


def reserve(daruma, arn, units):
    return ask(daruma, 'ModifyCapacityReservation', LoadBalancerArn=arn,
               **{'MinimumLoadBalancerCapacity.CapacityUnits': str(units)})


def check_reserved(daruma, arn):
    there = ask(daruma, 'DescribeCapacityReservation', LoadBalancerArn=arn)
    assert '<CapacityUnits>1500</CapacityUnits>' in there.text
    assert (there.first('Code'), there.first('AvailabilityZone')) == ('provisioned', 'zone-a')
    assert there.first('EffectiveCapacityUnits') == '1500.0'
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT[\d:.]+Z', there.first('LastModifiedTime'))


def test_capacity_is_reserved_and_given_back(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path))
    arn = make_balancer(daruma)
    assert reserve(daruma, arn, 1500).status == 200
    check_reserved(daruma, arn)
    daruma.kill()
    daruma = processes.enter_context(Daruma(daruma.configuration))
    check_reserved(daruma, arn)
    if MODELS.exists():  # every member is as the model has it
        whole = client(daruma).describe_capacity_reservation(LoadBalancerArn=arn)
        assert whole['MinimumLoadBalancerCapacity'] == {'CapacityUnits': 1500}
        assert whole['CapacityReservationState'] == [{
            'State': {'Code': 'provisioned'}, 'AvailabilityZone': 'zone-a',
            'EffectiveCapacityUnits': 1500.0}]
    reset = ask(daruma, 'ModifyCapacityReservation', LoadBalancerArn=arn,
                ResetCapacityReservation='true')
    assert reset.status == 200
    for answer in (reset, ask(daruma, 'DescribeCapacityReservation', LoadBalancerArn=arn)):
        assert 'CapacityUnits' not in answer.text and answer.first('Code') is None


@pytest.mark.parametrize('options, code', [
    ({'MinimumLoadBalancerCapacity.CapacityUnits': '99'}, 'ValidationError'),
    ({'MinimumLoadBalancerCapacity.CapacityUnits': '15001'}, 'CapacityUnitsLimitExceeded'),
    ({'MinimumLoadBalancerCapacity.CapacityUnits': 'many'}, 'ValidationError'),
    ({}, 'ValidationError'),
    ({'MinimumLoadBalancerCapacity.CapacityUnits': '100', 'ResetCapacityReservation': 'true'},
     'ValidationError'),
])
def test_capacity_that_cannot_be_reserved(daruma, options, code):
    arn = make_balancer(daruma)
    assert ask(daruma, 'ModifyCapacityReservation', LoadBalancerArn=arn, **options).code == code
    declared = re.search('<LoadBalancerArn>([^<]*/file/[^<]*)<',
                         ask(daruma, 'DescribeLoadBalancers').text).group(1)
    assert reserve(daruma, declared, 100).code == 'OperationNotPermitted'
    assert reserve(daruma, arn[:-16] + '0' * 16, 100).code == 'LoadBalancerNotFound'
    assert 'CapacityUnits' not in ask(daruma, 'DescribeCapacityReservation',
                                      LoadBalancerArn=arn).text


def test_there_are_no_address_pools(daruma):
    arn = make_balancer(daruma)
    pool = {'IpamPools.Ipv4IpamPoolId': 'ipam-pool-0123'}
    assert ask(daruma, 'ModifyIpPools', LoadBalancerArn=arn,
               **pool).code == 'InvalidConfigurationRequest'
    gone = ask(daruma, 'ModifyIpPools', LoadBalancerArn=arn, **{'RemoveIpamPools.member.1': 'ipv4'})
    assert gone.status == 200 and '<IpamPools></IpamPools>' in gone.text
    assert ask(daruma, 'ModifyIpPools', LoadBalancerArn=arn,
               **{'RemoveIpamPools.member.1': 'ipv6'}).code == 'ValidationError'
    assert ask(daruma, 'ModifyIpPools', LoadBalancerArn=arn).code == 'ValidationError'
