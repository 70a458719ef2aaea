# SPDX-License-Identifier: Apache-2.0
"""The whole life of a load balancer that only the API knows, with traffic at each stage."""
import contextlib
import re
import socket
import threading
import time

import pytest
import requests
from botocore.exceptions import ClientError

from aws import (
    ApiConfiguration, READER, READER_SECRET, ask, ask_json, awscli, client, serve_api)
from harness import DARUMA, Daruma, Target, run, wait_until


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path / 'daruma'))


def code_of(call, *arguments, **options):
    with pytest.raises(ClientError) as problem:
        call(*arguments, **options)
    return problem.value.response['Error']['Code']


def make_group(elbv2, target, name='group'):
    group = elbv2.create_target_group(
        Name=name, Protocol='HTTP', Port=80, TargetType='ip', HealthCheckPath='/health',
        HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2,
    )['TargetGroups'][0]
    elbv2.register_targets(TargetGroupArn=group['TargetGroupArn'],
                           Targets=[{'Id': target.address, 'Port': target.port}])
    return group['TargetGroupArn']


def forward(arn):
    return [{'Type': 'forward', 'TargetGroupArn': arn}]


def health(elbv2, arn):
    return [each['TargetHealth']['State'] for each in
            elbv2.describe_target_health(TargetGroupArn=arn)['TargetHealthDescriptions']]


def test_a_load_balancer_lives_and_serves(daruma, start_targets):
    first, second = start_targets(2)
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]
    arn = balancer['LoadBalancerArn']
    assert re.fullmatch(
        r'arn:aws:elasticloadbalancing:us-east-1:0{12}:loadbalancer/app/web/[0-9a-f]{16}', arn)
    assert balancer['State']['Code'] == 'provisioning'
    state = elbv2.describe_load_balancers(Names=['web'])['LoadBalancers'][0]['State']['Code']
    assert state == 'active'

    group = make_group(elbv2, first)
    assert health(elbv2, group) == ['unused']
    port = daruma.configuration.http_port
    listener = elbv2.create_listener(LoadBalancerArn=arn, Protocol='HTTP', Port=port,
                                     DefaultActions=forward(group))['Listeners'][0]['ListenerArn']
    assert daruma.get('/').status_code == 200  # the answer came when every worker listened
    wait_until('healthy', lambda: health(elbv2, group) == ['healthy'])

    rule = elbv2.create_rule(
        ListenerArn=listener, Priority=5,
        Conditions=[{'Field': 'path-pattern', 'Values': ['/soon']}],
        Actions=[{'Type': 'fixed-response', 'FixedResponseConfig': {
            'StatusCode': '503', 'ContentType': 'text/plain', 'MessageBody': 'soon'}}])['Rules'][0]
    assert daruma.get('/soon').text == 'soon'
    elbv2.modify_rule(RuleArn=rule['RuleArn'],
                      Conditions=[{'Field': 'path-pattern', 'Values': ['/later']}])
    assert daruma.get('/later').text == 'soon'
    assert daruma.get('/soon').status_code == 200
    elbv2.delete_rule(RuleArn=rule['RuleArn'])
    assert daruma.get('/later').status_code == 200

    elbv2.register_targets(TargetGroupArn=group, Targets=[{'Id': second.address,
                                                           'Port': second.port}])
    elbv2.deregister_targets(TargetGroupArn=group, Targets=[{'Id': first.address,
                                                             'Port': first.port}])
    states = health(elbv2, group)
    assert sorted(states)[0] == 'draining' and len(states) == 2
    assert code_of(elbv2.delete_target_group, TargetGroupArn=group) == 'ResourceInUse'
    elbv2.delete_listener(ListenerArn=listener)
    with pytest.raises(requests.ConnectionError):
        daruma.get('/')
    elbv2.delete_target_group(TargetGroupArn=group)
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    assert elbv2.describe_load_balancers()['LoadBalancers'] == []
    assert code_of(elbv2.describe_load_balancers, Names=['web']) == 'LoadBalancerNotFound'
    assert elbv2.describe_target_groups()['TargetGroups'] == []


