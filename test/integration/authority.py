# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for tests, by the openssl program: certificates of any validity."""
import subprocess
from pathlib import Path
_NEW_KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes')
CONFIG = '''
[ca]
default_ca = own
[own]
new_certs_dir = {folder}
database = {folder}/index
serial = {folder}/serial
crlnumber = {folder}/crlnumber
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
'''


class Authority:
    """Its certificate is in `file`; one with an issuer is an intermediate one."""

    def __init__(self, folder, name='authority', issuer=None):
        self.folder = Path(folder) / name
        self.folder.mkdir()
        self.file = self.folder / 'ca.pem'
        self.key = self.folder / 'ca.key'
        (self.folder / 'index').touch()
        (self.folder / 'serial').write_text('01\n')
        (self.folder / 'crlnumber').write_text('01\n')
        (self.folder / 'config').write_text(CONFIG.format(folder=self.folder))
        if issuer:
            made = issuer.issue(name, extensions=('basicConstraints=critical,CA:TRUE',
                                                  'keyUsage=keyCertSign,cRLSign'))
            for here, there in zip((self.file, self.key), made):
                here.write_bytes(there.read_bytes())
            return
        _openssl('req', '-x509', *_NEW_KEY, '-days', '2', '-subj', f'/CN={name}',
                 '-addext', 'basicConstraints=critical,CA:TRUE', '-keyout', self.key,
                 '-out', self.file)

    def issue(self, name, alternative='', begin='200101000000Z', end='400101000000Z',
              extensions=(), key=_NEW_KEY, subject=''):
        """(certificate, key): files for what `alternative` says, such as 'IP:127.0.0.2'."""
        certificate, key_file = self.folder / f'{name}.pem', self.folder / f'{name}.key'
        request = self.folder / f'{name}.csr'
        if alternative:
            extensions = (*extensions, f'subjectAltName={alternative}')
        added = [word for each in extensions for word in ('-addext', each)]
        _openssl('req', *key, '-subj', subject or f'/CN={name}', *added, '-keyout', key_file,
                 '-out', request)
        _openssl('ca', '-batch', '-notext', '-config', self.folder / 'config', '-cert', self.file,
                 '-keyfile', self.key, '-startdate', begin, '-enddate', end, '-in', request,
                 '-out', certificate)
        return certificate, key_file

    def revoke(self, certificate):
        self._ca('-revoke', certificate)

    def revocations(self, name='crl', hours=24):
        """A file with the list of all that were revoked, good for so long."""
        file = self.folder / f'{name}.crl'
        self._ca('-gencrl', '-crlhours', hours, '-out', file)
        return file

    def expired_revocations(self):
        file = self.folder / 'expired.crl'
        self._ca('-gencrl', '-crl_lastupdate', '200101000000Z', '-crl_nextupdate',
                 '200201000000Z', '-out', file)
        return file

    def _ca(self, *words):
        _openssl('ca', '-config', self.folder / 'config', '-cert', self.file, '-keyfile', self.key,
                 *words)


def _openssl(*words):
    done = subprocess.run(['openssl', *map(str, words)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
