# SPDX-License-Identifier: Apache-2.0
"""An EC2 endpoint that the operator names knows the networks and machines, instead of the
inventory."""
import concurrent.futures

import pytest
from botocore.exceptions import ClientError

from aws import KEY, SECRET, client, serve_api
from fake_ec2 import FakeEc2, instance, subnet
from harness import Daruma, wait_until


def endpoint(url, secret=SECRET):
    return {'Endpoint': url, 'Region': 'eu-central-1', 'AccessKeyId': KEY,
            'SecretAccessKey': secret}


def serve_with(folder, processes, ec2):
    """A daruma that asks that endpoint."""
    daruma = processes.enter_context(serve_api(folder))
    daruma.configuration.value['Admin']['Ec2'] = ec2
    daruma.configuration.write()
    daruma.reload()
    return daruma


def refused(code, call, **options):
    """The message."""
    with pytest.raises(ClientError) as problem:
        call(**options)
    error = problem.value.response['Error']
    assert error['Code'] == code, problem.value
    return error['Message']


@pytest.fixture
def fake():
    with FakeEc2() as service:
        service.items = {
            'vpc-1': '', 'subnet-a': subnet('vpc-1', 'zone-a'),
            'subnet-b': subnet('vpc-1', 'zone-b'), 'subnet-c': subnet('vpc-2', 'zone-c'),
            'sg-1': '<vpcId>vpc-1</vpcId>', 'sg-2': '<vpcId>vpc-2</vpcId>',
            'i-00000001': instance('vpc-1', 'zone-a', '127.0.0.2'),
            'i-00000002': instance('vpc-1', 'zone-a', '127.0.0.3', 'stopped')}
        yield service


@pytest.fixture
def daruma(tmp_path, processes, fake):
    return serve_with(tmp_path / 'daruma', processes, endpoint(fake.url))


@pytest.fixture
def elbv2(daruma):
    return client(daruma)


def test_another_daruma_is_the_endpoint(tmp_path, processes, start_targets):
    target, = start_targets(1)
    other = processes.enter_context(serve_api(tmp_path / 'other'))
    ec2 = client(other, 'ec2')
    vpc = ec2.create_vpc(CidrBlock='127.0.0.0/16')['Vpc']['VpcId']
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f'127.0.{i}.0/24', AvailabilityZone=zone)[
        'Subnet']['SubnetId'] for i, zone in enumerate(('zone-a', 'zone-b'))]
    group = ec2.create_security_group(GroupName='web', Description='-', VpcId=vpc)['GroupId']
    machine = ec2.run_instances(PrivateIpAddress=target.address, MinCount=1, MaxCount=1,
                                SubnetId=subnets[0])['Instances'][0]['InstanceId']

    daruma = serve_with(tmp_path / 'daruma', processes, endpoint(other.admin))
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web', Subnets=subnets,
                                          SecurityGroups=[group])['LoadBalancers'][0]
    arn = balancer['LoadBalancerArn']
    made = elbv2.create_target_group(Name='group', Protocol='HTTP', Port=80, VpcId=vpc,
                                     HealthCheckPath='/health')['TargetGroups'][0]
    assert made['VpcId'] == vpc
    elbv2.register_targets(TargetGroupArn=made['TargetGroupArn'],
                           Targets=[{'Id': machine, 'Port': target.port}])
    elbv2.create_listener(
        LoadBalancerArn=arn, Protocol='HTTP', Port=daruma.configuration.http_port,
        DefaultActions=[{'Type': 'forward', 'TargetGroupArn': made['TargetGroupArn']}])
    assert daruma.get('/').status_code == 200

    # What was told is kept: nobody is asked to show it, nor to serve it.
    other.kill()
    daruma.kill()
    daruma = processes.enter_context(Daruma(daruma.configuration))
    assert daruma.get('/').status_code == 200
    shown, = elbv2.describe_load_balancers()['LoadBalancers']
    assert (shown['VpcId'], shown['SecurityGroups']) == (vpc, [group])
    assert {each['SubnetId']: each['ZoneName'] for each in shown['AvailabilityZones']} == {
        subnets[0]: 'zone-a', subnets[1]: 'zone-b'}
    # What is new cannot be known; what names nothing needs nobody.
    message = refused('ServiceUnavailable', elbv2.set_security_groups, LoadBalancerArn=arn,
                      SecurityGroups=[group])
    assert other.admin in message and 'DescribeSecurityGroups' in message
    elbv2.create_load_balancer(Name='other')
    audit = [line for line in daruma.output().splitlines() if 'SetSecurityGroups' in line]
    assert audit and 'ServiceUnavailable' in audit[-1]


