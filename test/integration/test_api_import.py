# SPDX-License-Identifier: Apache-2.0
"""From load balancers that AWS's client describes to a daruma.yaml that serves the same."""
import json
import os
import shutil

import yaml

from aws import KEY, MODELS, SECRET, client, serve_api
from harness import DARUMA, ROOT, Daruma, make_certificate, run

LOCAL = {'Node': {'Addresses': ['127.0.0.1']}}


def aws_tools(daruma, folder):
    """An environment in which `aws` asks a daruma."""
    tools = folder / 'tools'
    tools.mkdir()
    (tools / 'aws').write_text(f'#!/bin/sh\nexec /usr/bin/aws --endpoint-url {daruma.admin} "$@"\n')
    (tools / 'aws').chmod(0o755)
    return {'PATH': f'{tools}:{os.environ["PATH"]}', 'HOME': str(folder), 'AWS_ACCESS_KEY_ID': KEY,
            'AWS_SECRET_ACCESS_KEY': SECRET, 'AWS_DEFAULT_REGION': 'us-east-1', 'AWS_PAGER': '',
            **({'AWS_DATA_PATH': str(MODELS)} if MODELS.exists() else {})}


def described(daruma, folder):
    """What examples/describe-aws.sh collects, of a daruma instead of AWS."""
    answer = run([ROOT / 'examples/describe-aws.sh', folder / 'aws'], seconds=400,
                 env=aws_tools(daruma, folder))
    assert answer.returncode == 0, answer.stderr
    return folder / 'aws'


def imported(folder):
    answer = run([DARUMA, 'import', folder])
    return answer.returncode, yaml.safe_load(answer.stdout), answer.stderr


def make_site(daruma, targets, folder):
    """Of everything something; returns the file's certificate."""
    elbv2 = client(daruma)
    groups = {}
    for kind, target in zip(('ip', 'instance'), targets):
        group = groups[kind] = elbv2.create_target_group(
            Name=f'of-{kind}', Protocol='HTTP', Port=80, TargetType=kind,
            HealthCheckPath='/health')['TargetGroups'][0]['TargetGroupArn']
        name = target.address
        if kind == 'instance':
            name = client(daruma, 'ec2').run_instances(
                PrivateIpAddress=name, MinCount=1, MaxCount=1)['Instances'][0]['InstanceId']
        elbv2.register_targets(TargetGroupArn=group, Targets=[{'Id': name, 'Port': target.port}])
    elbv2.modify_target_group_attributes(TargetGroupArn=groups['ip'], Attributes=[
        {'Key': 'deregistration_delay.timeout_seconds', 'Value': '7'}])
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[
        {'Key': 'idle_timeout.timeout_seconds', 'Value': '9'}])
    certificate, key = (folder / f'site.{end}' for end in ('crt', 'key'))
    arn = client(daruma, 'acm').import_certificate(
        Certificate=certificate.read_bytes(), PrivateKey=key.read_bytes())['CertificateArn']
    weighted = [{'Type': 'forward', 'ForwardConfig': {
        'TargetGroups': [{'TargetGroupArn': groups['ip'], 'Weight': 1},
                         {'TargetGroupArn': groups['instance'], 'Weight': 0}],
        'TargetGroupStickinessConfig': {'Enabled': True, 'DurationSeconds': 60}}}]
    elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTP', Port=daruma.configuration.http_port,
        DefaultActions=[{'Type': 'redirect', 'RedirectConfig': {
            'Protocol': 'HTTPS', 'Port': '443', 'StatusCode': 'HTTP_301'}}])
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTPS', Port=daruma.configuration.https_port,
        Certificates=[{'CertificateArn': arn}], DefaultActions=weighted)['Listeners'][0]
    for priority, condition, actions in (
            (20, {'Field': 'path-pattern', 'Values': ['/instance']},
             [{'Type': 'forward', 'TargetGroupArn': groups['instance']}]),
            (3, {'Field': 'host-header', 'HostHeaderConfig': {'Values': ['soon.example.com']}},
             [{'Type': 'fixed-response', 'FixedResponseConfig': {
                 'StatusCode': '503', 'ContentType': 'text/plain', 'MessageBody': 'soon'}}]),
            (4, {'Field': 'query-string', 'QueryStringConfig': {'Values': [{'Value': 'x'}]}},
             weighted)):
        elbv2.create_rule(ListenerArn=listener['ListenerArn'], Priority=priority,
                          Conditions=[condition], Actions=actions)


