# SPDX-License-Identifier: Apache-2.0
"""Scripts written for AWS, from zero: a network, machines that get ids, target groups of
instances."""
import pytest
from botocore.exceptions import ClientError

from aws import READER, READER_SECRET, ask, client, serve_api
from harness import Daruma, wait_until

OWN_VPC, OWN_SUBNET, OWN_GROUP = ('vpc-0da00000000000001', 'subnet-0da00000000000001',
                                  'sg-0da00000000000001')


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path / 'daruma'))


@pytest.fixture
def ec2(daruma):
    return client(daruma, 'ec2')


def refused(code, call, **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    assert problem.value.response['Error']['Code'] == code, problem.value


def named(kind, name):
    return [{'ResourceType': kind, 'Tags': [{'Key': 'Name', 'Value': name}]}]


def make_network(ec2):
    """A VPC with two subnets and a security group."""
    vpc = ec2.create_vpc(CidrBlock='127.0.0.0/16',
                         TagSpecifications=named('vpc', 'site'))['Vpc']['VpcId']
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f'127.0.{i}.0/24', AvailabilityZone=zone)[
        'Subnet']['SubnetId'] for i, zone in enumerate(('zone-a', 'zone-b'))]
    group = ec2.create_security_group(GroupName='web', Description='for the site', VpcId=vpc)
    return vpc, subnets, group['GroupId']


