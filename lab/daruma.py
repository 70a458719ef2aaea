# SPDX-License-Identifier: Apache-2.0
"""Daruma in the lab: as it comes, or with its saturation guard off."""
import contextlib
import json
import shlex
import signal
import subprocess
import urllib.request

from balancer import CHECK_INTERVAL, CHECK_TIMEOUT, FALL, RISE, Balancer, request_in
from metrics import samples
from processes import Ports, Process, wait_until

# What is shown of a target or a group, where the metric is there.
TARGET_METRICS = {'in_flight': 'daruma_target_requests_in_flight',
                  'open': 'daruma_target_connections_open',
                  'idle': 'daruma_target_connections_idle',
                  'saturated': 'daruma_target_saturated',
                  'limit': 'daruma_target_learned_limit',
                  'handshakes': 'daruma_target_tls_handshakes_total'}
GROUP_METRICS = {'waiting': 'daruma_target_group_waiting',
                 'waited': 'daruma_target_group_waited_total',
                 'turned_away': 'daruma_target_group_turned_away_total',
                 'retries': 'daruma_target_group_retries_total',
                 'fail_open': 'daruma_target_group_fail_open_requests_total'}


def group(name, targets, zones, guard):
    off = {'Attributes': {'daruma.saturation_guard.enabled': 'false'}}
    protocol = 'HTTPS' if targets[0].spec.tls else 'HTTP'
    return {
        'Name': name, 'Protocol': protocol, 'Port': 443 if protocol == 'HTTPS' else 80,
        'HealthCheckPath': '/health', 'HealthCheckIntervalSeconds': CHECK_INTERVAL,
        'HealthCheckTimeoutSeconds': CHECK_TIMEOUT, 'HealthyThresholdCount': RISE,
        'UnhealthyThresholdCount': FALL, **({} if guard else off),
        'Targets': [{'Id': target.address, 'Port': target.server.port, 'AvailabilityZone': zone}
                    for target, zone in zip(targets, zones)]}


def configuration(targets, port, admin_port, guard, separate):
    """daruma.yaml as a value. `separate`: a group and a zone for each target, weighted alike."""
    if separate:
        groups = [group(f'group-{i + 1}', [target], [f'zone-{chr(ord("a") + i)}'], guard)
                  for i, target in enumerate(targets)]
    else:
        groups = [group('group-1', targets, ['zone-a'] * len(targets), guard)]
    forward = {'Type': 'forward', 'ForwardConfig': {'TargetGroups': [
        {'TargetGroup': one['Name'], 'Weight': 1} for one in groups]}}
    return {
        'Admin': {'Address': '127.0.0.1', 'Port': admin_port},
        'Node': {'Addresses': ['127.0.0.1'], 'AvailabilityZone': 'zone-a'},
        'Logs': {'Directory': './logs'},
        'Certificates': [{'Name': 'site', 'CertificateFile': 'site.crt',
                          'PrivateKeyFile': 'site.key'}],
        'TargetGroups': groups,
        'LoadBalancers': [{
            'Name': 'lab',
            'Attributes': {'access_logs.s3.enabled': True, 'health_check_logs.s3.enabled': True},
            'Listeners': [{'Port': port, 'Protocol': 'HTTPS', 'Certificates': ['site'],
                           'DefaultActions': [forward]}]}]}


def reason_in(line):
    """((number, attempt), reason) of an access-log line (docs/logs.md); None if it tells none."""
    request = request_in(line)
    if request is None:
        return None
    fields = shlex.split(line)
    return (request, fields[24]) if len(fields) > 24 and fields[24] != '-' else None


def sampled(metrics, targets_json, names):
    """What balancer.Balancer.sample() tells, from /metrics and /targets."""
    targets = {name: {'state': None, 'reason': None} for name in names}
    for one in json.loads(targets_json)['TargetGroups']:
        for description in one['TargetHealthDescriptions']:
            target, health = description['Target'], description['TargetHealth']
            shown = targets.setdefault(f'{target["Id"]}:{target["Port"]}', {})
            shown['state'] = health['State']
            shown['reason'] = health.get('Reason')
    for key, metric in TARGET_METRICS.items():
        for labels, value in samples(metrics, metric):
            shown = targets.get(labels.get('target'))
            if shown is not None:
                shown[key] = shown.get(key, 0) + value
    groups = {}
    for key, metric in GROUP_METRICS.items():
        values = [value for _, value in samples(metrics, metric)]
        if values:
            groups[key] = sum(values)
    return {'targets': targets, 'group': groups}


class Daruma(Balancer):
    def __init__(self, folder, targets, shape, program, guard=True):
        self.folder, self.program = folder, program
        self.names = [target.name for target in targets]
        self.port, self.admin_port = Ports.take(), Ports.take()
        self.file = folder / 'daruma.yaml'
        self.file.write_text(json.dumps(configuration(
            targets, self.port, self.admin_port, guard, shape.separate), indent=1))
        self.process = Process([program, 'serve', '--config', self.file, '--data', folder / 'data'],
                               folder / 'daruma.log')
        wait_until('daruma serves', self._serves, 20)

    def _serves(self):
        assert self.process.is_running(), self.process.output()
        with contextlib.suppress(OSError):
            return self._ask('/healthz') != ''
        return False

    def _ask(self, path):
        with urllib.request.urlopen(f'http://127.0.0.1:{self.admin_port}{path}', timeout=5) as page:
            return page.read().decode()

    def version(self):
        return subprocess.run([self.program, '--version'], capture_output=True, text=True,
                              check=True).stdout.strip()

    def configuration(self):
        return self.file.read_text()

    def sample(self):
        return sampled(self._ask('/metrics'), self._ask('/targets'), self.names)

    def reasons(self):
        found = {}
        for path in sorted((self.folder / 'logs').glob('access_log*')):
            for line in path.read_text().splitlines():
                told = reason_in(line)
                if told:
                    found[told[0]] = told[1]
        return found

    def close(self):
        if self.process.is_running():
            self.process.send(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        self.process.kill()
