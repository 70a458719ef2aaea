# SPDX-License-Identifier: Apache-2.0
"""Certificates by way of ACM: imported, served, replaced, never given back."""
import ssl

import pytest
from botocore.exceptions import ClientError

from aws import READER, READER_SECRET, ask_json, client, serve_api
from harness import DARUMA, Daruma, make_certificate, run

FIXED = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]


@pytest.fixture
def daruma(tmp_path, processes):
    declared = make_certificate(tmp_path, 'declared', ['declared.example.com'])
    return processes.enter_context(serve_api(tmp_path, Certificates=[declared]))


def pair(folder, name):
    """A new certificate for NAME.example.com: both PEM texts."""
    files = make_certificate(folder, name, [f'{name}.example.com'])
    return {'Certificate': (folder / files['CertificateFile']).read_bytes(),
            'PrivateKey': (folder / files['PrivateKeyFile']).read_bytes()}


def refused(code, call, **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    assert problem.value.response['Error']['Code'] == code, problem.value.response
    return problem.value.response['Error']['Message']


def served(daruma, name):
    """What a client that asks for NAME.example.com is shown."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with daruma.connect() as raw:
        with context.wrap_socket(raw, server_hostname=f'{name}.example.com') as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))


def test_a_certificate_is_imported_served_replaced_and_deleted(daruma, tmp_path, processes):
    acm, elbv2 = client(daruma, 'acm'), client(daruma)
    first, second = pair(tmp_path, 'first'), pair(tmp_path, 'second')
    arn = acm.import_certificate(**first, Tags=[{'Key': 'a', 'Value': 'b'}])['CertificateArn']
    facts = acm.describe_certificate(CertificateArn=arn)['Certificate']
    assert (facts['DomainName'], facts['Status'], facts['Type'], facts['InUseBy']) == (
        'first.example.com', 'ISSUED', 'IMPORTED', [])
    assert facts['KeyAlgorithm'] == 'EC_prime256v1' and facts['NotAfter'] > facts['NotBefore']
    assert facts['Subject'] == facts['Issuer'] == 'CN=first.example.com' and facts['ImportedAt']
    assert 'DomainValidationOptions' not in facts

    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTPS', Port=daruma.configuration.http_port,
        Certificates=[{'CertificateArn': arn}], DefaultActions=FIXED,
        SslPolicy='ELBSecurityPolicy-TLS13-1-2-2021-06')
    assert served(daruma, 'first') == first['Certificate'].decode()
    assert acm.describe_certificate(CertificateArn=arn)['Certificate']['InUseBy'] == [balancer]
    assert balancer in refused('ResourceInUseException', acm.delete_certificate,
                               CertificateArn=arn)

    assert acm.import_certificate(**second, CertificateArn=arn)['CertificateArn'] == arn
    assert served(daruma, 'first') == second['Certificate'].decode()
    daruma.kill()
    again = processes.enter_context(Daruma(daruma.configuration))
    assert served(again, 'first') == second['Certificate'].decode()

    kept = b''.join(path.read_bytes() for path in (tmp_path / 'data').glob('store.db*'))
    for line in second['PrivateKey'].splitlines()[1:-1]:
        assert line not in kept
    assert (tmp_path / 'data/secrets.key').stat().st_mode & 0o777 == 0o600
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    acm.delete_certificate(CertificateArn=arn)
    refused('ResourceNotFoundException', acm.describe_certificate, CertificateArn=arn)


def test_the_chain_comes_back_and_the_key_does_not(daruma, tmp_path):
    acm = client(daruma, 'acm')
    leaf, other = pair(tmp_path, 'leaf'), pair(tmp_path, 'other')
    arn = acm.import_certificate(**leaf, CertificateChain=other['Certificate'])['CertificateArn']
    answer = acm.get_certificate(CertificateArn=arn)
    assert answer['Certificate'].encode() == leaf['Certificate']
    assert answer['CertificateChain'].encode() == other['Certificate']
    assert 'PRIVATE KEY' not in str(answer)


def test_a_key_among_the_certificates_is_neither_kept_nor_shown(tmp_path, processes):
    one, issuer, own = (pair(tmp_path, name) for name in ('one', 'issuer', 'declared'))
    (tmp_path / 'both.pem').write_bytes(own['PrivateKey'] + own['Certificate'])
    daruma = processes.enter_context(serve_api(tmp_path, Certificates=[
        {'Name': 'declared', 'CertificateFile': 'both.pem', 'PrivateKeyFile': 'both.pem'}]))
    acm = client(daruma, 'acm')
    declared, = acm.list_certificates()['CertificateSummaryList']
    shown = acm.get_certificate(CertificateArn=declared['CertificateArn'])
    assert shown['Certificate'].encode() == own['Certificate'] and 'CertificateChain' not in shown

    certificate, key = one['Certificate'], one['PrivateKey']
    for given in (certificate + key, key + certificate, b'notes\n' + key + certificate + key):
        arn = acm.import_certificate(
            Certificate=given, PrivateKey=certificate + key,
            CertificateChain=key + issuer['Certificate'] + issuer['PrivateKey'])['CertificateArn']
        answer = acm.get_certificate(CertificateArn=arn)
        assert answer['Certificate'].encode() == certificate
        assert answer['CertificateChain'].encode() == issuer['Certificate']
    assert 'exactly one' in refused(
        'ValidationException', acm.import_certificate,
        Certificate=certificate + issuer['Certificate'], PrivateKey=key)

    exported = tmp_path / 'exported'
    exported.mkdir()
    run([DARUMA, 'export', '--config', daruma.configuration.file, '--data', tmp_path / 'data',
         '--certificates', exported]).check_returncode()
    open_to_all = [path.read_bytes() for path in exported.glob('*.crt')]
    assert len(open_to_all) == 3
    kept = b''.join(path.read_bytes() for path in (tmp_path / 'data').glob('store.db*'))
    for line in (key + issuer['PrivateKey']).splitlines():
        if not line.startswith(b'-----'):
            assert line not in kept and all(line not in text for text in open_to_all)


def test_a_name_that_is_no_text_harms_nobody(tmp_path, processes):
    def odd(name):
        (tmp_path / f'{name}.cnf').write_bytes(
            b'[req]\ndistinguished_name=d\nx509_extensions=v\nprompt=no\n'
            b'[d]\nCN=plain.example.com\n[v]\nsubjectAltName=@a\n[a]\nDNS.1=caf\xe9.example.com\n')
        run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256',
             '-nodes', '-days', '30', '-config', tmp_path / f'{name}.cnf', '-keyout',
             tmp_path / f'{name}.key', '-out', tmp_path / f'{name}.crt']).check_returncode()
        return {'CertificateFile': f'{name}.crt', 'PrivateKeyFile': f'{name}.key'}

    odd('imported')
    daruma = processes.enter_context(
        serve_api(tmp_path, Certificates=[{'Name': 'declared', **odd('declared')}]))
    acm = client(daruma, 'acm')
    acm.import_certificate(Certificate=(tmp_path / 'imported.crt').read_bytes(),
                           PrivateKey=(tmp_path / 'imported.key').read_bytes())
    reader = client(daruma, 'acm', key=READER, secret=READER_SECRET)
    rows = reader.list_certificates()['CertificateSummaryList']
    assert [row['DomainName'] for row in rows] == ['plain.example.com'] * 2
    for row in rows:
        reader.describe_certificate(CertificateArn=row['CertificateArn'])
        reader.get_certificate(CertificateArn=row['CertificateArn'])
    assert 'daruma_certificate_expiry' in daruma.metrics() and daruma.is_running()


def test_a_body_without_a_bottom_is_refused(daruma):
    for deep in ('{"CertificateStatuses":' + '[' * 100_000 + ']' * 100_000 + '}',
                 '{"a":' * 100_000 + '1' + '}' * 100_000, '[' * 17 + ']' * 17, '[' * 900_000):
        answer = ask_json(daruma, 'CertificateManager.ListCertificates', deep)
        assert (answer.status, answer.json()['__type']) == (400, 'SerializationException')
    assert client(daruma, 'acm').list_certificates()['CertificateSummaryList']


def test_certificates_are_listed_in_pages_and_by_kind(daruma, tmp_path):
    acm = client(daruma, 'acm')
    for name in ('one', 'two'):
        acm.import_certificate(**pair(tmp_path, name))
    pages = list(acm.get_paginator('list_certificates').paginate(PaginationConfig={'PageSize': 2}))
    assert [len(page['CertificateSummaryList']) for page in pages] == [2, 1]
    names = {row['DomainName'] for page in pages for row in page['CertificateSummaryList']}
    assert names == {'declared.example.com', 'one.example.com', 'two.example.com'}
    rsa = acm.list_certificates(Includes={'keyTypes': ['RSA_2048']})
    assert rsa['CertificateSummaryList'] == []
    assert acm.list_certificates(CertificateStatuses=['EXPIRED'])['CertificateSummaryList'] == []


def test_tags_of_certificates(daruma, tmp_path):
    acm = client(daruma, 'acm')
    arn = acm.import_certificate(**pair(tmp_path, 'one'))['CertificateArn']
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{'Key': 'a', 'Value': '1'},
                                                          {'Key': 'b', 'Value': '2'}])
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=[{'Key': 'a', 'Value': 'other'},
                                                               {'Key': 'b'}])
    assert acm.list_tags_for_certificate(CertificateArn=arn)['Tags'] == [
        {'Key': 'a', 'Value': '1'}]


def test_what_is_refused(daruma, tmp_path):
    acm = client(daruma, 'acm')
    one, two = pair(tmp_path, 'one'), pair(tmp_path, 'two')
    refused('ValidationException', acm.import_certificate, Certificate=one['Certificate'],
            PrivateKey=two['PrivateKey'])
    refused('ValidationException', acm.import_certificate, Certificate=b'\xff',
            PrivateKey=two['PrivateKey'])
    refused('ValidationException', acm.import_certificate, Certificate=one['Certificate'])
    refused('InvalidTagException', acm.import_certificate, **one, Tags=[{'Key': 'aws:x'}])
    refused('InvalidArnException', acm.describe_certificate, CertificateArn='one')
    declared, = acm.list_certificates()['CertificateSummaryList']
    assert 'daruma.yaml' in refused('AccessDeniedException', acm.delete_certificate,
                                    CertificateArn=declared['CertificateArn'])
    assert 'LocalAuthority: true' in refused('AccessDeniedException', acm.request_certificate,
                                             DomainName='example.com')
    assert 'ExportCertificate' in refused(
        'UnknownOperationException', acm.export_certificate,
        CertificateArn=declared['CertificateArn'], Passphrase=b'x')
    reader = client(daruma, 'acm', key=READER, secret=READER_SECRET)
    refused('AccessDeniedException', reader.import_certificate, **one)
    refused('InvalidSignatureException', client(daruma, 'acm', secret='no').list_certificates)