def test_the_way_out_of_a_network(ec2, daruma, processes):
    vpc, subnets, _ = make_network(ec2)
    gateway = ec2.create_internet_gateway(TagSpecifications=named('internet-gateway', 'way'))[
        'InternetGateway']
    assert gateway['Attachments'] == [] and gateway['Tags'] == [{'Key': 'Name', 'Value': 'way'}]
    gateway = gateway['InternetGatewayId']
    refused('Gateway.NotAttached', ec2.detach_internet_gateway, InternetGatewayId=gateway,
            VpcId=vpc)
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    refused('Resource.AlreadyAssociated', ec2.attach_internet_gateway, InternetGatewayId=gateway,
            VpcId=vpc)
    found, = ec2.describe_internet_gateways(
        Filters=[{'Name': 'attachment.vpc-id', 'Values': [vpc]}])['InternetGateways']
    assert found['Attachments'] == [{'VpcId': vpc, 'State': 'available'}]

    table = ec2.create_route_table(VpcId=vpc)['RouteTable']['RouteTableId']
    ec2.create_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', GatewayId=gateway)
    refused('RouteAlreadyExists', ec2.create_route, RouteTableId=table,
            DestinationCidrBlock='0.0.0.0/0', GatewayId=gateway)
    for wrong in ({'DestinationCidrBlock': 'x'}, {'GatewayId': 'igw-0'}):
        with pytest.raises(ClientError):
            ec2.create_route(**{'RouteTableId': table, 'DestinationCidrBlock': '10.0.0.0/8',
                                'GatewayId': gateway, **wrong})
    association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnets[0])[
        'AssociationId']
    refused('Resource.AlreadyAssociated', ec2.associate_route_table, RouteTableId=table,
            SubnetId=subnets[0])
    daruma.kill()
    processes.enter_context(Daruma(daruma.configuration))
    shown, = ec2.describe_route_tables(RouteTableIds=[table])['RouteTables']
    assert [(route['DestinationCidrBlock'], route['GatewayId'], route['State'])
            for route in shown['Routes']] == [('0.0.0.0/0', gateway, 'active')]
    assert [(each['SubnetId'], each['Main']) for each in shown['Associations']] == [
        (subnets[0], False)]
    ec2.create_tags(Resources=[table, gateway], Tags=[{'Key': 'a', 'Value': 'b'}])

    refused('DependencyViolation', ec2.delete_internet_gateway, InternetGatewayId=gateway)
    refused('DependencyViolation', ec2.delete_route_table, RouteTableId=table)
    ec2.disassociate_route_table(AssociationId=association)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0')
    refused('InvalidRoute.NotFound', ec2.delete_route, RouteTableId=table,
            DestinationCidrBlock='0.0.0.0/0')
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    group, = ec2.describe_security_groups(
        Filters=[{'Name': 'vpc-id', 'Values': [vpc]}])['SecurityGroups']
    ec2.delete_security_group(GroupId=group['GroupId'])
    refused('DependencyViolation', ec2.delete_vpc, VpcId=vpc)
    ec2.delete_route_table(RouteTableId=table)
    refused('DependencyViolation', ec2.delete_vpc, VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_vpc(VpcId=vpc)
    refused('InvalidInternetGatewayID.NotFound', ec2.describe_internet_gateways,
            InternetGatewayIds=[gateway])


def run_instance(ec2, address, **options):
    return ec2.run_instances(PrivateIpAddress=address, MinCount=1, MaxCount=1,
                             **options)['Instances'][0]


def test_a_site_from_zero(daruma, ec2, processes, start_targets):
    target, = start_targets(1)
    address = target.address
    vpc, subnets, group = make_network(ec2)
    instance = run_instance(
        ec2, address, ImageId='ami-1', InstanceType='t3.micro', SubnetId=subnets[0],
        SecurityGroupIds=[group], TagSpecifications=named('instance', 'one'))
    assert (instance['PrivateIpAddress'], instance['VpcId'], instance['InstanceType']) == (
        address, vpc, 't3.micro')
    ec2.get_waiter('instance_running').wait(InstanceIds=[instance['InstanceId']])

    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web', Subnets=subnets,
                                          SecurityGroups=[group])['LoadBalancers'][0]
    assert (balancer['VpcId'], balancer['SecurityGroups']) == (vpc, [group])
    assert [zone['ZoneName'] for zone in balancer['AvailabilityZones']] == ['zone-a', 'zone-b']
    made = elbv2.create_target_group(Name='group', Protocol='HTTP', Port=80, VpcId=vpc,
                                     HealthCheckPath='/health')['TargetGroups'][0]
    assert (made['TargetType'], made['VpcId']) == ('instance', vpc)
    arn = made['TargetGroupArn']
    registered = {'Id': instance['InstanceId'], 'Port': target.port}
    elbv2.register_targets(TargetGroupArn=arn, Targets=[registered])
    elbv2.create_listener(
        LoadBalancerArn=balancer['LoadBalancerArn'], Protocol='HTTP',
        Port=daruma.configuration.http_port,
        DefaultActions=[{'Type': 'forward', 'TargetGroupArn': arn}])
    assert daruma.get('/').status_code == 200

    daruma.kill()
    daruma = processes.enter_context(Daruma(daruma.configuration))
    assert daruma.get('/').status_code == 200
    rows = elbv2.describe_target_health(TargetGroupArn=arn)['TargetHealthDescriptions']
    assert [row['Target']['Id'] for row in rows] == [instance['InstanceId']]
    wait_until('it is healthy', lambda: elbv2.describe_target_health(TargetGroupArn=arn)[
        'TargetHealthDescriptions'][0]['TargetHealth']['State'] == 'healthy')
    found = ec2.describe_instances(Filters=[
        {'Name': 'tag:Name', 'Values': ['one']}, {'Name': 'vpc-id', 'Values': [vpc]},
        {'Name': 'instance-state-name', 'Values': ['running']}])['Reservations']
    assert [each['Instances'][0]['InstanceId'] for each in found] == [instance['InstanceId']]
    assert ec2.describe_vpcs(Filters=[{'Name': 'tag:Name', 'Values': ['site']}])['Vpcs'][0][
        'VpcId'] == vpc

    # The other way round, and nothing is left.
    for call, options in ((ec2.delete_vpc, {'VpcId': vpc}),
                          (ec2.delete_subnet, {'SubnetId': subnets[1]}),
                          (ec2.delete_security_group, {'GroupId': group})):
        refused('DependencyViolation', call, **options)
    gone = ec2.terminate_instances(InstanceIds=[instance['InstanceId']])['TerminatingInstances']
    assert gone[0]['CurrentState'] == {'Code': 48, 'Name': 'terminated'}
    asked = elbv2.describe_target_health(TargetGroupArn=arn, Targets=[registered])
    assert asked['TargetHealthDescriptions'][0]['TargetHealth']['State'] == 'draining'
    elbv2.delete_load_balancer(LoadBalancerArn=balancer['LoadBalancerArn'])
    elbv2.delete_target_group(TargetGroupArn=arn)
    ec2.delete_security_group(GroupId=group)
    for subnet in subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert [each['VpcId'] for each in ec2.describe_vpcs()['Vpcs']] == [OWN_VPC]
    assert [each['SubnetId'] for each in ec2.describe_subnets()['Subnets']] == [OWN_SUBNET]
    assert [each['GroupId'] for each in ec2.describe_security_groups()['SecurityGroups']] == [
        OWN_GROUP]
    assert ec2.describe_instances()['Reservations'] == []


def test_asked_twice_with_one_token_it_is_registered_once(ec2):
    first = run_instance(ec2, '127.0.0.2', ClientToken='t')
    assert run_instance(ec2, '127.0.0.2', ClientToken='t') == first
    refused('InvalidIPAddress.InUse', run_instance, ec2=ec2, address='127.0.0.2')
    interface = {'DeviceIndex': 0, 'PrivateIpAddress': '127.0.0.3', 'SubnetId': OWN_SUBNET,
                 'Groups': [OWN_GROUP]}
    other = ec2.run_instances(MinCount=1, MaxCount=1, NetworkInterfaces=[interface])['Instances'][0]
    assert other['PrivateIpAddress'] == '127.0.0.3'
    assert other['SecurityGroups'] == [{'GroupId': OWN_GROUP, 'GroupName': 'default'}]


