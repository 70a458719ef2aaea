# SPDX-License-Identifier: Apache-2.0
"""What scripts set on their network before they make a load balancer: rules of security groups,
attributes of VPCs and subnets; kept and shown."""
import re

import pytest
from botocore.exceptions import ClientError

from aws import READER, READER_SECRET, ask, awscli, client, serve_api
from harness import Daruma

OWN_VPC, OWN_SUBNET, OWN_GROUP = ('vpc-0da00000000000001', 'subnet-0da00000000000001',
                                  'sg-0da00000000000001')
ANYWHERE = [{'CidrIp': '0.0.0.0/0'}]
EVERYTHING = {'IpProtocol': '-1', 'IpRanges': ANYWHERE, 'Ipv6Ranges': [], 'PrefixListIds': [],
              'UserIdGroupPairs': []}


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path / 'daruma'))


@pytest.fixture
def ec2(daruma):
    return client(daruma, 'ec2')


@pytest.fixture
def vpc(ec2):
    return ec2.create_vpc(CidrBlock='127.0.0.0/16')['Vpc']['VpcId']


def refused(code, call, match='', **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    error = problem.value.response['Error']
    assert error['Code'] == code and match in error['Message'], error


def make_group(ec2, vpc, name='web'):
    return ec2.create_security_group(GroupName=name, Description='words', VpcId=vpc)['GroupId']


def tcp(port, **peers):
    return {'IpProtocol': 'tcp', 'FromPort': port, 'ToPort': port, **peers}


def shown(ec2, group):
    found, = ec2.describe_security_groups(GroupIds=[group])['SecurityGroups']
    return found


def test_a_groups_rules_are_kept_and_shown(daruma, ec2, vpc, processes):
    group, peer = make_group(ec2, vpc), make_group(ec2, vpc, 'peer')
    assert (shown(ec2, group)['IpPermissions'], shown(ec2, group)['IpPermissionsEgress']) == (
        [], [EVERYTHING])
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        tcp(80, IpRanges=[{'CidrIp': '10.1.2.3/8', 'Description': 'those inside'}, *ANYWHERE],
            Ipv6Ranges=[{'CidrIpv6': '::/0'}]),
        tcp(8080, UserIdGroupPairs=[{'GroupId': peer}, {'GroupName': 'web'}]),
        {'IpProtocol': '17', 'FromPort': 53, 'ToPort': 54, 'IpRanges': ANYWHERE},
        {'IpProtocol': 'ICMP', 'FromPort': 8, 'ToPort': -1, 'IpRanges': ANYWHERE},
        {'IpProtocol': '50', 'IpRanges': ANYWHERE}],
        TagSpecifications=[{'ResourceType': 'security-group-rule',
                            'Tags': [{'Key': 'made', 'Value': 'here'}]}])
    made = answer['SecurityGroupRules']
    assert answer['Return'] is True and len(made) == 8
    assert {key: made[0][key] for key in ('IsEgress', 'IpProtocol', 'FromPort', 'ToPort',
                                          'CidrIpv4', 'Description', 'GroupId')} == {
        'IsEgress': False, 'IpProtocol': 'tcp', 'FromPort': 80, 'ToPort': 80,
        'CidrIpv4': '10.0.0.0/8', 'Description': 'those inside', 'GroupId': group}
    assert made[2]['CidrIpv6'] == '::/0'
    assert [rule['ReferencedGroupInfo']['GroupId'] for rule in made[3:5]] == [peer, group]
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[tcp(443, IpRanges=ANYWHERE)])

    before = shown(ec2, group)
    daruma.kill()
    ec2 = client(processes.enter_context(Daruma(daruma.configuration)), 'ec2')
    assert shown(ec2, group) == before
    of = {(each['IpProtocol'], each.get('FromPort'), each.get('ToPort')): each
          for each in before['IpPermissions']}
    assert set(of) == {('tcp', 80, 80), ('tcp', 8080, 8080), ('udp', 53, 54), ('icmp', 8, -1),
                       ('50', None, None)}
    assert of['tcp', 80, 80]['IpRanges'] == [
        {'CidrIp': '10.0.0.0/8', 'Description': 'those inside'}, *ANYWHERE]
    assert of['tcp', 80, 80]['Ipv6Ranges'] == [{'CidrIpv6': '::/0'}]
    assert [each['GroupId'] for each in of['tcp', 8080, 8080]['UserIdGroupPairs']] == [peer, group]
    assert EVERYTHING in before['IpPermissionsEgress'] and len(before['IpPermissionsEgress']) == 2

    of_group = [{'Name': 'group-id', 'Values': [group]}]
    rules = ec2.describe_security_group_rules(Filters=of_group)['SecurityGroupRules']
    assert rules[:8] == made and [rule['IsEgress'] for rule in rules[8:]] == [True, True]
    assert (rules[8]['IpProtocol'], rules[8]['FromPort'], rules[8]['ToPort']) == ('-1', -1, -1)
    tagged = ec2.describe_security_group_rules(
        Filters=[{'Name': 'tag:made', 'Values': ['here']}])['SecurityGroupRules']
    assert tagged == made
    one = made[0]['SecurityGroupRuleId']
    ec2.create_tags(Resources=[one], Tags=[{'Key': 'made', 'Value': 'elsewhere'}])
    found, = ec2.describe_security_group_rules(SecurityGroupRuleIds=[one])['SecurityGroupRules']
    assert found['Tags'] == [{'Key': 'made', 'Value': 'elsewhere'}]
    refused('DependencyViolation', ec2.delete_security_group, GroupId=peer)
    ec2.delete_security_group(GroupId=group)
    ec2.delete_security_group(GroupId=peer)


