# SPDX-License-Identifier: Apache-2.0
"""daruma backup, restore and export: what the API made, to a file and back."""
import json
import shutil

from aws import ask, client, serve_api
from harness import DARUMA, Daruma, make_certificate, run, target_group


def names(daruma):
    return {each['TargetGroupName']
            for each in client(daruma).describe_target_groups()['TargetGroups']}


def make_group(daruma, name):
    assert ask(daruma, 'CreateTargetGroup', Name=name, Protocol='HTTP', Port='80',
               TargetType='ip').status == 200


def daruma_does(*words):
    return run([DARUMA, *words])


def test_what_was_backed_up_comes_back(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path))
    data, file = tmp_path / 'data', tmp_path / 'copy.db'
    files = make_certificate(tmp_path, 'site')
    certificate = client(daruma, 'acm').import_certificate(
        Certificate=(tmp_path / files['CertificateFile']).read_bytes(),
        PrivateKey=(tmp_path / files['PrivateKeyFile']).read_bytes())['CertificateArn']
    make_group(daruma, 'before')
    assert daruma_does('backup', '--data', data, file).returncode == 0
    assert file.stat().st_mode & 0o777 == 0o600
    again = daruma_does('backup', '--data', data, file)
    assert again.returncode == 1 and 'exists already' in again.stderr
    make_group(daruma, 'after')
    refused = daruma_does('restore', '--data', data, file)
    assert refused.returncode == 1 and names(daruma) == {'before', 'after'}

    daruma.kill()
    answer = daruma_does('restore', '--data', data, file)
    assert answer.returncode == 0 and answer.stdout.startswith('restored 2 '), answer.stderr
    daruma = processes.enter_context(Daruma(daruma.configuration))
    assert names(daruma) == {'before'}
    listed = client(daruma, 'acm').list_certificates()['CertificateSummaryList']
    assert [each['CertificateArn'] for each in listed] == [certificate]
    make_group(daruma, 'later')
    assert daruma.stop() == 0


def test_what_cannot_be_restored_changes_nothing(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path / 'one'))
    data = tmp_path / 'one/data'
    make_group(daruma, 'kept')
    files = make_certificate(tmp_path, 'site')
    client(daruma, 'acm').import_certificate(
        Certificate=(tmp_path / files['CertificateFile']).read_bytes(),
        PrivateKey=(tmp_path / files['PrivateKeyFile']).read_bytes())
    assert daruma_does('backup', '--data', data, tmp_path / 'copy.db').returncode == 0
    daruma.kill()
    shutil.copytree(data, tmp_path / 'saved')
    (tmp_path / 'text').write_text('this is no database, however long it may be')
    for file in ('none', 'text'):
        assert daruma_does('restore', '--data', data, tmp_path / file).returncode == 1
    # Another node's data directory has another key.
    other = tmp_path / 'other'
    answer = daruma_does('restore', '--data', other, tmp_path / 'copy.db')
    assert answer.returncode == 1 and 'secrets.key is missing' in answer.stderr
    assert not (other / 'secrets.key').exists()
    (other / 'secrets.key').write_text('A' * 43 + '=\n')
    answer = daruma_does('restore', '--data', other, tmp_path / 'copy.db')
    assert answer.returncode == 1 and "this data directory's key" in answer.stderr
    daruma = processes.enter_context(Daruma(daruma.configuration))
    assert names(daruma) == {'kept'}


def test_what_is_exported_serves_the_same(tmp_path, processes, start_targets):
    target, = start_targets(1)
    daruma = processes.enter_context(serve_api(
        tmp_path, TargetGroups=[target_group([target], name='declared')]))
    elbv2, acm = client(daruma), client(daruma, 'acm')
    files = make_certificate(tmp_path, 'site', ['site.example.com'])
    certificate = acm.import_certificate(
        Certificate=(tmp_path / files['CertificateFile']).read_bytes(),
        PrivateKey=(tmp_path / files['PrivateKeyFile']).read_bytes())['CertificateArn']
    group = elbv2.describe_target_groups()['TargetGroups'][0]['TargetGroupArn']
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    forward = [{'Type': 'forward', 'TargetGroupArn': group}]
    elbv2.create_listener(LoadBalancerArn=balancer, Protocol='HTTP', DefaultActions=forward,
                          Port=daruma.configuration.http_port)
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTPS', Port=daruma.configuration.https_port,
        Certificates=[{'CertificateArn': certificate}], DefaultActions=forward
    )['Listeners'][0]['ListenerArn']
    elbv2.create_rule(
        ListenerArn=listener, Priority=3, Conditions=[
            {'Field': 'query-string', 'QueryStringConfig': {'Values': [{'Value': 'y*'}]}}],
        Actions=[{'Type': 'redirect', 'RedirectConfig': {'Host': 'x', 'StatusCode': 'HTTP_301'}}])

    answer = daruma_does('export', '--config', daruma.configuration.file, '--data',
                         tmp_path / 'data', '--certificates', tmp_path / 'exported')
    assert answer.returncode == 0, answer.stderr
    assert 'AKIDEXAMPLE is left out' in answer.stderr and 'wJalr' not in answer.stdout
    assert 'PRIVATE' not in answer.stdout
    key, = (tmp_path / 'exported').glob('*.key')
    assert key.stat().st_mode & 0o777 == 0o600
    daruma.kill()
    daruma.configuration.file.write_text(answer.stdout)
    shutil.rmtree(tmp_path / 'data')
    again = processes.enter_context(Daruma(daruma.configuration))
    again.wait_for_health({target.name: 'healthy'})
    assert again.get('/').status_code == again.get('/', tls=True).status_code == 200
    moved = again.get('/?k=yes', tls=True)
    assert moved.headers['Location'].startswith('https://x')
    page = json.loads(again.ask_admin('/targets').text)
    assert [each['TargetGroupName'] for each in page['TargetGroups']] == ['declared']


def test_an_export_without_certificates_says_so(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path))
    make_group(daruma, 'made')
    answer = daruma_does('export', '--config', daruma.configuration.file, '--data',
                         tmp_path / 'data')
    assert answer.returncode == 0 and 'Name: made' in answer.stdout
    daruma.kill()  # and leaves a log behind that has yet to be put in its place
    data = tmp_path / 'data'
    (data / 'secrets.key').unlink()  # there is nothing that was sealed with it
    before = (data / 'store.db').read_bytes()
    assert daruma_does('export', '--config', daruma.configuration.file, '--data',
                       data).stdout == answer.stdout
    assert (data / 'store.db').read_bytes() == before and not (data / 'secrets.key').exists()
    assert daruma_does('export', '--config', daruma.configuration.file, '--data',
                       tmp_path / 'none').returncode == 1
