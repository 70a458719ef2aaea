# SPDX-License-Identifier: Apache-2.0
"""Server certificates of IAM, which listeners take as they take ACM's."""
import ssl

import pytest
from botocore.exceptions import ClientError

from aws import READER, READER_SECRET, ask, client, serve_api
from harness import Daruma, make_certificate

FIXED = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path / 'daruma'))


@pytest.fixture
def iam(daruma):
    return client(daruma, 'iam')


def pem(folder, name):
    make_certificate(folder, name, [f'{name}.example.com'])
    return {'ServerCertificateName': name,
            'CertificateBody': (folder / f'{name}.crt').read_text().strip(),
            'PrivateKey': (folder / f'{name}.key').read_text().strip()}


def refused(code, call, **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    assert problem.value.response['Error']['Code'] == code, problem.value
    return problem.value.response['ResponseMetadata']['HTTPStatusCode']


def test_a_server_certificate_is_uploaded_served_and_deleted(tmp_path, daruma, iam, processes):
    given = pem(tmp_path, 'site')
    made = iam.upload_server_certificate(
        **given, Tags=[{'Key': 'a', 'Value': 'b'}])['ServerCertificateMetadata']
    assert made['Arn'] == 'arn:aws:iam::000000000000:server-certificate/site'
    assert made['ServerCertificateId'].startswith('ASCA') and made['Path'] == '/'
    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTPS', Port=daruma.configuration.https_port,
        Certificates=[{'CertificateArn': made['Arn']}], DefaultActions=FIXED)['Listeners'][0]
    assert listener['Certificates'] == [{'CertificateArn': made['Arn']}]
    daruma.kill()
    daruma = processes.enter_context(Daruma(daruma.configuration))
    served = ssl.get_server_certificate(('127.0.0.1', daruma.configuration.https_port))
    assert served.strip() == given['CertificateBody']
    there = iam.get_server_certificate(ServerCertificateName='site')['ServerCertificate']
    assert there['CertificateBody'].strip() == given['CertificateBody']
    assert there['ServerCertificateMetadata'] == made
    assert there['Tags'] == [{'Key': 'a', 'Value': 'b'}] and 'PRIVATE' not in str(there)
    # It is IAM's, not ACM's.
    assert client(daruma, 'acm').list_certificates()['CertificateSummaryList'] == []

    assert refused('DeleteConflict', iam.delete_server_certificate,
                   ServerCertificateName='site') == 409
    elbv2.delete_load_balancer(LoadBalancerArn=balancer)
    iam.delete_server_certificate(ServerCertificateName='site')
    assert refused('NoSuchEntity', iam.get_server_certificate, ServerCertificateName='site') == 404
    assert iam.list_server_certificates()['ServerCertificateMetadataList'] == []


def test_they_are_listed_in_pages(tmp_path, iam):
    for name in ('one', 'three', 'two'):
        iam.upload_server_certificate(**pem(tmp_path, name))
    pages = list(iam.get_paginator('list_server_certificates').paginate(
        PaginationConfig={'PageSize': 2}))
    assert [[each['ServerCertificateName'] for each in page['ServerCertificateMetadataList']]
            for page in pages] == [['one', 'three'], ['two']]
    assert iam.list_account_aliases()['AccountAliases'] == []


def test_they_have_paths_and_can_be_renamed(tmp_path, daruma, iam):
    arn = 'arn:aws:iam::000000000000:server-certificate'
    made = {name: iam.upload_server_certificate(**pem(tmp_path, name), **path)[
        'ServerCertificateMetadata'] for name, path in (
            ('edge', {'Path': '/cloudfront/prod/'}), ('site', {}))}
    assert made['edge']['Path'] == '/cloudfront/prod/'
    assert made['edge']['Arn'] == f'{arn}/cloudfront/prod/edge'

    def listed(prefix):
        return [each['ServerCertificateName'] for each in iam.list_server_certificates(
            PathPrefix=prefix)['ServerCertificateMetadataList']]
    assert listed('/cloudfront/') == ['edge'] and listed('/other') == []
    assert listed('/') == ['edge', 'site']

    elbv2 = client(daruma)
    balancer = elbv2.create_load_balancer(Name='web')['LoadBalancers'][0]['LoadBalancerArn']
    listener = elbv2.create_listener(
        LoadBalancerArn=balancer, Protocol='HTTPS', Port=daruma.configuration.https_port,
        Certificates=[{'CertificateArn': made['edge']['Arn']}], DefaultActions=FIXED,
    )['Listeners'][0]['ListenerArn']
    iam.update_server_certificate(ServerCertificateName='edge', NewPath='/web/',
                                  NewServerCertificateName='front')
    there, = elbv2.describe_listeners(ListenerArns=[listener])['Listeners']
    assert there['Certificates'] == [{'CertificateArn': f'{arn}/web/front'}]
    served = ssl.get_server_certificate(('127.0.0.1', daruma.configuration.https_port))
    assert served.strip() == pem_of(iam, 'front')
    refused('NoSuchEntity', iam.get_server_certificate, ServerCertificateName='edge')
    assert refused('EntityAlreadyExists', iam.update_server_certificate,
                   ServerCertificateName='front', NewServerCertificateName='site') == 409
    refused('NoSuchEntity', iam.update_server_certificate, ServerCertificateName='edge')
    for wrong in ({'NewPath': 'web'}, {'NewServerCertificateName': 'a/b'}):
        refused('ValidationError', iam.update_server_certificate, ServerCertificateName='front',
                **wrong)


def pem_of(iam, name):
    return iam.get_server_certificate(ServerCertificateName=name)['ServerCertificate'][
        'CertificateBody'].strip()


def test_what_is_refused(tmp_path, daruma, iam):
    one, two = pem(tmp_path, 'one'), pem(tmp_path, 'two')
    iam.upload_server_certificate(**one)
    assert refused('EntityAlreadyExists', iam.upload_server_certificate, **one) == 409
    for code, more in (('MalformedCertificate', {'PrivateKey': one['PrivateKey']}),
                       ('MalformedCertificate', {'CertificateBody': 'x'}),
                       ('ValidationError', {'Path': 'elsewhere/'}),
                       ('ValidationError', {'Path': '/else where/'}),
                       ('ValidationError', {'ServerCertificateName': 'a/b'}),
                       ('ValidationError', {'ServerCertificateName': 'a' * 129})):
        refused(code, iam.upload_server_certificate, **{**two, **more})
    refused('NoSuchEntity', iam.delete_server_certificate, ServerCertificateName='two')
    refused('InvalidAction', iam.list_users)
    for action in ('UploadServerCertificate', 'DeleteServerCertificate'):
        answer = ask(daruma, action, '2010-05-08', READER, READER_SECRET, 'iam')
        assert (answer.status, answer.code) == (403, 'AccessDenied')
    assert ask(daruma, 'ListServerCertificates', '2010-05-08',
               service='elasticloadbalancing').code == 'SignatureDoesNotMatch'
    assert len(iam.list_server_certificates()['ServerCertificateMetadataList']) == 1