def test_rules_are_revoked(ec2, vpc):
    group = make_group(ec2, vpc)
    web, ssh = tcp(80, IpRanges=ANYWHERE), tcp(22, IpRanges=ANYWHERE)
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web, ssh])[
        'SecurityGroupRules']
    refused('InvalidPermission.NotFound', ec2.revoke_security_group_ingress, GroupId=group,
            IpPermissions=[web, tcp(81, IpRanges=ANYWHERE)])
    refused('InvalidPermission.NotFound', ec2.revoke_security_group_egress, GroupId=group,
            IpPermissions=[web])
    assert len(shown(ec2, group)['IpPermissions']) == 2
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[
        tcp(80, IpRanges=[{'CidrIp': '0.0.0.0/0', 'Description': 'whatever it was'}])])
    rule = made[1]['SecurityGroupRuleId']
    refused('InvalidSecurityGroupRuleId.NotFound', ec2.revoke_security_group_egress, GroupId=group,
            SecurityGroupRuleIds=[rule])
    refused('InvalidSecurityGroupRuleId.NotFound', ec2.revoke_security_group_ingress,
            GroupId=group, SecurityGroupRuleIds=[rule, 'sgr-1'])
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    refused('InvalidSecurityGroupRuleId.NotFound',
            ec2.update_security_group_rule_descriptions_ingress, GroupId=group,
            SecurityGroupRuleDescriptions=[{'SecurityGroupRuleId': rule, 'Description': ''}])
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[
        {'IpProtocol': '-1', 'IpRanges': ANYWHERE}])
    assert (shown(ec2, group)['IpPermissions'], shown(ec2, group)['IpPermissionsEgress']) == (
        [], [])


