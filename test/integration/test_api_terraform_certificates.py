# SPDX-License-Identifier: Apache-2.0
"""The calls of Terraform's AWS provider for certificates: aws_acm_certificate,
aws_iam_server_certificate, an HTTPS aws_lb_listener and aws_lb_listener_certificate."""
import ssl

import pytest
from botocore.exceptions import ClientError

from aws import client, serve_api
from harness import make_certificate
from terraform import TAGS, forward_to, listener_of, make_balancer, make_group, tags_of

POLICY, NEWER_POLICY = 'ELBSecurityPolicy-2016-08', 'ELBSecurityPolicy-TLS13-1-3-2021-06'


@pytest.fixture
def daruma(tmp_path, processes):
    return processes.enter_context(serve_api(tmp_path / 'daruma'))


def pem(folder, name):
    """A new certificate for NAME.example.com, and its key."""
    make_certificate(folder, name, [f'{name}.example.com'])
    return [(folder / f'{name}.{kind}').read_text() for kind in ('crt', 'key')]


def refused(code, call, **options):
    with pytest.raises(ClientError) as problem:
        call(**options)
    assert problem.value.response['Error']['Code'] == code, problem.value


def import_certificate(acm, certificate, key, **options):
    return acm.import_certificate(Certificate=certificate.encode(), PrivateKey=key.encode(),
                                  **options)['CertificateArn']


