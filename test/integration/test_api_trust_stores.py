# SPDX-License-Identifier: Apache-2.0
"""Trust stores and mutual TLS: made through the API or declared, with real clients (curl, openssl)
that are let in, told of and kept out."""
import concurrent.futures
import re
import shlex
import socket
import ssl
import subprocess
from urllib.parse import unquote

import pytest

from authority import Authority
from aws import (
    MODELS, READER, READER_SECRET, ApiConfiguration, ask, client)
from fake_s3 import KEY as S3_KEY
from fake_s3 import REGION, FakeS3
from fake_s3 import SECRET as S3_SECRET
from harness import (
    DARUMA, Daruma, Target, make_certificate, new_session, read_until, run, wait_until)

FIXED = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]
ID = '0123456789abcdef'
STORE = f'arn:aws:elasticloadbalancing:us-east-1:000000000000:truststore/site/{ID}'
CLIENT = ('extendedKeyUsage=clientAuth',)
BUNDLE = {'CaCertificatesBundleS3Bucket': 'trust', 'CaCertificatesBundleS3Key': 'a/ca.pem'}

pytestmark = pytest.mark.skipif(not MODELS.exists(), reason='AWS\'s models are not at hand')


class Clients:
    """An authority, an intermediate one of its, a foreign one, and who has certificates of them."""

    def __init__(self, folder):
        folder.mkdir()
        self.root = Authority(folder, 'root')
        self.middle = Authority(folder, 'middle', issuer=self.root)
        self.foreign = Authority(folder, 'foreign')
        subject = '/C=JP/O=Example, Ltd/CN=good'
        self.good = self.root.issue('good', extensions=CLIENT, subject=subject)
        self.leaver = self.root.issue('leaver', extensions=CLIENT)
        self.expired = self.root.issue('expired', extensions=CLIENT, end='210101000000Z')
        self.server = self.root.issue('server', extensions=('extendedKeyUsage=serverAuth',))
        self.stranger = self.foreign.issue('stranger', extensions=CLIENT)
        chained, key = self.middle.issue('chained', extensions=CLIENT)
        whole = folder / 'whole.pem'
        whole.write_bytes(chained.read_bytes() + self.middle.file.read_bytes())
        self.chained = (whole, key)


@pytest.fixture(scope='module')
def clients(tmp_path_factory):
    return Clients(tmp_path_factory.mktemp('clients') / 'x')


def bucket(folder, clients):
    there = folder / 'bucket/a'
    there.mkdir(parents=True)
    (there / 'ca.pem').write_bytes(clients.root.file.read_bytes())
    (there / 'both.pem').write_bytes(
        b'# ours\n' + clients.root.file.read_bytes() + clients.foreign.file.read_bytes())
    (folder / 'outside.pem').write_bytes(clients.root.file.read_bytes())
    return there


@pytest.fixture
def daruma(tmp_path, processes, clients):
    folder = tmp_path / 'daruma'
    folder.mkdir()
    bucket(folder, clients)
    configuration = ApiConfiguration(folder, Certificates=[make_certificate(folder)])
    configuration.value['Buckets'] = [{'Name': 'trust', 'Directory': './bucket'}]
    configuration.write()
    return processes.enter_context(Daruma(configuration))


class Site:
    """A load balancer with one HTTPS listener in front of a target that tells what it was asked."""

    def __init__(self, daruma, folder, processes):
        self.daruma, self.elbv2 = daruma, client(daruma)
        target = processes.enter_context(Target(folder))
        group = self.elbv2.create_target_group(
            Name='group', Protocol='HTTP', Port=80, TargetType='ip', HealthCheckPath='/health')
        self.group = group['TargetGroups'][0]['TargetGroupArn']
        self.elbv2.register_targets(TargetGroupArn=self.group, Targets=[target.description()])
        made = self.elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]
        self.balancer = made['LoadBalancerArn']
        self.listener = None

    def listen(self, mutual):
        certificate = client(self.daruma, 'acm').list_certificates()
        self.listener = self.elbv2.create_listener(
            LoadBalancerArn=self.balancer, Protocol='HTTPS',
            Port=self.daruma.configuration.https_port, MutualAuthentication=mutual,
            SslPolicy='ELBSecurityPolicy-TLS13-1-2-2021-06',
            Certificates=[{'CertificateArn':
                           certificate['CertificateSummaryList'][0]['CertificateArn']}],
            DefaultActions=[{'Type': 'forward', 'TargetGroupArn': self.group}]
        )['Listeners'][0]['ListenerArn']

    def shown(self):
        listener, = self.elbv2.describe_listeners(ListenerArns=[self.listener])['Listeners']
        return listener['MutualAuthentication']

    def modify(self, **mutual):
        self.elbv2.modify_listener(ListenerArn=self.listener, MutualAuthentication=mutual)


