# SPDX-License-Identifier: Apache-2.0
"""Each error that AWS's model has for an operation of elbv2: provoked here, or listed in
docs/api.md with the reason why a node never answers it."""
import itertools
import json
import re

import pytest

from authority import Authority
from aws import MODELS, ApiConfiguration, ask
from harness import ROOT, Daruma, make_certificate
from processes import Ports

FIXED = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]
OIDC = [{'Type': 'authenticate-oidc', 'AuthenticateOidcConfig': {'Issuer': 'x'}}]
PATH = [{'Field': 'path-pattern', 'Values': ['/']}]
MANY_TAGS = [{'Key': str(i), 'Value': ''} for i in range(51)]
TWICE = [{'Key': 'a', 'Value': ''}, {'Key': 'a', 'Value': ''}]
ID = '0123456789abcdef'


def arn_of(rest):
    return f'arn:aws:elasticloadbalancing:us-east-1:000000000000:{rest}'


GONE = {
    'LoadBalancerNotFound': arn_of(f'loadbalancer/app/gone/{ID}'),
    'TargetGroupNotFound': arn_of(f'targetgroup/gone/{ID}'),
    'ListenerNotFound': arn_of(f'listener/app/gone/{ID}/{ID}'),
    'RuleNotFound': arn_of(f'listener-rule/app/gone/{ID}/{ID}/{ID}'),
    'TrustStoreNotFound': arn_of(f'truststore/gone/{ID}'),
    'CertificateNotFound': f'arn:aws:acm:us-east-1:000000000000:certificate/{ID}',
}


def flat(value, name=''):
    """Parameters of the Query protocol."""
    if isinstance(value, dict):
        members = value.items()
    elif isinstance(value, list):
        members = ((f'member.{i + 1}', item) for i, item in enumerate(value))
    else:
        return {name: str(value)}
    return {key: text for member, inner in members
            for key, text in flat(inner, f'{name}.{member}' if name else member).items()}


class World:
    """A daruma, and what one case needs there."""
    numbers = itertools.count()

    def __init__(self, daruma):
        self.daruma = daruma

    def ask(self, action, **parameters):
        return ask(self.daruma, action, **flat(parameters))

    def do(self, action, tag, **parameters):
        answer = self.ask(action, **parameters)
        assert answer.status == 200, answer.text
        return answer.first(tag)

    def name(self):
        return f'n{next(self.numbers)}'

    def balancer(self, **attributes):
        arn = self.do('CreateLoadBalancer', 'LoadBalancerArn', Name=self.name())
        for key, value in attributes.items():
            self.do('ModifyLoadBalancerAttributes', 'Value', LoadBalancerArn=arn,
                    Attributes=[{'Key': f'daruma.quota.{key}', 'Value': value}])
        return arn

    def group(self, **options):
        return self.do('CreateTargetGroup', 'TargetGroupArn', **{
            'Name': self.name(), 'Protocol': 'HTTP', 'Port': 80, 'TargetType': 'ip', **options})

    def listener(self, balancer=None, actions=FIXED, **options):
        return self.do('CreateListener', 'ListenerArn', **{
            'LoadBalancerArn': balancer or self.balancer(), 'Protocol': 'HTTP',
            'Port': Ports.take(), 'DefaultActions': actions, **options})

    def rule(self, listener=None, **options):
        return self.do('CreateRule', 'RuleArn', **{
            'ListenerArn': listener or self.listener(), 'Priority': 1, 'Conditions': PATH,
            'Actions': FIXED, **options})

    def default_rule(self):
        answer = self.ask('DescribeRules', ListenerArn=self.listener())
        return answer.first('RuleArn')

    def certificate(self, which=0):
        arns = re.findall('<CertificateArn>(.*?)<', self.ask(
            'DescribeListenerCertificates', ListenerArn=self.declared('listener/')).text)
        return sorted(arns)[which]

    def declared(self, kind):
        balancer = self.ask('DescribeLoadBalancers', Names=['declared']).first('LoadBalancerArn')
        if kind == 'loadbalancer/':
            return balancer
        return self.ask('DescribeListeners', LoadBalancerArn=balancer).first('ListenerArn')

    def https(self, **options):
        return {'Protocol': 'HTTPS', 'Certificates': [{'CertificateArn': self.certificate()}],
                **options}

    def trust_store(self):
        return self.do('CreateTrustStore', 'TrustStoreArn', **new_trust_store(Name=self.name()))

    def used_trust_store(self):
        store = self.trust_store()
        balancer = self.balancer()
        self.listener(balancer, **self.https(MutualAuthentication=verified_by(store)))
        return store, balancer

    def used_group(self):
        group = self.group()
        self.listener(actions=forward(group))
        return group


