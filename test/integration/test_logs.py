# SPDX-License-Identifier: Apache-2.0
"""Logs in buckets, in every format, and on a disk that is full. docs/logs.md."""
import gzip
import json
import os
import re
import shlex
import socket
from pathlib import Path

import botocore.exceptions
import pytest

from aws import ApiConfiguration, client
from fake_s3 import KEY, REGION, SECRET, FakeS3
from harness import DARUMA, Configuration, Daruma, Process, run, target_group, wait_until

OBJECT = re.compile(
    r'(?:lb/one/)?AWSLogs/000000000000/elasticloadbalancing/us-east-1/\d{4}/\d\d/\d\d/'
    r'(conn_log_|health_check_log_|)000000000000_elasticloadbalancing_us-east-1_'
    r'app\.web\.[0-9a-f]{16}_\d{8}T\d{4}Z_127\.0\.0\.1_[0-9a-z]{8}\.log\.gz')
LOGS = ('access_logs', 'connection_logs', 'health_check_logs')


@pytest.fixture
def s3():
    with FakeS3() as made:
        yield made


def configure(folder, targets, bucket, **logs):
    configuration = Configuration(folder, [target_group(targets)], attributes={
        key: value for log in LOGS for key, value in (
            (f'{log}.s3.enabled', True), (f'{log}.s3.bucket', 'lb-logs'),
            (f'{log}.s3.prefix', 'lb/one' if log == 'access_logs' else ''))})
    (configuration.folder / 's3.key').write_text(SECRET + '\n')
    configuration.value['Buckets'] = [{'Name': 'lb-logs', **bucket}]
    configuration.value['Logs'].update(logs)
    configuration.write()
    return configuration


def service(s3):
    return {'Endpoint': s3.url, 'Region': REGION, 'AccessKeyId': KEY,
            'SecretAccessKeyFile': 's3.key'}


def serve_a_moment(configuration, targets):
    """A daruma that was asked and stopped: what it logged is complete."""
    with Daruma(configuration) as daruma:
        daruma.wait_for_health({target.name: 'healthy' for target in targets})
        assert daruma.get('/one').status_code == 200
        assert daruma.get('/two', tls=True).status_code == 200
        with socket.create_connection(('127.0.0.1', configuration.https_port)) as broken:
            broken.sendall(b'\x16\x03\x01\x00\x02no')  # a handshake that is none
            broken.recv(100)
        daruma.wait_for_metric('daruma_listener_tls_errors_total', at_least=1)
        assert daruma.stop() == 0


def by_kind(objects):
    """Kind → lines of all its objects, whose names must be AWS's."""
    lines = {}
    for key, body in objects.items():
        match = OBJECT.fullmatch(key)
        assert match, key
        lines.setdefault(match.group(1), []).extend(gzip.decompress(body).decode().splitlines())
    return lines


def check(lines):
    assert set(lines) == {'', 'conn_log_', 'health_check_log_'}
    access = [shlex.split(line) for line in lines['']]
    assert {len(entry) for entry in access} == {34}
    assert sorted(entry[12].split('/')[-2].split()[0] for entry in access) == ['one', 'two']
    connections = {entry[2]: entry for entry in map(shlex.split, lines['conn_log_'])}
    assert all(len(entry) == 15 for entry in connections.values())
    traces = {entry[29] for entry in access}
    assert traces <= {entry[11] for entry in connections.values()}
    done = next(e for e in connections.values() if e[10] == 'Success')
    assert (done[4], done[12]) == ('TLSv1.3', 'x25519')
    assert float(done[6]) > 0
    assert 'Failed:UnmappedConnectionError' in {e[10] for e in connections.values()}
    probes = [shlex.split(line) for line in lines['health_check_log_']]
    assert probes and {(len(entry), entry[5]) for entry in probes} == {(10, 'PASS')}


def test_logs_reach_a_service_that_speaks_s3(tmp_path, start_targets, s3):
    targets = start_targets(1)
    configuration = configure(tmp_path / 'daruma', targets, service(s3))
    s3.answer_with = 503
    serve_a_moment(configuration, targets)
    waiting = list((tmp_path / 'daruma/logs/buckets').rglob('AWSLogs/**/*.log'))
    assert len(waiting) == 3
    with Daruma(configuration) as daruma:
        daruma.wait_for_metric('daruma_log_put_errors_total', at_least=1)
        assert daruma.metric('daruma_log_waiting_bytes') > 0
        assert 'the service answered 503 SlowDown: no' in daruma.output()
        s3.answer_with = None
        daruma.wait_for_metric('daruma_log_files_put_total', at_least=3)
        assert daruma.metric('daruma_log_files_lost_total') == 0
    assert s3.refused == []
    check(by_kind({path.removeprefix('/lb-logs/'): body for path, body in s3.objects.items()}))
    assert not any(path.exists() for path in waiting)


