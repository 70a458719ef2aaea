# SPDX-License-Identifier: Apache-2.0
"""Certificates that the node issues itself: ACM's RequestCertificate under LocalAuthority."""
import base64
import json
import os
import sqlite3
import ssl
from contextlib import closing

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from authority import Authority
from aws import client, serve_api
from harness import DARUMA, Daruma, make_certificate, new_session, run, wait_until
from test_api_certificates import FIXED, refused


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path, Certificates={'LocalAuthority': True}))


def authority_of(daruma, status=200):
    with new_session() as session:
        answer = session.get(daruma.admin + '/local-authority.pem')
    assert answer.status_code == status
    return answer.text


def serve_over_tls(daruma, arn):
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.create_listener(LoadBalancerArn=balancer, Protocol='HTTPS', DefaultActions=FIXED,
                          Port=daruma.configuration.http_port,
                          Certificates=[{'CertificateArn': arn}])
    return balancer


def trusted(daruma, name):
    """The served certificate, as a client sees it that trusts the node's authority and asks for
    this name; it raises if that client would not go on."""
    context = ssl.create_default_context(cadata=authority_of(daruma))
    with daruma.connect() as raw:
        with context.wrap_socket(raw, server_hostname=name) as connection:
            return connection.getpeercert()


def test_a_certificate_is_requested_served_and_trusted(daruma, tmp_path, processes):
    acm = client(daruma, 'acm')
    assert 'LocalAuthority' in authority_of(daruma, status=404)
    arn = acm.request_certificate(
        DomainName='Site.example.com', SubjectAlternativeNames=['*.site.example.com'],
        ValidationMethod='DNS', Tags=[{'Key': 'a', 'Value': 'b'}])['CertificateArn']
    acm.get_waiter('certificate_validated').wait(CertificateArn=arn)
    there = acm.describe_certificate(CertificateArn=arn)['Certificate']
    names = ['site.example.com', '*.site.example.com']
    assert (there['DomainName'], there['SubjectAlternativeNames']) == (names[0], names)
    assert (there['Status'], there['Type'], there['KeyAlgorithm'], there['RenewalEligibility']) == (
        'ISSUED', 'AMAZON_ISSUED', 'EC_prime256v1', 'ELIGIBLE')
    assert (there['NotAfter'] - there['IssuedAt']).days == 395
    assert 'ImportedAt' not in there and 'RenewalSummary' not in there
    assert there['Subject'] == 'CN=site.example.com'
    assert there['Issuer'].startswith('CN=Daruma local authority ')
    # Of a wildcard the record is that of its domain.
    options = there['DomainValidationOptions']
    assert [option['DomainName'] for option in options] == names
    assert {option['ValidationStatus'] for option in options} == {'SUCCESS'}
    assert options[0]['ResourceRecord'] == options[1]['ResourceRecord']
    assert options[0]['ResourceRecord']['Name'].endswith('.site.example.com.')
    assert acm.list_tags_for_certificate(CertificateArn=arn)['Tags'] == [{'Key': 'a', 'Value': 'b'}]
    assert acm.list_certificates()['CertificateSummaryList'][0]['Type'] == 'AMAZON_ISSUED'

    parts = acm.get_certificate(CertificateArn=arn)
    assert parts['CertificateChain'] == authority_of(daruma)
    serve_over_tls(daruma, arn)
    for name in ('site.example.com', 'www.site.example.com'):
        assert ('commonName', 'site.example.com') in trusted(daruma, name)['subject'][0]
    with pytest.raises(ssl.SSLCertVerificationError):
        trusted(daruma, 'other.example.com')

    daruma.kill()
    again = processes.enter_context(Daruma(daruma.configuration))
    assert authority_of(again) == parts['CertificateChain']
    trusted(again, 'site.example.com')
    kept = b''.join(path.read_bytes() for path in (tmp_path / 'data').glob('store.db*'))
    assert b'BEGIN CERTIFICATE' in kept and b'BEGIN PRIVATE KEY' not in kept