def forward(*groups):
    return [{'Type': 'forward', 'ForwardConfig': {
        'TargetGroups': [{'TargetGroupArn': group} for group in groups]}}]


# What makes or changes a listener or a rule, with these actions.
WITH_ACTIONS = {
    'CreateListener': lambda w, actions, balancer: {
        'LoadBalancerArn': balancer or w.balancer(), 'Protocol': 'HTTP', 'Port': Ports.take(),
        'DefaultActions': actions},
    'ModifyListener': lambda w, actions, balancer: {
        'ListenerArn': w.listener(balancer), 'DefaultActions': actions},
    'CreateRule': lambda w, actions, balancer: {
        'ListenerArn': w.listener(balancer), 'Priority': 1, 'Conditions': PATH,
        'Actions': actions},
    'ModifyRule': lambda w, actions, balancer: {
        'RuleArn': w.rule(w.listener(balancer)), 'Actions': actions},
}
ACTIONS = {
    'TargetGroupNotFound': lambda w: (forward(GONE['TargetGroupNotFound']), None),
    'TargetGroupAssociationLimit': lambda w: (forward(w.used_group()), None),
    'IncompatibleProtocols': lambda w: (forward(w.group(ProtocolVersion='GRPC')), None),
    'TooManyActions': lambda w: (FIXED * 2, None),
    'InvalidLoadBalancerAction': lambda w: (OIDC, None),
    'TooManyUniqueTargetGroupsPerLoadBalancer': lambda w: (
        forward(w.group(), w.group()), w.balancer(target_groups=1)),
}


def new_trust_store(key='ca.pem', **more):
    return {'CaCertificatesBundleS3Bucket': 'trust', 'CaCertificatesBundleS3Key': key, **more}


def verified_by(store):
    return {'Mode': 'verify', 'TrustStoreArn': store}


def revocations(w, *keys):
    return {'TrustStoreArn': w.trust_store(), 'RevocationContents': [
        {'S3Bucket': 'trust', 'S3Key': key, 'RevocationType': 'CRL'} for key in keys]}


def attribute(key):
    return [{'Key': key, 'Value': 'true'}]


def new_listener(w, **options):
    return {'LoadBalancerArn': w.balancer(), 'Protocol': 'HTTP', 'Port': Ports.take(),
            'DefaultActions': FIXED, **options}


def new_rule(w, **options):
    return {'ListenerArn': w.listener(), 'Priority': 1, 'Conditions': PATH, 'Actions': FIXED,
            **options}


def new_group(**options):
    return {'Name': World(None).name(), 'Protocol': 'HTTP', 'Port': 80, 'TargetType': 'ip',
            **options}


def taken_port(w):
    port = Ports.take()
    w.listener(Port=port)
    return port


def other_port(w):
    """A listener and the port of another one of its load balancer."""
    balancer, port = w.balancer(), Ports.take()
    w.listener(balancer, Port=port)
    return {'ListenerArn': w.listener(balancer), 'Port': port}


def protected(w):
    arn = w.balancer()
    w.do('ModifyLoadBalancerAttributes', 'Value', LoadBalancerArn=arn,
         Attributes=attribute('deletion_protection.enabled'))
    return arn


def full_group(w):
    arn = w.group()
    w.do('ModifyTargetGroupAttributes', 'Value', TargetGroupArn=arn,
         Attributes=[{'Key': 'daruma.quota.targets', 'Value': '1'}])
    return arn


def full_listener(w):
    listener = w.listener(w.balancer(certificates_per_listener=1), **w.https())
    return {'ListenerArn': listener, 'Certificates': [{'CertificateArn': w.certificate(1)}]}


