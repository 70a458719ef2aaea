# SPDX-License-Identifier: Apache-2.0
"""Each operation of the elbv2 API: what it answers, what it refuses and how."""
import re
import time
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError

from aws import READER, READER_SECRET, ask, ask_json, client, serve_api
from harness import ROOT, make_certificate, new_session
from processes import Ports

FIXED = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]


@pytest.fixture(scope='module')
def daruma(tmp_path_factory):
    folder = tmp_path_factory.mktemp('api')
    files = [make_certificate(folder, name, [f'{name}.example.com']) for name in ('one', 'two')]
    tls_port = Ports.take()
    with serve_api(folder, Certificates=files, LoadBalancers=[{
            'Name': 'declared', 'Listeners': [{
                'Port': tls_port, 'Protocol': 'HTTPS', 'Certificates': ['one', 'two'],
                'DefaultActions': FIXED}]}]) as daruma:
        yield daruma


@pytest.fixture
def elbv2(daruma):
    """A client; what it made is gone afterwards."""
    elbv2 = client(daruma)
    yield elbv2
    for balancer in elbv2.describe_load_balancers()['LoadBalancers']:
        arn = balancer['LoadBalancerArn']
        if balancer['LoadBalancerName'] != 'declared':
            elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[
                {'Key': 'deletion_protection.enabled', 'Value': 'false'}])
            elbv2.delete_load_balancer(LoadBalancerArn=arn)
    for group in elbv2.describe_target_groups()['TargetGroups']:
        elbv2.delete_target_group(TargetGroupArn=group['TargetGroupArn'])