def test_what_was_revoked_is_shown(daruma, ec2, vpc):
    """The packaged client's model does not have it yet."""
    def revoke(direction, **parameters):
        answer = ask(daruma, f'RevokeSecurityGroup{direction}', '2016-11-15', service='ec2',
                     GroupId=group, **parameters)
        assert answer.status == 200, answer.text
        shown_set, = re.findall('<revokedSecurityGroupRuleSet>(.*)</revokedSecurityGroupRuleSet>',
                                answer.text)
        return [dict(re.findall(r'<(\w+)>([^<]*)</\1>', item))
                for item in re.findall('<item>(.*?)</item>', shown_set)]
    group = make_group(ec2, vpc)
    made = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        tcp(80, IpRanges=[{'CidrIp': '10.0.0.0/8', 'Description': 'words'}],
            Ipv6Ranges=[{'CidrIpv6': '::/0'}], UserIdGroupPairs=[{'GroupId': group}])])[
                'SecurityGroupRules']
    ids = [rule['SecurityGroupRuleId'] for rule in made]
    shared = {'groupId': group, 'isEgress': 'false', 'ipProtocol': 'tcp', 'fromPort': '80',
              'toPort': '80'}
    by_id = revoke('Ingress', **{'SecurityGroupRuleId.1': ids[0], 'SecurityGroupRuleId.2': ids[2]})
    assert by_id == [{**shared, 'securityGroupRuleId': ids[0], 'cidrIpv4': '10.0.0.0/8',
                      'description': 'words'},
                     {**shared, 'securityGroupRuleId': ids[2], 'referencedGroupId': group}]
    by_value = revoke('Ingress', **{
        'IpPermissions.1.IpProtocol': 'tcp', 'IpPermissions.1.FromPort': 80,
        'IpPermissions.1.ToPort': 80, 'IpPermissions.1.Ipv6Ranges.1.CidrIpv6': '::/0'})
    assert by_value == [{**shared, 'securityGroupRuleId': ids[1], 'cidrIpv6': '::/0'}]
    out, = revoke('Egress', **{'IpPermissions.1.IpProtocol': '-1',
                               'IpPermissions.1.IpRanges.1.CidrIp': '0.0.0.0/0'})
    assert (out['isEgress'], out['ipProtocol'], out['cidrIpv4']) == ('true', '-1', '0.0.0.0/0')


def test_the_nodes_own_group_is_a_peer_by_its_name(daruma, ec2):
    group = ec2.create_security_group(GroupName='web', Description='words')['GroupId']
    awscli(daruma, 'authorize-security-group-ingress', '--group-name', 'web', '--protocol', 'tcp',
           '--port', '80', '--source-group', 'default', service='ec2')
    assert [pair['GroupId'] for pair in shown(ec2, group)['IpPermissions'][0][
        'UserIdGroupPairs']] == [OWN_GROUP]
    found, = ec2.describe_security_groups(Filters=[
        {'Name': 'ip-permission.group-name', 'Values': ['default']}])['SecurityGroups']
    assert found['GroupId'] == group
    elsewhere = make_group(ec2, ec2.create_vpc(CidrBlock='127.0.0.0/16')['Vpc']['VpcId'])
    refused('InvalidGroup.NotFound', ec2.authorize_security_group_ingress, GroupId=elsewhere,
            IpPermissions=[tcp(80, UserIdGroupPairs=[{'GroupName': 'default'}])])


def test_in_the_nodes_own_vpc_a_group_has_a_name(ec2):
    group = ec2.create_security_group(GroupName='web', Description='words')['GroupId']
    port = {'IpProtocol': 'tcp', 'FromPort': 80, 'ToPort': 80, 'CidrIp': '0.0.0.0/0'}
    ec2.authorize_security_group_ingress(GroupName='web', **port)
    assert len(shown(ec2, group)['IpPermissions']) == 1
    # As at AWS: in the default VPC that is no error.
    unknown, = ec2.revoke_security_group_ingress(GroupName='web', **{**port, 'ToPort': 81})[
        'UnknownIpPermissions']
    assert (unknown['FromPort'], unknown['ToPort'], unknown['IpRanges']) == (80, 81, ANYWHERE)
    ec2.revoke_security_group_ingress(GroupName='web', **port)
    assert shown(ec2, group)['IpPermissions'] == []
    ec2.delete_security_group(GroupName='web')
    refused('InvalidGroup.NotFound', ec2.delete_security_group, GroupName='web')
    # What it lets through is what is so.
    own = shown(ec2, OWN_GROUP)
    assert own['IpPermissions'] == own['IpPermissionsEgress'] == [EVERYTHING]
    assert len(ec2.describe_security_group_rules()['SecurityGroupRules']) == 2
    for call, options in ((ec2.authorize_security_group_ingress, {'GroupId': OWN_GROUP, **port}),
                          (ec2.authorize_security_group_ingress, {'GroupName': 'default', **port}),
                          (ec2.create_tags, {'Resources': ['sgr-0da00000000000002'],
                                             'Tags': [{'Key': 'a', 'Value': ''}]}),
                          (ec2.modify_vpc_attribute, {'VpcId': OWN_VPC,
                                                      'EnableDnsSupport': {'Value': True}}),
                          (ec2.modify_subnet_attribute, {'SubnetId': OWN_SUBNET,
                                                         'MapPublicIpOnLaunch': {'Value': True}})):
        refused('OperationNotPermitted', call, **options)