def test_what_was_answered_survives_kill_9(tmp_path, processes, start_targets):
    target, = start_targets(1)
    daruma = processes.enter_context(serve_api(tmp_path / 'daruma'))
    elbv2 = client(daruma)
    arn = elbv2.create_load_balancer(Name='web', Tags=[{'Key': 'a', 'Value': 'b'}]
                                     )['LoadBalancers'][0]['LoadBalancerArn']
    group = make_group(elbv2, target)
    elbv2.create_listener(LoadBalancerArn=arn, Protocol='HTTP', DefaultActions=forward(group),
                          Port=daruma.configuration.http_port)
    asked = [elbv2.describe_load_balancers, elbv2.describe_target_groups,
             lambda: elbv2.describe_listeners(LoadBalancerArn=arn),
             lambda: elbv2.describe_tags(ResourceArns=[arn])]

    def answers():
        return [{key: value for key, value in call().items() if key != 'ResponseMetadata'}
                for call in asked]
    before = answers()
    daruma.kill()
    again = processes.enter_context(Daruma(daruma.configuration))
    assert again.get('/').status_code == 200
    assert answers() == before


def test_awscli_walks_the_whole_way(daruma, start_targets):
    target, = start_targets(1)
    arn = awscli(daruma, 'create-load-balancer', '--name', 'web')['LoadBalancers'][0][
        'LoadBalancerArn']
    group = awscli(daruma, 'create-target-group', '--name', 'group', '--protocol', 'HTTP', '--port',
                   '80', '--target-type', 'ip')['TargetGroups'][0]['TargetGroupArn']
    awscli(daruma, 'register-targets', '--target-group-arn', group, '--targets',
           f'Id={target.address},Port={target.port}')
    listener = awscli(daruma, 'create-listener', '--load-balancer-arn', arn, '--protocol', 'HTTP',
                      '--port', str(daruma.configuration.http_port), '--default-actions',
                      f'Type=forward,TargetGroupArn={group}')['Listeners'][0]['ListenerArn']
    assert daruma.get('/').status_code == 200
    awscli(daruma, 'wait', 'load-balancer-available', '--names', 'web')
    rule = awscli(daruma, 'create-rule', '--listener-arn', listener, '--priority', '7',
                  '--conditions', 'Field=host-header,Values=old.example.com', '--actions',
                  'Type=redirect,RedirectConfig={Host=new.example.com,StatusCode=HTTP_301}')
    assert rule['Rules'][0]['Conditions'][0]['HostHeaderConfig'] == {'Values': ['old.example.com']}
    moved = daruma.get('/here?x=1', headers={'Host': 'old.example.com'})
    assert moved.headers['Location'].startswith('http://new.example.com')
    awscli(daruma, 'delete-listener', '--listener-arn', listener)
    awscli(daruma, 'delete-target-group', '--target-group-arn', group)
    awscli(daruma, 'delete-load-balancer', '--load-balancer-arn', arn)
    awscli(daruma, 'wait', 'load-balancers-deleted', '--names', 'web')


def test_a_port_that_is_taken_leaves_nothing_half_made(daruma):
    elbv2 = client(daruma)
    arn = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    answer = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]
    with contextlib.closing(socket.create_server(('127.0.0.1', daruma.configuration.http_port))):
        assert code_of(elbv2.create_listener, LoadBalancerArn=arn, Protocol='HTTP',
                       Port=daruma.configuration.http_port,
                       DefaultActions=answer) == 'InvalidConfigurationRequest'
        assert elbv2.describe_listeners(LoadBalancerArn=arn)['Listeners'] == []
    elbv2.create_listener(LoadBalancerArn=arn, Protocol='HTTP', DefaultActions=answer,
                          Port=daruma.configuration.http_port)
    assert daruma.get('/').status_code == 200


def test_what_the_file_declares_is_the_files(tmp_path, processes, start_targets):
    target, = start_targets(1)
    daruma = processes.enter_context(serve_api(
        tmp_path / 'daruma', TargetGroups=[{
            'Name': 'declared', 'Protocol': 'HTTP', 'Port': 80,
            'Targets': [target.description()]}], LoadBalancers=[{'Name': 'file'}]))
    elbv2 = client(daruma)
    balancer = elbv2.describe_load_balancers(Names=['file'])['LoadBalancers'][0]
    with pytest.raises(ClientError, match='daruma.yaml') as problem:
        elbv2.delete_load_balancer(LoadBalancerArn=balancer['LoadBalancerArn'])
    assert problem.value.response['Error']['Code'] == 'OperationNotPermitted'
    group = elbv2.describe_target_groups(Names=['declared'])['TargetGroups'][0]['TargetGroupArn']
    assert code_of(elbv2.deregister_targets, TargetGroupArn=group,
                   Targets=[target.description()]) == 'OperationNotPermitted'

    # But the API's load balancers may use it; and the file cannot take it away from them.
    arn = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.create_listener(LoadBalancerArn=arn, Protocol='HTTP', DefaultActions=forward(group),
                          Port=daruma.configuration.http_port)
    assert daruma.get('/').status_code == 200
    daruma.configuration.value['TargetGroups'] = []
    daruma.configuration.write()
    answer = daruma.reload()
    assert answer.returncode == 1 and 'does not fit with what the API made' in answer.stderr
    assert "load balancer 'web', Listeners[0].DefaultActions" in answer.stderr
    assert daruma.get('/').status_code == 200
    # Nor by way of a restart.
    daruma.kill()
    daruma = processes.enter_context(Daruma(daruma.configuration))
    daruma.wait_for_health({target.name: 'healthy'})
    assert daruma.get('/').status_code == 200
    assert 'serving the last good configuration' in daruma.output()
    client(daruma).delete_load_balancer(LoadBalancerArn=arn)
    assert daruma.reload().returncode == 0
    assert client(daruma).describe_target_groups()['TargetGroups'] == []