def listener_beside_another(w):
    balancer = w.balancer(listeners=1)
    w.listener(balancer)
    return new_listener(w, LoadBalancerArn=balancer)


def rule_beside_another(w):
    listener = w.listener(w.balancer(rules=1))
    w.rule(listener)
    return new_rule(w, ListenerArn=listener, Priority=2)


def other_settings(w):
    name = w.name()
    w.do('CreateLoadBalancer', 'LoadBalancerArn', Name=name)
    return {'Name': name, 'Scheme': 'internal'}


def other_group(w):
    first = new_group()
    w.do('CreateTargetGroup', 'TargetGroupArn', **first)
    return {**first, 'Port': 81}


INSTANCE = [{'Id': 'i-0123456789abcdef0'}]
GONE_ONES = {
    'LoadBalancerNotFound': {
        'CreateListener': {'Protocol': 'HTTP', 'Port': 8080, 'DefaultActions': FIXED},
        'DescribeCapacityReservation': {}, 'DescribeListeners': {},
        'DescribeLoadBalancerAttributes': {}, 'DescribeTargetGroups': {},
        'ModifyCapacityReservation': {'ResetCapacityReservation': 'true'},
        'ModifyIpPools': {'RemoveIpamPools': ['ipv4']},
        'ModifyLoadBalancerAttributes': {'Attributes': attribute('routing.http2.enabled')},
        'SetIpAddressType': {'IpAddressType': 'ipv4'},
        'SetSecurityGroups': {'SecurityGroups': ['sg-0da00000000000001']},
        'SetSubnets': {'Subnets': ['subnet-0da00000000000001']}},
    'TargetGroupNotFound': {
        'DeregisterTargets': {'Targets': [{'Id': '127.0.0.2'}]},
        'DescribeTargetGroupAttributes': {}, 'DescribeTargetHealth': {},
        'ModifyTargetGroup': {'HealthCheckPath': '/'},
        'ModifyTargetGroupAttributes': {'Attributes': attribute('stickiness.enabled')},
        'RegisterTargets': {'Targets': [{'Id': '127.0.0.2'}]}},
    'ListenerNotFound': {
        'AddListenerCertificates': {'Certificates': []},
        'CreateRule': {'Priority': 1, 'Conditions': PATH, 'Actions': FIXED},
        'DeleteListener': {}, 'DescribeListenerAttributes': {}, 'DescribeListenerCertificates': {},
        'DescribeRules': {}, 'ModifyListener': {'Port': 8080},
        'ModifyListenerAttributes': {
            'Attributes': attribute('routing.http.response.server.enabled')},
        'RemoveListenerCertificates': {'Certificates': []}},
    'RuleNotFound': {'DeleteRule': {}, 'ModifyRule': {'Actions': FIXED}},
    'TrustStoreNotFound': {
        'AddTrustStoreRevocations': {}, 'DeleteTrustStore': {}, 'DescribeTrustStoreRevocations': {},
        'DescribeTrustStoreAssociations': {}, 'GetTrustStoreCaCertificatesBundle': {},
        'DeleteSharedTrustStoreAssociation': {'ResourceArn': GONE['LoadBalancerNotFound']},
        'GetTrustStoreRevocationContent': {'RevocationId': '1'},
        'ModifyTrustStore': {'CaCertificatesBundleS3Bucket': 'b', 'CaCertificatesBundleS3Key': 'k'},
        'RemoveTrustStoreRevocations': {'RevocationIds': ['1']}},
}
MEMBERS = {'LoadBalancerNotFound': 'LoadBalancerArn', 'TargetGroupNotFound': 'TargetGroupArn',
           'ListenerNotFound': 'ListenerArn', 'RuleNotFound': 'RuleArn',
           'TrustStoreNotFound': 'TrustStoreArn'}
TAGGING = {'AddTags': {'Tags': [{'Key': 'a', 'Value': ''}]}, 'RemoveTags': {'TagKeys': ['a']},
           'DescribeTags': {}}

