# SPDX-License-Identifier: Apache-2.0
"""What Terraform's AWS provider sends when it makes its resources, and what it takes of answers."""
import pytest
from botocore.exceptions import ClientError

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
# The health check of aws_lb_target_group, which it sends whole at each change of a part.
HEALTH_CHECK = {
    'HealthCheckEnabled': True, 'HealthCheckIntervalSeconds': 30, 'HealthCheckPath': '/health',
    'HealthCheckPort': 'traffic-port', 'HealthCheckProtocol': 'HTTP', 'HealthyThresholdCount': 3,
    'UnhealthyThresholdCount': 3, 'Matcher': {'HttpCode': '200'}}
TAGS = [{'Key': 'Name', 'Value': 'web'}]


def not_found(code, call, **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    assert problem.value.response['Error']['Code'] == code


def listed(attributes):
    return [{'Key': key, 'Value': value} for key, value in attributes.items()]


def read(answer):
    return {each['Key']: each['Value'] for each in answer['Attributes']}


def make_balancer(elbv2, **options):
    not_found('LoadBalancerNotFound', elbv2.describe_load_balancers, Names=['web'])
    arn = elbv2.create_load_balancer(
        Name='web', Type='application', Scheme='internet-facing', Tags=TAGS,
        **options)['LoadBalancers'][0]['LoadBalancerArn']
    state = elbv2.describe_load_balancers(LoadBalancerArns=[arn])['LoadBalancers'][0]['State']
    assert state['Code'] == 'active'
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=arn,
                                          Attributes=listed(BALANCER_ATTRIBUTES))
    return arn


def make_group(elbv2, name='group'):
    not_found('TargetGroupNotFound', elbv2.describe_target_groups, Names=[name])
    arn = elbv2.create_target_group(
        Name=name, Protocol='HTTP', Port=80, VpcId='vpc-0da00000000000001', TargetType='ip',
        ProtocolVersion='HTTP1', Tags=TAGS, **HEALTH_CHECK)['TargetGroups'][0]['TargetGroupArn']
    assert elbv2.describe_target_groups(TargetGroupArns=[arn])['TargetGroups']
    elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=listed(GROUP_ATTRIBUTES))
    return arn


def forward_to(group):
    return {'Type': 'forward', 'Order': 1, 'TargetGroupArn': group}


def balancer_of(elbv2, arn):
    return elbv2.describe_load_balancers(LoadBalancerArns=[arn])['LoadBalancers'][0]


def group_of(elbv2, arn):
    return elbv2.describe_target_groups(TargetGroupArns=[arn])['TargetGroups'][0]


def listener_of(elbv2, arn):
    return elbv2.describe_listeners(ListenerArns=[arn])['Listeners'][0]


def rule_of(elbv2, arn):
    return elbv2.describe_rules(RuleArns=[arn])['Rules'][0]


def tags_of(elbv2, arn):
    return elbv2.describe_tags(ResourceArns=[arn])['TagDescriptions'][0]['Tags']
