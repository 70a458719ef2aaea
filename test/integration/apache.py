# SPDX-License-Identifier: Apache-2.0
"""A real Apache (Debian's apache2, mod_ssl) with everything in a folder of its own.

For the end-to-end tests and the lab. Standard library only.
"""
import contextlib
import os
import signal
import socket
import ssl
import subprocess
from pathlib import Path

from processes import Ports, Process, letters, program, wait_until

MODULES = Path('/usr/lib/apache2/modules')

CONFIGURATION = '''
ServerRoot {folder}
ServerName {address}
Listen {address}:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
DefaultRuntimeDir {folder}
Mutex file:{folder}
{modules}
{user}
{processes}
ListenBackLog {backlog}
KeepAlive On
MaxKeepAliveRequests {keepalive_requests}
KeepAliveTimeout {keepalive_timeout}
EnableSendfile Off
DocumentRoot {folder}/pages
Header set X-Target {address}:{port}
<Directory {folder}/pages>
  Require all granted
</Directory>
LogFormat "%k %s %U" counted
CustomLog {folder}/access.log counted
{tls}
{more}
'''

# A worker is a process (prefork) or a thread (event). Of a prefork server's, `start` run from the
# beginning, and from `spare_least` to `spare` are kept without work.
PROCESSES = {
    'prefork': '''
StartServers {start}
MinSpareServers {spare_least}
MaxSpareServers {spare}
ServerLimit {workers_most}
MaxRequestWorkers {workers}
''',
    'event': '''
StartServers 1
ServerLimit 1
ThreadLimit {workers_most}
ThreadsPerChild {workers}
MaxRequestWorkers {workers}
''',
}

TLS = '''
SSLEngine on
SSLCertificateFile {folder}/apache.crt
SSLCertificateKeyFile {folder}/apache.key
SSLSessionTickets {tickets}
'''


def make_certificate(folder, name='apache', key='rsa:2048'):
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', key, '-nodes', '-days', '2',
         *(['-pkeyopt', 'ec_paramgen_curve:P-256'] if key == 'ec' else []),
         '-subj', '/CN=localhost', '-keyout', folder / f'{name}.key', '-out',
         folder / f'{name}.crt'], check=True, capture_output=True)


class Apache(Process):
    """Serves /page-N (N letters) and /health over HTTPS, unless told otherwise.

    Options: workers, start, spare_least, spare (default: as many), workers_most (what
    reconfigure() may go to), keepalive_requests, keepalive_timeout, backlog, tickets, mpm (prefork,
    event), tls, modules (more of them), more (lines of configuration).
    """

    PAGES = (10, 1000, 20_000)
    DEFAULTS = {'workers': 40, 'start': None, 'spare_least': None, 'spare': None,
                'workers_most': None, 'keepalive_requests': 0, 'keepalive_timeout': 30,
                'backlog': 511, 'tickets': 'on', 'mpm': 'prefork', 'tls': True, 'modules': (),
                'more': ''}

    def __init__(self, folder, address, port=None, **options):
        self.address = address
        self.port = port or Ports.take(address)
        self.folder = Path(folder) / f'apache-{address}-{self.port}'
        self.options = {**self.DEFAULTS, **options}
        self.tls = self.options['tls']
        pages = self.folder / 'pages'
        if not pages.exists():
            pages.mkdir(parents=True)
            make_certificate(self.folder)
            for size in self.PAGES:
                (pages / f'page-{size}').write_bytes(letters(size))
            (pages / 'health').write_text('ok')
            for path in (self.folder, pages):
                path.chmod(0o755)
        self._write_configuration()
        super().__init__([program('apache2'), '-f', self._file(), '-D', 'FOREGROUND'],
                         self.folder / 'output.log')
        wait_until(f'Apache {self.name} serves', self._serves, 30)

    def _file(self):
        return self.folder / 'apache.conf'

    def _write_configuration(self):
        options = dict(self.options)
        for name in ('start', 'spare_least', 'spare', 'workers_most'):
            options[name] = options[name] or options['workers']
        modules = [f'mpm_{options["mpm"]}', 'authz_core', 'headers', *options['modules'],
                   *(['ssl'] if self.tls else [])]
        self._file().write_text(CONFIGURATION.format(
            folder=self.folder, address=self.address, port=self.port,
            modules='\n'.join(f'LoadModule {name}_module {MODULES / f"mod_{name}.so"}'
                              for name in modules),
            # Apache will not serve as root.
            user='User www-data\nGroup www-data' if os.getuid() == 0 else '',
            processes=PROCESSES[options['mpm']].format(**options),
            tls=TLS.format(folder=self.folder, **options) if self.tls else '',
            more=options['more'], **{name: options[name] for name in (
                'backlog', 'keepalive_requests', 'keepalive_timeout')}))

    def _serves(self):
        assert self.is_running(), self.output()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with contextlib.suppress(OSError):
            raw = socket.create_connection((self.address, self.port), 2)
            (context.wrap_socket(raw) if self.tls else raw).close()
            return True
        return False

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    def again(self):
        return type(self)(self.folder.parent, self.address, self.port, **self.options)

    def reconfigure(self, **options):
        """Other options from now on, by a graceful restart: requests under way are finished."""
        self.options.update(options)
        self._write_configuration()
        self.send(signal.SIGUSR1)

    def remove_health_page(self):
        (self.folder / 'pages' / 'health').unlink()

    def kill(self):
        # SIGTERM takes the workers along; SIGKILL would leave them.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop(10)
        super().kill()
