# SPDX-License-Identifier: Apache-2.0
"""Ports that a listener cannot have, although nothing was in the way a moment before."""
import contextlib
import os
import resource
import signal
from pathlib import Path

import pytest
import requests
from botocore.exceptions import ClientError

from aws import client, serve_api
from harness import Daruma, wait_until
from processes import Ports

FIXED = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]


def files_at_rest(daruma):
    """The descriptors of the process, once none comes or goes: what a client has left may be open
    for a moment."""
    seen = []

    def stay():
        seen.append({int(each.name) for each in Path(f'/proc/{daruma.pid}/fd').iterdir()})
        return len(seen) >= 10 and all(each == seen[-1] for each in seen[-10:])
    wait_until('its files come to rest', stay)
    return seen[-1]


@contextlib.contextmanager
def one_more_file(daruma):
    """The process may open one file more: a port can be tried, and one of two workers gets it. A
    file behind that one which is closed leaves no room."""
    used = files_at_rest(daruma)
    free = next(number for number in range(len(used) + 1) if number not in used)
    soft, hard = resource.prlimit(daruma.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daruma.pid, resource.RLIMIT_NOFILE, (free + 1, hard))
    try:
        yield
    finally:
        resource.prlimit(daruma.pid, resource.RLIMIT_NOFILE, (soft, hard))


def refused(call, **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    error = problem.value.response['Error']
    assert error['Code'] == 'InvalidConfigurationRequest', error
    return error['Message']


def answers(port):
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f'http://127.0.0.1:{port}/', timeout=10).status_code
    return None


def make_balancer(elbv2):
    return elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']


def state(elbv2):
    return elbv2.describe_load_balancers(Names=['web'])['LoadBalancers'][0]['State']


def test_what_a_worker_cannot_open_is_refused_and_taken_back(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path))
    elbv2 = client(daruma)
    arn = make_balancer(elbv2)
    former, port = daruma.configuration.http_port, Ports.take()
    with one_more_file(daruma):
        message = refused(elbv2.create_listener, LoadBalancerArn=arn, Protocol='HTTP', Port=former,
                          DefaultActions=FIXED)
    assert f'listener web:{former}: ' in message, message
    assert elbv2.describe_listeners(LoadBalancerArn=arn)['Listeners'] == []
    assert state(elbv2) == {'Code': 'active'} and answers(former) is None

    with requests.Session() as before_it:
        before_it.get(f'http://127.0.0.1:{daruma.configuration.admin_port}/healthz', timeout=10)
        made = elbv2.create_listener(LoadBalancerArn=arn, Protocol='HTTP', Port=former,
                                     DefaultActions=FIXED)['Listeners'][0]
    with one_more_file(daruma):
        refused(elbv2.modify_listener, ListenerArn=made['ListenerArn'], Port=port)
    assert elbv2.describe_listeners(LoadBalancerArn=arn)['Listeners'] == [made]
    wait_until('the former port is open again, as files may be', lambda: answers(former) == 200)
    assert answers(port) is None
    elbv2.modify_listener(ListenerArn=made['ListenerArn'], Port=port)
    assert (answers(former), answers(port)) == (None, 200)
    log = daruma.output()
    assert 'outcome="taken back"' in log and log.count('CreateListener') == 3, log

    daruma.kill()  # what was taken back is so on the disk
    processes.enter_context(Daruma(daruma.configuration))
    listener, = elbv2.describe_listeners(LoadBalancerArn=arn)['Listeners']
    assert listener['Port'] == port


def test_what_cannot_be_taken_back_is_told(tmp_path, processes):
    daruma = processes.enter_context(serve_api(tmp_path))
    elbv2, port = client(daruma), daruma.configuration.http_port
    assert elbv2.describe_load_balancers()['LoadBalancers'] == []
    daruma.configuration.value['LoadBalancers'] = [{'Name': 'web', 'Listeners': [{
        'Port': port, 'Protocol': 'HTTP', 'DefaultActions': FIXED}]}]
    daruma.configuration.write()
    with one_more_file(daruma):
        os.kill(daruma.pid, signal.SIGHUP)
        wait_until('it was read', lambda: elbv2.describe_load_balancers()['LoadBalancers'])
        wait_until('the workers have tried', lambda: state(elbv2)['Code'] != 'provisioning')
        impaired = state(elbv2)
        assert impaired['Code'] == 'active_impaired'
        assert f'listener web:{port}: ' in impaired['Reason']
    wait_until('it was tried again', lambda: state(elbv2) == {'Code': 'active'})
    assert answers(port) == 200