@pytest.fixture
def site(daruma, tmp_path, processes):
    return Site(daruma, tmp_path, processes)


def ask_as(daruma, pair=None, *options):
    """(what the target was asked, "") or ("", why not)."""
    shown = ['--cert', pair[0], '--key', pair[1]] if pair else []
    done = run(['curl', '-sSk', '--max-time', '10', *shown, *options, daruma.https + '/'])
    if done.returncode != 0:
        return '', done.stderr
    return done.stdout.replace('\r', ''), ''


def field(seen, name):
    values = re.findall(f'^{re.escape(name)}: (.*)$', seen, re.M | re.I)
    assert len(values) <= 1, seen
    return values[0] if values else None


def pem(file):
    text = file.read_text()
    return text[text.index('-----BEGIN'):]


def make_store(elbv2, name='site', **more):
    return elbv2.create_trust_store(Name=name, **{**BUNDLE, **more})['TrustStores'][0]


def let_in(daruma, pair=None, *options):
    return ask_as(daruma, pair, *options)[0] != ''


VERSIONS = (('--tls-max', '1.2'), ('--tlsv1.3',), ('--http2',), ('--http1.1',))


def test_verify_lets_in_whom_the_trust_store_knows(site, daruma, clients):
    store = make_store(site.elbv2)
    assert (store['Status'], store['NumberOfCaCertificates'], store['TotalRevokedEntries']) == (
        'ACTIVE', 1, 0)
    site.listen({'Mode': 'verify', 'TrustStoreArn': store['TrustStoreArn']})
    assert site.shown() == {
        'Mode': 'verify', 'TrustStoreArn': store['TrustStoreArn'],
        'IgnoreClientCertificateExpiry': False, 'TrustStoreAssociationStatus': 'active',
        'AdvertiseTrustStoreCaNames': 'off'}
    forged = ['-H', 'X-Amzn-Mtls-Clientcert-Subject: CN=admin', '-H', 'X-Amzn-Mtls-Clientcert: x',
              '-H', 'X_Amzn_Mtls_Clientcert_Subject: CN=admin']
    for version in VERSIONS:
        seen, problem = ask_as(daruma, clients.good, *version, *forged)
        assert seen, problem
        assert field(seen, 'X-Amzn-Mtls-Clientcert-Subject') == 'CN=good'
        assert field(seen, 'X-Amzn-Mtls-Clientcert-Issuer') == 'CN=root'
        assert field(seen, 'X-Amzn-Mtls-Clientcert-Serial-Number') == '02'
        assert field(seen, 'X-Amzn-Mtls-Clientcert-Validity') == (
            'NotBefore=2020-01-01T00:00:00Z;NotAfter=2040-01-01T00:00:00Z')
        assert unquote(field(seen, 'X-Amzn-Mtls-Clientcert-Leaf')) == pem(clients.good[0])
        assert field(seen, 'X-Amzn-Mtls-Clientcert') is None and 'admin' not in seen
        assert let_in(daruma, clients.chained, *version)
        for pair in (None, clients.stranger, clients.expired, clients.server):
            assert not let_in(daruma, pair, *version), (pair, version)
    for reason in ('missing', 'untrusted', 'expired', 'invalid'):
        daruma.wait_for_metric('daruma_listener_reasons_total', equal=len(VERSIONS),
                               reason=f'client_certificate_{reason}')
    assert daruma.metric('daruma_listener_tls_errors_total') == 4 * len(VERSIONS)
    wait_until('the log tells', lambda: all(
        name in daruma.output() for name in ('ClientCertExpired', 'ClientCertUntrusted',
                                             'ClientCertPurposeInvalid')))


def test_the_connection_log_tells_who_came(site, daruma, clients):
    site.elbv2.modify_load_balancer_attributes(LoadBalancerArn=site.balancer, Attributes=[
        {'Key': 'connection_logs.s3.enabled', 'Value': 'true'}])
    site.listen({'Mode': 'verify', 'TrustStoreArn': make_store(site.elbv2)['TrustStoreArn']})
    pairs = {'Success': clients.good, 'Failed:UnmappedConnectionError': None,
             'Failed:ClientCertUntrusted': clients.stranger,
             'Failed:ClientCertExpired': clients.expired,
             'Failed:ClientCertPurposeInvalid': clients.server}
    for status, pair in pairs.items():
        assert let_in(daruma, pair) == (status == 'Success')
    lines = wait_until('all are logged', lambda: (
        found if len(found := daruma.log_lines('conn_log')) >= len(pairs) else None), 30)
    logged = {entry[10]: entry for entry in map(shlex.split, lines)}
    assert set(logged) == set(pairs)
    for status, pair in pairs.items():
        subject, validity, serial = logged[status][7:10]
        if pair is None:
            assert (subject, validity, serial) == ('-', '-', '-')
            continue
        assert subject == f'CN={pair[0].stem}', status
        assert re.fullmatch(r'NotBefore=2020-01-01T00:00:00Z;NotAfter=20\d\d-01-01T00:00:00Z',
                            validity)
        assert re.fullmatch('[0-9A-F]+', serial)


