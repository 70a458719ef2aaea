# SPDX-License-Identifier: Apache-2.0
"""The calls of Terraform's AWS provider, in its order, and what it makes of the answers."""
import re

import pytest
import requests
from botocore.exceptions import ClientError

from aws import ask, client, serve_api
from terraform import (BALANCER_ATTRIBUTES, GROUP_ATTRIBUTES, HEALTH_CHECK, TAGS, balancer_of,
                       forward_to, group_of, listed, listener_of, make_balancer, make_group, read,
                       rule_of, tags_of)


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path))


def test_aws_lb(daruma):
    elbv2 = client(daruma)
    arn = make_balancer(elbv2)
    there = read(elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert BALANCER_ATTRIBUTES.items() <= there.items()
    # It reads this whether or not the configuration reserves anything; what it then makes of
    # minimum_load_balancer_capacity is in test_api_capacity.py.
    reserved = ask(daruma, 'DescribeCapacityReservation', LoadBalancerArn=arn)
    assert reserved.status == 200 and 'MinimumLoadBalancerCapacity' not in reserved.text
    assert tags_of(elbv2, arn) == TAGS
    # An attribute that is unknown is dropped from the call by its name in the message.
    for key in ('routing.http.newest.enabled', 'dns_record.client_routing_policy'):
        message = ask(daruma, 'ModifyLoadBalancerAttributes', LoadBalancerArn=arn, **{
            'Attributes.member.1.Key': key, 'Attributes.member.1.Value': 'x'}).first('Message')
        found = re.search("attribute key ('|\")?([^'\" ]+)('|\")? is not (recognized|supported)",
                          message)
        assert found and found.group(2) == key, message
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert client(daruma, 'ec2').describe_network_interfaces(Filters=[
        {'Name': 'description', 'Values': ['ELB app/web/1']}])['NetworkInterfaces'] == []


def test_aws_lb_target_group_and_attachment(daruma):
    elbv2 = client(daruma)
    arn = make_group(elbv2)
    assert HEALTH_CHECK.items() <= group_of(elbv2, arn).items()
    attributes = read(elbv2.describe_target_group_attributes(TargetGroupArn=arn))
    assert GROUP_ATTRIBUTES.items() <= attributes.items()
    target = {'Id': '127.0.0.2', 'Port': 8080, 'AvailabilityZone': 'all'}
    elbv2.register_targets(TargetGroupArn=arn, Targets=[target])

    def reason():
        rows = elbv2.describe_target_health(TargetGroupArn=arn, Targets=[target])
        return rows['TargetHealthDescriptions'][0]['TargetHealth']['Reason']
    assert reason() == 'Target.NotInUse'
    elbv2.deregister_targets(TargetGroupArn=arn, Targets=[target])
    assert reason() in ('Target.NotRegistered', 'Target.DeregistrationInProgress')
    elbv2.delete_target_group(TargetGroupArn=arn)


def shown(conditions):
    """As AWS describes them: a path's and a host's values stand in the old place too."""
    config = {'path-pattern': 'PathPatternConfig', 'host-header': 'HostHeaderConfig'}
    return [{**each, 'Values': each[config[each['Field']]]['Values']}
            if each['Field'] in config else each for each in conditions]


def test_aws_lb_listener_and_rule(daruma):
    elbv2 = client(daruma)
    balancer, group = make_balancer(elbv2), make_group(elbv2)
    forward = forward_to(group)
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Port=daruma.configuration.http_port, Protocol='HTTP',
        DefaultActions=[forward], Tags=TAGS)['Listeners'][0]['ListenerArn']
    there = listener_of(elbv2, listener)
    assert forward.items() <= there['DefaultActions'][0].items()
    attributes = ask(daruma, 'DescribeListenerAttributes', ListenerArn=listener)
    assert '<Key>routing.http.response.server.enabled</Key>' in attributes.text

    used = [int(rule['Priority']) for rule in elbv2.describe_rules(ListenerArn=listener)['Rules']
            if rule['Priority'] != 'default']
    assert used == []
    conditions = [
        {'Field': 'path-pattern', 'PathPatternConfig': {'Values': ['/b', '/a']}},
        {'Field': 'http-request-method', 'HttpRequestMethodConfig': {'Values': ['GET', 'POST']}}]
    redirect = {'Type': 'redirect', 'Order': 1, 'RedirectConfig': {
        'Host': '#{host}', 'Path': '/#{path}', 'Port': '443', 'Protocol': 'HTTPS',
        'Query': '#{query}', 'StatusCode': 'HTTP_301'}}
    rule = elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=conditions,
                             Actions=[redirect], Tags=TAGS)['Rules'][0]['RuleArn']
    back = rule_of(elbv2, rule)
    assert back['Actions'] == [redirect] and back['Conditions'] == shown(conditions)
    elbv2.set_rule_priorities(RulePriorities=[{'RuleArn': rule, 'Priority': 9}])
    assert rule_of(elbv2, rule)['Priority'] == '9'
    assert tags_of(elbv2, rule) == TAGS

    # Deletion retries as long as the message says that it is in use.
    with pytest.raises(ClientError, match='is currently in use by a listener or a rule'):
        elbv2.delete_target_group(TargetGroupArn=group)
    elbv2.delete_rule(RuleArn=rule)
    elbv2.delete_listener(ListenerArn=listener)
    elbv2.delete_target_group(TargetGroupArn=group)
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)