# (operation, error) → what the operation is given.
CASES = {
    **{(operation, error): lambda w, more=more, error=error: {MEMBERS[error]: GONE[error], **more}
       for error, operations in GONE_ONES.items() for operation, more in operations.items()},
    **{(operation, error): lambda w, more=more, error=error: {'ResourceArns': [GONE[error]], **more}
       for operation, more in TAGGING.items() for error in MEMBERS},
    **{(operation, error): lambda w, make=make, actions=actions: make(w, *actions(w))
       for operation, make in WITH_ACTIONS.items() for error, actions in ACTIONS.items()},
    ('DescribeLoadBalancers', 'LoadBalancerNotFound'): lambda w: {'Names': ['gone']},
    ('DescribeTargetGroups', 'TargetGroupNotFound'): lambda w: {'Names': ['gone']},
    ('DescribeListeners', 'ListenerNotFound'): lambda w: {
        'ListenerArns': [GONE['ListenerNotFound']]},
    ('DescribeRules', 'RuleNotFound'): lambda w: {'RuleArns': [GONE['RuleNotFound']]},
    ('DescribeTrustStores', 'TrustStoreNotFound'): lambda w: {'Names': ['gone']},
    ('GetResourcePolicy', 'ResourceNotFound'): lambda w: {
        'ResourceArn': GONE['TrustStoreNotFound']},
    ('SetRulePriorities', 'RuleNotFound'): lambda w: {
        'RulePriorities': [{'RuleArn': GONE['RuleNotFound'], 'Priority': 1}]},

    ('CreateLoadBalancer', 'DuplicateLoadBalancerName'): other_settings,
    ('CreateLoadBalancer', 'InvalidConfigurationRequest'): lambda w: {
        'Name': 'a', 'IpAddressType': 'dualstack'},
    ('CreateLoadBalancer', 'SubnetNotFound'): lambda w: {'Name': 'a', 'Subnets': ['subnet-1']},
    ('CreateLoadBalancer', 'AllocationIdNotFound'): lambda w: {'Name': 'a', 'SubnetMappings': [
        {'SubnetId': 'subnet-0da00000000000001', 'AllocationId': 'eipalloc-1'}]},
    ('CreateLoadBalancer', 'InvalidSecurityGroup'): lambda w: {
        'Name': 'a', 'SecurityGroups': ['sg-1']},
    ('CreateLoadBalancer', 'InvalidScheme'): lambda w: {'Name': 'a', 'Scheme': 'outside'},
    ('CreateLoadBalancer', 'TooManyTags'): lambda w: {'Name': 'a', 'Tags': MANY_TAGS},
    ('CreateLoadBalancer', 'DuplicateTagKeys'): lambda w: {'Name': 'a', 'Tags': TWICE},
    ('CreateLoadBalancer', 'OperationNotPermitted'): lambda w: {'Name': 'declared'},
    ('DeleteLoadBalancer', 'OperationNotPermitted'): lambda w: {'LoadBalancerArn': protected(w)},
    ('ModifyLoadBalancerAttributes', 'InvalidConfigurationRequest'): lambda w: {
        'LoadBalancerArn': w.balancer(),
        'Attributes': attribute('dns_record.client_routing_policy')},
    ('SetIpAddressType', 'InvalidConfigurationRequest'): lambda w: {
        'LoadBalancerArn': w.balancer(), 'IpAddressType': 'dualstack'},
    ('SetSecurityGroups', 'InvalidConfigurationRequest'): lambda w: {
        'LoadBalancerArn': w.balancer(), 'SecurityGroups': ['sg-0da00000000000001'],
        'EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic': 'on'},
    ('SetSecurityGroups', 'InvalidSecurityGroup'): lambda w: {
        'LoadBalancerArn': w.balancer(), 'SecurityGroups': ['sg-1']},
    ('SetSubnets', 'InvalidConfigurationRequest'): lambda w: {
        'LoadBalancerArn': w.balancer(), 'Subnets': ['subnet-0da00000000000001'] * 2},
    ('SetSubnets', 'SubnetNotFound'): lambda w: {
        'LoadBalancerArn': w.balancer(), 'Subnets': ['subnet-1']},
    ('SetSubnets', 'AllocationIdNotFound'): lambda w: {
        'LoadBalancerArn': w.balancer(), 'SubnetMappings': [
            {'SubnetId': 'subnet-0da00000000000001', 'AllocationId': 'eipalloc-1'}]},
    ('ModifyCapacityReservation', 'CapacityUnitsLimitExceeded'): lambda w: {
        'LoadBalancerArn': w.balancer(), 'MinimumLoadBalancerCapacity': {'CapacityUnits': 15001}},
    ('ModifyCapacityReservation', 'OperationNotPermitted'): lambda w: {
        'LoadBalancerArn': w.declared('loadbalancer/'), 'ResetCapacityReservation': 'true'},

    ('CreateTargetGroup', 'DuplicateTargetGroupName'): other_group,
    ('CreateTargetGroup', 'InvalidConfigurationRequest'): lambda w: new_group(
        TargetControlPort=3000),
    ('CreateTargetGroup', 'TooManyTags'): lambda w: new_group(Tags=MANY_TAGS),
    ('DeleteTargetGroup', 'ResourceInUse'): lambda w: {'TargetGroupArn': w.used_group()},
    ('ModifyTargetGroupAttributes', 'InvalidConfigurationRequest'): lambda w: {
        'TargetGroupArn': w.group(), 'Attributes': attribute('preserve_client_ip.enabled')},
    ('RegisterTargets', 'TooManyTargets'): lambda w: {
        'TargetGroupArn': full_group(w), 'Targets': [{'Id': '127.0.0.2'}, {'Id': '127.0.0.3'}]},
    **{(operation, 'InvalidTarget'): lambda w: {'TargetGroupArn': w.group(), 'Targets': INSTANCE}
       for operation in ('RegisterTargets', 'DeregisterTargets', 'DescribeTargetHealth')},

    ('CreateListener', 'DuplicateListener'): lambda w: new_listener(
        w, LoadBalancerArn=(arn := w.balancer()), DefaultActions=forward(w.group()),
        Port=(port := Ports.take(), w.listener(arn, Port=port))[0]),
    ('CreateListener', 'TooManyListeners'): listener_beside_another,
    ('CreateListener', 'InvalidConfigurationRequest'): lambda w: new_listener(
        w, Port=taken_port(w)),
    ('CreateListener', 'SSLPolicyNotFound'): lambda w: new_listener(w, **w.https(SslPolicy='no')),
    ('CreateListener', 'CertificateNotFound'): lambda w: new_listener(
        w, Protocol='HTTPS', Certificates=[{'CertificateArn': GONE['CertificateNotFound']}]),
    ('CreateListener', 'UnsupportedProtocol'): lambda w: new_listener(w, Protocol='TCP'),
    ('CreateListener', 'ALPNPolicyNotFound'): lambda w: new_listener(
        w, **w.https(AlpnPolicy=['HTTP2Only'])),
    ('CreateListener', 'TooManyTags'): lambda w: new_listener(w, Tags=MANY_TAGS),
    ('ModifyListener', 'DuplicateListener'): other_port,
    ('ModifyListener', 'InvalidConfigurationRequest'): lambda w: {
        'ListenerArn': w.listener(), 'Port': taken_port(w)},
    ('ModifyListener', 'SSLPolicyNotFound'): lambda w: {
        'ListenerArn': w.listener(), **w.https(SslPolicy='no')},
    ('ModifyListener', 'CertificateNotFound'): lambda w: {
        'ListenerArn': w.listener(),
        'Certificates': [{'CertificateArn': GONE['CertificateNotFound']}]},
    ('ModifyListener', 'UnsupportedProtocol'): lambda w: {
        'ListenerArn': w.listener(), 'Protocol': 'TCP'},
    ('ModifyListener', 'ALPNPolicyNotFound'): lambda w: {
        'ListenerArn': w.listener(), 'AlpnPolicy': ['HTTP2Only']},
    ('ModifyListenerAttributes', 'InvalidConfigurationRequest'): lambda w: {
        'ListenerArn': w.listener(), 'Attributes': attribute('tcp.idle_timeout.seconds')},
    ('AddListenerCertificates', 'TooManyCertificates'): full_listener,
    ('AddListenerCertificates', 'CertificateNotFound'): lambda w: {
        'ListenerArn': w.listener(**w.https()),
        'Certificates': [{'CertificateArn': GONE['CertificateNotFound']}]},
    ('RemoveListenerCertificates', 'OperationNotPermitted'): lambda w: {
        'ListenerArn': w.listener(**w.https()),
        'Certificates': [{'CertificateArn': w.certificate()}]},
    ('DescribeSSLPolicies', 'SSLPolicyNotFound'): lambda w: {'Names': ['no']},

    ('CreateListener', 'TrustStoreNotFound'): lambda w: new_listener(w, **w.https(
        MutualAuthentication=verified_by(GONE['TrustStoreNotFound']))),
    ('ModifyListener', 'TrustStoreNotFound'): lambda w: {
        'ListenerArn': w.listener(**w.https()),
        'MutualAuthentication': verified_by(GONE['TrustStoreNotFound'])},
    ('CreateTrustStore', 'DuplicateTrustStoreName'): lambda w: new_trust_store(
        Name=(name := w.name(), w.do('CreateTrustStore', 'Name', **new_trust_store(Name=name)))[0]),
    ('CreateTrustStore', 'InvalidCaCertificatesBundle'): lambda w: new_trust_store(
        'leaf.pem', Name='a'),
    ('CreateTrustStore', 'CaCertificatesBundleNotFound'): lambda w: new_trust_store(
        'gone.pem', Name='a'),
    ('CreateTrustStore', 'TooManyTags'): lambda w: new_trust_store(Name='a', Tags=MANY_TAGS),
    ('CreateTrustStore', 'DuplicateTagKeys'): lambda w: new_trust_store(Name='a', Tags=TWICE),
    ('ModifyTrustStore', 'InvalidCaCertificatesBundle'): lambda w: new_trust_store(
        'ca.crl', TrustStoreArn=w.trust_store()),
    ('ModifyTrustStore', 'CaCertificatesBundleNotFound'): lambda w: new_trust_store(
        '../daruma.yaml', TrustStoreArn=w.trust_store()),
    ('DeleteTrustStore', 'TrustStoreInUse'): lambda w: {'TrustStoreArn': w.used_trust_store()[0]},
    ('AddTrustStoreRevocations', 'InvalidRevocationContent'): lambda w: revocations(w, 'ca.pem'),
    ('AddTrustStoreRevocations', 'RevocationContentNotFound'): lambda w: revocations(w, 'gone'),
    ('AddTrustStoreRevocations', 'TooManyTrustStoreRevocationEntries'): lambda w: revocations(
        w, *['ca.crl'] * 31),
    **{(operation, 'RevocationIdNotFound'): lambda w, more=more: {
        'TrustStoreArn': w.trust_store(), **more} for operation, more in (
            ('RemoveTrustStoreRevocations', {'RevocationIds': ['1']}),
            ('DescribeTrustStoreRevocations', {'RevocationIds': ['x']}),
            ('GetTrustStoreRevocationContent', {'RevocationId': '1'}))},
    ('DeleteSharedTrustStoreAssociation', 'AssociationNotFound'): lambda w: {
        'TrustStoreArn': w.trust_store(), 'ResourceArn': w.balancer()},
    ('DeleteSharedTrustStoreAssociation', 'DeleteAssociationSameAccount'): lambda w: dict(
        zip(('TrustStoreArn', 'ResourceArn'), w.used_trust_store())),

    ('CreateRule', 'PriorityInUse'): lambda w: new_rule(
        w, ListenerArn=(arn := w.listener(), w.rule(arn))[0]),
    ('CreateRule', 'TooManyRules'): rule_beside_another,
    ('CreateRule', 'TooManyTags'): lambda w: new_rule(w, Tags=MANY_TAGS),
    ('ModifyRule', 'OperationNotPermitted'): lambda w: {
        'RuleArn': w.default_rule(), 'Actions': FIXED},
    ('DeleteRule', 'OperationNotPermitted'): lambda w: {'RuleArn': w.default_rule()},
    ('SetRulePriorities', 'PriorityInUse'): lambda w: {'RulePriorities': [
        {'RuleArn': (listener := w.listener(), w.rule(listener, Priority=2),
                     w.rule(listener))[2], 'Priority': 2}]},
    ('SetRulePriorities', 'OperationNotPermitted'): lambda w: {
        'RulePriorities': [{'RuleArn': w.default_rule(), 'Priority': 1}]},
    ('AddTags', 'TooManyTags'): lambda w: {'ResourceArns': [w.group()], 'Tags': MANY_TAGS},
    ('AddTags', 'DuplicateTagKeys'): lambda w: {'ResourceArns': [w.group()], 'Tags': TWICE},
}
# A node that is full: 500 load balancers, 3,000 target groups, 100 trust stores.
FULL = {('CreateLoadBalancer', 'TooManyLoadBalancers'): {'Name': 'a'},
        ('CreateTargetGroup', 'TooManyTargetGroups'): new_group(Name='a'),
        ('CreateTrustStore', 'TooManyTrustStores'): new_trust_store(Name='a')}