def test_the_nodes_limit_counts_what_the_file_declares(tmp_path, processes):
    daruma = processes.enter_context(serve_api(
        tmp_path, LoadBalancers=[{'Name': f'declared-{i}'} for i in range(499)]))
    elbv2 = client(daruma)
    elbv2.create_load_balancer(Name='one')
    assert code_of(elbv2.create_load_balancer, Name='two') == 'TooManyLoadBalancers'
    limits = {each['Name']: each['Max'] for each in elbv2.describe_account_limits()['Limits']}
    assert limits['application-load-balancers'] == '500'


def test_only_those_who_may(daruma):
    reader = client(daruma, key=READER, secret=READER_SECRET)
    assert reader.describe_load_balancers()['LoadBalancers'] == []
    assert code_of(reader.create_load_balancer, Name='web') == 'AccessDenied'
    assert code_of(client(daruma, secret='wrong').describe_load_balancers) == \
        'SignatureDoesNotMatch'
    assert code_of(client(daruma, key='AKIDNOBODY').describe_load_balancers) == \
        'InvalidClientTokenId'
    unsigned = requests.post(daruma.admin + '/', timeout=10, data={
        'Action': 'DescribeLoadBalancers', 'Version': '2015-12-01'})
    assert unsigned.status_code == 403 and 'MissingAuthenticationToken' in unsigned.text
    assert re.search(r'audit.*CreateLoadBalancer.*AccessDenied', daruma.output())
    identity = ask(daruma, 'GetCallerIdentity', version='2011-06-15', service='sts')
    assert identity.first('Arn') == 'arn:aws:iam::000000000000:user/AKIDEXAMPLE'


def test_forty_guessers_are_slow_and_quiet(daruma):
    stop = threading.Event()
    codes, problems = [], []

    def guess():
        try:
            while not stop.is_set():
                codes.append(ask(daruma, 'DescribeLoadBalancers', secret='a-guess').code)
        except Exception as problem:  # pylint: disable=broad-except
            problems.append(problem)
    guessers = [threading.Thread(target=guess) for _ in range(40)]
    begin = time.monotonic()
    for guesser in guessers:
        guesser.start()
    wait_until('guesses were refused', lambda: len(codes) >= 150, 30)
    elapsed = time.monotonic() - begin
    assert client(daruma).describe_load_balancers()['LoadBalancers'] == []
    stop.set()
    for guesser in guessers:
        guesser.join()
    assert not problems and set(codes) == {'SignatureDoesNotMatch'}
    assert elapsed > 3  # ten at once, then forty a second
    lines = re.findall(r'audit.*claimed=AKIDEXAMPLE.*SignatureDoesNotMatch', daruma.output())
    assert 10 <= len(lines) <= 10 * (time.monotonic() - begin + 1)
    assert re.search(r'audit.*without a line of their own.*count=', daruma.output())


def test_the_audit_log_says_what_was_changed(daruma):
    elbv2 = client(daruma)
    arn = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.add_tags(ResourceArns=[arn], Tags=[{'Key': 'a', 'Value': 'b'}])
    assert code_of(elbv2.describe_load_balancers, Names=['none']) == 'LoadBalancerNotFound'
    assert code_of(client(daruma, secret='no').delete_load_balancer, LoadBalancerArn=arn)
    log = daruma.output()
    for line in (rf'CreateLoadBalancer caller=AKIDEXAMPLE from=127.* resource={arn} outcome=done',
                 rf'AddTags caller=AKIDEXAMPLE .* resource={arn} outcome=done',
                 rf'DeleteLoadBalancer claimed=AKIDEXAMPLE .* resource={arn} '
                 'outcome=SignatureDoesNotMatch'):
        assert re.search('audit.*' + line, log), log
    assert 'LoadBalancerNotFound' not in log  # whoever asks and may is no news