def test_kinds_of_keys_and_ways_of_validation(daruma):
    acm = client(daruma, 'acm')
    for kind in ('RSA_2048', 'EC_secp384r1', 'EC_prime256v1'):
        arn = acm.request_certificate(DomainName='a.example.com', ValidationMethod='EMAIL',
                                      KeyAlgorithm=kind)['CertificateArn']
        there = acm.describe_certificate(CertificateArn=arn)['Certificate']
        assert there['KeyAlgorithm'] == kind
        # Terraform waits until there is one.
        assert there['DomainValidationOptions'][0]['ValidationEmails'] == [
            'hostmaster@a.example.com']


def test_one_token_is_one_certificate(daruma):
    acm = client(daruma, 'acm')

    def ask(name, token):
        return acm.request_certificate(DomainName=name, IdempotencyToken=token)['CertificateArn']

    first = ask('a.example.com', 'one')
    assert ask('a.example.com', 'one') == first
    others = {ask('a.example.com', 'two'), ask('b.example.com', 'one'),
              acm.request_certificate(DomainName='a.example.com')['CertificateArn']}
    assert len(others | {first}) == 4


def test_it_is_renewed_when_somebody_wants_it(daruma):
    acm = client(daruma, 'acm')
    arn = acm.request_certificate(DomainName='a.example.com')['CertificateArn']
    balancer = serve_over_tls(daruma, arn)
    before = trusted(daruma, 'a.example.com')
    acm.renew_certificate(CertificateArn=arn)
    after = trusted(daruma, 'a.example.com')
    assert after['serialNumber'] != before['serialNumber']
    assert after['issuer'] == before['issuer']
    there = acm.describe_certificate(CertificateArn=arn)['Certificate']
    assert there['RenewalSummary']['RenewalStatus'] == 'SUCCESS'
    assert there['InUseBy'] == [balancer]
    refused('ResourceInUseException', acm.delete_certificate, CertificateArn=arn)


def replace_in_store(data, certificate, key):
    """The only certificate of the store, for one that somebody else made."""
    secret = base64.b64decode((data / 'secrets.key').read_text())
    nonce = os.urandom(12)
    sealed = nonce + AESGCM(secret).encrypt(nonce, key.read_bytes(), None)
    with closing(sqlite3.connect(data / 'store.db')) as store, store:
        (row, value), = store.execute("select key, value from resource where kind='certificate'")
        changed = {**json.loads(value), 'Chain': certificate.read_text(), 'Fingerprint': 'another',
                   'PrivateKey': base64.b64encode(sealed).decode()}
        store.execute('update resource set value=? where kind=? and key=?',
                      (json.dumps(changed), 'certificate', row))


def test_it_is_renewed_by_itself_when_it_nears_its_end(daruma, tmp_path, processes):
    acm = client(daruma, 'acm')
    arn = acm.request_certificate(DomainName='a.example.com')['CertificateArn']
    serve_over_tls(daruma, arn)
    daruma.kill()
    ended = Authority(tmp_path).issue('old', 'DNS:a.example.com', end='210101000000Z')
    replace_in_store(tmp_path / 'data', *ended)

    again = processes.enter_context(Daruma(daruma.configuration))

    def is_renewed():
        there = client(again, 'acm').describe_certificate(CertificateArn=arn)['Certificate']
        return there['Status'] == 'ISSUED' and 'RenewalSummary' in there

    wait_until('the certificate is renewed', is_renewed)
    trusted(again, 'a.example.com')
    assert 'RenewCertificate' in again.output()

    # Who issues nothing any more renews nothing either.
    again.kill()
    replace_in_store(tmp_path / 'data', *ended)
    daruma.configuration.value['Certificates'] = []
    daruma.configuration.write()
    last = processes.enter_context(Daruma(daruma.configuration))
    there = client(last, 'acm').describe_certificate(CertificateArn=arn)['Certificate']
    assert (there['Status'], there['RenewalEligibility']) == ('EXPIRED', 'INELIGIBLE')
    refused('AccessDeniedException', client(last, 'acm').renew_certificate, CertificateArn=arn)