def refused(code, call, match='', **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    error = problem.value.response['Error']
    assert error['Code'] == code, error
    assert re.search(match, error['Message']), error
    return problem.value.response


def make_balancer(elbv2, name='web', **options):
    return elbv2.create_load_balancer(Name=name, **options)['LoadBalancers'][0]['LoadBalancerArn']


def make_group(elbv2, name='group', **options):
    return elbv2.create_target_group(**{
        'Name': name, 'Protocol': 'HTTP', 'Port': 80, 'TargetType': 'ip', **options
    })['TargetGroups'][0]['TargetGroupArn']


def make_listener(elbv2, balancer, actions=None, **options):
    return elbv2.create_listener(**{
        'LoadBalancerArn': balancer, 'Protocol': 'HTTP', 'Port': Ports.take(),
        'DefaultActions': actions or FIXED, **options})['Listeners'][0]['ListenerArn']


def certificates(elbv2):
    """The ARNs of those that the file declares."""
    declared = elbv2.describe_load_balancers(Names=['declared'])['LoadBalancers'][0]
    listener = elbv2.describe_listeners(
        LoadBalancerArn=declared['LoadBalancerArn'])['Listeners'][0]['ListenerArn']
    both = elbv2.describe_listener_certificates(ListenerArn=listener)['Certificates']
    return [each['CertificateArn'] for each in sorted(both, key=lambda each: not each['IsDefault'])]


def test_creating_twice_is_creating_once(elbv2):
    tags = [{'Key': 'team', 'Value': 'web'}]
    balancer = make_balancer(elbv2, Tags=tags, Scheme='internal')
    assert make_balancer(elbv2, Tags=tags, Scheme='internal') == balancer
    own = elbv2.describe_load_balancers(Names=['web'])['LoadBalancers'][0]
    assert make_balancer(elbv2, Tags=tags, Scheme='internal', SecurityGroups=own['SecurityGroups'],
                         Subnets=[own['AvailabilityZones'][0]['SubnetId']]) == balancer
    refused('DuplicateLoadBalancerName', elbv2.create_load_balancer, Name='web')
    dns = elbv2.describe_load_balancers(Names=['web'])['LoadBalancers'][0]['DNSName']
    assert re.fullmatch(r'internal-web-\d+\.us-east-1\.elb\.daruma\.internal', dns)

    group = make_group(elbv2)
    assert make_group(elbv2) == group
    refused('DuplicateTargetGroupName', make_group, elbv2=elbv2, Port=81)

    port = Ports.take()
    listener = make_listener(elbv2, balancer, Port=port)
    assert make_listener(elbv2, balancer, Port=port) == listener
    refused('DuplicateListener', make_listener, elbv2=elbv2, balancer=balancer, Port=port,
            actions=[{'Type': 'forward', 'TargetGroupArn': group}])
    assert len(elbv2.describe_listeners(LoadBalancerArn=balancer)['Listeners']) == 1

    # Made anew it is another one.
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    assert make_balancer(elbv2, Tags=tags, Scheme='internal') != balancer


@pytest.mark.parametrize('options, code, match', [
    ({'Name': ''}, 'ValidationError', 'Name'),
    ({'Name': 'a' * 33}, 'ValidationError', "cannot be longer than '32' characters"),
    ({'Name': 'a_b'}, 'ValidationError', 'alphanumeric'),
    ({'Name': '-a'}, 'ValidationError', "cannot begin or end with '-'"),
    ({'Name': 'internal-a'}, 'ValidationError', "cannot begin with 'internal-'"),
    ({'Name': 'a', 'Type': 'network'}, 'ValidationError', 'application'),
    ({'Name': 'a', 'Scheme': 'outside'}, 'InvalidScheme', 'internet-facing'),
    ({'Name': 'a', 'Subnets': ['subnet-1']}, 'SubnetNotFound', 'subnet-1'),
    ({'Name': 'a', 'SecurityGroups': ['sg-1']}, 'InvalidSecurityGroup', 'sg-1'),
    ({'Name': 'a', 'IpAddressType': 'dualstack'}, 'InvalidConfigurationRequest', 'IPv6'),
    ({'Name': 'a', 'IpAddressType': 'ipv5'}, 'ValidationError', 'ipv5'),
    ({'Name': 'a', 'Tags': [{'Key': 'aws:x'}]}, 'ValidationError', 'reserved'),
    ({'Name': 'a', 'Tags': [{'Key': 'x'}, {'Key': 'x'}]}, 'DuplicateTagKeys', 'twice'),
    ({'Name': 'declared'}, 'OperationNotPermitted', 'daruma.yaml'),
])
def test_load_balancers_that_cannot_be(elbv2, options, code, match):
    refused(code, elbv2.create_load_balancer, match, **options)
    assert len(elbv2.describe_load_balancers()['LoadBalancers']) == 1


@pytest.mark.parametrize('options, code, match', [
    ({'Name': 'a' * 33}, 'ValidationError', "cannot be longer than '32' characters"),
    ({'Protocol': 'TCP'}, 'ValidationError', 'HTTP or HTTPS'),
    ({'Port': 0}, 'ValidationError', '65535'),
    ({'Port': 'x'}, 'ValidationError', 'not an integer'),
    ({'TargetType': 'alb'}, 'ValidationError', 'alb'),
    ({'TargetType': 'lambda'}, 'ValidationError', 'lambda'),
    ({'ProtocolVersion': 'HTTP3'}, 'ValidationError', 'HTTP3'),
    ({'VpcId': 'vpc-1'}, 'ValidationError', 'vpc-1'),
    ({'HealthCheckIntervalSeconds': 4}, 'ValidationError', '5'),
    ({'HealthCheckTimeoutSeconds': 30, 'HealthCheckIntervalSeconds': 30}, 'ValidationError',
     "Health check timeout '30' must be smaller than the interval '30'"),
    ({'HealthCheckPath': 'health'}, 'ValidationError', "'/'"),
    ({'HealthCheckEnabled': False}, 'ValidationError', 'HealthCheckEnabled'),
    ({'Matcher': {'HttpCode': '99'}}, 'ValidationError', 'HttpCode must be like 200'),
    ({'Matcher': {'GrpcCode': '0'}}, 'ValidationError', 'GrpcCode'),
])
def test_target_groups_that_cannot_be(elbv2, options, code, match):
    refused(code, make_group, match, elbv2=elbv2, **options)
    assert elbv2.describe_target_groups()['TargetGroups'] == []


def test_health_checks_can_be_changed(elbv2):
    group = make_group(elbv2)
    made = elbv2.describe_target_groups(TargetGroupArns=[group])['TargetGroups'][0]
    assert made == {
        'TargetGroupArn': group, 'TargetGroupName': 'group', 'Protocol': 'HTTP', 'Port': 80,
        'VpcId': 'vpc-0da00000000000001', 'HealthCheckProtocol': 'HTTP',
        'HealthCheckPort': 'traffic-port', 'HealthCheckEnabled': True, 'HealthCheckPath': '/',
        'HealthCheckIntervalSeconds': 30, 'HealthCheckTimeoutSeconds': 5,
        'HealthyThresholdCount': 5, 'UnhealthyThresholdCount': 2, 'Matcher': {'HttpCode': '200'},
        'LoadBalancerArns': [], 'TargetType': 'ip', 'ProtocolVersion': 'HTTP1',
        'IpAddressType': 'ipv4'}
    changed = elbv2.modify_target_group(
        TargetGroupArn=group, HealthCheckPath='/ok', HealthCheckPort='81',
        Matcher={'HttpCode': '200-299'})['TargetGroups'][0]
    assert changed == {**made, 'HealthCheckPath': '/ok', 'HealthCheckPort': '81',
                       'Matcher': {'HttpCode': '200-299'}}
    assert elbv2.describe_target_groups(Names=['group'])['TargetGroups'] == [changed]
    refused('ValidationError', elbv2.modify_target_group, TargetGroupArn=group,
            UnhealthyThresholdCount=11)
    refused('TargetGroupNotFound', elbv2.modify_target_group, HealthCheckPath='/',
            TargetGroupArn=group[:-1] + ('0' if group[-1] != '0' else '1'))
    refused('ValidationError', elbv2.modify_target_group, 'is not a valid target group ARN',
            TargetGroupArn='group')


def test_a_group_for_grpc(elbv2):
    group = make_group(elbv2, ProtocolVersion='GRPC', Matcher={'GrpcCode': '0-5'})
    there = elbv2.describe_target_groups(TargetGroupArns=[group])['TargetGroups'][0]
    assert (there['ProtocolVersion'], there['Matcher']) == ('GRPC', {'GrpcCode': '0-5'})


def test_targets(daruma, elbv2):
    group = make_group(elbv2)

    def states(**options):
        rows = elbv2.describe_target_health(TargetGroupArn=group, **options)[
            'TargetHealthDescriptions']
        return {(row['Target']['Id'], row['Target']['Port']): row['TargetHealth'].get('Reason')
                for row in rows}
    elbv2.register_targets(TargetGroupArn=group, Targets=[
        {'Id': '127.0.0.2'}, {'Id': '127.0.0.2', 'Port': 81}, {'Id': '::1', 'Port': 82}])
    elbv2.register_targets(TargetGroupArn=group, Targets=[{'Id': '127.0.0.2', 'Port': 80}])
    unused = 'Target.NotInUse'
    assert states() == {('127.0.0.2', 80): unused, ('127.0.0.2', 81): unused, ('::1', 82): unused}
    asked = [{'Id': '127.0.0.2', 'Port': 81}, {'Id': '127.0.0.9'}]
    assert states(Targets=asked) == {('127.0.0.2', 81): unused,
                                     ('127.0.0.9', 80): 'Target.NotRegistered'}
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[
        {'Id': '127.0.0.2'}, {'Id': '0:0::1', 'Port': 82}, {'Id': '127.0.0.9'}])
    assert states(Targets=[{'Id': '127.0.0.2', 'Port': 81}]) == {('127.0.0.2', 81): unused}
    elbv2.get_waiter('target_deregistered').wait(
        TargetGroupArn=group, Targets=[{'Id': '127.0.0.9', 'Port': 80}])
    for target, code in (({'Id': 'i-0123456789abcdef0'}, 'InvalidTarget'),
                         ({'Id': '0.0.0.0'}, 'ValidationError'),
                         ({'Id': 'a b'}, 'ValidationError'),
                         ({'Id': '127.0.0.3', 'Port': 70000}, 'ValidationError')):
        refused(code, elbv2.register_targets, TargetGroupArn=group, Targets=[target])
    quic = ask(daruma, 'RegisterTargets', TargetGroupArn=group, **{
        'Targets.member.1.Id': '127.0.0.3', 'Targets.member.1.QuicServerId': 'x'})
    assert quic.code == 'InvalidTarget'
    many = [{'Id': f'127.1.{i // 250}.{i % 250 + 1}'} for i in range(1001)]
    refused('TooManyTargets', elbv2.register_targets, TargetGroupArn=group, Targets=many)


