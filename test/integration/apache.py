# SPDX-License-Identifier: Apache-2.0
"""A real Apache (Debian's apache2, mpm_prefork, mod_ssl) with everything in a folder of its own."""
import contextlib
import os
import socket
import ssl
import subprocess
from pathlib import Path

from harness import Ports, Process, letters, program, wait_until

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
StartServers {workers}
MinSpareServers {workers}
MaxSpareServers {workers}
ServerLimit {workers}
MaxRequestWorkers {workers}
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
SSLEngine on
SSLCertificateFile {folder}/apache.crt
SSLCertificateKeyFile {folder}/apache.key
SSLSessionTickets {tickets}
'''


def make_certificate(folder):
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
         '-subj', '/CN=localhost', '-keyout', folder / 'apache.key', '-out', folder / 'apache.crt'],
        check=True, capture_output=True)


class Apache(Process):
    """Serves /page-N (N letters) and /health over HTTPS."""

    PAGES = (10, 1000, 20_000)
    tls = True

    def __init__(self, folder, address, port=None, workers=40, keepalive_requests=0,
                 keepalive_timeout=30, backlog=511, tickets='on'):
        self.address = address
        self.port = port or Ports.take(address)
        self.folder = Path(folder) / f'apache-{address}'
        self.options = {'workers': workers, 'keepalive_requests': keepalive_requests,
                        'keepalive_timeout': keepalive_timeout, 'backlog': backlog,
                        'tickets': tickets}
        pages = self.folder / 'pages'
        if not pages.exists():
            pages.mkdir(parents=True)
            make_certificate(self.folder)
            for size in self.PAGES:
                (pages / f'page-{size}').write_bytes(letters(size))
            (pages / 'health').write_text('ok')
            for path in (self.folder, pages):
                path.chmod(0o755)
        modules = '\n'.join(
            f'LoadModule {name}_module {MODULES / f"mod_{name}.so"}'
            for name in ('mpm_prefork', 'ssl', 'authz_core', 'headers'))
        # Apache will not serve as root.
        user = 'User www-data\nGroup www-data' if os.getuid() == 0 else ''
        config = self.folder / 'apache.conf'
        config.write_text(CONFIGURATION.format(
            folder=self.folder, address=address, port=self.port, modules=modules, user=user,
            **self.options))
        super().__init__([program('/usr/sbin/apache2'), '-f', config, '-D', 'FOREGROUND'],
                         self.folder / 'output.log')
        wait_until(f'Apache {self.name} serves', self._serves, 30)

    def _serves(self):
        assert self.is_running(), self.output()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with contextlib.suppress(OSError):
            raw = socket.create_connection((self.address, self.port), 2)
            context.wrap_socket(raw).close()
            return True
        return False

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    def again(self):
        return Apache(self.folder.parent, self.address, self.port, **self.options)

    def remove_health_page(self):
        (self.folder / 'pages' / 'health').unlink()

    def kill(self):
        # SIGTERM takes the workers along; SIGKILL would leave them.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop(10)
        super().kill()