def test_descriptions_change(ec2, vpc):
    group = make_group(ec2, vpc)
    rule, = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[tcp(80, IpRanges=ANYWHERE)])['SecurityGroupRules']

    def description():
        return shown(ec2, group)['IpPermissions'][0]['IpRanges'][0].get('Description')
    ec2.update_security_group_rule_descriptions_ingress(GroupId=group, IpPermissions=[
        tcp(80, IpRanges=[{'CidrIp': '0.0.0.0/0', 'Description': 'one'}])])
    assert description() == 'one'
    ec2.update_security_group_rule_descriptions_ingress(
        GroupId=group, SecurityGroupRuleDescriptions=[
            {'SecurityGroupRuleId': rule['SecurityGroupRuleId'], 'Description': 'two'}])
    assert description() == 'two'
    refused('InvalidPermission.NotFound', ec2.update_security_group_rule_descriptions_egress,
            GroupId=group, IpPermissions=[tcp(80, IpRanges=ANYWHERE)])


def test_what_no_rule_can_be(ec2, vpc):
    group = make_group(ec2, vpc)
    elsewhere = make_group(ec2, OWN_VPC, 'elsewhere')
    web = tcp(80, IpRanges=ANYWHERE)
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[web])
    before = shown(ec2, group)
    refused('InvalidPermission.Duplicate', ec2.authorize_security_group_ingress,
            'peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW', GroupId=group,
            IpPermissions=[tcp(81, IpRanges=ANYWHERE), {**web, 'IpProtocol': '6'}])
    many = [{'CidrIp': f'10.0.{i}.0/24'} for i in range(60)]
    for code, permissions in (
            ('MissingParameter', []),
            ('MissingParameter', [tcp(80)]),
            ('MissingParameter', [{'FromPort': 80, 'ToPort': 80, 'IpRanges': ANYWHERE}]),
            ('MissingParameter', [tcp(80, UserIdGroupPairs=[{}])]),
            ('InvalidParameterValue', [{'IpProtocol': 'x', 'IpRanges': ANYWHERE}]),
            ('InvalidParameterValue', [{'IpProtocol': '256', 'IpRanges': ANYWHERE}]),
            ('InvalidParameterValue', [{'IpProtocol': 'tcp', 'IpRanges': ANYWHERE}]),
            ('InvalidParameterValue', [{**web, 'ToPort': 79}]),
            ('InvalidParameterValue', [{**web, 'ToPort': 65536}]),
            ('InvalidParameterValue', [{**web, 'FromPort': 'x'}]),
            ('InvalidParameterValue', [{**web, 'IpProtocol': 'icmp', 'ToPort': 256}]),
            ('InvalidParameterValue', [tcp(81, IpRanges=[{'CidrIp': '10.0.0.0'}])]),
            ('InvalidParameterValue', [tcp(81, IpRanges=[{'CidrIp': '::/0'}])]),
            ('InvalidParameterValue', [tcp(81, IpRanges=[{**ANYWHERE[0],
                                                          'Description': 'x' * 256}])]),
            ('InvalidParameterValue', [tcp(81, IpRanges=[*ANYWHERE, *ANYWHERE])]),
            ('InvalidParameterValue', [tcp(81, UserIdGroupPairs=[{'GroupId': elsewhere}])]),
            ('InvalidGroup.NotFound', [tcp(81, UserIdGroupPairs=[{'GroupId': 'sg-1'}])]),
            ('InvalidGroup.NotFound', [tcp(81, UserIdGroupPairs=[{'GroupName': 'elsewhere'}])]),
            ('InvalidGroup.NotFound', [tcp(81, UserIdGroupPairs=[{
                'GroupId': group, 'UserId': '123456789012'}])]),
            ('InvalidGroupId.Malformed', [tcp(81, UserIdGroupPairs=[{'GroupId': '0.0.0.0/0'}])]),
            ('InvalidPrefixListID.NotFound', [tcp(81, PrefixListIds=[{'PrefixListId': 'pl-1'}])]),
            ('RulesPerSecurityGroupLimitExceeded', [tcp(81, IpRanges=many)])):
        refused(code, ec2.authorize_security_group_ingress, GroupId=group,
                IpPermissions=permissions)
        assert shown(ec2, group) == before
    ec2.authorize_security_group_ingress(GroupId=group,
                                         IpPermissions=[tcp(81, IpRanges=many[1:])])
    for code, options in (
            ('MissingParameter', {'IpPermissions': [web]}),
            ('InvalidGroup.NotFound', {'GroupId': 'sg-1', 'IpPermissions': [web]}),
            ('InvalidParameterCombination',
             {'GroupId': group, 'IpPermissions': [web], 'IpProtocol': 'tcp'}),
            ('UnknownParameter', {'GroupId': group, 'SourceSecurityGroupName': 'web'})):
        refused(code, ec2.authorize_security_group_ingress, **options)
    for options in ({}, {'IpPermissions': [web], 'SecurityGroupRuleIds': ['sgr-1']}):
        with pytest.raises(ClientError, match='Either IpPermissions or SecurityGroupRuleIds'):
            ec2.revoke_security_group_ingress(GroupId=group, **options)


