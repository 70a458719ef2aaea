# SPDX-License-Identifier: Apache-2.0
"""nginx in the lab: with the settings that most people write, or tuned for targets known."""
import re
import subprocess

from balancer import ANSWER_TIMEOUT, CONNECT_TIMEOUT, FALL, Balancer, request_in
from processes import Ports, program, wait_until
from targets import Nginx, listens, nginx_basics

CONFIGURATION = '''
daemon off;
pid {folder}/nginx.pid;
{user}
worker_processes auto;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
{temporary}
  log_format lab '$status $upstream_status $upstream_connect_time $request_time $request';
  access_log {folder}/access.log lab;
  ssl_session_cache shared:clients:10m;
{upstreams}
{choice}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {folder}/site.crt;
    ssl_certificate_key {folder}/site.key;
    location / {{
      proxy_pass {scheme}://$group;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_connect_timeout {connect}s;
      proxy_read_timeout {answer}s;
      proxy_next_upstream error timeout;
      proxy_next_upstream_tries 3;
    }}
  }}
}}
'''

# One worker stays free for whoever else comes; free nginx has no health checks.
SPARE_WORKERS = 1


def upstream(name, targets, tuned):
    lines = [f'zone {name} 256k;']
    if tuned:
        lines.append('least_conn;')
    for target in targets:
        limit = f' max_conns={target.spec.workers - SPARE_WORKERS}' if tuned else ''
        lines.append(f'server {target.name} max_fails={FALL} fail_timeout=10s{limit};')
    lines.append('keepalive 64;')
    return '  upstream %s {\n%s\n  }' % (name, '\n'.join('    ' + line for line in lines))


def configuration(targets, port, folder, tuned, separate):
    groups = [[target] for target in targets] if separate else [targets]
    share = 100 / len(groups)
    shares = [f'{share:.2f}%'] * (len(groups) - 1) + ['*']
    choice = '  split_clients "$request_id" $group {\n%s\n  }' % '\n'.join(
        f'    {part} group_{i};' for i, part in enumerate(shares))
    return CONFIGURATION.format(
        **nginx_basics(folder), port=port, choice=choice, connect=CONNECT_TIMEOUT,
        answer=ANSWER_TIMEOUT, scheme='https' if targets[0].spec.tls else 'http',
        upstreams='\n'.join(upstream(f'group_{i}', members, tuned)
                            for i, members in enumerate(groups)))


ERROR = re.compile(r'\[\w+\] \d+#\d+: (?:\*\d+ )?(.*?),? (?=client: )')


def reason_in(line):
    """((number, attempt), reason) of an error-log line; None if it tells of no request."""
    request, found = request_in(line), ERROR.search(line)
    if request is None or found is None:
        return None
    return request, re.sub(r' \(\d*:? ?[^)]*\)', '', found.group(1)).strip(' ,')


class NginxBalancer(Balancer):
    def __init__(self, folder, targets, shape, tuned=False):
        self.folder = folder
        self.names = [target.name for target in targets]
        self.port = Ports.take()
        folder.chmod(0o755)
        self.text = configuration(targets, self.port, folder, tuned, shape.separate)
        self.process = Nginx(folder, self.text, '127.0.0.1', self.port)
        wait_until('nginx serves', self._serves)

    def _serves(self):
        assert self.process.is_running(), self.process.output()
        return listens('127.0.0.1', self.port)

    def version(self):
        return subprocess.run([program('nginx', 'lab'), '-v'], capture_output=True, text=True,
                              check=True).stderr.strip()

    def configuration(self):
        return self.text

    def sample(self):
        # Free nginx tells nobody whom it has put aside.
        return {'targets': {name: {'state': None, 'reason': None} for name in self.names},
                'group': {}}

    def reasons(self):
        log = self.folder / 'error.log'
        told = map(reason_in, log.read_text(errors='replace').splitlines())
        return dict(pair for pair in told if pair)