def operations(file):
    """Name → 'changes' or 'reads', as the table in the source has them."""
    text = (ROOT / 'src/api' / file).read_text(encoding='utf-8')
    return dict(re.findall(r'\{"(\w+)", (changes|reads), \w+\}', text))


def test_the_read_only_key_reads(daruma):
    query, json = operations('elbv2.cc'), operations('acm.cc')
    assert len(query) == 51 and len(json) >= 8
    for name, effect in {**query, **json}.items():
        reads = name.startswith(('Describe', 'List', 'Get'))
        assert effect == ('reads' if reads else 'changes'), name
    for name, effect in query.items():
        answer = ask(daruma, name, key=READER, secret=READER_SECRET)
        assert (answer.code == 'AccessDenied') == (effect == 'changes'), name
    for name, effect in json.items():
        answer = ask_json(daruma, f'CertificateManager.{name}', '{}', READER, READER_SECRET)
        assert ('AccessDenied' in answer.text) == (effect == 'changes'), name


def test_what_no_text_can_hold_is_refused_in_text(daruma):
    with new_session() as session:
        answer = session.post(daruma.admin + '/?X-Amz-Algorithm=%01%ff%EF%BF%BF<', timeout=10,
                              data='Action=a&Version=2015-12-01')
    assert answer.status_code == 400 and 'Unsupported' in answer.text
    assert ElementTree.fromstring(answer.content).tag.endswith('ErrorResponse')