def test_what_is_not_issued(daruma):
    acm = client(daruma, 'acm')

    def no(code, **options):
        return refused(code, acm.request_certificate, **{'DomainName': 'a.example.com', **options})

    for name in ('', 'localhost', '127.0.0.1:80', 'a..example.com', '-a.example.com',
                 '*example.com', 'a.*.example.com', 'a_b.example.com', f'{"a" * 64}.example.com',
                 '.'.join(['abcdefgh'] * 8) + '.com', 'DNS:a.example.com,IP:127.0.0.1'):
        no('ValidationException', DomainName=name)
    many = [f'{i}.example.com' for i in range(100)]
    no('LimitExceededException', SubjectAlternativeNames=many)
    acm.request_certificate(DomainName='a.example.com', SubjectAlternativeNames=many[1:])
    no('InvalidParameterException', IdempotencyToken='a-b')
    no('InvalidTagException', Tags=[{'Key': 'aws:x'}])
    assert 'HTTP' in no('ValidationException', ValidationMethod='HTTP')
    assert 'RSA_4096' in no('ValidationException', KeyAlgorithm='RSA_4096')
    no('ValidationException', Options={'CertificateTransparencyLoggingPreference': 'PERHAPS'})
    # Nobody's consent is asked, so nobody can say who is to be asked.
    assert 'DomainValidationOptions' in no('ValidationException', DomainValidationOptions=[
        {'DomainName': 'a.example.com', 'ValidationDomain': 'example.com'}])
    assert 'CertificateAuthorityArn' in no('ValidationException', CertificateAuthorityArn='arn:x')

    arn = acm.list_certificates()['CertificateSummaryList'][0]['CertificateArn']
    assert 'renewed' in refused(
        'ValidationException', acm.import_certificate, CertificateArn=arn,
        **made(daruma.folder, 'other'))
    imported = acm.import_certificate(**made(daruma.folder, 'mine'))['CertificateArn']
    assert 'requested' in refused('ValidationException', acm.renew_certificate,
                                  CertificateArn=imported)


def made(folder, name):
    files = make_certificate(folder, name, [f'{name}.example.com'])
    return {'Certificate': (folder / files['CertificateFile']).read_bytes(),
            'PrivateKey': (folder / files['PrivateKeyFile']).read_bytes()}


def test_files_and_the_authority_stand_side_by_side(tmp_path, processes):
    file = make_certificate(tmp_path, 'declared', ['declared.example.com'])
    daruma = processes.enter_context(
        serve_api(tmp_path, Certificates={'LocalAuthority': True, 'Files': [file]}))
    acm = client(daruma, 'acm')
    acm.request_certificate(DomainName='a.example.com')
    assert {row['DomainName'] for row in acm.list_certificates()['CertificateSummaryList']} == {
        'declared.example.com', 'a.example.com'}

    (tmp_path / 'exported').mkdir()
    exported = run([DARUMA, 'export', '--config', daruma.configuration.file, '--data',
                    tmp_path / 'data', '--certificates', 'exported'], cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    assert 'LocalAuthority: true\n  Files:\n    - Name: declared' in exported.stdout
    (tmp_path / 'again.yaml').write_text(exported.stdout)
    assert run([DARUMA, 'check', 'again.yaml'], cwd=tmp_path).returncode == 0


def test_a_backup_has_the_authority(daruma, tmp_path, processes):
    acm = client(daruma, 'acm')
    acm.request_certificate(DomainName='a.example.com')
    authority = authority_of(daruma)
    backup = tmp_path / 'backup.db'
    run([DARUMA, 'backup', '--data', tmp_path / 'data', backup]).check_returncode()
    daruma.kill()
    for path in (tmp_path / 'data').glob('store.db*'):
        path.unlink()
    run([DARUMA, 'restore', '--data', tmp_path / 'data', backup]).check_returncode()
    again = processes.enter_context(Daruma(daruma.configuration))
    assert authority_of(again) == authority
