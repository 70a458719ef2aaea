# SPDX-License-Identifier: Apache-2.0
"""The servers behind the balancers: real Apaches, and nginx before one, with the lab's page."""
import contextlib
import os
import signal
import subprocess
from pathlib import Path

from apache import Apache, make_certificate
from processes import Ports, Process, program, wait_until
from system import session_members

LETTERS = 1000  # of the page, after its first line
PAGE = Path(__file__).parent / 'page.lua'
SPARE = {'spare_least': 5, 'spare': 10}  # Apache's defaults


class LabTarget:
    """What the experiment knows of a server."""

    def __init__(self, spec, address):
        self.spec = spec
        self.address = address
        self.processes = []
        self.server = None      # what takes the balancer's connections
        self.listeners = []     # 'address:port' of every listen queue a request may wait in

    @property
    def name(self):
        return f'{self.address}:{self.server.port}'

    def sessions(self):
        """The process ids that lead this target's sessions; see system.cpu_by_session()."""
        return [process.pid for process in self.processes]

    def perform(self, event):
        """Something befalls it; see shapes.Event."""
        if event.what == 'workers':
            self.worker_process().reconfigure(workers=event.workers)
        elif event.what == 'stop':
            for process in self.processes:
                process.kill()
        elif event.what == 'freeze':
            self.freeze()
        elif event.what == 'start':
            self.processes = [process.again() for process in self.processes]
            self.server = self.processes[-1]

    def worker_process(self):
        return self.processes[0]

    def freeze(self):
        for session in self.sessions():
            for pid in session_members(session):
                os.kill(pid, signal.SIGSTOP)

    def close(self):
        for process in reversed(self.processes):
            for pid in session_members(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            process.kill()


class LabApache(Apache):
    """An Apache whose /page takes the time that it should."""

    def __init__(self, folder, address, port=None, **options):
        options.setdefault('modules', ('lua',))
        super().__init__(folder, address, port, **options)

    def kill(self):
        members = session_members(self.pid)
        super().kill()
        for pid in members:  # a worker that its master left behind
            with contextlib.suppress(ProcessLookupError):
                if os.getsid(pid) == self.pid:
                    os.kill(pid, signal.SIGKILL)


class Nginx(Process):
    """nginx with a configuration of ours, in a folder of its own."""

    def __init__(self, folder, configuration, address, port):
        self.folder = Path(folder)
        self.address, self.port = address, port
        self.configuration = configuration
        file = self.folder / 'nginx.conf'
        file.write_text(configuration)
        super().__init__([program('nginx', 'lab'), '-p', self.folder, '-c', file, '-e',
                          self.folder / 'error.log'], self.folder / 'output.log')

    def again(self):
        return Nginx(self.folder, self.configuration, self.address, self.port)

    def stop(self, seconds=10):
        return super().stop(seconds)

    def kill(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop(5)
        super().kill()


NGINX_TARGET = '''
daemon off;
pid {folder}/nginx.pid;
{user}
worker_processes 1;
events {{ worker_connections 8192; }}
http {{
  access_log off;
{temporary}
  server {{
    listen {address}:{port} {ssl} backlog={backlog};
    ssl_certificate {folder}/site.crt;
    ssl_certificate_key {folder}/site.key;
    keepalive_requests {keepalive_requests};
    keepalive_timeout {keepalive_timeout}s;
    location / {{ proxy_pass http://{application}; }}
    location = /health {{ return 200 ok; }}
  }}
}}
'''


def nginx_basics(folder):
    """What every nginx that this user runs in that folder has to be told."""
    kinds = ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi')
    return {'folder': folder, 'user': 'user www-data;' if os.getuid() == 0 else '',
            'temporary': '\n'.join(f'  {kind}_temp_path {folder}/{kind};' for kind in kinds)}


def page_lines(folder, page):
    """Apache's lines for the lab's page; writes the script into the folder."""
    script = Path(folder) / f'page-{page[0]}-{page[1]}.lua'
    script.write_text(f'least_ms, most_ms, letters = {page[0]}, {page[1]}, {LETTERS}\n'
                      + PAGE.read_text())
    return (f'LuaScope thread\nLuaMapHandler ^/page$ {script} page\n'
            f'LuaMapHandler ^/health$ {script} health\n')


def apache_options(folder, spec):
    return {'mpm': 'event' if spec.server == 'event' else 'prefork', 'tls': spec.tls,
            'workers': spec.workers, 'workers_most': 200, 'start': spec.start, **SPARE,
            'keepalive_requests': spec.keepalive_requests,
            'keepalive_timeout': spec.keepalive_timeout, 'backlog': spec.backlog,
            'tickets': 'off', 'more': page_lines(folder, spec.page)}


def start_target(folder, spec, address):
    target = LabTarget(spec, address)
    if spec.server == 'nginx':
        start_nginx_target(folder, target)
    else:
        target.processes = [LabApache(folder, address, **apache_options(folder, spec))]
    target.server = target.processes[-1]
    target.listeners = [f'{address}:{process.port}' for process in target.processes]
    return target


def start_nginx_target(folder, target):
    spec, address = target.spec, target.address
    options = {**apache_options(folder, spec), 'tls': False, 'keepalive_requests': 0}
    application = LabApache(folder, address, **options)
    target.processes = [application]
    own = Path(folder) / f'nginx-{address}'
    own.mkdir()
    own.chmod(0o755)
    make_certificate(own, 'site')
    port = Ports.take(address)
    server = Nginx(own, NGINX_TARGET.format(
        **nginx_basics(own), address=address, port=port, ssl='ssl' if spec.tls else '',
        backlog=spec.backlog, keepalive_requests=spec.keepalive_requests,
        keepalive_timeout=spec.keepalive_timeout, application=application.name), address, port)
    target.processes.append(server)
    wait_until(f'nginx {address}:{port} listens', lambda: listens(address, port))


def listens(address, port):
    import socket
    with contextlib.suppress(OSError):
        socket.create_connection((address, port), 1).close()
        return True
    return False
