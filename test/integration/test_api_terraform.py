# SPDX-License-Identifier: Apache-2.0
"""The calls of Terraform's AWS provider, in its order, and what it makes of the answers."""
import re

import pytest
from botocore.exceptions import ClientError

from aws import ask, client, serve_api

# What aws_lb sends whatever the configuration says (ModifyLoadBalancerAttributes).
BALANCER_ATTRIBUTES = {
    'access_logs.s3.enabled': 'false', 'connection_logs.s3.enabled': 'false',
    'client_keep_alive.seconds': '3600', 'idle_timeout.timeout_seconds': '61',
    'routing.http.desync_mitigation_mode': 'defensive',
    'routing.http.drop_invalid_header_fields.enabled': 'false',
    'routing.http.preserve_host_header.enabled': 'false',
    'routing.http.x_amzn_tls_version_and_cipher_suite.enabled': 'false',
    'routing.http.xff_client_port.enabled': 'false',
    'routing.http.xff_header_processing.mode': 'append', 'routing.http2.enabled': 'true',
    'waf.fail_open.enabled': 'false', 'zonal_shift.config.enabled': 'false',
    'deletion_protection.enabled': 'false'}
GROUP_ATTRIBUTES = {
    'deregistration_delay.timeout_seconds': '0', 'load_balancing.algorithm.type': 'round_robin',
    'load_balancing.algorithm.anomaly_mitigation': 'off',
    'load_balancing.cross_zone.enabled': 'use_load_balancer_configuration',
    'slow_start.duration_seconds': '0', 'stickiness.enabled': 'false',
    'stickiness.type': 'lb_cookie', 'stickiness.lb_cookie.duration_seconds': '86400'}
TAGS = [{'Key': 'Name', 'Value': 'web'}]


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path))


def not_found(code, call, **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    assert problem.value.response['Error']['Code'] == code


def listed(attributes):
    return [{'Key': key, 'Value': value} for key, value in attributes.items()]


def read(answer):
    return {each['Key']: each['Value'] for each in answer['Attributes']}


def make_balancer(elbv2):
    not_found('LoadBalancerNotFound', elbv2.describe_load_balancers, Names=['web'])
    arn = elbv2.create_load_balancer(Name='web', Type='application', Scheme='internet-facing',
                                     Tags=TAGS)['LoadBalancers'][0]['LoadBalancerArn']
    state = elbv2.describe_load_balancers(LoadBalancerArns=[arn])['LoadBalancers'][0]['State']
    assert state['Code'] == 'active'
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn,
                                          Attributes=listed(BALANCER_ATTRIBUTES))
    return arn


def make_group(elbv2):
    not_found('TargetGroupNotFound', elbv2.describe_target_groups, Names=['group'])
    arn = elbv2.create_target_group(
        Name='group', Protocol='HTTP', Port=80, VpcId='vpc-0da00000000000001', TargetType='ip',
        ProtocolVersion='HTTP1', HealthCheckEnabled=True, HealthCheckIntervalSeconds=30,
        HealthCheckPath='/health', HealthCheckPort='traffic-port', HealthCheckProtocol='HTTP',
        HealthyThresholdCount=3, UnhealthyThresholdCount=3, Matcher={'HttpCode': '200'},
        Tags=TAGS)['TargetGroups'][0]['TargetGroupArn']
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=listed(GROUP_ATTRIBUTES))
    return arn


def test_aws_lb(daruma):
    elbv2 = client(daruma)
    arn = make_balancer(elbv2)
    there = read(elbv2.describe_load_balancer_attributes(LoadBalancerArn=arn))
    assert BALANCER_ATTRIBUTES.items() <= there.items()
    # It reads this whether or not the configuration reserves anything; what it then makes of
    # minimum_load_balancer_capacity is in test_api_capacity.py.
    reserved = ask(daruma, 'DescribeCapacityReservation', LoadBalancerArn=arn)
    assert reserved.status == 200 and 'MinimumLoadBalancerCapacity' not in reserved.text
    assert elbv2.describe_tags(ResourceArns=[arn])['TagDescriptions'][0]['Tags'] == TAGS
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
    group = elbv2.describe_target_groups(TargetGroupArns=[arn])['TargetGroups'][0]
    assert (group['HealthCheckPath'], group['HealthyThresholdCount'], group['Matcher']) == (
        '/health', 3, {'HttpCode': '200'})
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


def test_aws_lb_listener_and_rule(daruma):
    elbv2 = client(daruma)
    balancer, group = make_balancer(elbv2), make_group(elbv2)
    forward = {'Type': 'forward', 'Order': 1, 'TargetGroupArn': group}
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Port=daruma.configuration.http_port, Protocol='HTTP',
        DefaultActions=[forward], Tags=TAGS)['Listeners'][0]['ListenerArn']
    there = elbv2.describe_listeners(ListenerArns=[listener])['Listeners'][0]
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
    back = elbv2.describe_rules(RuleArns=[rule])['Rules'][0]
    assert back['Actions'] == [redirect]
    assert [{key: value for key, value in each.items() if key != 'Values'}
            for each in back['Conditions']] == conditions
    elbv2.set_rule_priorities(RulePriorities=[{'RuleArn': rule, 'Priority': 9}])
    assert elbv2.describe_rules(RuleArns=[rule])['Rules'][0]['Priority'] == '9'
    assert elbv2.describe_tags(ResourceArns=[rule])['TagDescriptions'][0]['Tags'] == TAGS

    # Deletion retries as long as the message says that it is in use.
    with pytest.raises(ClientError, match='is currently in use by a listener or a rule'):
        elbv2.delete_target_group(TargetGroupArn=group)
    elbv2.delete_rule(RuleArn=rule)
    elbv2.delete_listener(ListenerArn=listener)
    elbv2.delete_target_group(TargetGroupArn=group)
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)