def test_expired_clients_may_be_let_in(site, daruma, clients):
    store = make_store(site.elbv2)['TrustStoreArn']
    site.listen({'Mode': 'verify', 'TrustStoreArn': store, 'IgnoreClientCertificateExpiry': True})
    assert site.shown()['IgnoreClientCertificateExpiry'] is True
    assert let_in(daruma, clients.expired) and not let_in(daruma, clients.stranger)
    site.modify(Mode='verify', TrustStoreArn=store)
    assert not let_in(daruma, clients.expired) and let_in(daruma, clients.good)


def test_passthrough_tells_of_all_and_stops_nobody(site, daruma, clients):
    site.listen({'Mode': 'passthrough'})
    assert site.shown() == {'Mode': 'passthrough'}
    for pair in (clients.expired, clients.stranger, clients.chained):
        for version in VERSIONS:
            seen, problem = ask_as(daruma, pair, *version,
                                   '-H', 'X-Amzn-Mtls-Clientcert-Subject: CN=admin')
            assert seen, problem
            assert unquote(field(seen, 'X-Amzn-Mtls-Clientcert')) == ''.join(
                re.findall('-----BEGIN.*?-----END CERTIFICATE-----\n',
                           pair[0].read_text(), re.S))
            assert 'clientcert-' not in seen.lower()
    seen, problem = ask_as(daruma, None, '-H', 'X-Amzn-Mtls-Clientcert: forged')
    assert seen and 'clientcert' not in seen.lower(), problem


def test_without_it_nobody_can_forge_what_it_says(site, daruma, clients):
    site.listen({'Mode': 'off'})
    assert site.shown() == {'Mode': 'off'}
    seen, problem = ask_as(daruma, clients.good, '-H', 'X-Amzn-Mtls-Clientcert-Subject: CN=admin',
                           '-H', 'x-amzn-mtls-clientcert: forged')
    assert seen and 'clientcert' not in seen.lower(), problem


def test_fields_have_the_names_that_the_listener_gives_them(site, daruma, clients):
    key = 'routing.http.request.x_amzn_mtls_clientcert{}.header_name'
    site.listen({'Mode': 'verify', 'TrustStoreArn': make_store(site.elbv2)['TrustStoreArn']})
    names = {'_serial_number': 'My-Serial', '_issuer': 'My-Issuer', '_subject': 'My-Subject',
             '_validity': 'My-Validity', '_leaf': 'My-Leaf', '': 'My-Chain'}
    site.elbv2.modify_listener_attributes(ListenerArn=site.listener, Attributes=[
        {'Key': key.format(part), 'Value': name} for part, name in names.items()])
    forged = ['-H', 'my-subject: forged', '-H', 'My_Subject: forged', '-H', 'My-Chain: forged']
    seen, problem = ask_as(daruma, clients.good, *forged)
    assert seen, problem
    assert field(seen, 'My-Subject') == 'CN=good' and field(seen, 'My-Serial') == '02'
    assert 'Clientcert' not in seen and 'forged' not in seen
    site.modify(Mode='passthrough')
    seen, problem = ask_as(daruma, clients.good, *forged)
    assert field(seen, 'My-Chain') and 'forged' not in seen, problem
    same = site.elbv2.modify_listener_attributes
    with pytest.raises(Exception, match='both headers would be named'):
        same(ListenerArn=site.listener, Attributes=[
            {'Key': key.format('_leaf'), 'Value': 'my-chain'}])


def authorities_asked_for(daruma):
    done = subprocess.run(
        ['openssl', 's_client', '-connect', f'127.0.0.1:{daruma.configuration.https_port}'],
        input='', capture_output=True, text=True, timeout=20, check=False)
    return re.findall(r'^CN ?= ?(\w+)$', done.stdout.partition('Acceptable client certificate '
                                                               'CA names')[2], re.M)


def test_names_of_authorities_are_told_where_asked_for(site, daruma):
    store = make_store(site.elbv2, CaCertificatesBundleS3Key='a/both.pem')
    assert store['NumberOfCaCertificates'] == 2
    site.listen({'Mode': 'verify', 'TrustStoreArn': store['TrustStoreArn']})
    assert authorities_asked_for(daruma) == []
    site.modify(Mode='verify', TrustStoreArn=store['TrustStoreArn'],
                AdvertiseTrustStoreCaNames='on')
    assert site.shown()['AdvertiseTrustStoreCaNames'] == 'on'
    assert authorities_asked_for(daruma) == ['root', 'foreign']


