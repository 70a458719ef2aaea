# SPDX-License-Identifier: Apache-2.0
"""HAProxy in the lab: with the settings that most people write, or tuned for targets known."""
import csv
import re
import socket
import subprocess

from balancer import (ANSWER_TIMEOUT, CHECK_INTERVAL, CHECK_TIMEOUT, CONNECT_TIMEOUT, FALL,
                      QUEUE_TIMEOUT, RISE, Balancer, request_in)
from processes import Ports, Process, program, wait_until

CONFIGURATION = '''
global
  log stdout format raw local0
  maxconn 8000
  stats socket {folder}/stats.sock level user
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  log global
  log-format "%ST %tsc %s %Tw/%Tc/%Tr/%Tt %r"
  timeout client 30s
  timeout http-keep-alive 60s
  timeout connect {connect}s
  timeout server {answer}s
  timeout queue {queue}s
  timeout check {check_timeout}s
  retries 2
  option redispatch
frontend lab
  bind 127.0.0.1:{port} ssl crt {folder}/site.pem
{choice}
'''

BACKEND = '''
backend {name}
{tuning}
  option httpchk GET /health
  default-server check inter {interval}s fall {fall} rise {rise}{tls}{limit}
{servers}
'''

# One worker less than Apache has goes to the health check, one to spare.
SPARE_WORKERS = 2


def backend(name, targets, tuned):
    tuning = ['balance leastconn', 'http-reuse always'] if tuned else ['balance roundrobin']
    limit = min(target.spec.workers for target in targets) - SPARE_WORKERS
    return BACKEND.format(
        name=name, tuning='\n'.join('  ' + line for line in tuning), interval=CHECK_INTERVAL,
        fall=FALL, rise=RISE, tls=' ssl verify none' if targets[0].spec.tls else '',
        limit=f' maxconn {limit}' if tuned else '',
        servers='\n'.join(f'  server {target.name} {target.name}' for target in targets))


def configuration(targets, port, folder, tuned, separate):
    groups = [[target] for target in targets] if separate else [targets]
    names = [f'group-{i}' for i in range(len(groups))]
    choice = (f'  use_backend group-%[rand({len(groups)})]' if separate
              else '  default_backend group-0')
    return CONFIGURATION.format(
        folder=folder, port=port, choice=choice, connect=CONNECT_TIMEOUT, answer=ANSWER_TIMEOUT,
        queue=QUEUE_TIMEOUT, check_timeout=CHECK_TIMEOUT) + ''.join(
            backend(name, members, tuned) for name, members in zip(names, groups))


# The first two letters of HAProxy's termination state: who ended it, and in which phase.
WHO = {'C': 'client left', 'S': 'server failed', 's': 'time-out', 'c': 'client timed out',
       'P': 'refused by HAProxy', 'R': 'out of resources', 'I': 'internal error',
       'L': 'answered by HAProxy', 'D': 'server went down', 'U': 'server came up', 'K': 'killed'}
PHASE = {'R': 'in the request', 'Q': 'in the queue', 'C': 'while connecting',
         'H': 'before the answer', 'D': 'in the answer', 'L': 'at the end', 'T': 'in a tarpit'}
LINE = re.compile(r'(-?\d+) (\S{2})\S* (\S+) (\S+) ')


def reason_in(line):
    """((number, attempt), reason) of a log line; None if a server answered."""
    request, found = request_in(line), LINE.match(line)
    if request is None or found is None:
        return None
    _, state, server, _ = found.groups()
    if state == '--':
        return None
    if server == '<NOSRV>' and state == 'SC':
        return request, 'no server is up'
    who, phase = state
    return request, ' '.join(word for word in (WHO.get(who), PHASE.get(phase)) if word)


def sampled(statistics):
    """What balancer.Balancer.sample() tells, from the answer to `show stat`."""
    targets, waiting = {}, 0
    for row in csv.DictReader(statistics.lstrip('# ').splitlines()):
        if row['svname'] in ('FRONTEND', ''):
            continue
        if row['svname'] == 'BACKEND':
            waiting += int(row['qcur'] or 0)
            continue
        up = row['status'].startswith('UP')
        targets[row['svname']] = {
            'state': 'healthy' if up else 'unhealthy',
            'reason': f'{row["status"]} {row["check_status"]}'.strip(),
            'in_flight': int(row['scur'] or 0), 'waiting': int(row['qcur'] or 0)}
        waiting += int(row['qcur'] or 0)
    return {'targets': targets, 'group': {'waiting': waiting}}


class HAProxy(Balancer):
    def __init__(self, folder, targets, shape, tuned=False):
        self.folder = folder
        self.port = Ports.take()
        (folder / 'site.pem').write_text((folder / 'site.crt').read_text()
                                         + (folder / 'site.key').read_text())
        self.text = configuration(targets, self.port, folder, tuned, shape.separate)
        file = folder / 'haproxy.cfg'
        file.write_text(self.text)
        self.program = program('haproxy', 'lab')
        self.process = Process([self.program, '-db', '-f', file], folder / 'haproxy.log')
        wait_until('HAProxy serves', self._serves)

    def _serves(self):
        assert self.process.is_running(), self.process.output()
        return (self.folder / 'stats.sock').exists()

    def version(self):
        return subprocess.run([self.program, '-v'], capture_output=True, text=True,
                              check=True).stdout.splitlines()[0]

    def configuration(self):
        return self.text

    def sample(self):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(str(self.folder / 'stats.sock'))
            connection.sendall(b'show stat\n')
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return sampled(b''.join(parts).decode())

    def reasons(self):
        told = map(reason_in, self.process.output().splitlines())
        return dict(pair for pair in told if pair)