def test_attributes_of_networks(daruma, ec2, vpc, processes):
    def values(of):
        return {name: ec2.describe_vpc_attribute(VpcId=of, Attribute=name)[
            name[0].upper() + name[1:]]['Value'] for name in (
                'enableDnsSupport', 'enableDnsHostnames', 'enableNetworkAddressUsageMetrics')}
    assert list(values(vpc).values()) == [True, False, False]
    assert list(values(OWN_VPC).values()) == [True, True, False]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={'Value': True})
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsSupport={'Value': False})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='127.0.1.0/24')['Subnet']
    assert subnet['MapPublicIpOnLaunch'] is False
    subnet = subnet['SubnetId']
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={'Value': True})

    daruma.kill()
    ec2 = client(processes.enter_context(Daruma(daruma.configuration)), 'ec2')
    assert list(values(vpc).values()) == [False, True, False]
    found, = ec2.describe_subnets(SubnetIds=[subnet])['Subnets']
    assert found['MapPublicIpOnLaunch'] is True
    for code, call, options in (
            ('InvalidVpcID.NotFound', ec2.describe_vpc_attribute,
             {'VpcId': 'vpc-1', 'Attribute': 'enableDnsSupport'}),
            ('InvalidParameterValue', ec2.describe_vpc_attribute, {'VpcId': vpc, 'Attribute': 'x'}),
            ('InvalidVpcID.NotFound', ec2.modify_vpc_attribute,
             {'VpcId': 'vpc-1', 'EnableDnsSupport': {'Value': True}}),
            ('MissingParameter', ec2.modify_vpc_attribute, {'VpcId': vpc}),
            ('MissingParameter', ec2.modify_vpc_attribute, {'VpcId': vpc, 'EnableDnsSupport': {}}),
            ('InvalidParameterCombination', ec2.modify_vpc_attribute,
             {'VpcId': vpc, 'EnableDnsSupport': {'Value': True},
              'EnableDnsHostnames': {'Value': True}}),
            ('InvalidSubnetID.NotFound', ec2.modify_subnet_attribute,
             {'SubnetId': 'subnet-1', 'MapPublicIpOnLaunch': {'Value': True}}),
            ('MissingParameter', ec2.modify_subnet_attribute, {'SubnetId': subnet}),
            ('UnknownParameter', ec2.modify_subnet_attribute,
             {'SubnetId': subnet, 'EnableDns64': {'Value': True}})):
        refused(code, call, **options)


