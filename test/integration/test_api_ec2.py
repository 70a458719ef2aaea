# SPDX-License-Identifier: Apache-2.0
"""What scripts ask EC2 before they make a load balancer."""
import pytest
from botocore.exceptions import ClientError

from aws import client, serve_api

VPC, SUBNET, GROUP = ('vpc-0da00000000000001', 'subnet-0da00000000000001',
                      'sg-0da00000000000001')


@pytest.fixture(scope='module')
def daruma(tmp_path_factory):
    with serve_api(tmp_path_factory.mktemp('ec2')) as daruma:
        yield daruma


@pytest.fixture
def ec2(daruma):
    return client(daruma, 'ec2')


def test_a_load_balancer_is_made_of_what_was_found(daruma, ec2):
    vpc, = ec2.describe_vpcs(Filters=[{'Name': 'isDefault', 'Values': ['true']}])['Vpcs']
    of_vpc = [{'Name': 'vpc-id', 'Values': ['other', vpc['VpcId']]}]
    subnets = ec2.describe_subnets(Filters=of_vpc)['Subnets']
    group, = ec2.describe_security_groups(
        Filters=[*of_vpc, {'Name': 'group-name', 'Values': ['default']}])['SecurityGroups']
    zone, = ec2.describe_availability_zones()['AvailabilityZones']
    assert (vpc['VpcId'], group['GroupId']) == (VPC, GROUP)
    assert [each['AvailabilityZone'] for each in subnets] == [zone['ZoneName']] == ['zone-a']
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(
        Name='web', Subnets=[each['SubnetId'] for each in subnets],
        SecurityGroups=[group['GroupId']])['LoadBalancers'][0]
    assert balancer['VpcId'] == VPC and balancer['SecurityGroups'] == [GROUP]
    assert elbv2.create_target_group(Name='group', Protocol='HTTP', Port=80, TargetType='ip',
                                     VpcId=VPC)['TargetGroups'][0]['VpcId'] == VPC


def test_nothing_else_is_found(ec2):
    assert ec2.describe_subnets(Filters=[{'Name': 'vpc-id', 'Values': ['x']}])['Subnets'] == []
    assert ec2.describe_vpcs(Filters=[{'Name': 'tag:Name', 'Values': ['x']}])['Vpcs'] == []
    assert ec2.describe_security_groups(GroupNames=['other'])['SecurityGroups'] == []
    assert ec2.describe_instances()['Reservations'] == []
    assert ec2.describe_network_interfaces()['NetworkInterfaces'] == []
    assert ec2.describe_internet_gateways()['InternetGateways'] == []
    assert ec2.describe_route_tables()['RouteTables'] == []
    names = {each['AttributeName']: each['AttributeValues'][0]['AttributeValue']
             for each in ec2.describe_account_attributes()['AccountAttributes']}
    assert names['default-vpc'] == VPC


@pytest.mark.parametrize('call, options, code', [
    ('describe_vpcs', {'VpcIds': ['vpc-1']}, 'InvalidVpcID.NotFound'),
    ('describe_subnets', {'SubnetIds': [SUBNET, 'subnet-1']}, 'InvalidSubnetID.NotFound'),
    ('describe_security_groups', {'GroupIds': ['sg-1']}, 'InvalidGroup.NotFound'),
    ('describe_instances', {'InstanceIds': ['i-1']}, 'InvalidInstanceID.NotFound'),
    ('describe_vpcs', {'NextToken': 'x'}, 'UnknownParameter'),
    ('create_nat_gateway', {}, 'InvalidAction'),
])
def test_what_is_refused(ec2, call, options, code):
    with pytest.raises(ClientError) as problem:
        getattr(ec2, call)(**options)
    assert problem.value.response['Error']['Code'] == code