def revoke(daruma, elbv2, store, file, key='a/list.crl'):
    there = daruma.folder / 'bucket' / key
    there.write_bytes(file.read_bytes())
    return elbv2.add_trust_store_revocations(TrustStoreArn=store, RevocationContents=[
        {'S3Bucket': 'trust', 'S3Key': key, 'RevocationType': 'CRL'}])['TrustStoreRevocations']


def fetch(daruma, elbv2, call, **given):
    location = getattr(elbv2, call)(**given)['Location']
    assert location.startswith(daruma.admin)
    answer = run(['curl', '-sS', '-w', '%{http_code}', location]).stdout
    return answer[:-3], answer[-3:], location


def test_a_revoked_client_is_gone_at_once(site, daruma, clients):
    authority = clients.root
    leaver = authority.issue('leaves-now', extensions=CLIENT)
    store = make_store(site.elbv2)['TrustStoreArn']
    site.listen({'Mode': 'verify', 'TrustStoreArn': store})
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(*leaver)
    port = daruma.configuration.https_port
    raw = socket.create_connection(('127.0.0.1', port), 20)
    with context.wrap_socket(raw) as open_before:
        open_before.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        assert b'200 OK' in read_until(open_before, b'\r\n\r\n')
        authority.revoke(leaver[0])
        added, = revoke(daruma, site.elbv2, store, authority.revocations())
        assert added == {'TrustStoreArn': store, 'RevocationId': 1, 'RevocationType': 'CRL',
                         'NumberOfRevokedEntries': 1}
        # The connection that was let in before ends too.
        rest = b''.join(iter(lambda: open_before.recv(65536), b''))
        assert b'HTTP/1.1 200' not in rest
    assert not let_in(daruma, leaver) and let_in(daruma, clients.good)
    daruma.wait_for_metric('daruma_listener_reasons_total', equal=1,
                           reason='client_certificate_revoked')
    described = site.elbv2.describe_trust_store_revocations(TrustStoreArn=store)
    assert described['TrustStoreRevocations'] == [added]
    assert site.elbv2.describe_trust_stores(Names=['site'])['TrustStores'][0][
        'TotalRevokedEntries'] == 1
    content, status, link = fetch(daruma, site.elbv2, 'get_trust_store_revocation_content',
                                  TrustStoreArn=store, RevocationId=1)
    assert (content, status) == ((daruma.folder / 'bucket/a/list.crl').read_text(), '200')
    site.elbv2.remove_trust_store_revocations(TrustStoreArn=store, RevocationIds=[1])
    assert let_in(daruma, leaver)
    assert run(['curl', '-sS', '-w', '%{http_code}', link]).stdout[-3:] == '404'
    again, = revoke(daruma, site.elbv2, store, authority.expired_revocations())
    assert again['RevocationId'] == 2
    assert not let_in(daruma, clients.good)  # nobody knows who is revoked
    daruma.wait_for_metric('daruma_listener_reasons_total', equal=1,
                           reason='client_certificate_not_checked')