def test_the_audit_log_names_what_is_not_a_load_balancer(daruma):
    ec2, alarms = client(daruma, 'ec2'), client(daruma, 'cloudwatch')
    vpc = ec2.create_vpc(CidrBlock='127.0.0.0/16')['Vpc']['VpcId']
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='127.0.0.0/24')['Subnet']['SubnetId']
    ec2.create_tags(Resources=[vpc, subnet], Tags=[{'Key': 'Name', 'Value': 'a'}])
    machine = ec2.run_instances(PrivateIpAddress='127.0.0.9', MinCount=1, MaxCount=1,
                                SubnetId=subnet)['Instances'][0]['InstanceId']
    ec2.terminate_instances(InstanceIds=[machine])
    alarms.put_metric_alarm(
        AlarmName='busy', Namespace='AWS/ApplicationELB', MetricName='RequestCount', Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator='GreaterThanThreshold',
        Statistic='Sum')
    alarms.delete_alarms(AlarmNames=['busy'])
    log = daruma.output()
    for action, resource in (
            ('CreateVpc', vpc), ('CreateSubnet', subnet), ('CreateTags', f'{vpc} {subnet}'),
            ('RunInstances', machine), ('TerminateInstances', machine),
            ('PutMetricAlarm', 'busy'), ('DeleteAlarms', 'busy')):
        assert re.search(f'audit.*{action} caller=AKIDEXAMPLE .*resource="?{resource}"? '
                         'outcome=done', log), (action, log)


def test_a_signature_is_good_for_what_it_was_made_for(daruma):
    other = ask(daruma, 'CreateLoadBalancer', service='sts', Name='web')
    assert (other.status, other.code) == (403, 'SignatureDoesNotMatch')
    assert "correct service: 'elasticloadbalancing'" in other.text
    assert ask(daruma, 'GetCallerIdentity', version='2011-06-15').code == 'SignatureDoesNotMatch'
    late = ask_json(daruma, 'CertificateManager.ListCertificates', '{}',
                    later={'X-Amz-Target': 'CertificateManager.DeleteCertificate'})
    assert late.status == 403 and "'X-Amz-Target' must be a 'SignedHeader'" in late.text
    # Whoever is asked for what is not here hears so, as any service of AWS.
    for service, version in (('iam', '2010-05-08'), ('monitoring', '2010-08-01')):
        assert ask(daruma, 'ListThings', version, service=service).code == 'InvalidAction'


def test_a_plus_means_what_was_signed(daruma):
    url = client(daruma).generate_presigned_url(
        'create_load_balancer', Params={'Name': 'web', 'Tags': [{'Key': 'a', 'Value': 'b+c d'}]},
        ExpiresIn=60, HttpMethod='GET')
    assert '%2B' in url
    url = url.replace('%2B', '+')  # the same to the signature
    assert requests.get(url, timeout=10).status_code == 200
    elbv2 = client(daruma)
    arn = elbv2.describe_load_balancers()['LoadBalancers'][0]['LoadBalancerArn']
    tags = elbv2.describe_tags(ResourceArns=[arn])['TagDescriptions'][0]['Tags']
    assert tags == [{'Key': 'a', 'Value': 'b+c d'}]


def test_a_change_that_nobody_signed_is_no_link(tmp_path, processes):
    configuration = ApiConfiguration(tmp_path)
    configuration.value['Admin'] = {'Address': '127.0.0.1', 'Port': configuration.admin_port,
                                    'Authentication': 'none'}
    configuration.write()
    daruma = processes.enter_context(Daruma(configuration))

    def answer(method, action, **headers):
        return requests.request(
            method, f'{daruma.admin}/?Action={action}&Version=2015-12-01&Name=web' if
            method == 'GET' else daruma.admin + '/', headers=headers, timeout=10,
            data={'Action': action, 'Version': '2015-12-01', 'Name': 'web'} if
            method == 'POST' else None)
    refused = answer('GET', 'CreateLoadBalancer')
    assert refused.status_code == 400 and 'POST' in refused.text
    image = {'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors'}
    assert answer('POST', 'CreateLoadBalancer', **image).status_code == 403
    assert answer('GET', 'DescribeAccountLimits', **image).status_code == 403
    assert answer('POST', 'CreateLoadBalancer').status_code == 200