def test_tags_are_counted_in_characters(elbv2):
    arn = make_group(elbv2, 'tagged')
    elbv2.add_tags(ResourceArns=[arn], Tags=[{'Key': 'ä' * 128, 'Value': 'だ' * 256}])
    for key, value in (('ä' * 129, ''), ('a', 'だ' * 257)):
        refused('ValidationError', elbv2.add_tags, 'characters', ResourceArns=[arn],
                Tags=[{'Key': key, 'Value': value}])


def test_thousands_of_targets_take_no_time(daruma, elbv2):
    group = make_group(elbv2, 'many')
    elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[
        {'Key': 'daruma.quota.targets', 'Value': '10000'}])
    ids = {f'Targets.member.{i + 1}.Id': f'::{i // 250 + 1:x}:{i % 250 + 1:x}'
           for i in range(9_000)}
    for action in ('RegisterTargets', 'RegisterTargets', 'DescribeTargetHealth',
                   'DeregisterTargets'):
        begin = time.monotonic()
        answer = ask(daruma, action, TargetGroupArn=group, **ids)
        elapsed = time.monotonic() - begin
        assert answer.status == 200, answer.text
        assert elapsed < 4, f'{action} took {elapsed:.1f} s'  # pairs took 10


def test_rules_read_back_what_was_written(daruma, elbv2):
    groups = [make_group(elbv2, name) for name in ('blue', 'green')]
    listener = make_listener(elbv2, make_balancer(elbv2))
    conditions = [
        {'Field': 'host-header',
         'HostHeaderConfig': {'Values': ['b.example.com', 'a.example.com']}},
        {'Field': 'http-header', 'HttpHeaderConfig': {'HttpHeaderName': 'X-Test', 'Values': ['1']}},
        {'Field': 'query-string', 'QueryStringConfig': {'Values': [{'Key': 'v', 'Value': '<&">'}]}},
        {'Field': 'source-ip', 'SourceIpConfig': {'Values': ['127.0.0.0/8']}}]
    forward = {'Type': 'forward', 'ForwardConfig': {'TargetGroups': [
        {'TargetGroupArn': groups[1], 'Weight': 20}, {'TargetGroupArn': groups[0], 'Weight': 0}]}}
    elbv2.create_rule(ListenerArn=listener, Priority=20, Conditions=conditions, Actions=[forward])
    elbv2.create_rule(ListenerArn=listener, Priority=3, Conditions=[
        {'Field': 'path-pattern', 'Values': ['/a/*']}], Actions=[
        {'Type': 'redirect', 'RedirectConfig': {'Host': 'x.#{host}', 'StatusCode': 'HTTP_302'}}])
    path, long, default = elbv2.describe_rules(ListenerArn=listener)['Rules']
    assert [path['Priority'], long['Priority'], default['Priority']] == ['3', '20', 'default']
    assert path['Conditions'] == [{'Field': 'path-pattern', 'Values': ['/a/*'],
                                   'PathPatternConfig': {'Values': ['/a/*']}}]
    assert path['Actions'] == [{'Type': 'redirect', 'RedirectConfig': {
        'Protocol': '#{protocol}', 'Host': 'x.#{host}', 'Port': '#{port}', 'Path': '/#{path}',
        'Query': '#{query}', 'StatusCode': 'HTTP_302'}}]
    assert long['Conditions'] == [
        {**conditions[0], 'Values': ['b.example.com', 'a.example.com']}, *conditions[1:]]
    assert long['Actions'][0]['ForwardConfig']['TargetGroups'] == \
        forward['ForwardConfig']['TargetGroups']
    assert default['IsDefault'] and default['Conditions'] == []
    balancers = elbv2.describe_target_groups(Names=['blue'])['TargetGroups'][0]['LoadBalancerArns']
    assert [arn.split('/')[2] for arn in balancers] == ['web']

    rewrite = {'Transforms.member.1.Type': 'url-rewrite',
               'Transforms.member.1.UrlRewriteConfig.Rewrites.member.1.Regex': '^/a/(.*)$',
               'Transforms.member.1.UrlRewriteConfig.Rewrites.member.1.Replace': '/b/$1'}
    answer = ask(daruma, 'ModifyRule', RuleArn=path['RuleArn'], **rewrite)
    assert answer.status == 200 and '<Replace>/b/$1</Replace>' in answer.text
    both = ask(daruma, 'ModifyRule', RuleArn=path['RuleArn'], ResetTransforms='true', **rewrite)
    assert both.code == 'ValidationError'
    reset = ask(daruma, 'ModifyRule', RuleArn=path['RuleArn'], ResetTransforms='true')
    assert reset.status == 200 and 'Transforms' not in reset.text

    refused('OperationNotPermitted', elbv2.delete_rule, RuleArn=default['RuleArn'])
    refused('OperationNotPermitted', elbv2.modify_rule, RuleArn=default['RuleArn'], Actions=FIXED)
    elbv2.delete_rule(RuleArn=path['RuleArn'])
    refused('RuleNotFound', elbv2.delete_rule, RuleArn=path['RuleArn'])