def serves_the_site(daruma, targets):
    moved = daruma.get('/')
    assert (moved.status_code, moved.headers['Location']) == (301, 'https://127.0.0.1:443/')
    assert daruma.get('/', tls=True).headers['X-Target'] == targets[0].name
    assert daruma.get('/instance', tls=True).headers['X-Target'] == targets[1].name
    assert daruma.get('/', tls=True, headers={'Host': 'soon.example.com'}).text == 'soon'


def test_what_aws_describes_is_served(tmp_path, processes, start_targets):
    targets = start_targets(2)
    make_certificate(tmp_path, 'site', ['site.example.com'])
    daruma = processes.enter_context(serve_api(tmp_path / 'first'))
    make_site(daruma, targets, tmp_path)
    serves_the_site(daruma, targets)
    code, value, notes = imported(described(daruma, tmp_path))
    assert code == 0, notes
    assert 'certificate site.example.com (arn:aws:acm:' in notes
    assert value['LoadBalancers'][0]['Attributes'] == {'idle_timeout.timeout_seconds': '9'}
    assert [rule['Priority'] for listener in value['LoadBalancers'][0]['Listeners']
            for rule in listener.get('Rules', [])] == [3, 4, 20]
    daruma.kill()

    configuration = daruma.configuration
    configuration.folder = tmp_path / 'second'
    (configuration.folder / 'certificates').mkdir(parents=True)
    for end in ('crt', 'key'):
        shutil.copy(tmp_path / f'site.{end}',
                    configuration.folder / f'certificates/site.example.com.{end}')
    configuration.value = {'Admin': {'Port': configuration.admin_port}, **LOCAL, **value}
    configuration.write()
    again = processes.enter_context(Daruma(configuration))
    serves_the_site(again, targets)


def exported(daruma, certificates, *options):
    answer = run([DARUMA, 'export', '--config', daruma.configuration.file, '--data',
                  daruma.folder / 'data', '--certificates', certificates, *options])
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_commands_make_the_same_again(tmp_path, processes, start_targets):
    targets = start_targets(2)
    make_certificate(tmp_path, 'site', ['site.example.com'])
    daruma = processes.enter_context(serve_api(tmp_path / 'first'))
    make_site(daruma, targets, tmp_path)
    elbv2 = client(daruma)
    balancer = elbv2.describe_load_balancers()['LoadBalancers'][0]['LoadBalancerArn']
    listener, = [each for each in elbv2.describe_listeners(LoadBalancerArn=balancer)['Listeners']
                 if each['Protocol'] == 'HTTPS']
    nasty = '"$HOME" `id` \\ \'!\' ${PATH} \\u0001group_1\\u0001'
    elbv2.create_rule(
        ListenerArn=listener['ListenerArn'], Priority=9, Actions=[{
            'Type': 'fixed-response', 'FixedResponseConfig': {
                'StatusCode': '200', 'MessageBody': nasty}}],
        Conditions=[{'Field': 'path-pattern', 'Values': ['/$a']}],
        Tags=[{'Key': 'team', 'Value': 'a/b=c'}])
    elbv2.modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[
        {'Key': 'daruma.quota.rules', 'Value': '101'}])
    (tmp_path / 'all.sh').write_text(exported(daruma, tmp_path / 'kept', '--as', 'aws'))
    before = exported(daruma, tmp_path / 'before')
    assert "Daruma's own" in (tmp_path / 'all.sh').read_text()
    daruma.kill()

    configuration = daruma.configuration
    configuration.folder = tmp_path / 'second'
    shutil.copytree(tmp_path / 'first', configuration.folder,
                    ignore=shutil.ignore_patterns('data', 'logs', '*.log'))
    again = processes.enter_context(Daruma(configuration))
    environment = aws_tools(again, tmp_path)
    answer = run(['/bin/sh', tmp_path / 'all.sh'], seconds=400, env=environment)
    assert answer.returncode == 0, answer.stderr
    serves_the_site(again, targets)
    assert again.get('/$a', tls=True).text == nasty
    after = exported(again, tmp_path / 'after')

    def comparable(text, folder):
        """Certificates have names of their own, and there is no order but of priority."""
        value = yaml.safe_load(text.replace(str(tmp_path / folder), ''))
        value['TargetGroups'].sort(key=lambda group: group['Name'])
        value['LoadBalancers'][0]['Listeners'].sort(key=lambda listener: listener['Port'])
        for listener in value['LoadBalancers'][0]['Listeners']:
            listener.get('Rules', []).sort(key=lambda rule: rule['Priority'])
        name = value['Certificates'][0]['Name']
        return json.loads(json.dumps(value).replace(name, 'certificate'))
    assert comparable(after, 'after') == comparable(before, 'before')