def test_guessing_is_slow_and_nobody_else_is_kept_waiting(daruma):
    times = []
    for _ in range(13):
        begin = time.monotonic()
        assert ask(daruma, 'DescribeLoadBalancers', secret='a-guess').code == \
            'SignatureDoesNotMatch'
        times.append(time.monotonic() - begin)
        begin = time.monotonic()
        assert ask(daruma, 'DescribeLoadBalancers').status == 200
        assert time.monotonic() - begin < 0.9
    assert max(times[:10]) < 0.9 and min(times[10:]) >= 0.9


def test_a_presigned_request_is_as_good(daruma):
    for method in ('GET', 'POST'):
        url = client(daruma).generate_presigned_url('describe_load_balancers', ExpiresIn=60,
                                                    HttpMethod=method)
        answer = requests.request(method, url, timeout=10)
        assert answer.status_code == 200 and '<DescribeLoadBalancersResult>' in answer.text
        for wrong in (url.replace('Describe', 'describe'), url + '0'):
            assert requests.request(method, wrong, timeout=10).status_code == 403
    assert 'GET  /metrics' in requests.get(daruma.admin + '/', timeout=10).text  # the index


def test_keys_that_are_made_count_at_once(daruma):
    def keys(*words):
        return run([DARUMA, 'keys', *words, '--data', daruma.folder / 'data'])

    def made(*words):
        answer = keys('create', *words)
        assert answer.returncode == 0, answer.stderr
        found = re.fullmatch(r'export AWS_ACCESS_KEY_ID=(AKIA\S{16}) '
                             r'AWS_SECRET_ACCESS_KEY=(\S{40})\n', answer.stdout)
        return found.groups()
    admin, reader = made(), made('--role', 'read-only')
    assert client(daruma, key=admin[0], secret=admin[1]).create_load_balancer(Name='web')
    elbv2 = client(daruma, key=reader[0], secret=reader[1])
    assert len(elbv2.describe_load_balancers()['LoadBalancers']) == 1
    assert code_of(elbv2.create_load_balancer, Name='other') == 'AccessDenied'
    assert code_of(client(daruma, key=admin[0], secret=reader[1]).describe_load_balancers) == \
        'SignatureDoesNotMatch'
    assert client(daruma).describe_load_balancers()  # the file's is as good
    listed = keys('list').stdout
    assert [line.split()[:2] for line in listed.splitlines()] == sorted(
        [[admin[0], 'admin'], [reader[0], 'read-only']])
    for path in (daruma.folder / 'data').rglob('*'):
        assert path.is_dir() or admin[1].encode() not in path.read_bytes()
    file = daruma.folder / 'data/access-keys' / admin[0]
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700

    assert keys('delete', admin[0]).returncode == 0
    assert code_of(client(daruma, key=admin[0], secret=admin[1]).describe_load_balancers) == \
        'InvalidClientTokenId'
    for words in (('delete', admin[0]), ('delete', '../secrets.key'), ('create', '--role', 'x')):
        assert keys(*words).returncode in (1, 2)
    assert (daruma.folder / 'data/secrets.key').exists()
    assert run([DARUMA, 'keys', 'create', '--data', daruma.folder / 'none']).returncode == 1


def test_keys_change_with_the_file(daruma):
    elbv2 = client(daruma, key='AKIDLATER', secret='a-key-that-comes-later')
    assert code_of(elbv2.describe_load_balancers) == 'InvalidClientTokenId'
    daruma.configuration.value['Admin']['AccessKeys'] = [
        {'Id': 'AKIDLATER', 'Secret': 'a-key-that-comes-later'}]
    daruma.configuration.write()
    assert daruma.reload().returncode == 0
    assert elbv2.create_load_balancer(Name='web')['LoadBalancers']
    assert code_of(client(daruma).describe_load_balancers) == 'InvalidClientTokenId'


def test_without_keys_nobody_gets_in_unless_everybody_may(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path))
    for admin, status in (({}, 403), ({'Authentication': 'none'}, 200)):
        daruma.configuration.value['Admin'] = {
            'Address': '127.0.0.1', 'Port': daruma.configuration.admin_port, **admin}
        daruma.configuration.write()
        assert daruma.reload().returncode == 0
        answer = requests.post(daruma.admin + '/', timeout=10, data={
            'Action': 'CreateLoadBalancer', 'Version': '2015-12-01', 'Name': 'web'})
        assert answer.status_code == status, answer.text


def test_without_a_data_directory_nothing_is_promised(tmp_path, processes):
    daruma = processes.enter_context(Daruma(ApiConfiguration(tmp_path), keeps=False))
    elbv2 = client(daruma)
    assert elbv2.describe_load_balancers()['LoadBalancers'] == []
    assert code_of(elbv2.create_load_balancer, Name='web') == 'OperationNotPermitted'