@pytest.mark.parametrize('options, code, match', [
    ({'Priority': 0}, 'ValidationError', '50000'),
    ({'Priority': 7}, 'PriorityInUse', 'in use'),
    ({'Conditions': []}, 'ValidationError', 'ondition'),
    ({'Conditions': [{'Field': 'colour', 'Values': ['a']}]}, 'ValidationError',
     r"Condition field 'colour' must be one of '\[path-pattern,"),
    ({'Conditions': [{'Field': 'host-header', 'Values': ['a' * 129]}]}, 'ValidationError',
     'too long|128'),
    ({'Conditions': [{'Field': 'path-pattern', 'Values': ['/a'],
                      'PathPatternConfig': {'Values': ['/a']}}]}, 'ValidationError',
     "You cannot provide both Values and 'PathPatternConfig'"),
    ({'Conditions': [{'Field': 'path-pattern', 'Values': list('abcdef')}]}, 'ValidationError', '5'),
    ({'Actions': []}, 'ValidationError', 'exactly one'),
    ({'Actions': [{'Type': 'teleport'}]}, 'ValidationError', 'teleport'),
    ({'Actions': [{'Type': 'forward'}]}, 'ValidationError', 'needs TargetGroup'),
    ({'Actions': [{'Type': 'forward', 'TargetGroupArn': 'arn:aws:elasticloadbalancing:us-east-1:'
                   '000000000000:targetgroup/none/0123456789abcdef'}]}, 'TargetGroupNotFound', ''),
    ({'Actions': [{'Type': 'redirect', 'RedirectConfig': {'StatusCode': 'HTTP_301'}}]},
     'ValidationError', 'must change at least one'),
    ({'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '302'}}]},
     'ValidationError', '2XX'),
    ({'Actions': [{'Type': 'authenticate-oidc', 'AuthenticateOidcConfig': {'Issuer': 'x'}}]},
     'InvalidLoadBalancerAction', 'AuthenticateOidcConfig'),
])
def test_rules_that_cannot_be(elbv2, options, code, match):
    listener = make_listener(elbv2, make_balancer(elbv2))
    good = {'ListenerArn': listener, 'Priority': 8, 'Actions': FIXED,
            'Conditions': [{'Field': 'path-pattern', 'Values': ['/x']}]}
    elbv2.create_rule(**{**good, 'Priority': 7})
    refused(code, elbv2.create_rule, match, **{**good, **options})
    assert len(elbv2.describe_rules(ListenerArn=listener)['Rules']) == 2


def test_priorities(elbv2):
    listener = make_listener(elbv2, make_balancer(elbv2))
    rules = [elbv2.create_rule(
        ListenerArn=listener, Priority=priority, Actions=FIXED,
        Conditions=[{'Field': 'path-pattern', 'Values': [f'/{priority}']}])['Rules'][0]['RuleArn']
        for priority in (1, 2, 3)]

    def set_to(*priorities):
        return {'RulePriorities': [{'RuleArn': arn, 'Priority': priority}
                                   for arn, priority in zip(rules, priorities)]}
    elbv2.set_rule_priorities(**set_to(2, 1))
    there = elbv2.describe_rules(ListenerArn=listener)['Rules']
    assert [rule['RuleArn'] for rule in there[:3]] == [rules[1], rules[0], rules[2]]
    refused('PriorityInUse', elbv2.set_rule_priorities, **set_to(3))
    refused('ValidationError', elbv2.set_rule_priorities, "'9' was provided multiple times",
            **set_to(9, 9))
    refused('OperationNotPermitted', elbv2.set_rule_priorities, RulePriorities=[
        {'RuleArn': there[3]['RuleArn'], 'Priority': 9}])


def test_a_target_group_has_one_load_balancer(elbv2):
    group = make_group(elbv2)
    forward = [{'Type': 'forward', 'TargetGroupArn': group}]
    make_listener(elbv2, make_balancer(elbv2, 'first'), forward)
    second = make_balancer(elbv2, 'second')
    refused('TargetGroupAssociationLimit', make_listener, elbv2=elbv2, balancer=second,
            actions=forward)
    refused('ResourceInUse', elbv2.delete_target_group,
            'is currently in use by a listener or a rule', TargetGroupArn=group)


def test_a_port_has_one_listener_on_the_node(elbv2):
    port = Ports.take()
    make_listener(elbv2, make_balancer(elbv2, 'first'), Port=port)
    refused('InvalidConfigurationRequest', make_listener, 'each port of the node', elbv2=elbv2,
            balancer=make_balancer(elbv2, 'second'), Port=port)


def test_a_listener_changes_between_http_and_https(elbv2):
    one, two = certificates(elbv2)
    balancer = make_balancer(elbv2)
    refused('ValidationError', make_listener, 'A certificate must be specified', elbv2=elbv2,
            balancer=balancer, Protocol='HTTPS')
    refused('CertificateNotFound', make_listener, elbv2=elbv2, balancer=balancer,
            Protocol='HTTPS', Certificates=[{'CertificateArn': one + 'x'}])
    refused('SSLPolicyNotFound', make_listener, elbv2=elbv2, balancer=balancer,
            Protocol='HTTPS', Certificates=[{'CertificateArn': one}], SslPolicy='none')
    refused('UnsupportedProtocol', make_listener, elbv2=elbv2, balancer=balancer, Protocol='TCP')
    refused('ValidationError', make_listener, '65535', elbv2=elbv2, balancer=balancer, Port=65536)
    listener = make_listener(elbv2, balancer)
    refused('ValidationError', elbv2.modify_listener, 'A certificate must be specified',
            ListenerArn=listener, Protocol='HTTPS')
    changed = elbv2.modify_listener(ListenerArn=listener, Protocol='HTTPS',
                                    Certificates=[{'CertificateArn': one}])['Listeners'][0]
    assert changed['Certificates'] == [{'CertificateArn': one}]
    assert changed['SslPolicy'] == 'ELBSecurityPolicy-2016-08'
    elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[{'CertificateArn': two}])
    there = elbv2.describe_listener_certificates(ListenerArn=listener)['Certificates']
    assert {each['CertificateArn']: each['IsDefault'] for each in there} == {one: True, two: False}
    refused('OperationNotPermitted', elbv2.remove_listener_certificates, ListenerArn=listener,
            Certificates=[{'CertificateArn': one}])
    elbv2.remove_listener_certificates(ListenerArn=listener,
                                       Certificates=[{'CertificateArn': two}])
    assert len(elbv2.describe_listener_certificates(ListenerArn=listener)['Certificates']) == 1
    back = elbv2.modify_listener(ListenerArn=listener, Protocol='HTTP')['Listeners'][0]
    assert 'Certificates' not in back and 'SslPolicy' not in back
    elbv2.delete_listener(ListenerArn=listener)
    refused('ListenerNotFound', elbv2.delete_listener, ListenerArn=listener)