def test_a_ticket_of_before_lets_nobody_past(site, daruma, clients, tmp_path):
    def client_with(session, *options):
        kept = ['-sess_in', session] if session.exists() else ['-sess_out', session]
        done = subprocess.run(
            ['openssl', 's_client', '-connect', f'127.0.0.1:{daruma.configuration.https_port}',
             '-ign_eof', *kept, *options], capture_output=True, text=True, timeout=20, check=False,
            input='GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        return 'Reused' in done.stdout, 'HTTP/1.1 200' in done.stdout

    site.listen({'Mode': 'off'})
    store = make_store(site.elbv2)['TrustStoreArn']
    for version in ('-tls1_2', '-tls1_3'):
        session = tmp_path / f'session{version}'
        assert client_with(session, version) == (False, True)
        assert client_with(session, version) == (True, True)
        site.modify(Mode='verify', TrustStoreArn=store)
        assert client_with(session, version)[1] is False
        shown = ['-cert', clients.good[0], '-key', clients.good[1]]
        assert client_with(session, version, *shown) == (False, True)
        session.unlink()
        assert client_with(session, version, *shown) == (False, True)
        if session.exists():  # and there is nothing to resume it by
            assert client_with(session, version, *shown) == (False, True)
        site.modify(Mode='off')


def test_connections_of_before_are_verified_too(site, daruma, clients):
    site.listen({'Mode': 'off'})
    with daruma.connect(tls=True) as before:
        before.sendall(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        assert b'200 OK' in read_until(before, b'\r\n\r\n')
        store = make_store(site.elbv2)['TrustStoreArn']
        site.modify(Mode='verify', TrustStoreArn=store)
        rest = b''.join(iter(lambda: before.recv(65536), b''))
        assert b'HTTP/1.1 200' not in rest


def test_the_bundle_is_replaced_and_comes_back(site, daruma, clients):
    store = make_store(site.elbv2)['TrustStoreArn']
    site.listen({'Mode': 'verify', 'TrustStoreArn': store})
    assert not let_in(daruma, clients.stranger)
    content, status, link = fetch(daruma, site.elbv2, 'get_trust_store_ca_certificates_bundle',
                                  TrustStoreArn=store)
    assert (content, status) == (clients.root.file.read_text(), '200')
    forged = re.sub('.$', lambda last: 'a' if last[0] != 'a' else 'b', link)
    assert run(['curl', '-sS', '-w', '%{http_code}', forged]).stdout[-3:] == '403'
    changed = site.elbv2.modify_trust_store(
        TrustStoreArn=store, **{**BUNDLE, 'CaCertificatesBundleS3Key': 'a/both.pem'})
    assert changed['TrustStores'][0]['NumberOfCaCertificates'] == 2
    assert let_in(daruma, clients.stranger) and let_in(daruma, clients.good)
    assert run(['curl', '-sS', '-w', '%{http_code}', link]).stdout[-3:] == '404'


def test_it_is_still_there_after_a_restart(site, daruma, clients, processes):
    store = make_store(site.elbv2)['TrustStoreArn']
    site.listen({'Mode': 'verify', 'TrustStoreArn': store})
    leaver = clients.root.issue('leaves-before-restart', extensions=CLIENT)
    clients.root.revoke(leaver[0])
    revoke(daruma, site.elbv2, store, clients.root.revocations())
    daruma.kill()
    (daruma.folder / 'bucket/a/ca.pem').unlink()  # nobody looks there again
    again = processes.enter_context(Daruma(daruma.configuration))
    again.wait_for_metric('daruma_target_health_state', equal=1, state='healthy')
    assert let_in(again, clients.good) and not let_in(again, leaver)
    site.elbv2 = client(again)
    assert site.shown()['TrustStoreArn'] == store


def test_stores_are_listed_tagged_and_deleted(daruma):
    elbv2 = client(daruma)
    arns = [make_store(elbv2, f's{i}', Tags=[{'Key': 'n', 'Value': str(i)}])['TrustStoreArn']
            for i in range(3)]
    pages = elbv2.get_paginator('describe_trust_stores').paginate(PaginationConfig={'PageSize': 2})
    assert [store['Name'] for page in pages for store in page['TrustStores']] == ['s0', 's1', 's2']
    elbv2.add_tags(ResourceArns=arns[:1], Tags=[{'Key': 'a', 'Value': 'b'}])
    elbv2.remove_tags(ResourceArns=arns[:1], TagKeys=['n'])
    tags = elbv2.describe_tags(ResourceArns=arns[:2])['TagDescriptions']
    assert [each['Tags'] for each in tags] == [[{'Key': 'a', 'Value': 'b'}],
                                               [{'Key': 'n', 'Value': '1'}]]
    assert elbv2.describe_trust_store_associations(TrustStoreArn=arns[0])[
        'TrustStoreAssociations'] == []
    assert '"Statement":[]' in elbv2.get_resource_policy(ResourceArn=arns[0])['Policy']
    for arn in arns:
        elbv2.delete_trust_store(TrustStoreArn=arn)
    assert elbv2.describe_trust_stores()['TrustStores'] == []


def test_a_store_in_use_stays(site):
    store = make_store(site.elbv2)['TrustStoreArn']
    site.listen({'Mode': 'verify', 'TrustStoreArn': store})
    assert site.elbv2.describe_trust_store_associations(TrustStoreArn=store)[
        'TrustStoreAssociations'] == [{'ResourceArn': site.balancer}]
    with pytest.raises(Exception, match='TrustStoreInUse'):
        site.elbv2.delete_trust_store(TrustStoreArn=store)
    site.modify(Mode='off')
    site.elbv2.delete_trust_store(TrustStoreArn=store)


def test_objects_come_from_the_bucket_alone(daruma):
    (daruma.folder / 'bucket/link').symlink_to('/dev/zero')
    for given in ({'CaCertificatesBundleS3Key': '../outside.pem'},
                  {'CaCertificatesBundleS3Key': 'a/../../outside.pem'},
                  {'CaCertificatesBundleS3Key': '/etc/passwd'},
                  {'CaCertificatesBundleS3Key': 'a'}, {'CaCertificatesBundleS3Key': 'link'},
                  {'CaCertificatesBundleS3Bucket': 'other'},
                  {'CaCertificatesBundleS3ObjectVersion': '1'}):
        answer = ask(daruma, 'CreateTrustStore', Name='a', **{**BUNDLE, **given})
        assert (answer.status, answer.code) == (400, 'CaCertificatesBundleNotFound'), answer.text


def test_no_link_leads_out_of_a_bucket(daruma):
    (daruma.folder / 'bucket/ca.pem').symlink_to('../outside.pem')
    (daruma.folder / 'bucket/up').symlink_to('..')
    for key in ('ca.pem', 'up/outside.pem'):
        answer = ask(daruma, 'CreateTrustStore', Name='a',
                     **{**BUNDLE, 'CaCertificatesBundleS3Key': key})
        assert (answer.status, answer.code) == (400, 'CaCertificatesBundleNotFound'), answer.text


@pytest.fixture
def service():
    with FakeS3() as service:
        yield service


@pytest.fixture
def with_service(tmp_path, processes, clients, service):
    folder = tmp_path / 'daruma'
    configuration = ApiConfiguration(folder, Certificates=[make_certificate(folder)])
    configuration.value['Buckets'] = [{
        'Name': 'trust', 'Endpoint': service.url, 'Region': REGION, 'AccessKeyId': S3_KEY,
        'SecretAccessKey': S3_SECRET}]
    configuration.write()
    service.objects = {'/trust/a/ca.pem': clients.root.file.read_bytes(),
                       '/trust/a/ca.pem?versionId=v%201': clients.foreign.file.read_bytes()}
    return processes.enter_context(Daruma(configuration))


def test_a_service_that_speaks_s3_has_the_objects(with_service, service, clients):
    elbv2 = client(with_service)
    made, = elbv2.create_trust_store(Name='site', **BUNDLE)['TrustStores']
    store = made['TrustStoreArn']
    assert (made['Status'], made['NumberOfCaCertificates']) == ('ACTIVE', 1)
    lists = []
    for name in ('one', 'two'):
        service.objects[f'/trust/{name}.crl'] = clients.root.revocations(name).read_bytes()
        lists.append({'S3Bucket': 'trust', 'S3Key': f'{name}.crl', 'RevocationType': 'CRL'})
    added = elbv2.add_trust_store_revocations(TrustStoreArn=store, RevocationContents=lists)
    assert [each['RevocationId'] for each in added['TrustStoreRevocations']] == [1, 2]
    location = elbv2.get_trust_store_ca_certificates_bundle(TrustStoreArn=store)['Location']
    with new_session() as session:
        assert session.get(location, timeout=10).content == clients.root.file.read_bytes()
    other, = elbv2.create_trust_store(
        Name='other', **BUNDLE, CaCertificatesBundleS3ObjectVersion='v 1')['TrustStores']
    location = elbv2.get_trust_store_ca_certificates_bundle(
        TrustStoreArn=other['TrustStoreArn'])['Location']
    with new_session() as session:
        assert session.get(location, timeout=10).content == clients.foreign.file.read_bytes()


def test_a_service_without_the_object_or_away_is_told_of(with_service, service):
    def problem(status=400, code='CaCertificatesBundleNotFound', **given):
        answer = ask(with_service, 'CreateTrustStore', Name='a', **{**BUNDLE, **given})
        assert (answer.status, answer.code) == (status, code), answer.text
        return answer.first('Message')
    assert 'NoSuchKey' in problem(CaCertificatesBundleS3Key='b.pem')
    service.answer_with = 503
    assert '503 SlowDown' in problem(503, 'ServiceUnavailable')
    service.answer_with = None
    service.objects['/trust/large.pem'] = b'x' * (17 << 20)
    assert 'more than' in problem(CaCertificatesBundleS3Key='large.pem')
    service.go_away()
    assert 'connect' in problem(503, 'ServiceUnavailable')
    assert client(with_service).describe_trust_stores()['TrustStores'] == []


def test_a_slow_bucket_holds_up_nobody_else(with_service, service, clients):
    with FakeS3() as slow, concurrent.futures.ThreadPoolExecutor() as pool:
        slow.objects = {'/slow/a/ca.pem': clients.root.file.read_bytes()}
        slow.may_answer.clear()
        configuration = with_service.configuration
        bucket = configuration.value['Buckets'][0]
        configuration.value['Buckets'].append({**bucket, 'Name': 'slow', 'Endpoint': slow.url})
        configuration.write()
        with_service.kill()
        with Daruma(configuration) as daruma:
            elbv2 = client(daruma)
            waiting = pool.submit(client(daruma).create_trust_store, Name='slow', **{
                **BUNDLE, 'CaCertificatesBundleS3Bucket': 'slow'})
            wait_until('the slow one is asked', lambda: slow.asked)
            assert elbv2.create_trust_store(Name='site', **BUNDLE)['TrustStores']
            assert not waiting.done()
            slow.may_answer.set()
            assert waiting.result(20)['TrustStores']


def test_what_operations_on_a_store_are_given_is_checked(daruma):
    for action, more in (
            ('ModifyTrustStore', BUNDLE), ('DeleteTrustStore', {}),
            ('AddTrustStoreRevocations', {'RevocationContents.member.1.S3Bucket': 'b'}),
            ('RemoveTrustStoreRevocations', {'RevocationIds.member.1': '1'}),
            ('DescribeTrustStoreRevocations', {'PageSize': '1'}),
            ('GetTrustStoreCaCertificatesBundle', {}),
            ('GetTrustStoreRevocationContent', {'RevocationId': '1'}),
            ('DescribeTrustStoreAssociations', {'Marker': 'x'}),
            ('DeleteSharedTrustStoreAssociation', {'ResourceArn': STORE})):
        answer = ask(daruma, action, TrustStoreArn=STORE, **more)
        assert answer.code == 'TrustStoreNotFound', (action, answer.text)
        assert ask(daruma, action, TrustStoreArn='site', **more).code == 'ValidationError'
        assert ask(daruma, action).code == 'ValidationError'
        assert ask(daruma, action, TrustStoreArn=STORE, Colour='red',
                   **more).code == 'ValidationError'
    for name in ('', 'a_b', '-a', 'a' * 33):
        assert ask(daruma, 'CreateTrustStore', Name=name, **BUNDLE).code == 'ValidationError'
    # Who may not change anything hears that first.
    assert ask(daruma, 'CreateTrustStore', key=READER, secret=READER_SECRET).code == 'AccessDenied'


@pytest.mark.parametrize('mutual, code', [
    ({'Mode': 'verify'}, 'InvalidConfigurationRequest'),
    ({'Mode': 'sometimes'}, 'ValidationError'),
    ({'Mode': 'passthrough', 'IgnoreClientCertificateExpiry': 'true'},
     'InvalidConfigurationRequest'),
    ({'Mode': 'off', 'AdvertiseTrustStoreCaNames': 'on'}, 'InvalidConfigurationRequest'),
    ({'Mode': 'verify', 'TrustStoreArn': STORE}, 'TrustStoreNotFound'),
])
def test_what_mutual_tls_cannot_be(site, mutual, code):
    site.listen({'Mode': 'off'})
    answer = ask(site.daruma, 'ModifyListener', ListenerArn=site.listener,
                 **{f'MutualAuthentication.{key}': value for key, value in mutual.items()})
    assert (answer.status, answer.code) == (400, code), answer.text
    assert site.shown() == {'Mode': 'off'}


def test_http_listeners_have_none(site):
    site.listen({'Mode': 'passthrough'})
    with pytest.raises(Exception, match='HTTPS listeners'):
        site.elbv2.create_listener(
            LoadBalancerArn=site.balancer, Protocol='HTTP', DefaultActions=FIXED,
            Port=site.daruma.configuration.http_port, MutualAuthentication={'Mode': 'passthrough'})
    listener = site.elbv2.modify_listener(ListenerArn=site.listener, Protocol='HTTP')
    assert 'MutualAuthentication' not in listener['Listeners'][0]


def test_declared_stores_serve_are_reloaded_and_are_the_files(tmp_path, processes, clients):
    folder = tmp_path / 'daruma'
    folder.mkdir()
    bucket(folder, clients)
    site = make_certificate(folder)
    configuration = ApiConfiguration(
        folder, Certificates=[site],
        TrustStores=[{'Name': 'ours', 'CaCertificatesFile': 'bucket/a/ca.pem'}])
    configuration.value['LoadBalancers'] = [{'Name': 'web', 'Listeners': [{
        'Port': configuration.https_port, 'Protocol': 'HTTPS', 'Certificates': ['site'],
        'MutualAuthentication': {'Mode': 'verify', 'TrustStore': 'ours'},
        'DefaultActions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
            'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': 'in'}}]}]}]
    configuration.write()
    daruma = processes.enter_context(Daruma(configuration))
    assert let_in(daruma, clients.good) and not let_in(daruma, clients.stranger)
    elbv2 = client(daruma)
    store, = elbv2.describe_trust_stores()['TrustStores']
    with pytest.raises(Exception, match='is declared in'):
        elbv2.delete_trust_store(TrustStoreArn=store['TrustStoreArn'])

    leaver = clients.root.issue('leaves-by-reload', extensions=CLIENT)
    assert let_in(daruma, leaver)
    clients.root.revoke(leaver[0])
    (folder / 'list.crl').write_bytes(clients.root.revocations().read_bytes())
    configuration.value['TrustStores'][0]['RevocationFiles'] = ['list.crl']
    configuration.write()
    assert daruma.reload().returncode == 0
    assert not let_in(daruma, leaver) and let_in(daruma, clients.good)

    (folder / 'bucket/a/ca.pem').write_bytes(clients.good[0].read_bytes())
    refused = daruma.reload()
    assert refused.returncode != 0 and 'bucket/a/ca.pem' in refused.stdout + refused.stderr
    assert let_in(daruma, clients.good)