def test_instances_are_well(ec2):
    ids = [ec2.run_instances(PrivateIpAddress=address, MinCount=1, MaxCount=1)['Instances'][0][
        'InstanceId'] for address in ('127.0.0.2', '127.0.0.3')]
    for waiter in ('instance_status_ok', 'system_status_ok'):
        ec2.get_waiter(waiter).wait(InstanceIds=ids)
    status, = ec2.describe_instance_status(InstanceIds=ids[:1], IncludeAllInstances=True)[
        'InstanceStatuses']
    assert (status['InstanceId'], status['AvailabilityZone'], status['InstanceState']) == (
        ids[0], 'zone-a', {'Code': 16, 'Name': 'running'})
    for part in ('InstanceStatus', 'SystemStatus'):
        assert status[part] == {'Status': 'ok', 'Details': [
            {'Name': 'reachability', 'Status': 'passed'}]}
    assert len(ec2.describe_instance_status(Filters=[
        {'Name': 'instance-status.status', 'Values': ['ok']}])['InstanceStatuses']) == 2
    refused('InvalidInstanceID.NotFound', ec2.describe_instance_status, InstanceIds=['i-1'])


def test_a_script_of_the_packaged_client(daruma):
    """As it stands in AWS's guides: network, security group, load balancer."""
    def aws(*words):
        return awscli(daruma, *words, service='ec2')
    vpc = aws('create-vpc', '--cidr-block', '127.0.0.0/16')['Vpc']['VpcId']
    aws('modify-vpc-attribute', '--vpc-id', vpc, '--enable-dns-hostnames')
    aws('modify-vpc-attribute', '--vpc-id', vpc, '--enable-dns-support', '{"Value":true}')
    assert aws('describe-vpc-attribute', '--vpc-id', vpc, '--attribute', 'enableDnsHostnames')[
        'EnableDnsHostnames'] == {'Value': True}
    subnet = aws('create-subnet', '--vpc-id', vpc, '--cidr-block', '127.0.0.0/24')['Subnet'][
        'SubnetId']
    aws('modify-subnet-attribute', '--subnet-id', subnet, '--map-public-ip-on-launch')
    group = aws('create-security-group', '--group-name', 'web', '--description', 'words',
                '--vpc-id', vpc)['GroupId']
    for port in ('80', '443', '8000-8010'):
        aws('authorize-security-group-ingress', '--group-id', group, '--protocol', 'tcp', '--port',
            port, '--cidr', '0.0.0.0/0')
    aws('authorize-security-group-ingress', '--group-id', group, '--protocol', 'all',
        '--source-group', group)
    aws('revoke-security-group-ingress', '--group-id', group, '--protocol', 'tcp', '--port', '443',
        '--cidr', '0.0.0.0/0')
    aws('authorize-security-group-egress', '--group-id', group, '--ip-permissions',
        'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{CidrIp=0.0.0.0/0}]')
    found, = aws('describe-security-groups', '--group-ids', group)['SecurityGroups']
    assert sorted((each['IpProtocol'], each.get('FromPort'), each.get('ToPort'))
                  for each in found['IpPermissions']) == [
        ('-1', None, None), ('tcp', 80, 80), ('tcp', 8000, 8010)]
    assert len(aws('describe-security-group-rules', '--filters',
                   f'Name=group-id,Values={group}')['SecurityGroupRules']) == 5
    balancer = awscli(daruma, 'create-load-balancer', '--name', 'web', '--subnets', subnet,
                      '--security-groups', group)['LoadBalancers'][0]
    assert balancer['SecurityGroups'] == [group]


def test_the_read_only_key_changes_none(daruma):
    for action in ('AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress',
                   'RevokeSecurityGroupIngress', 'RevokeSecurityGroupEgress',
                   'UpdateSecurityGroupRuleDescriptionsIngress',
                   'UpdateSecurityGroupRuleDescriptionsEgress', 'ModifyVpcAttribute',
                   'ModifySubnetAttribute'):
        answer = ask(daruma, action, '2016-11-15', READER, READER_SECRET, 'ec2')
        assert (answer.status, answer.code) == (403, 'UnauthorizedOperation'), action