def test_the_default_certificate_may_be_among_the_others(elbv2):
    one, two = certificates(elbv2)
    balancer, port = make_balancer(elbv2), Ports.take()
    only = {'Protocol': 'HTTPS', 'Port': port, 'Certificates': [{'CertificateArn': one}]}
    listener = make_listener(elbv2, balancer, **only)

    def there(**paging):
        pages = elbv2.get_paginator('describe_listener_certificates').paginate(
            ListenerArn=listener, **paging)
        return sorted((each['CertificateArn'], each['IsDefault'])
                      for page in pages for each in page['Certificates'])
    for _ in range(2):
        elbv2.add_listener_certificates(ListenerArn=listener, Certificates=[
            {'CertificateArn': one}, {'CertificateArn': two}])
    twice = sorted([(one, True), (one, False), (two, False)])
    assert there() == there(PaginationConfig={'PageSize': 1}) == twice
    assert make_listener(elbv2, balancer, **only) == listener  # as it was asked for

    elbv2.modify_listener(ListenerArn=listener, Certificates=[{'CertificateArn': two}])
    assert there() == sorted([(two, True), (one, False), (two, False)])
    elbv2.remove_listener_certificates(ListenerArn=listener, Certificates=[
        {'CertificateArn': one}, {'CertificateArn': two}])
    assert there() == [(two, True)]
    refused('OperationNotPermitted', elbv2.remove_listener_certificates, ListenerArn=listener,
            Certificates=[{'CertificateArn': two}])