def test_lists_that_do_not_belong_or_are_no_lists_are_refused(daruma, clients):
    elbv2 = client(daruma)
    store = make_store(elbv2)['TrustStoreArn']
    for file, why in ((clients.foreign.revocations(), 'CN=foreign.*add its certificate'),
                      (clients.good[1], 'take out all other blocks')):
        with pytest.raises(Exception, match=f'InvalidRevocationContent.*{why}'):
            revoke(daruma, elbv2, store, file)
    assert elbv2.describe_trust_store_revocations(TrustStoreArn=store)[
        'TrustStoreRevocations'] == []
    elbv2.modify_trust_store(TrustStoreArn=store,
                             **{**BUNDLE, 'CaCertificatesBundleS3Key': 'a/both.pem'})
    revoke(daruma, elbv2, store, clients.foreign.revocations())
    with pytest.raises(Exception, match='InvalidCaCertificatesBundle.*CN=foreign'):
        elbv2.modify_trust_store(TrustStoreArn=store, **BUNDLE)


def der_of(file):
    der = file.with_suffix('.der')
    assert run(['openssl', 'crl', '-in', file, '-outform', 'der', '-out', der]).returncode == 0
    return der


def test_declared_lists_are_pem_and_those_of_the_bundle(tmp_path, clients):
    (tmp_path / 'ca.pem').write_bytes(clients.root.file.read_bytes())
    text = ('TrustStores: [{Name: ours, CaCertificatesFile: ca.pem, RevocationFiles: [list]}]\n')
    (tmp_path / 'a.yaml').write_text(text)
    good = clients.root.revocations('declared')
    for content, says in ((good, ''),
                          (der_of(good), 'openssl crl -inform der -in list -out list.pem'),
                          (clients.foreign.revocations(), 'add its certificate to the bundle')):
        (tmp_path / 'list').write_bytes(content.read_bytes())
        done = run([DARUMA, 'check', tmp_path / 'a.yaml'])
        assert (done.returncode == 0) == (says == ''), done.stdout + done.stderr
        assert says in done.stdout + done.stderr
    (tmp_path / 'list').write_bytes(b'#' * (17 << 20) + b'\n' + good.read_bytes())
    assert run([DARUMA, 'check', tmp_path / 'a.yaml']).returncode == 0
    (tmp_path / 'list').write_bytes(b'#' * (50 << 20) + b'\n' + good.read_bytes())
    done = run([DARUMA, 'check', tmp_path / 'a.yaml'])
    assert done.returncode != 0 and 'over 52428800 bytes' in done.stdout + done.stderr