def serve_with_bucket(folder, **sections):
    """The bucket `trust` has a bundle, a revocation list and a certificate of no authority."""
    authority = Authority(folder)
    leaf, _ = authority.issue('leaf', extensions=('basicConstraints=CA:FALSE',))
    bucket = folder / 'bucket'
    bucket.mkdir()
    for name, file in (('ca.pem', authority.file), ('ca.crl', authority.revocations()),
                       ('leaf.pem', leaf)):
        (bucket / name).write_bytes(file.read_bytes())
    configuration = ApiConfiguration(folder, **sections)
    configuration.value['Buckets'] = [{'Name': 'trust', 'Directory': 'bucket'}]
    configuration.write()
    return Daruma(configuration)


@pytest.fixture(scope='module')
def daruma(tmp_path_factory):
    folder = tmp_path_factory.mktemp('errors')
    files = [make_certificate(folder, name, [f'{name}.example.com']) for name in ('one', 'two')]
    with serve_with_bucket(folder, Certificates=files, LoadBalancers=[{
            'Name': 'declared', 'Listeners': [{
                'Port': Ports.take(), 'Protocol': 'HTTPS', 'Certificates': ['one', 'two'],
                'DefaultActions': FIXED}]}]) as daruma:
        yield daruma


@pytest.mark.parametrize('operation, error', CASES, ids=lambda word: word)
def test_each_error_is_answered(daruma, operation, error):
    world = World(daruma)
    given = CASES[operation, error](world)
    answer = world.ask(operation, **given)
    assert (answer.status, answer.code) == (400, error), answer.text