def test_it_does_not_take_just_any_key(tmp_path, processes):
    other = processes.enter_context(serve_api(tmp_path / 'other'))
    daruma = serve_with(tmp_path / 'daruma', processes, endpoint(other.admin, 'not-the-secret-x'))
    message = refused('InvalidConfigurationRequest', client(daruma).create_load_balancer,
                      Name='web', Subnets=['subnet-a'])
    assert other.admin in message and 'SignatureDoesNotMatch' in message


def test_what_is_not_there(elbv2):
    refused('SubnetNotFound', elbv2.create_load_balancer, Name='web',
            Subnets=['subnet-a', 'subnet-x'])
    refused('InvalidConfigurationRequest', elbv2.create_load_balancer, Name='web',
            Subnets=['subnet-a', 'subnet-c'])
    for group in ('sg-x', 'sg-2'):
        refused('InvalidSecurityGroup', elbv2.create_load_balancer, Name='web',
                Subnets=['subnet-a'], SecurityGroups=[group])
    refused('ValidationError', elbv2.create_target_group, Name='g', Protocol='HTTP', Port=80,
            VpcId='vpc-x')
    arn = elbv2.create_target_group(Name='g', Protocol='HTTP', Port=80, VpcId='vpc-1')[
        'TargetGroups'][0]['TargetGroupArn']
    for machine, why in (('i-0000000f', 'does not exist'), ('i-00000002', 'running state')):
        message = refused('InvalidTarget', elbv2.register_targets, TargetGroupArn=arn,
                          Targets=[{'Id': 'i-00000001'}, {'Id': machine}])
        assert machine in message and why in message
    assert elbv2.describe_target_health(TargetGroupArn=arn)['TargetHealthDescriptions'] == []
    assert elbv2.describe_load_balancers()['LoadBalancers'] == []


def test_an_instance_of_another_network_is_not_registered(elbv2, fake):
    fake.items['i-00000003'] = instance('vpc-2', 'zone-c', '127.0.0.4')
    groups = [elbv2.create_target_group(Name=name, Protocol='HTTP', Port=80, **where)[
        'TargetGroups'][0]['TargetGroupArn'] for name, where in (
            ('in-vpc-1', {'VpcId': 'vpc-1'}), ('anywhere', {}))]
    targets = [{'Id': 'i-00000001'}, {'Id': 'i-00000003'}]
    assert refused('InvalidTarget', elbv2.register_targets, TargetGroupArn=groups[0],
                   Targets=targets) == (
        "The following targets are not in the target group VPC 'vpc-1': 'i-00000003'")
    elbv2.register_targets(TargetGroupArn=groups[1], Targets=targets)
    shown = [len(elbv2.describe_target_health(TargetGroupArn=arn)['TargetHealthDescriptions'])
             for arn in groups]
    assert shown == [0, 2]


def test_subnets_are_changed_and_shown(elbv2, fake):
    fake.page_size = 1
    arn = elbv2.create_load_balancer(Name='web', Subnets=['subnet-a', 'subnet-b'])[
        'LoadBalancers'][0]['LoadBalancerArn']
    assert fake.asked == ['DescribeSubnets'] * 2  # two pages
    set_to = elbv2.set_subnets(LoadBalancerArn=arn, Subnets=['subnet-b'])['AvailabilityZones']
    assert [(each['SubnetId'], each['ZoneName']) for each in set_to] == [('subnet-b', 'zone-b')]
    assert fake.asked == ['DescribeSubnets'] * 2  # as it was lately
    refused('InvalidConfigurationRequest', elbv2.set_subnets, LoadBalancerArn=arn,
            Subnets=['subnet-c'])


def test_many_instances_at_once(elbv2, fake):
    ids = [f'i-{number:08x}' for number in range(16, 516)]
    fake.items.update({each: instance('vpc-1', 'zone-a', f'127.1.{n // 250}.{n % 250 + 1}')
                       for n, each in enumerate(ids)})
    arn = elbv2.create_target_group(Name='g', Protocol='HTTP', Port=80)[
        'TargetGroups'][0]['TargetGroupArn']
    elbv2.register_targets(TargetGroupArn=arn, Targets=[{'Id': each} for each in ids])
    rows = elbv2.describe_target_health(TargetGroupArn=arn)['TargetHealthDescriptions']
    assert sorted(row['Target']['Id'] for row in rows) == ids
    assert len(fake.asked) == 5  # of 200, 200 and 100 ids; the first two in two pages


