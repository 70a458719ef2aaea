# SPDX-License-Identifier: Apache-2.0
"""What scripts ask EC2 before they make a load balancer."""
import re

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from aws import READER, READER_SECRET, ask, client, serve_api

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
    ('describe_security_groups', {'GroupNames': ['default', 'other']}, 'InvalidGroup.NotFound'),
    ('describe_security_group_rules', {'SecurityGroupRuleIds': ['sgr-1']},
     'InvalidSecurityGroupRuleId.NotFound'),
    ('describe_vpcs', {'Filters': [{'Name': 'vpcid', 'Values': ['x']}]}, 'InvalidParameterValue'),
    ('describe_vpcs', {'Filters': [{'Values': ['x']}]}, 'InvalidParameterValue'),
    ('describe_vpcs', {'Filters': [{'Name': 'state', 'Values': []}]}, 'InvalidParameterValue'),
    ('describe_availability_zones', {'Filters': [{'Name': 'tag:x', 'Values': ['x']}]},
     'InvalidParameterValue'),
    ('describe_vpcs', {'Filters': [{'Name': 'state', 'Values': ['x'] * 201}]},
     'FilterLimitExceeded'),
    ('describe_vpcs', {'NextToken': 'x'}, 'InvalidNextToken'),
    ('describe_vpcs', {'MaxResults': 4}, 'InvalidParameterValue'),
    ('describe_vpcs', {'MaxResults': 1001}, 'InvalidParameterValue'),
    ('create_nat_gateway', {}, 'InvalidAction'),
])
def test_what_is_refused(ec2, call, options, code):
    with pytest.raises(ClientError) as problem:
        getattr(ec2, call)(**options)
    assert problem.value.response['Error']['Code'] == code


@pytest.mark.parametrize('action, parameters', [
    ('DescribeVpcs', {'Filter': 'x'}), ('DescribeVpcs', {'Filter.x.Name': 'state'}),
    ('DescribeVpcs', {'VpcId': 'vpc-1'}), ('DescribeVpcs', {'VpcId.x': 'vpc-1'}),
    ('DescribeSecurityGroups', {'GroupName': 'other'}),
    ('CreateVpc', {'CidrBlock': '10.0.0.0/16', 'TagSpecification': 'x'}),
    ('DeleteTags', {'ResourceId.1': 'vpc-1', 'Tag': 'x'}),
    ('RunInstances', {'PrivateIpAddress': '10.0.0.1', 'NetworkInterface': 'x'})])
def test_a_list_without_numbers_is_refused(daruma, action, parameters):
    """As if it were not there, it would let everything through, or take every tag away."""
    answer = ask(daruma, action, '2016-11-15', service='ec2', **parameters)
    assert (answer.status, answer.code) == (400, 'UnknownParameter'), answer.text


FILTERED = ('DescribeVpcs', 'DescribeSubnets', 'DescribeSecurityGroups',
            'DescribeSecurityGroupRules', 'DescribeAvailabilityZones', 'DescribeInstances',
            'DescribeInstanceStatus', 'DescribeNetworkInterfaces', 'DescribeInternetGateways',
            'DescribeRouteTables')


def documented_filters(ec2, action):
    """Names that the packaged client's model lists for it."""
    text = ec2.meta.service_model.operation_model(action).input_shape.members['Filters']
    return re.findall(r'<li>\s*<p>\s*<code>([^<]+)</code>(?!:)', text.documentation)


@pytest.mark.parametrize('action', FILTERED)
def test_all_filters_of_the_model_are_known(ec2, action):
    names = [name if name != 'tag:' else 'tag:x' for name in documented_filters(ec2, action)]
    assert len(names) > 1
    call = getattr(ec2, xform_name(action))
    for name in names:
        call(Filters=[{'Name': name, 'Values': ['nothing-has-this']}])
    with pytest.raises(ClientError, match="The filter 'colour' is invalid"):
        call(Filters=[{'Name': 'colour', 'Values': ['red']}])


PAGED = [action for action in FILTERED if action != 'DescribeAvailabilityZones']


