# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for tests, by the openssl program: certificates of any validity."""
import subprocess
from pathlib import Path

CONFIG = '''
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
'''


class Authority:
    """Its certificate is in `file`."""

    def __init__(self, folder, name='authority'):
        self.folder = Path(folder) / name
        self.folder.mkdir()
        self.file = self.folder / 'ca.pem'
        self.key = self.folder / 'ca.key'
        (self.folder / 'index').touch()
        (self.folder / 'serial').write_text('01\n')
        (self.folder / 'config').write_text(CONFIG.format(folder=self.folder))
        _openssl('req', '-x509', *_NEW_KEY, '-days', '2', '-subj', f'/CN={name}',
                 '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', self.key,
                 '-out', self.file)

    def issue(self, name, alternative, begin='200101000000Z', end='400101000000Z'):
        """(certificate, key): files for what `alternative` says, such as 'IP:127.0.0.2'."""
        certificate, key = self.folder / f'{name}.pem', self.folder / f'{name}.key'
        request = self.folder / f'{name}.csr'
        _openssl('req', *_NEW_KEY, '-subj', f'/CN={name}', '-addext',
                 f'subjectAltName={alternative}', '-keyout', key, '-out', request)
        _openssl('ca', '-batch', '-notext', '-config', self.folder / 'config', '-cert', self.file,
                 '-keyfile', self.key, '-startdate', begin, '-enddate', end, '-in', request,
                 '-out', certificate)
        return certificate, key


_NEW_KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')


def _openssl(*words):
    done = subprocess.run(['openssl', *map(str, words)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