def test_aws_lb_is_changed_in_place(daruma):
    elbv2, ec2 = client(daruma), client(daruma, 'ec2')
    vpc = ec2.create_vpc(CidrBlock='127.0.0.0/16')['Vpc']['VpcId']
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f'127.0.{i}.0/24', AvailabilityZone=zone)[
        'Subnet']['SubnetId'] for i, zone in enumerate(('zone-a', 'zone-b', 'zone-c'))]
    groups = [ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)['GroupId']
              for name in ('one', 'two')]
    arn = make_balancer(elbv2, Subnets=subnets[:2], SecurityGroups=groups[:1])
    before = balancer_of(elbv2, arn)

    elbv2.set_security_groups(LoadBalancerArn=arn, SecurityGroups=groups)
    elbv2.set_subnets(LoadBalancerArn=arn, Subnets=subnets[1:])
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=listed({
        **BALANCER_ATTRIBUTES, 'idle_timeout.timeout_seconds': '90',
        'routing.http.preserve_host_header.enabled': 'true'}))
    elbv2.remove_tags(ResourceArns=[arn], TagKeys=['Name'])
    elbv2.add_tags(ResourceArns=[arn], Tags=[{'Key': 'team', 'Value': 'a/b: ä & <c>'}])

    after = balancer_of(elbv2, arn)
    assert after['State'] == {'Code': 'active'}
    assert sorted(after['SecurityGroups']) == sorted(groups)
    assert {(zone['ZoneName'], zone['SubnetId']) for zone in after['AvailabilityZones']} == {
        ('zone-b', subnets[1]), ('zone-c', subnets[2])}
    changed = ('SecurityGroups', 'AvailabilityZones')
    assert {**after, **{name: before[name] for name in changed}} == before
    there = read(elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert {**BALANCER_ATTRIBUTES, 'idle_timeout.timeout_seconds': '90',
            'routing.http.preserve_host_header.enabled': 'true'}.items() <= there.items()
    assert tags_of(elbv2, arn) == [{'Key': 'team', 'Value': 'a/b: ä & <c>'}]


def test_aws_lb_target_group_is_changed_in_place(daruma):
    elbv2 = client(daruma)
    arn = make_group(elbv2)
    before = group_of(elbv2, arn)
    check = {**HEALTH_CHECK, 'HealthCheckPath': '/alive?deep=1&x=%20', 'HealthCheckPort': '8081',
             'HealthCheckIntervalSeconds': 15, 'HealthCheckTimeoutSeconds': 4,
             'HealthyThresholdCount': 5, 'UnhealthyThresholdCount': 2,
             'Matcher': {'HttpCode': '200-299,301'}}
    elbv2.modify_target_group(TargetGroupArn=arn, **check)
    attributes = {**GROUP_ATTRIBUTES, 'stickiness.enabled': 'true', 'stickiness.type': 'app_cookie',
                  'stickiness.app_cookie.cookie_name': 'SESSION',
                  'stickiness.app_cookie.duration_seconds': '600',
                  'deregistration_delay.timeout_seconds': '25'}
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=listed(attributes))
    assert group_of(elbv2, arn) == {**before, **check}
    there = read(elbv2.describe_target_group_attributes(TargetGroupArn=arn))
    assert attributes.items() <= there.items()