def test_logs_reach_a_directory(tmp_path, start_targets):
    targets = start_targets(1)
    bucket = tmp_path / 'bucket'
    configuration = configure(tmp_path / 'daruma', targets, {'Directory': str(bucket)})
    serve_a_moment(configuration, targets)
    with Daruma(configuration) as daruma:
        daruma.wait_for_metric('daruma_log_files_put_total', at_least=3)
    check(by_kind({str(path.relative_to(bucket)): path.read_bytes()
                   for path in bucket.rglob('*.gz')}))


def test_lines_that_were_left_by_a_kill_reach_their_bucket(tmp_path, start_targets):
    targets = start_targets(1)
    bucket = tmp_path / 'bucket'
    configuration = configure(tmp_path / 'daruma', targets, {'Directory': str(bucket)})

    def written(files, read):
        return any('/before-the-kill' in read(file) for file in files)
    with Daruma(configuration) as daruma:
        daruma.wait_for_health({targets[0].name: 'healthy'})
        assert daruma.get('/before-the-kill').status_code == 200
        wait_until('it is logged', lambda: written(
            (tmp_path / 'daruma/logs').rglob('*.log'), Path.read_text), 30)
        daruma.kill()
    assert not list(bucket.rglob('*.gz'))
    # Its five minutes may not be over: then the next line goes on with it, and a stop ends it.
    with Daruma(configuration) as daruma:
        daruma.wait_for_health({targets[0].name: 'healthy'})
        assert daruma.get('/after-the-kill').status_code == 200
        assert daruma.stop() == 0
    with Daruma(configuration):
        wait_until('it is in the bucket', lambda: written(
            bucket.rglob('*.gz'), lambda path: gzip.decompress(path.read_bytes()).decode()), 30)


def test_a_file_that_has_waited_for_a_week_goes(tmp_path, start_targets):
    targets = start_targets(1)
    bucket = tmp_path / 'bucket'
    configuration = configure(tmp_path / 'daruma', targets, {'Directory': str(bucket)})
    left = tmp_path / 'daruma/logs/buckets/lb-logs/gone/access_log_app.web.0123456789abcdef.log'
    left.parent.mkdir(parents=True)
    left.write_text('a line\n')
    os.utime(left, (1_700_000_000, 1_700_000_000))
    with Daruma(configuration) as daruma:
        daruma.wait_for_metric('daruma_log_files_lost_total', at_least=1)
        assert not left.exists(), 'over a week old: it waits no longer'


def test_json_and_ltsv(tmp_path, start_targets):
    targets = start_targets(1)
    for form in ('json', 'ltsv'):
        configuration = Configuration(tmp_path / form, [target_group(targets)])
        configuration.value['Logs']['Format'] = form
        configuration.write()
        with Daruma(configuration) as daruma:
            daruma.wait_for_health({targets[0].name: 'healthy'})
            assert daruma.get('/a"b', headers={'User-Agent': 'caf\xe9\t"x"'}).status_code == 200
            line = wait_until('a line', lambda: daruma.log_lines())[0]
            probe = wait_until('a probe', lambda: daruma.log_lines('health_check_log'))[0]
        if form == 'json':
            entry = json.loads(line)
            assert entry['elb_status_code'] == 200
            assert entry['target'] == targets[0].name
            assert entry['request'].endswith('/a%22b HTTP/1.1')
            assert json.loads(probe)['status'] == 'PASS'
        else:
            entry = dict(field.split(':', 1) for field in line.split('\t'))
            assert len(entry) == 34
            assert entry['elb_status_code'] == '200'
            assert 'status:PASS' in probe


def test_complete_files_are_compressed_where_wanted(tmp_path, start_targets):
    targets = start_targets(1)
    configuration = Configuration(tmp_path / 'daruma', [target_group(targets)])
    configuration.value['Logs']['Compress'] = True
    configuration.write()
    logs = tmp_path / 'daruma/logs'
    logs.mkdir()
    (logs / 'access_log_app.web.1.20990101T000000Z.log').write_text('a line\n')
    compressed = logs / 'access_log_app.web.1.20990101T000000Z.log.gz'
    with Daruma(configuration):
        wait_until('it is compressed', compressed.exists)
        assert gzip.decompress(compressed.read_bytes()) == b'a line\n'


