# SPDX-License-Identifier: Apache-2.0
"""Configurations as they are written, and logs and statistics as they are read."""
import json

import pytest

import daruma
import haproxy
import nginx
from samples_for_test import target

TARGETS = [target('127.0.0.2'), target('127.0.0.3')]


def test_daruma_has_its_defaults_and_the_same_health_checks_as_the_others():
    value = daruma.configuration(TARGETS, 8080, 9090, guard=True, separate=False)
    group, = value['TargetGroups']
    assert 'Attributes' not in group
    assert (group['Protocol'], group['HealthCheckIntervalSeconds']) == ('HTTPS', 5)
    assert [one['Id'] for one in group['Targets']] == ['127.0.0.2', '127.0.0.3']


def test_the_guard_is_switched_off_by_its_attribute():
    value = daruma.configuration(TARGETS, 8080, 9090, guard=False, separate=False)
    assert value['TargetGroups'][0]['Attributes'] == {'daruma.saturation_guard.enabled': 'false'}


def test_separate_targets_have_groups_and_zones_of_their_own_under_one_rule():
    value = daruma.configuration(TARGETS, 8080, 9090, guard=True, separate=True)
    assert [[one['AvailabilityZone'] for one in group['Targets']]
            for group in value['TargetGroups']] == [['zone-a'], ['zone-b']]
    action, = value['LoadBalancers'][0]['Listeners'][0]['DefaultActions']
    assert action['ForwardConfig']['TargetGroups'] == [
        {'TargetGroup': 'group-1', 'Weight': 1}, {'TargetGroup': 'group-2', 'Weight': 1}]
    assert haproxy.configuration(TARGETS, 1, '/x', False, True).count('\nbackend ') == 2
    assert nginx.configuration(TARGETS, 1, '/x', False, True).count('upstream group_') == 2


def access_log_line(reason):
    fields = ['https', '2026-01-01T00:00:00.000000Z', 'app/lab/1', '127.0.0.1:40000',
              '127.0.0.2:8443', '0.1', '-1', '-1', '503', '-', '100', '200',
              '"GET https://localhost:8443/page?n=17&try=1 HTTP/1.1"', '"daruma_surge"', 'c', 'p',
              'arn', '"Root=1"', '"localhost"', '"site"', '0', '2026-01-01T00:00:00.000000Z',
              '"forward"', '"-"', f'"{reason}"', '"127.0.0.2:8443"', '"-"', '"-"', '"-"', 'TID_1']
    return ' '.join(fields)


def test_daruma_s_reason_is_in_its_access_log():
    assert daruma.reason_in(access_log_line('target_connect_timeout')) == (
        (17, 1), 'target_connect_timeout')
    assert daruma.reason_in(access_log_line('-')) is None


def test_daruma_s_metrics_that_are_absent_stay_absent():
    pages = json.dumps({'TargetGroups': [{'TargetHealthDescriptions': [
        {'Target': {'Id': '127.0.0.2', 'Port': 8443},
         'TargetHealth': {'State': 'unhealthy', 'Reason': 'Target.Timeout'}}]}]})
    found = daruma.sampled(
        'daruma_target_learned_limit{target="127.0.0.2:8443"} 20\n'
        'daruma_target_group_waiting{target_group="group-1"} 3\n', pages, ['127.0.0.2:8443'])
    assert found == {'targets': {'127.0.0.2:8443': {
        'state': 'unhealthy', 'reason': 'Target.Timeout', 'limit': 20}}, 'group': {'waiting': 3}}


def test_haproxy_s_limits_are_below_apache_s_workers_where_tuned():
    tuned = haproxy.configuration(TARGETS, 8443, '/x', True, False)
    assert 'maxconn 18' in tuned and 'http-reuse always' in tuned and 'leastconn' in tuned
    usual = haproxy.configuration(TARGETS, 8443, '/x', False, False)
    assert 'maxconn 18' not in usual and 'check inter 5s fall 2 rise 2 ssl verify none' in usual
    assert ' ssl verify none' not in haproxy.configuration([target(tls=False)], 1, '/x', False,
                                                           False)


@pytest.mark.parametrize('line, expected', [
    ('503 SC-- <NOSRV> -1/-1/-1/0 GET /page?n=4&try=0 HTTP/1.1', 'no server is up'),
    ('503 sQ-- 127.0.0.2:8443 5000/-1/-1/5000 GET /page?n=4&try=0 HTTP/1.1',
     'time-out in the queue'),
    ('-1 CC-- 127.0.0.2:8443 0/-1/-1/10000 GET /page?n=4&try=0 HTTP/1.1',
     'client left while connecting'),
    ('200 ---- 127.0.0.2:8443 0/1/500/501 GET /page?n=4&try=0 HTTP/1.1', None),
    ('[NOTICE] (1) : New worker', None)])
def test_haproxy_s_termination_state_in_words(line, expected):
    assert haproxy.reason_in(line) == (((4, 0), expected) if expected else None)


def test_haproxy_s_statistics():
    found = haproxy.sampled(
        '# pxname,svname,qcur,scur,status,check_status,\n'
        'lab,FRONTEND,,3,OPEN,,\n'
        'group-0,127.0.0.2:8443,2,18,UP 1/2,L6TOUT,\n'
        'group-0,127.0.0.3:8443,0,0,DOWN,L4TOUT,\n'
        'group-0,BACKEND,5,18,UP,,\n\n')
    assert found['group'] == {'waiting': 7}
    assert [(one['state'], one['reason']) for one in found['targets'].values()] == [
        ('healthy', 'UP 1/2 L6TOUT'), ('unhealthy', 'DOWN L4TOUT')]


def test_nginx_s_limits():
    tuned = nginx.configuration(TARGETS, 8443, '/x', True, False)
    assert 'max_conns=19' in tuned and 'least_conn;' in tuned
    usual = nginx.configuration(TARGETS, 8443, '/x', False, False)
    assert 'max_conns' not in usual and 'max_fails=2 fail_timeout=10s' in usual
    assert 'proxy_pass http://$group' in nginx.configuration([target(tls=False)], 1, '/x', False,
                                                             False)


@pytest.mark.parametrize('text, expected', [
    ('upstream timed out (110: Connection timed out) while SSL handshaking to upstream',
     'upstream timed out while SSL handshaking to upstream'),
    ('no live upstreams while connecting to upstream',
     'no live upstreams while connecting to upstream')])
def test_nginx_s_reasons_are_in_its_error_log(text, expected):
    line = (f'2026/01/01 00:00:00 [error] 12#12: *7 {text}, client: 127.0.0.1, server: , request: '
            '"GET /page?n=4&try=0 HTTP/1.1", upstream: "https://127.0.0.2:8443/page?n=4&try=0"')
    assert nginx.reason_in(line) == ((4, 0), expected)
    assert nginx.reason_in('2026/01/01 00:00:00 [notice] 12#12: exiting') is None