def test_aws_lb_listener_is_changed_in_place(daruma):
    elbv2 = client(daruma)
    balancer, groups = make_balancer(elbv2), [make_group(elbv2, name) for name in ('one', 'two')]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Port=daruma.configuration.http_port, Protocol='HTTP',
        DefaultActions=[forward_to(groups[0])], Tags=TAGS)['Listeners'][0]['ListenerArn']
    weighted = {'Type': 'forward', 'Order': 1, 'ForwardConfig': {
        'TargetGroups': [{'TargetGroupArn': groups[1], 'Weight': 3},
                         {'TargetGroupArn': groups[0], 'Weight': 0}],
        'TargetGroupStickinessConfig': {'Enabled': True, 'DurationSeconds': 120}}}
    answer = {'Type': 'fixed-response', 'Order': 1, 'FixedResponseConfig': {
        'ContentType': 'application/json', 'MessageBody': '{"a": "ö & <b>"}\n',
        'StatusCode': '503'}}
    for port in (daruma.configuration.http_port, daruma.configuration.https_port):
        for action in (weighted, answer):
            elbv2.modify_listener(ListenerArn=listener, Port=port, Protocol='HTTP',
                                  DefaultActions=[action])
            there = listener_of(elbv2, listener)
            assert (there['Port'], there['Protocol']) == (port, 'HTTP')
            assert there['DefaultActions'] == [action]
    served = requests.get(f'http://127.0.0.1:{daruma.configuration.https_port}/', timeout=10)
    assert (served.status_code, served.content.decode()) == (503, '{"a": "ö & <b>"}\n')
    attributes = {'routing.http.response.server.enabled': 'false',
                  'routing.http.response.strict_transport_security.header_value': 'max-age=60'}
    changed = ask(daruma, 'ModifyListenerAttributes', ListenerArn=listener, **{
        f'Attributes.member.{i}.{part}': text for i, pair in enumerate(attributes.items(), 1)
        for part, text in zip(('Key', 'Value'), pair)})
    assert changed.status == 200, changed.text
    there = ask(daruma, 'DescribeListenerAttributes', ListenerArn=listener).text
    for key, value in attributes.items():
        assert f'<member><Key>{key}</Key><Value>{value}</Value></member>' in there
    assert tags_of(elbv2, listener) == TAGS


# Each kind of condition and of action; a rule holds five values.
CONDITIONS = [
    [{'Field': 'path-pattern', 'PathPatternConfig': {'Values': ['/z/*', '/a?b', '/*~']}},
     {'Field': 'host-header', 'HostHeaderConfig': {'Values': ['www.example.com', 'a.example']}}],
    [{'Field': 'http-header', 'HttpHeaderConfig': {
        'HttpHeaderName': 'X-Kind', 'Values': ['b c', 'A*']}},
     {'Field': 'source-ip', 'SourceIpConfig': {'Values': ['10.1.0.0/16', '10.0.0.0/16']}}],
    [{'Field': 'query-string', 'QueryStringConfig': {'Values': [
        {'Key': 'version', 'Value': '&<2>'}, {'Value': 'beta*'}]}},
     {'Field': 'http-request-method', 'HttpRequestMethodConfig': {'Values': ['PUT', 'GET']}}]]


def test_aws_lb_listener_rule_is_changed_in_place(daruma):
    elbv2 = client(daruma)
    balancer, groups = make_balancer(elbv2), [make_group(elbv2, name) for name in ('one', 'two')]
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Port=daruma.configuration.http_port, Protocol='HTTP',
        DefaultActions=[forward_to(groups[0])])['Listeners'][0]['ListenerArn']
    actions = [
        {'Type': 'forward', 'Order': 1, 'ForwardConfig': {
            'TargetGroups': [{'TargetGroupArn': arn, 'Weight': weight}
                             for arn, weight in zip(groups, (1, 999))],
            'TargetGroupStickinessConfig': {'Enabled': False}}},
        {'Type': 'redirect', 'Order': 1, 'RedirectConfig': {
            'Host': 'new.#{host}', 'Path': '/a/#{path}', 'Port': '#{port}', 'Query': '#{query}&x=1',
            'Protocol': '#{protocol}', 'StatusCode': 'HTTP_302'}},
        {'Type': 'fixed-response', 'Order': 1, 'FixedResponseConfig': {
            'ContentType': 'text/plain', 'MessageBody': ' two\r\nlines ', 'StatusCode': '404'}}]
    rule = elbv2.create_rule(ListenerArn=listener, Priority=1, Conditions=CONDITIONS[-1],
                             Actions=[actions[-1]], Tags=TAGS)['Rules'][0]['RuleArn']
    for number, (conditions, action) in enumerate(zip(CONDITIONS, actions)):
        elbv2.set_rule_priorities(RulePriorities=[{'RuleArn': rule, 'Priority': 100 + number}])
        elbv2.modify_rule(RuleArn=rule, Conditions=conditions, Actions=[action])
        assert rule_of(elbv2, rule) == {
            'RuleArn': rule, 'Priority': str(100 + number), 'IsDefault': False,
            'Conditions': shown(conditions), 'Actions': [action]}
    assert tags_of(elbv2, rule) == TAGS