def test_attributes(daruma, elbv2):
    balancer, group = make_balancer(elbv2), make_group(elbv2)
    listener = make_listener(elbv2, balancer)

    def values(answer):
        return {each['Key']: each['Value'] for each in answer['Attributes']}
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[
        {'Key': 'idle_timeout.timeout_seconds', 'Value': '7'},
        {'Key': 'access_logs.s3.enabled', 'Value': 'false'}])
    all_of_them = values(elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer))
    assert all_of_them['idle_timeout.timeout_seconds'] == '7'
    assert all_of_them['routing.http2.enabled'] == 'true'
    for key, value, code, match in (
            ('idle_timeout.timeout_seconds', '0', 'ValidationError', 'must be between'),
            ('no_such', '1', 'ValidationError',
             "attribute key 'no_such' is not recognized"),
            ('dns_record.client_routing_policy', 'any', 'InvalidConfigurationRequest',
             "attribute key 'dns_record.client_routing_policy' is not supported")):
        refused(code, elbv2.modify_load_balancer_attributes, match, LoadBalancerArn=balancer,
                Attributes=[{'Key': 'idle_timeout.timeout_seconds', 'Value': '9'},
                            {'Key': key, 'Value': value}])
    assert values(elbv2.describe_load_balancer_attributes(LoadBalancerArn=balancer)) == all_of_them

    changed = elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[
        {'Key': 'deregistration_delay.timeout_seconds', 'Value': '0'}])
    assert values(changed)['deregistration_delay.timeout_seconds'] == '0'
    assert values(elbv2.describe_target_group_attributes(TargetGroupArn=group)) == values(changed)
    refused('ValidationError', elbv2.modify_target_group_attributes,
            "timeout_seconds' value '3601' must be between '0-3600' inclusive",
            TargetGroupArn=group,
            Attributes=[{'Key': 'deregistration_delay.timeout_seconds', 'Value': '3601'}])

    key = 'routing.http.response.server.enabled'
    answer = ask(daruma, 'ModifyListenerAttributes', ListenerArn=listener, **{
        'Attributes.member.1.Key': key, 'Attributes.member.1.Value': 'false'})
    assert answer.status == 200
    assert f'<Key>{key}</Key><Value>false</Value>' in ask(
        daruma, 'DescribeListenerAttributes', ListenerArn=listener).text
    secret = ask(daruma, 'ModifyListenerAttributes', ListenerArn=listener, **{
        'Attributes.member.1.Key': 'daruma.error_page.503.file',
        'Attributes.member.1.Value': '/etc/passwd'})
    assert secret.code == 'ValidationError'


def test_deletion_protection(elbv2):
    balancer = make_balancer(elbv2)
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[
        {'Key': 'deletion_protection.enabled', 'Value': 'true'}])
    refused('OperationNotPermitted', elbv2.delete_load_balancer, 'deletion protection',
            LoadBalancerArn=balancer)


def test_tags(elbv2):
    balancer, group = make_balancer(elbv2, Tags=[{'Key': 'a', 'Value': '1'}]), make_group(elbv2)
    listener = make_listener(elbv2, balancer)
    rule = elbv2.create_rule(ListenerArn=listener, Priority=1, Actions=FIXED, Conditions=[
        {'Field': 'path-pattern', 'Values': ['/']}])['Rules'][0]['RuleArn']
    all_of_them = [balancer, group, listener, rule]
    elbv2.add_tags(ResourceArns=all_of_them, Tags=[{'Key': 'a', 'Value': '2'},
                                                   {'Key': 'b', 'Value': ''}])
    elbv2.remove_tags(ResourceArns=[group], TagKeys=['b', 'c'])
    answer = elbv2.describe_tags(ResourceArns=all_of_them)['TagDescriptions']
    assert [each['ResourceArn'] for each in answer] == all_of_them
    tags = [{tag['Key']: tag['Value'] for tag in each['Tags']} for each in answer]
    assert tags == [{'a': '2', 'b': ''}, {'a': '2'}, {'a': '2', 'b': ''}, {'a': '2', 'b': ''}]
    refused('TooManyTags', elbv2.add_tags, ResourceArns=[group], Tags=[
        {'Key': str(i), 'Value': ''} for i in range(50)])
    refused('DuplicateTagKeys', elbv2.add_tags, ResourceArns=[group], Tags=[
        {'Key': 'x', 'Value': ''}, {'Key': 'x', 'Value': ''}])
    elbv2.delete_target_group(TargetGroupArn=group)
    refused('TargetGroupNotFound', elbv2.describe_tags, ResourceArns=[group])


def test_lists_come_in_pages(elbv2):
    names = [make_balancer(elbv2, f'page-{i}').split('/')[2] for i in range(5)]
    pages = list(elbv2.get_paginator('describe_load_balancers').paginate(
        PaginationConfig={'PageSize': 2}))
    assert [len(page['LoadBalancers']) for page in pages] == [2, 2, 2]
    found = [each['LoadBalancerName'] for page in pages for each in page['LoadBalancers']]
    assert sorted(found) == sorted([*names, 'declared'])
    refused('ValidationError', elbv2.describe_load_balancers, 'between 1 and 400', PageSize=401)


@pytest.mark.parametrize('name, member', [
    ('describe_target_groups', 'TargetGroups'), ('describe_listeners', 'Listeners'),
    ('describe_rules', 'Rules'), ('describe_listener_certificates', 'Certificates'),
    ('describe_account_limits', 'Limits'), ('describe_ssl_policies', 'SslPolicies')])