def shown_to(daruma, name, newest=ssl.TLSVersion.TLSv1_3):
    """The certificate that a client is given who asks for NAME.example.com."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = newest
    with daruma.connect() as raw:
        with context.wrap_socket(raw, server_hostname=f'{name}.example.com') as connection:
            return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))


def make_https_listener(daruma, elbv2, certificate, **options):
    return elbv2.create_listener(**{
        'LoadBalancerArn': make_balancer(elbv2), 'Port': daruma.configuration.http_port,
        'Protocol': 'HTTPS', 'SslPolicy': POLICY, 'Tags': TAGS,
        'Certificates': [{'CertificateArn': certificate}],
        'DefaultActions': [forward_to(make_group(elbv2))], **options})['Listeners'][0][
            'ListenerArn']


def test_aws_acm_certificate(daruma, tmp_path):
    acm = client(daruma, 'acm')
    certificate, key = pem(tmp_path, 'site')
    chain, _ = pem(tmp_path, 'issuer')
    arn = import_certificate(acm, certificate, key, CertificateChain=chain.encode(), Tags=TAGS)
    there = acm.describe_certificate(CertificateArn=arn)['Certificate']
    assert (there['Status'], there['Type'], there['DomainName']) == (
        'ISSUED', 'IMPORTED', 'site.example.com')
    assert there['SubjectAlternativeNames'] == ['site.example.com']
    assert acm.list_tags_for_certificate(CertificateArn=arn)['Tags'] == TAGS
    # aws_acm_certificate's data source; the resource itself keeps what it sent.
    text = acm.get_certificate(CertificateArn=arn)
    assert (text['Certificate'], text['CertificateChain']) == (certificate, chain)

    # A change of the certificate is an import into the same ARN; of tags, two calls.
    certificate, key = pem(tmp_path, 'other')
    assert import_certificate(acm, certificate, key, CertificateArn=arn) == arn
    there = acm.describe_certificate(CertificateArn=arn)['Certificate']
    assert there['SubjectAlternativeNames'] == ['other.example.com']
    acm.remove_tags_from_certificate(CertificateArn=arn, Tags=TAGS)
    acm.add_tags_to_certificate(CertificateArn=arn, Tags=[{'Key': 'team', 'Value': 'a:b'}])
    assert acm.list_tags_for_certificate(CertificateArn=arn)['Tags'] == [
        {'Key': 'team', 'Value': 'a:b'}]
    acm.delete_certificate(CertificateArn=arn)
    refused('ResourceNotFoundException', acm.describe_certificate, CertificateArn=arn)


def test_aws_iam_server_certificate(daruma, tmp_path):
    iam, elbv2 = client(daruma, 'iam'), client(daruma)
    certificate, key = pem(tmp_path, 'site')
    chain, _ = pem(tmp_path, 'issuer')
    made = iam.upload_server_certificate(
        ServerCertificateName='site', Path='/web/', CertificateBody=certificate, PrivateKey=key,
        CertificateChain=chain, Tags=TAGS)['ServerCertificateMetadata']
    there = iam.get_server_certificate(ServerCertificateName='site')['ServerCertificate']
    assert there == {'ServerCertificateMetadata': made, 'CertificateBody': certificate,
                     'CertificateChain': chain, 'Tags': TAGS}
    listener = make_https_listener(daruma, elbv2, made['Arn'])
    assert listener_of(elbv2, listener)['Certificates'] == [{'CertificateArn': made['Arn']}]
    assert shown_to(daruma, 'site') == certificate
    # Deletion goes on trying as long as this is the answer.
    refused('DeleteConflict', iam.delete_server_certificate, ServerCertificateName='site')
    elbv2.delete_listener(ListenerArn=listener)
    iam.delete_server_certificate(ServerCertificateName='site')
    refused('NoSuchEntity', iam.get_server_certificate, ServerCertificateName='site')


def test_aws_lb_listener_with_a_certificate_and_a_policy(daruma, tmp_path):
    acm, elbv2 = client(daruma, 'acm'), client(daruma)
    texts = {name: pem(tmp_path, name) for name in ('one', 'two')}
    # Creation goes on trying as long as this is the answer.
    refused('CertificateNotFound', make_https_listener, daruma=daruma, elbv2=elbv2,
            certificate='arn:aws:acm:us-east-1:000000000000:certificate/none')
    elbv2.delete_load_balancer(LoadBalancerArn=elbv2.describe_load_balancers()['LoadBalancers'][0][
        'LoadBalancerArn'])
    elbv2.delete_target_group(TargetGroupArn=elbv2.describe_target_groups()['TargetGroups'][0][
        'TargetGroupArn'])
    one, two = (import_certificate(acm, *texts[name]) for name in ('one', 'two'))
    listener = make_https_listener(daruma, elbv2, one)
    before = listener_of(elbv2, listener)
    assert (before['Port'], before['Protocol'], before['SslPolicy'], before['Certificates']) == (
        daruma.configuration.http_port, 'HTTPS', POLICY, [{'CertificateArn': one}])
    assert tags_of(elbv2, listener) == TAGS
    assert shown_to(daruma, 'x', ssl.TLSVersion.TLSv1_2) == texts['one'][0]

    elbv2.modify_listener(ListenerArn=listener, Port=before['Port'], Protocol='HTTPS',
                          SslPolicy=NEWER_POLICY, Certificates=[{'CertificateArn': two}],
                          DefaultActions=before['DefaultActions'])
    assert listener_of(elbv2, listener) == {
        **before, 'SslPolicy': NEWER_POLICY, 'Certificates': [{'CertificateArn': two}]}
    assert shown_to(daruma, 'x') == texts['two'][0]
    with pytest.raises(ssl.SSLError):
        shown_to(daruma, 'x', ssl.TLSVersion.TLSv1_2)
    acm.delete_certificate(CertificateArn=one)
    refused('ResourceInUseException', acm.delete_certificate, CertificateArn=two)


def test_aws_lb_listener_certificate(daruma, tmp_path):
    acm, elbv2 = client(daruma, 'acm'), client(daruma)
    texts = {name: pem(tmp_path, name) for name in ('main', 'one', 'two')}
    arns = {name: import_certificate(acm, *text) for name, text in texts.items()}
    listener = make_https_listener(daruma, elbv2, arns['main'])

    def attached():
        """What the resource looks through: all that are not the default one."""
        pages = elbv2.get_paginator('describe_listener_certificates').paginate(
            ListenerArn=listener, PaginationConfig={'PageSize': 2})
        return {each['CertificateArn'] for page in pages for each in page['Certificates']
                if not each.get('IsDefault')}

    for name in ('one', 'two'):
        given = [{'CertificateArn': arns[name]}]
        elbv2.add_listener_certificates(ListenerArn=listener, Certificates=given)
        elbv2.add_listener_certificates(ListenerArn=listener, Certificates=given)  # as a retry
        assert arns[name] in attached()
    assert attached() == {arns['one'], arns['two']}
    # The listener's own reading has the default one and no other.
    assert listener_of(elbv2, listener)['Certificates'] == [{'CertificateArn': arns['main']}]
    assert {name: shown_to(daruma, name) for name in ('one', 'two', 'elsewhere')} == {
        'one': texts['one'][0], 'two': texts['two'][0], 'elsewhere': texts['main'][0]}

    refused('ResourceInUseException', acm.delete_certificate, CertificateArn=arns['one'])
    elbv2.remove_listener_certificates(ListenerArn=listener,
                                       Certificates=[{'CertificateArn': arns['one']}])
    assert attached() == {arns['two']}
    assert shown_to(daruma, 'one') == texts['main'][0]
    acm.delete_certificate(CertificateArn=arns['one'])
    # A change of the listener's default certificate leaves these as they are.
    elbv2.modify_listener(ListenerArn=listener, Certificates=[{'CertificateArn': arns['main']}])
    assert attached() == {arns['two']}
    # Who is not there any more: that is how the resource learns that it is gone.
    elbv2.delete_listener(ListenerArn=listener)
    refused('ListenerNotFound', elbv2.describe_listener_certificates, ListenerArn=listener)
