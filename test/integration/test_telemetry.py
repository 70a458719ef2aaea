# SPDX-License-Identifier: Apache-2.0
"""Metrics, health endpoint, access log and health-check log, as their readers take them."""
import re
import shlex
import subprocess

from harness import Ports, program, read_all, wait_until

FIELDS = ('type time elb client target request_processing_time target_processing_time '
          'response_processing_time elb_status_code target_status_code received_bytes sent_bytes '
          'request user_agent ssl_cipher ssl_protocol target_group_arn trace_id domain_name '
          'chosen_cert_arn matched_rule_priority request_creation_time actions_executed '
          'redirect_url error_reason target_list target_status_code_list classification '
          'classification_reason conn_trace_id').split()


def access_log_entry(daruma, marker):
    """The fields of the one line whose request mentions the marker."""
    def find():
        lines = [line for line in daruma.log_lines() if marker in line]
        return lines and dict(zip(FIELDS, shlex.split(lines[0])))
    return wait_until(f'an access-log line with {marker}', find)


def test_promtool_finds_nothing_wrong_with_the_metrics(site):
    site.get('/')
    checked = subprocess.run([program('promtool'), 'check', 'metrics'], input=site.metrics(),
                             capture_output=True, text=True, timeout=30, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, '')


def test_requests_are_counted_where_they_belong(site):
    def count(**labels):
        return site.metric('daruma_target_requests_total', **labels)
    before = {target.name: count(target=target.name) for target in site.targets}
    for _ in range(10):
        site.get('/', tls=True)
    grown = {name: count(target=name) - value for name, value in before.items()}
    assert sum(grown.values()) == 10


def test_healthz_answers_200(site):
    assert site.ask_admin('/healthz').status_code == 200


def test_an_https_request_is_one_access_log_line(site):
    answer = site.get('/logged-https?x=1', tls=True, headers={'User-Agent': 'a "quoted" agent'})
    entry = access_log_entry(site, '/logged-https')
    port = site.configuration.https_port
    assert entry['type'] == 'https'
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z', entry['time'])
    assert re.fullmatch(r'app/web/[0-9a-f]{16}', entry['elb'])
    assert entry['client'].startswith('127.0.0.1:')
    assert entry['target'] == answer.headers['X-Target']
    assert float(entry['target_processing_time']) >= 0
    assert (entry['elb_status_code'], entry['target_status_code']) == ('200', '200')
    assert int(entry['sent_bytes']) > len(answer.content)
    assert entry['request'] == f'GET https://127.0.0.1:{port}/logged-https?x=1 HTTP/1.1'
    assert entry['ssl_protocol'] == 'TLSv1.3'
    assert entry['ssl_cipher'].startswith('TLS_')
    assert 'targetgroup/group/' in entry['target_group_arn']
    assert re.fullmatch(r'Root=1-[0-9a-f]{8}-[0-9a-f]{24}', entry['trace_id'])
    assert entry['matched_rule_priority'] == '0'
    assert entry['actions_executed'] == 'forward'
    assert entry['error_reason'] == '-'


def test_received_bytes_are_the_requests_own(site):
    first = (b'POST /counted-one HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
             b'5\r\nhello\r\n0\r\n\r\n')
    second = b'GET /counted-two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    with site.connect() as connection:
        connection.sendall(first + second)  # pipelined: neither counts the other's
        read_all(connection)
    assert int(access_log_entry(site, 'counted-one')['received_bytes']) == len(first)
    assert int(access_log_entry(site, 'counted-two')['received_bytes']) == len(second)


def test_a_request_that_reached_no_target_can_be_found_by_its_trace(tmp_path, serve):
    daruma = serve([{'Id': '127.0.0.2', 'Port': Ports.take('127.0.0.2')}], wait_healthy=False)
    assert daruma.get('/lost').status_code == 502
    entry = access_log_entry(daruma, '/lost')
    assert re.fullmatch(r'Root=1-[0-9a-f]{8}-[0-9a-f]{24}', entry['trace_id'])


def test_an_answer_of_daruma_itself_carries_its_reason(site):
    site.get('/close?logged-reason', method='POST', data='x')
    entry = access_log_entry(site, 'logged-reason')
    assert (entry['elb_status_code'], entry['target_status_code']) == ('502', '-')
    assert entry['error_reason'] == 'target_closed_before_response'


def test_rules_own_actions_are_logged_with_their_priority(site):
    site.get('/soon?logged-fixed')
    entry = access_log_entry(site, 'logged-fixed')
    assert (entry['matched_rule_priority'], entry['actions_executed'], entry['target']) == (
        '10', 'fixed-response', '-')
    site.get('/old/x?logged-redirect')
    entry = access_log_entry(site, 'logged-redirect')
    assert (entry['matched_rule_priority'], entry['actions_executed']) == ('20', 'redirect')
    assert entry['redirect_url'].startswith('https://new.example.com:443/old/x?')


def test_a_smuggling_attempt_is_classified(site):
    with site.connect() as connection:
        connection.sendall(b'GET /logged-severe HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n'
                           b'Content-Length: 2\r\n\r\n')
        assert connection.recv(1000).startswith(b'HTTP/1.1 400 ')
    entry = access_log_entry(site, '/logged-severe')
    assert (entry['classification'], entry['classification_reason']) == (
        'Severe', 'MultipleContentLength')


def test_each_probe_is_one_health_check_log_line(site):
    line = wait_until('a health-check line', lambda: site.log_lines('health_check_log'))[0]
    fields = line.split()
    assert len(fields) == 10, line
    assert fields[0] == 'https'
    assert fields[3] in {target.name for target in site.targets}
    assert fields[4:8] == ['group', 'PASS', '200', '-']