def test_pages_of_one_are_the_whole(elbv2, name, member):
    for group in ('one', 'two'):
        make_group(elbv2, group)
    balancer = make_balancer(elbv2)
    first, second = certificates(elbv2)
    listeners = [make_listener(elbv2, balancer, Protocol='HTTPS',
                               Certificates=[{'CertificateArn': first}]) for _ in range(2)]
    elbv2.add_listener_certificates(ListenerArn=listeners[0],
                                    Certificates=[{'CertificateArn': second}])
    for priority in (900, 80, 7):
        elbv2.create_rule(ListenerArn=listeners[0], Priority=priority, Actions=FIXED, Conditions=[
            {'Field': 'path-pattern', 'Values': [f'/{priority}']}])
    options = {'describe_listeners': {'LoadBalancerArn': balancer},
               'describe_rules': {'ListenerArn': listeners[0]},
               'describe_listener_certificates': {'ListenerArn': listeners[0]}}.get(name, {})
    whole = getattr(elbv2, name)(**options)[member]
    pages = []
    marker = {}
    while True:
        page = getattr(elbv2, name)(PageSize=1, **marker, **options)
        pages += page[member]
        assert len(page[member]) == 1
        if 'NextMarker' not in page:
            break
        marker = {'Marker': page['NextMarker']}
    assert pages == whole and len(whole) > 1


def test_limits_and_policies(elbv2):
    limits = {each['Name']: each['Max'] for each in elbv2.describe_account_limits()['Limits']}
    assert limits['rules-per-application-load-balancer'] == '100'
    policies = elbv2.describe_ssl_policies()['SslPolicies']
    assert len(policies) > 10
    one, = elbv2.describe_ssl_policies(Names=['ELBSecurityPolicy-TLS13-1-2-2021-06'])['SslPolicies']
    assert one['SslProtocols'] == ['TLSv1.2', 'TLSv1.3']
    assert one['Ciphers'][0] == {'Name': 'TLS_AES_128_GCM_SHA256', 'Priority': 1}
    refused('SSLPolicyNotFound', elbv2.describe_ssl_policies, Names=['none'])


def test_the_nodes_network(elbv2):
    balancer = make_balancer(elbv2)
    zones = [{'ZoneName': 'zone-a', 'SubnetId': 'subnet-0da00000000000001',
              'LoadBalancerAddresses': []}]
    made = elbv2.describe_load_balancers(Names=['web'])['LoadBalancers'][0]
    assert made['AvailabilityZones'] == zones
    assert elbv2.set_subnets(LoadBalancerArn=balancer, Subnets=['subnet-0da00000000000001'])[
        'AvailabilityZones'] == zones
    refused('SubnetNotFound', elbv2.set_subnets, LoadBalancerArn=balancer, Subnets=['subnet-1'])
    assert elbv2.set_security_groups(
        LoadBalancerArn=balancer, SecurityGroups=['sg-0da00000000000001']
    )['SecurityGroupIds'] == ['sg-0da00000000000001']
    refused('InvalidSecurityGroup', elbv2.set_security_groups, LoadBalancerArn=balancer,
            SecurityGroups=['sg-1'])
    assert elbv2.set_ip_address_type(LoadBalancerArn=balancer, IpAddressType='ipv4')[
        'IpAddressType'] == 'ipv4'
    refused('InvalidConfigurationRequest', elbv2.set_ip_address_type, LoadBalancerArn=balancer,
            IpAddressType='dualstack')


def test_what_is_not_there_says_so(daruma):
    answer = ask(daruma, 'NoSuch')
    assert (answer.status, answer.code) == (400, 'InvalidAction')
    assert 'NoSuch' in answer.first('Message')
    assert ask(daruma, 'DescribeLoadBalancers', version='2012-06-01').code == 'InvalidAction'
    assert ask(daruma, '').code == 'MissingAction'
    unknown = ask(daruma, 'DescribeLoadBalancers', Colour='red')
    assert unknown.code == 'ValidationError' and 'Colour' in unknown.first('Message')


def test_the_page_of_operations_speaks_of_the_tree():
    page = (ROOT / 'docs/api.md').read_text(encoding='utf-8')
    for file, name in set(re.findall(r'`(test_\w+\.py)::(test_\w+)`', page)):
        text = (ROOT / 'test/integration' / file).read_text(encoding='utf-8')
        assert f'def {name}(' in text, f'{file}::{name}'
    table = (ROOT / 'src/api/elbv2.cc').read_text(encoding='utf-8')
    operations = set(re.findall(r'"([A-Z]\w+)"', table))
    assert len(operations) == 51
    assert not [name for name in operations if not re.search(rf'\b{name}\b', page)]