@pytest.mark.parametrize('action', PAGED)
def test_pages_are_as_the_model_has_them(ec2, action):
    """How long, and whether with ids: by what the packaged client's model says of MaxResults."""
    members = ec2.meta.service_model.operation_model(action).input_shape.members
    ids, = [name for name in members if name.endswith('Ids')]
    documented = members['MaxResults']
    most = documented.metadata.get('max', 1000)
    call = getattr(ec2, xform_name(action))
    call(MaxResults=most)
    with pytest.raises(ClientError, match=f'less than {most}'):
        call(MaxResults=most + 1)
    with pytest.raises(ClientError) as problem:
        call(MaxResults=5, **{ids: ['x-1']})
    excluded = 'You cannot specify this parameter and the ' in documented.documentation
    code = problem.value.response['Error']['Code']
    assert excluded == (code == 'InvalidParameterCombination'), code
    assert excluded or code.endswith('.NotFound'), code


def test_filters_have_wildcards(ec2):
    def found(name, *values):
        return [each['VpcId'] for each in ec2.describe_vpcs(
            Filters=[{'Name': name, 'Values': [*values]}])['Vpcs']]
    assert found('vpc-id', 'x', 'vpc-0da*1') == found('state', 'availabl?') == [VPC]
    assert found('vpc-id', 'vpc-0da*2') == found('state', 'availabl') == []
    assert found('owner-id', '000000000000') == [VPC]
    everybody = [{'Name': 'ip-permission.cidr', 'Values': ['0.0.0.0/*']},
                 {'Name': 'egress.ip-permission.protocol', 'Values': ['-1']}]
    group, = ec2.describe_security_groups(Filters=everybody)['SecurityGroups']
    assert group['GroupId'] == GROUP


def test_what_is_only_tried_is_not_done(daruma, ec2):
    """DryRun tells whether a request may, and whether it could."""
    def code(ec2, call, **options):
        with pytest.raises(ClientError) as problem:
            getattr(ec2, call)(DryRun=True, **options)
        return (problem.value.response['ResponseMetadata']['HTTPStatusCode'],
                problem.value.response['Error']['Code'])
    reader = client(daruma, 'ec2', READER, READER_SECRET)
    network = {'CidrBlock': '10.0.0.0/16'}
    before = ec2.describe_vpcs()['Vpcs']
    assert code(ec2, 'create_vpc', **network) == (412, 'DryRunOperation')
    assert code(reader, 'create_vpc', **network) == (403, 'UnauthorizedOperation')
    assert code(ec2, 'create_vpc', CidrBlock='x') == (400, 'InvalidVpc.Range')
    assert code(ec2, 'describe_vpcs') == code(reader, 'describe_vpcs') == (412, 'DryRunOperation')
    assert code(ec2, 'describe_vpcs', VpcIds=['vpc-1']) == (400, 'InvalidVpcID.NotFound')
    assert code(ec2, 'describe_vpc_attribute', VpcId=VPC, Attribute='enableDnsSupport') == (
        412, 'DryRunOperation')
    assert ec2.describe_vpcs(DryRun=False)['Vpcs'] == before
    wrong = ask(daruma, 'CreateVpc', '2016-11-15', service='ec2', DryRun='x', **network)
    assert (wrong.status, wrong.code) == (400, 'InvalidParameterValue')


def test_lists_come_in_pages(daruma):
    ec2 = client(daruma, 'ec2')
    made = [ec2.create_security_group(GroupName=f'group-{i}', Description='words')['GroupId']
            for i in range(11)]
    asked = {'Filters': [{'Name': 'group-name', 'Values': ['group-*']}], 'MaxResults': 5}
    first = ec2.describe_security_groups(**asked)
    # The last that was shown, and one to come, go meanwhile.
    shown = [each['GroupId'] for each in first['SecurityGroups']]
    gone = [shown[-1], max(made)]
    for group in gone:
        ec2.delete_security_group(GroupId=group)
    second = ec2.describe_security_groups(NextToken=first['NextToken'], **asked)
    rest = [each['GroupId'] for each in second['SecurityGroups']]
    assert shown + rest == sorted({*made} - {max(made)}) and len(shown) == len(rest) == 5
    assert 'NextToken' not in second
    pages = ec2.get_paginator('describe_security_groups').paginate(
        PaginationConfig={'PageSize': 5}, Filters=asked['Filters'])
    found = [each['GroupId'] for page in pages for each in page['SecurityGroups']]
    assert found == sorted({*made} - {*gone})
    for group in found:
        ec2.delete_security_group(GroupId=group)
    zones = ask(daruma, 'DescribeAvailabilityZones', '2016-11-15', service='ec2', MaxResults='5')
    assert (zones.status, zones.code) == (400, 'UnknownParameter')
