# SPDX-License-Identifier: Apache-2.0
"""Debian's Ansible, with a playbook as for AWS: once it makes, twice it changes nothing."""
import os
import re
from pathlib import Path

from aws import KEY, SECRET, client, serve_api
from harness import make_certificate, run

PLAYBOOK = Path(__file__).parent / 'api_playbook.yml'


def play(daruma, target, state):
    """Runs the playbook; how many tasks changed something."""
    configuration = daruma.configuration
    facts = {'state': state, 'folder': configuration.folder, 'http_port': configuration.http_port,
             'https_port': configuration.https_port, 'target_address': target.address,
             'target_port': target.port}
    answer = run(
        ['/usr/bin/ansible-playbook', '-e', ' '.join(f'{k}={v}' for k, v in facts.items()),
         PLAYBOOK], seconds=120, env={
             'PATH': os.environ['PATH'], 'HOME': str(configuration.folder), 'AWS_URL': daruma.admin,
             'AWS_ACCESS_KEY_ID': KEY, 'AWS_SECRET_ACCESS_KEY': SECRET, 'AWS_REGION': 'us-east-1',
             'ANSIBLE_JINJA2_NATIVE': 'true', 'ANSIBLE_PYTHON_INTERPRETER': '/usr/bin/python3',
             'LC_ALL': 'C.UTF-8'})
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return int(re.search(r'changed=(\d+)', answer.stdout).group(1))


def test_a_playbook_makes_changes_nothing_and_removes(tmp_path, processes, start_targets):
    target, = start_targets(1)
    for name in ('site', 'issuer'):
        make_certificate(tmp_path, name, [f'{name}.example.com'])
    daruma = processes.enter_context(serve_api(tmp_path))
    assert play(daruma, target, 'present') == 3
    assert daruma.get('/').status_code == daruma.get('/', tls=True).status_code == 200
    assert daruma.get('/soon').text == 'soon'
    assert play(daruma, target, 'present') == 0
    assert play(daruma, target, 'absent') == 3
    elbv2 = client(daruma)
    assert elbv2.describe_load_balancers()['LoadBalancers'] == []
    assert elbv2.describe_target_groups()['TargetGroups'] == []
    assert client(daruma, 'acm').list_certificates()['CertificateSummaryList'] == []
    assert play(daruma, target, 'absent') == 0