def test_a_bucket_that_is_not_configured_is_refused(tmp_path):
    with Daruma(ApiConfiguration(tmp_path, Buckets=[
            {'Name': 'lb-logs', 'Directory': 'bucket'}])) as daruma:
        elb = client(daruma)
        arn = elb.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']

        def modify(bucket):
            return elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[
                {'Key': 'access_logs.s3.enabled', 'Value': 'true'},
                {'Key': 'access_logs.s3.bucket', 'Value': bucket}])
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            modify('elsewhere')
        assert refused.value.response['Error']['Code'] == 'InvalidConfigurationRequest'
        assert "bucket 'elsewhere' is not among Buckets" in str(refused.value)
        modify('lb-logs')
        kept = {a['Key']: a['Value'] for a in elb.describe_load_balancer_attributes(
            LoadBalancerArn=arn)['Attributes']}
        assert kept['access_logs.s3.bucket'] == 'lb-logs'


def test_a_full_disk_loses_lines_and_no_request(tmp_path, start_targets):
    targets = start_targets(1)
    configuration = Configuration(tmp_path / 'daruma', [target_group(targets)])
    # No file grows beyond 32 KB (RLIMIT_FSIZE), as on a disk that is full; and no data directory,
    # whose own files would need more.
    with Daruma(configuration, keeps=False,
                wrapper=['prlimit', '--fsize=32768']) as daruma:
        daruma.wait_for_health({targets[0].name: 'healthy'})
        agent = {'User-Agent': 'x' * 7000}
        for _ in range(700):  # over 4 MiB of lines
            assert daruma.get('/', headers=agent).status_code == 200
        daruma.wait_for_metric('daruma_log_lines_lost_total', at_least=1)
        assert daruma.metric('daruma_log_write_errors_total') > 0
        assert daruma.get('/').status_code == 200
        assert 'log file cannot be written; traffic goes on' in daruma.output()


def test_logs_are_followed_and_filtered(tmp_path, start_targets, serve):
    targets = start_targets(1)
    daruma = serve(targets)
    daruma.get('/before')
    wait_until('its line', lambda: any('/before' in line for line in daruma.log_lines()))
    shown = tmp_path / 'shown'
    command = [DARUMA, 'logs', '--config', daruma.configuration.file, '--follow',
               '--status', '4xx', '--path', '/status/*']
    with Process(command, shown):
        # Until it is seen to follow: it shows nothing of what was before it began.
        def followed():
            daruma.get('/status/404')
            return shown.read_text().count('\n') >= 2
        wait_until('lines are shown', followed)
        daruma.get('/status/503')
        daruma.get('/elsewhere')
    lines = shown.read_text().splitlines()
    assert all('/status/404' in line and shlex.split(line)[8] == '404' for line in lines)
    def whole():
        shown = run([DARUMA, 'logs', '--directory', daruma.folder / 'logs', '--status', '503'])
        return shown.returncode == 0 and shown.stdout.count('/status/503') == 1
    wait_until('its line is shown', whole)


def test_logs_are_filtered_by_why_daruma_answered_itself(tmp_path, start_targets, serve):
    """A target that refuses connections, a rule that answers, a target that fails: the same status
    or none, and only the first for the reason that is asked for."""
    target, = start_targets(1)
    daruma = serve([target], rules=[
        {'Priority': 1, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/fixed']}],
         'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '502'}}]}])
    shown = tmp_path / 'shown'
    reason = ['--reason', 'target_connection_refused']
    follow = [DARUMA, 'logs', '--config', daruma.configuration.file, '--follow', *reason]
    daruma.get('/before')
    wait_until('a line is there', daruma.log_lines)
    with Process(follow, shown):
        for path in ('/fixed', '/status/502', '/'):
            daruma.get(path)
        target.kill()

        def followed():  # until it is seen to follow
            assert daruma.get('/refused').status_code == 502
            return '/refused' in shown.read_text()
        wait_until('lines are shown', followed)
        wait_until('all are logged', lambda: sum(
            '/fixed' in line or '/status/502' in line for line in daruma.log_lines()) == 2)
    lines = [shlex.split(line) for line in shown.read_text().splitlines()]
    assert lines and all(line[12].split()[1].endswith('/refused') for line in lines)
    assert {(line[8], line[24]) for line in lines} == {('502', 'target_connection_refused')}

    def listed(*words):
        answer = run([DARUMA, 'logs', '--directory', daruma.folder / 'logs', *words])
        assert answer.returncode == 0, answer.stderr
        return [shlex.split(line)[12].split()[1].rpartition('/')[2]
                for line in answer.stdout.splitlines()]
    assert set(listed(*reason)) == {'refused'}
    assert set(listed('--status', '502')) == {'fixed', '502', 'refused'}
    # All that is asked for must hold.
    assert listed(*reason, '--path', '/elsewhere') == []
    assert listed('--reason', 'target_connect_timeout') == []
    wrong = run([DARUMA, 'logs', '--directory', daruma.folder / 'logs', '--reason', 'because'])
    assert wrong.returncode == 2 and "no reason 'because'" in wrong.stderr
    assert run([DARUMA, 'logs']).returncode == 2