def test_what_commands_cannot_say_is_a_comment(tmp_path):
    fixed = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]
    (tmp_path / 'page').write_text('sorry')
    (tmp_path / 'a.yaml').write_text(json.dumps({'LoadBalancers': [{
        'Name': 'web', 'Listeners': [{
            'Port': 81, 'Protocol': 'HTTP', 'DefaultActions': fixed,
            'Attributes': {'daruma.error_page.503.file': 'page'},
            'Rules': [{'Priority': 3, 'Actions': fixed, 'Conditions': [
                {'Field': 'path-pattern', 'Values': ['/a'], 'daruma.negate': True}]}]}]}]}))
    answer = run([DARUMA, 'export', '--config', tmp_path / 'a.yaml', '--as', 'aws'])
    assert answer.returncode == 0, answer.stderr
    assert '# The rule with priority 3 of listener_1 is left out' in answer.stdout
    assert '# daruma.error_page.503.file of listener_1 is left out' in answer.stdout
    assert 'create-rule' not in answer.stdout
    (tmp_path / 'all.sh').write_text(answer.stdout)
    assert run(['/bin/sh', '-n', tmp_path / 'all.sh']).returncode == 0


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, value in files.items():
        (folder / f'{name}.json').write_text(json.dumps(value))
    return folder


def arn(kind, *parts):
    return f'arn:aws:elasticloadbalancing:eu-central-1:1:{kind}/' + '/'.join(parts)


def test_mutual_tls_comes_over(tmp_path):
    balancer, balancer_id = arn('loadbalancer', 'app', 'web', 'b' * 16), 'b' * 16
    fixed = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]
    store = arn('truststore', 'clients', 'c' * 16)
    kinds = {81: {'Mode': 'passthrough', 'IgnoreClientCertificateExpiry': False},
             82: {'Mode': 'verify', 'TrustStoreArn': store, 'IgnoreClientCertificateExpiry': True,
                  'TrustStoreAssociationStatus': 'active', 'AdvertiseTrustStoreCaNames': 'on'},
             83: {'Mode': 'off'}}
    code, value, notes = imported(write(tmp_path / 'aws', all={
        'LoadBalancers': [{'LoadBalancerArn': balancer, 'LoadBalancerName': 'web',
                           'Type': 'application', 'Scheme': 'internal'}],
        'Listeners': [{'ListenerArn': arn('listener', 'app', 'web', balancer_id, str(port)),
                       'LoadBalancerArn': balancer, 'Port': port, 'Protocol': 'HTTPS',
                       'Certificates': [{'CertificateArn': 'arn:aws:acm:a:1:certificate/x'}],
                       'DefaultActions': fixed, 'MutualAuthentication': mutual}
                      for port, mutual in kinds.items()]}))
    assert code == 0, notes
    assert 'trust store clients (arn:aws:' in notes
    assert value['TrustStores'] == [
        {'Name': 'clients', 'CaCertificatesFile': 'certificates/clients.ca.pem'}]
    listeners = value['LoadBalancers'][0]['Listeners']
    assert [each.get('MutualAuthentication') for each in listeners] == [
        {'Mode': 'passthrough'},
        {'Mode': 'verify', 'TrustStore': 'clients', 'IgnoreClientCertificateExpiry': True,
         'AdvertiseTrustStoreCaNames': 'on'}, None]