def test_nobody_else_waits_for_it(daruma, elbv2, fake):
    fake.may_answer.clear()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(elbv2.create_load_balancer, Name='web', Subnets=['subnet-a'])
        wait_until('the endpoint is asked', lambda: fake.asked)
        other = client(daruma)
        assert other.create_load_balancer(Name='other')['LoadBalancers']
        assert [each['LoadBalancerName'] for each in other.describe_load_balancers()[
            'LoadBalancers']] == ['other']
        assert not waiting.done()
        fake.may_answer.set()
        made = waiting.result(20)['LoadBalancers'][0]
    assert made['State']['Code'] == 'provisioning'
    assert len(other.describe_load_balancers()['LoadBalancers']) == 2


def test_an_endpoint_in_trouble_is_told_of(elbv2, fake):
    def create(code):
        return refused(code, elbv2.create_load_balancer, Name='web', Subnets=['subnet-a'])
    fake.answer_with = 500
    assert '500 Refused: no' in create('ServiceUnavailable')
    fake.answer_with = 403
    assert '403 Refused: no' in create('InvalidConfigurationRequest')
    fake.answer_with = None
    fake.items['subnet-a'] = '<vpcId>'
    assert 'mismatched tag' in create('InvalidConfigurationRequest')
    fake.items['subnet-a'] = '<vpcId>vpc-1</vpcId>'
    assert 'subnet-a without availabilityZone' in create('InvalidConfigurationRequest')
    fake.go_away()
    create('ServiceUnavailable')
    fake.come_back()
    fake.items['subnet-a'] = subnet('vpc-1', 'zone-a')
    assert elbv2.create_load_balancer(Name='web', Subnets=['subnet-a'])['LoadBalancers']


def test_a_node_that_stops_waits_for_nobody(daruma, elbv2, fake):
    fake.may_answer.clear()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(elbv2.create_load_balancer, Name='web', Subnets=['subnet-a'])
        wait_until('the endpoint is asked', lambda: fake.asked)
        assert daruma.stop(10) == 0
        assert waiting.exception(20) is not None


def test_who_may_change_nothing_any_more_changes_nothing(daruma, elbv2, fake):
    fake.may_answer.clear()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(refused, 'AccessDenied', elbv2.create_load_balancer, Name='web',
                              Subnets=['subnet-a'])
        wait_until('the endpoint is asked', lambda: fake.asked)
        for key in daruma.configuration.value['Admin']['AccessKeys']:
            key['Role'] = 'read-only'
        daruma.configuration.write()
        assert daruma.reload().returncode == 0
        fake.may_answer.set()
        assert 'not authorized' in waiting.result(20)
    assert elbv2.describe_load_balancers()['LoadBalancers'] == []


def test_another_endpoint_meanwhile_is_asked_instead(daruma, elbv2, fake):
    fake.may_answer.clear()
    with FakeEc2() as successor, concurrent.futures.ThreadPoolExecutor() as pool:
        successor.items = {'subnet-a': subnet('vpc-9', 'zone-x')}
        waiting = pool.submit(elbv2.create_load_balancer, Name='web', Subnets=['subnet-a'])
        wait_until('the endpoint is asked', lambda: fake.asked)
        daruma.configuration.value['Admin']['Ec2'] = endpoint(successor.url)
        daruma.configuration.write()
        assert daruma.reload().returncode == 0
        fake.answer_with = 500  # whatever the former one says
        fake.may_answer.set()
        made, = waiting.result(20)['LoadBalancers']
    assert made['VpcId'] == 'vpc-9'
    assert [each['ZoneName'] for each in made['AvailabilityZones']] == ['zone-x']


def test_networks_are_the_endpoints(daruma, fake):
    ec2 = client(daruma, 'ec2')
    for call, options in ((ec2.describe_subnets, {}), (ec2.describe_account_attributes, {}),
                          (ec2.create_vpc, {'CidrBlock': '10.0.0.0/16'})):
        assert fake.url in refused('UnsupportedOperation', call, **options)