def test_what_cannot_be_made(ec2):
    vpc, subnets, group = make_network(ec2)
    network = [ec2.describe_vpcs()['Vpcs'], ec2.describe_subnets()['Subnets'],
               ec2.describe_security_groups()['SecurityGroups']]
    for code, call, options in (
            ('InvalidVpc.Range', ec2.create_vpc, {'CidrBlock': '10.0.0.0/8'}),
            ('InvalidVpc.Range', ec2.create_vpc, {'CidrBlock': 'x'}),
            ('MissingParameter', ec2.create_vpc, {}),
            ('UnknownParameter', ec2.create_vpc,
             {'CidrBlock': '10.0.0.0/16', 'InstanceTenancy': 'default'}),
            ('InvalidParameterValue', ec2.create_vpc,
             {'CidrBlock': '10.0.0.0/16', 'TagSpecifications': named('subnet', 'x')}),
            ('InvalidVpcID.NotFound', ec2.create_subnet,
             {'VpcId': 'vpc-1', 'CidrBlock': '127.0.0.0/24'}),
            ('InvalidSubnet.Range', ec2.create_subnet,
             {'VpcId': vpc, 'CidrBlock': '128.0.0.0/24'}),
            ('InvalidSubnet.Conflict', ec2.create_subnet,
             {'VpcId': vpc, 'CidrBlock': '127.0.1.128/25'}),
            ('OperationNotPermitted', ec2.create_subnet,
             {'VpcId': OWN_VPC, 'CidrBlock': '127.0.9.0/24'}),
            ('InvalidGroup.Duplicate', ec2.create_security_group,
             {'GroupName': 'web', 'Description': 'x', 'VpcId': vpc}),
            ('InvalidGroup.Duplicate', ec2.create_security_group,
             {'GroupName': 'default', 'Description': 'x'}),
            ('OperationNotPermitted', ec2.delete_vpc, {'VpcId': OWN_VPC}),
            ('OperationNotPermitted', ec2.delete_subnet, {'SubnetId': OWN_SUBNET}),
            ('OperationNotPermitted', ec2.delete_security_group, {'GroupId': OWN_GROUP}),
            ('InvalidVpcID.NotFound', ec2.delete_vpc, {'VpcId': 'vpc-1'}),
            ('InvalidSubnetID.NotFound', ec2.delete_subnet, {'SubnetId': 'subnet-1'}),
            ('InvalidGroup.NotFound', ec2.delete_security_group, {'GroupId': 'sg-1'}),
            ('InvalidInstanceID.NotFound', ec2.terminate_instances, {'InstanceIds': ['i-1']}),
            ('MissingParameter', ec2.run_instances, {'MinCount': 1, 'MaxCount': 1}),
            ('InvalidParameterValue', ec2.run_instances,
             {'MinCount': 1, 'MaxCount': 2, 'PrivateIpAddress': '127.0.0.2'}),
            ('InvalidParameterValue', ec2.run_instances,
             {'MinCount': 1, 'MaxCount': 1, 'PrivateIpAddress': '127.1.0.2',
              'SubnetId': subnets[0]}),
            ('InvalidSubnetID.NotFound', ec2.run_instances,
             {'MinCount': 1, 'MaxCount': 1, 'PrivateIpAddress': '127.0.0.2',
              'SubnetId': 'subnet-1'}),
            ('InvalidGroup.NotFound', ec2.run_instances,
             {'MinCount': 1, 'MaxCount': 1, 'PrivateIpAddress': '127.0.0.2',
              'SubnetId': subnets[0], 'SecurityGroupIds': [OWN_GROUP]})):
        refused(code, call, **options)
    assert network == [ec2.describe_vpcs()['Vpcs'], ec2.describe_subnets()['Subnets'],
                       ec2.describe_security_groups()['SecurityGroups']]
    assert ec2.describe_instances()['Reservations'] == []
    assert group in str(network)