def test_a_full_node_takes_no_more(tmp_path, processes):
    daruma = processes.enter_context(serve_with_bucket(
        tmp_path, TrustStores=[{'Name': f't{i}', 'CaCertificatesFile': 'bucket/ca.pem'}
                               for i in range(100)],
        LoadBalancers=[{'Name': f'b{i}'} for i in range(500)],
        TargetGroups=[{'Name': f'g{i}', 'Protocol': 'HTTP', 'Port': 80} for i in range(3000)]))
    for (operation, error), given in FULL.items():
        answer = ask(daruma, operation, **flat(given))
        assert (answer.status, answer.code) == (400, error), answer.text


def never_answered():
    """(operation, error) of the table in docs/api.md."""
    page = (ROOT / 'docs/api.md').read_text(encoding='utf-8')
    table = page[page.index('## Errors that a node never answers'):]
    rows = re.findall(r'^\| ([A-Za-z, ]+) \| ([A-Za-z, ]+) \| [^|]+ \|$', table, re.M)[1:]
    return {(operation, error) for errors, operations in rows
            for error in errors.split(', ') for operation in operations.split(', ')}


@pytest.mark.skipif(not MODELS.exists(), reason='AWS\'s models are not at hand')
def test_every_error_of_the_model_is_answered_or_told_why_not():
    file, = (MODELS / 'elbv2').glob('*/service-2.json')
    model = json.loads(file.read_text(encoding='utf-8'))
    shapes = model['shapes']
    wanted = {(name, shapes[error['shape']]['error']['code'])
              for name, operation in model['operations'].items()
              for error in operation.get('errors', ())}
    answered, never = {*CASES, *FULL}, never_answered()
    assert sorted(wanted - answered - never) == []
    assert sorted(answered & never) == [] and sorted(never - wanted) == []
    page = (ROOT / 'docs/api.md').read_text(encoding='utf-8')
    assert f'lists {len(wanted)} errors' in page
    assert f'provoke {len(answered)} of them; the other {len(never)}' in page