def test_nobody_is_let_in_whom_aws_keeps_out(tmp_path):
    balancer, balancer_id = arn('loadbalancer', 'app', 'web', 'b' * 16), 'b' * 16

    def listener(port, ident, actions, **more):
        return {'ListenerArn': arn('listener', 'app', 'web', balancer_id, ident * 16),
                'LoadBalancerArn': balancer, 'Port': port, 'Protocol': 'HTTP',
                'DefaultActions': actions, **more}

    def group(name, **more):
        return {'TargetGroupArn': arn('targetgroup', name, name[0] * 16), 'TargetGroupName': name,
                'Protocol': 'HTTP', 'Port': 80, 'TargetType': 'ip', **more}
    forward = [{'Type': 'forward', 'TargetGroupArn': group('plain')['TargetGroupArn']}]
    login = [{'Type': 'authenticate-oidc', 'Order': 1, 'AuthenticateOidcConfig': {}}, *forward]
    code, value, notes = imported(write(
        tmp_path / 'aws', all={
            'LoadBalancers': [
                {'LoadBalancerArn': balancer, 'LoadBalancerName': 'web', 'Type': 'application',
                 'Scheme': 'internal'},
                {'LoadBalancerArn': arn('loadbalancer', 'net', 'n', 'c' * 16),
                 'LoadBalancerName': 'n', 'Type': 'network'}],
            'TargetGroups': [group('plain'), group('lambda', TargetType='lambda')],
            'Listeners': [
                listener(81, 'd', login),
                listener(82, 'e', forward, MutualAuthentication={'Mode': 'verify'}),
                listener(83, 'f', [{'Type': 'forward', 'ForwardConfig': {'TargetGroups': [
                    {'TargetGroupArn': group('lambda')['TargetGroupArn']}]}}])],
            'Rules': [{'RuleArn': arn('listener-rule', 'app', 'web', balancer_id, 'd' * 16, '1'),
                       'Priority': '5', 'Actions': login,
                       'Conditions': [{'Field': 'path-pattern', 'Values': ['/a']}]}]},
        **{f'attributes-{balancer_id}': {'Attributes': [
            {'Key': 'routing.newest.enabled', 'Value': 'true'},
            {'Key': 'waf.fail_open.enabled', 'Value': 'false'},
            {'Key': 'idle_timeout.timeout_seconds', 'Value': '60'}]},
           'health-' + 'p' * 16: {'TargetHealthDescriptions': [
               {'Target': {'Id': '10.0.0.1', 'Port': 80}, 'TargetHealth': {'State': 'healthy'}},
               {'Target': {'Id': '10.0.0.2', 'Port': 80}, 'TargetHealth': {'State': 'draining'}},
               {'Target': {'Id': 'i-0123456789', 'Port': 80}}]}}))
    assert code == 0, notes
    balancer, = value['LoadBalancers']
    closed = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '503'}}]
    assert {each['Port']: each['DefaultActions'] for each in balancer['Listeners']} == {
        81: closed, 83: closed}
    assert balancer['Listeners'][0]['Rules'][0]['Actions'] == closed
    assert 'Attributes' not in balancer
    assert value['TargetGroups'][0]['Targets'] == [{'Id': '10.0.0.1'}]
    for text in ('port 81: answers 503, since this release has no action authenticate-oidc',
                 'port 81, priority 5: answers 503', 'port 82: the listener is left out',
                 'port 83: answers 503', 'load balancer n is left out: it is of type network',
                 'target group lambda is left out', 'routing.newest.enabled is left out',
                 'target i-0123456789 is left out'):
        assert text in notes, notes
    assert 'waf' not in notes


def test_what_is_no_description_is_refused(tmp_path):
    for folder, text in ((tmp_path / 'none', 'cannot read'), (tmp_path, 'no .json files')):
        answer = run([DARUMA, 'import', folder])
        assert answer.returncode == 1 and text in answer.stderr
    (tmp_path / 'a.json').write_text('LOADBALANCERS\t')
    answer = run([DARUMA, 'import', tmp_path])
    assert answer.returncode == 1 and 'a.json is no JSON' in answer.stderr
    # Text that is JSON, whatever it is, ends in an answer.
    for text in ('[]', '1', '{"LoadBalancers": 1}', '{"LoadBalancers": [1, {}, {"Type": []}]}',
                 '{"Rules": [{}], "Listeners": [[]], "TargetGroups": [{"Matcher": 3}]}'):
        (tmp_path / 'a.json').write_text(text)
        assert run([DARUMA, 'import', tmp_path]).returncode in (0, 1)