def test_export_says_the_same(site, daruma, clients, processes):
    store = make_store(site.elbv2)['TrustStoreArn']
    site.listen({'Mode': 'verify', 'TrustStoreArn': store, 'AdvertiseTrustStoreCaNames': 'on'})
    revoke(daruma, site.elbv2, store, der_of(clients.root.revocations()))
    folder = daruma.folder
    for name in ('exported', 'again'):
        (folder / name).mkdir()
    export = [DARUMA, 'export', '--config', daruma.configuration.file, '--data', folder / 'data',
              '--certificates']
    text = run([*export, 'exported'], cwd=folder).stdout
    assert 'TrustStores:' in text and 'RevocationFiles:' in text and 'Mode: verify' in text, text
    (folder / 'all.yaml').write_text(text)
    checked = run([DARUMA, 'check', folder / 'all.yaml'])
    assert checked.returncode == 0, checked.stdout + checked.stderr
    commands = run([*export, 'again', '--as', 'aws'], cwd=folder).stdout
    assert 'create-trust-store' in commands and 'add-trust-store-revocations' in commands
    daruma.kill()
    (folder / 'daruma.yaml').write_text(text)
    (folder / 'data').rename(folder / 'data.before')
    again = processes.enter_context(Daruma(daruma.configuration))
    again.wait_for_metric('daruma_target_health_state', equal=1, state='healthy')
    assert let_in(again, clients.good) and not let_in(again, clients.stranger)