def test_tags_come_and_go(daruma, ec2, processes):
    vpc, subnets, group = make_network(ec2)
    instance = run_instance(ec2, '127.0.0.2')['InstanceId']
    everything = [vpc, *subnets, group, instance]
    ec2.create_tags(Resources=everything, Tags=[{'Key': 'a', 'Value': '1'},
                                                {'Key': 'b', 'Value': ''}])
    of_a = [{'Name': 'tag:a', 'Values': ['1']}]
    assert [each['VpcId'] for each in ec2.describe_vpcs(Filters=of_a)['Vpcs']] == [vpc]
    assert {each['SubnetId'] for each in ec2.describe_subnets(Filters=of_a)['Subnets']} == {
        *subnets}
    assert len(ec2.describe_security_groups(Filters=of_a)['SecurityGroups']) == 1
    assert len(ec2.describe_instances(Filters=of_a)['Reservations']) == 1

    daruma.kill()
    ec2 = client(processes.enter_context(Daruma(daruma.configuration)), 'ec2')

    def tags():
        there, = ec2.describe_vpcs(VpcIds=[vpc])['Vpcs']
        return {tag['Key']: tag['Value'] for tag in there['Tags']}
    assert tags() == {'Name': 'site', 'a': '1', 'b': ''}
    ec2.delete_tags(Resources=[vpc], Tags=[{'Key': 'a', 'Value': 'other'}, {'Key': 'b'},
                                           {'Key': 'none'}])
    assert tags() == {'Name': 'site', 'a': '1'}

    many = [{'Key': str(i), 'Value': ''} for i in range(49)]
    for code, resources, given in (
            ('InvalidVpcID.NotFound', [vpc, 'vpc-1'], many[:1]),
            ('InvalidSubnetID.NotFound', ['subnet-1'], many[:1]),
            ('InvalidGroup.NotFound', ['sg-1'], many[:1]),
            ('InvalidInstanceID.NotFound', ['i-1'], many[:1]),
            ('InvalidID', ['nat-1'], many[:1]),
            ('OperationNotPermitted', [OWN_VPC], many[:1]),
            ('TagLimitExceeded', [vpc], many),
            ('MissingParameter', [], many[:1]), ('MissingParameter', [vpc], []),
            ('InvalidParameterValue', [vpc], [{'Key': 'aws:a', 'Value': ''}]),
            ('InvalidParameterValue', [vpc], [{'Key': '', 'Value': ''}])):
        refused(code, ec2.create_tags, Resources=resources, Tags=given)
        assert tags() == {'Name': 'site', 'a': '1'}
    ec2.delete_tags(Resources=[vpc])
    assert 'Tags' not in ec2.describe_vpcs(VpcIds=[vpc])['Vpcs'][0] or tags() == {}


def test_what_load_balancers_cannot_be_made_of(daruma, ec2):
    vpc, subnets, group = make_network(ec2)
    same_zone = ec2.create_subnet(VpcId=vpc, CidrBlock='127.0.9.0/24')['Subnet']['SubnetId']
    elbv2 = client(daruma)
    for code, options in (
            ('InvalidConfigurationRequest', {'Subnets': [subnets[0], same_zone]}),
            ('InvalidConfigurationRequest', {'Subnets': [subnets[0], OWN_SUBNET]}),
            ('InvalidSecurityGroup', {'Subnets': subnets, 'SecurityGroups': [OWN_GROUP]}),
            ('InvalidSecurityGroup', {'SecurityGroups': [group]})):
        refused(code, elbv2.create_load_balancer, Name='web', **options)
    arn = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    refused('InvalidConfigurationRequest', elbv2.set_subnets, LoadBalancerArn=arn, Subnets=subnets)
    refused('InvalidSecurityGroup', elbv2.set_security_groups, LoadBalancerArn=arn,
            SecurityGroups=[group])


def test_targets_are_what_their_group_takes(daruma, ec2):
    instance = run_instance(ec2, '127.0.0.2')['InstanceId']
    elbv2 = client(daruma)
    of = {kind: elbv2.create_target_group(Name=kind, Protocol='HTTP', Port=80, TargetType=kind)[
        'TargetGroups'][0]['TargetGroupArn'] for kind in ('instance', 'ip')}
    refused('InvalidTarget', elbv2.register_targets, TargetGroupArn=of['ip'],
            Targets=[{'Id': instance}])
    for target in ('127.0.0.2', 'i-0123456789abcdef0'):
        refused('InvalidTarget', elbv2.register_targets, TargetGroupArn=of['instance'],
                Targets=[{'Id': target}])
    elbv2.register_targets(TargetGroupArn=of['instance'],
                           Targets=[{'Id': instance}, {'Id': instance, 'Port': 81}])
    elbv2.deregister_targets(TargetGroupArn=of['instance'], Targets=[{'Id': instance, 'Port': 81}])
    rows = elbv2.describe_target_health(TargetGroupArn=of['instance'])['TargetHealthDescriptions']
    assert [(row['Target']['Id'], row['Target']['Port']) for row in rows] == [(instance, 80)]


def test_the_read_only_key_makes_nothing(daruma):
    for action in ('CreateVpc', 'DeleteVpc', 'CreateSubnet', 'DeleteSubnet', 'CreateSecurityGroup',
                   'DeleteSecurityGroup', 'RunInstances', 'TerminateInstances'):
        answer = ask(daruma, action, '2016-11-15', READER, READER_SECRET, 'ec2')
        assert (answer.status, answer.code) == (403, 'UnauthorizedOperation'), action
