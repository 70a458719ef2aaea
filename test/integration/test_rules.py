# SPDX-License-Identifier: Apache-2.0
"""Rules: each kind of condition, asked by curl. A rule answers with its own name."""
import contextlib
import re
import types

import pytest

from harness import (DARUMA, ROOT, Configuration, Daruma, Ports, Target, forward_to, run,
                     target_group, wait_until)

pytestmark = pytest.mark.threads


def says(text):
    return [{'Type': 'fixed-response', 'FixedResponseConfig': {
        'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': text}}]


def path(*values):
    return {'Field': 'path-pattern', 'Values': list(values)}


def header(name, **values):
    return {'Field': 'http-header', 'HttpHeaderConfig': {'HttpHeaderName': name, **values}}


def query(*pairs):
    return {'Field': 'query-string', 'QueryStringConfig': {'Values': list(pairs)}}


def source(*ranges):
    return {'Field': 'source-ip', 'SourceIpConfig': {'Values': list(ranges)}}


CONDITIONS = {
    'admin': [path('/admin*')],
    'root': [path('/'), {'Field': 'host-header', 'Values': ['root.example']}],
    'host': [path('/host'), {'Field': 'host-header', 'Values': ['*.rules.example']}],
    'method': [path('/method'), {'Field': 'http-request-method', 'HttpRequestMethodConfig': {
        'Values': ['PUT', 'M-SEARCH']}}],
    'header': [path('/header'),
               header('User-Agent', Values=['*Chrome*', 'wget/?.*']),
               header('x-canary', RegexValues=['^(yes|v[0-9]+)$'])],
    'query': [path('/query'), query({'Key': 'version', 'Value': 'v?'}, {'Value': r'*\*stars\?'})],
    'source': [path('/source'), source('127.0.0.8/29', '2001:db8::/32'),
               {**source('127.0.0.9/32'), 'daruma.negate': True}],
    'regex': [{'Field': 'path-pattern', 'RegexValues': [r'^/regex/v\d+(/|$)', r'^/regex.*\.php$']},
              {'Field': 'host-header', 'HostHeaderConfig': {
                  'RegexValues': [r'^re(gex)?\.example$', r'^port\.example:8443$']}}],
    'not': [path('/not*'), {'Field': 'http-request-method', 'daruma.negate': True,
                            'HttpRequestMethodConfig': {'Values': ['GET', 'HEAD']}},
            {**header('Cookie', Values=['*staff=*']), 'daruma.negate': True}],
}


def rewrite(kind, regex, replace):
    config = 'UrlRewriteConfig' if kind == 'url-rewrite' else 'HostHeaderRewriteConfig'
    return {'Type': kind, config: {'Rewrites': [{'Regex': regex, 'Replace': replace}]}}


TRANSFORMS = [
    {'Priority': 1000, 'Conditions': [path('/dp/*')], 'Actions': forward_to(),
     'Transforms': [rewrite('url-rewrite', r'^/dp/(\w+)/?(\?.*)?$', '/product.php$2&id=$1'),
                    rewrite('host-header-rewrite', r'^my-(.+)\.com$', 'internal.$1.example')]},
    {'Priority': 1001, 'Conditions': [path('/gone/*')], 'Actions': forward_to(),
     'Transforms': [rewrite('url-rewrite', '^/gone(.*)$', 'https://other.example$1')]},
]

REDIRECTS = [
    {'Priority': 1002, 'Conditions': [path('/moved/*')], 'Actions': [
        {'Type': 'redirect', 'RedirectConfig': {'Path': '/#{path}/#{path}',
                                                'StatusCode': 'HTTP_302'}}]},
]


@pytest.fixture(scope='module')
def ruled(tmp_path_factory):
    """One daruma with a rule for each of CONDITIONS; what none takes goes to a target."""
    folder = tmp_path_factory.mktemp('rules')
    rules = [{'Priority': 10 * (i + 1), 'Conditions': conditions, 'Actions': says(name)}
             for i, (name, conditions) in enumerate(CONDITIONS.items())] + TRANSFORMS + REDIRECTS
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(Target(folder))
        configuration = Configuration(folder / 'daruma', [target_group([target])], rules=rules)
        yield stack.enter_context(Daruma(configuration))


def rule_of(daruma, url, *arguments):
    """The name of the rule that took the request, or '' if it went to the target."""
    answer = run(['curl', '-sS', '--path-as-is', '--globoff', *arguments, daruma.http + url])
    assert answer.returncode == 0, answer.stderr
    return answer.stdout if answer.stdout in CONDITIONS else ''


@pytest.mark.parametrize('method, rule', [
    ('PUT', 'method'), ('M-SEARCH', 'method'), ('POST', ''), ('put', ''), ('PUTS', '')])
def test_by_method(ruled, method, rule):
    assert rule_of(ruled, '/method', '-X', method) == rule


@pytest.mark.parametrize('target, rule, forwarded', [
    ('/admin/x', 'admin', None),
    ('/administrator', 'admin', None),
    ('/ADMIN', '', '/ADMIN'),
    ('/x/../admin', 'admin', None),
    ('/a/b/%2e%2E/.././admin', 'admin', None),
    ('/admin/../x', '', '/admin/../x'),
    ('/%61dmin', 'admin', None),
    ('/%2fadmin', '', '/%2fadmin'),
    ('//admin', '', '//admin'),
    # A fragment is no part of a request target.
    ('/admin#/../x', 'admin', None),
    ('/admin?a=b#/../x', 'admin', None),
    ('/x#/../admin', '', '/x'),
    ('/x?a=b#c?d', '', '/x?a=b'),
    ('http://h.example/admin', 'admin', None),
    ('http://h.example/x/../admin?y', 'admin', None),
    ('http://root.example/', 'root', None),
    ('http://root.example', 'root', None),
    ('http://root.example?x', 'root', None),
    ('http://root.example#/x', 'root', None),
    ('http://h.example', '', '/'),
    ('http://h.example?x', '', '/?x'),
])
def test_by_path(ruled, target, rule, forwarded):
    answer = run(['curl', '-sS', '--request-target', target, ruled.http])
    if rule:
        assert answer.stdout == rule, answer
    else:
        assert answer.stdout.startswith(f'GET {forwarded} HTTP/1.1\n'), answer


@pytest.mark.parametrize('host, rule', [
    ('www.rules.example', 'host'), ('WWW.Rules.Example', 'host'), ('www.rules.example:81', 'host'),
    ('www.rules.example.', 'host'), ('www.rules.example.:81', 'host'),
    ('www.rules.example..', ''), ('rules.example', ''), ('[2001:db8::1]', ''),
    ('[2001:db8::1]:81', ''), ('192.0.2.1', '')])
def test_by_host(ruled, host, rule):
    assert rule_of(ruled, '/host', '-H', f'Host: {host}') == rule


@pytest.mark.parametrize('fields, rule', [
    (['User-Agent: x chrome/1', 'X-Canary: Yes'], 'header'),
    (['user-AGENT: WGET/1.2', 'X-CANARY: v12'], 'header'),
    (['User-Agent: Chrome', 'X-Canary: no', 'X-Canary: v1'], 'header'),
    (['User-Agent: Chrome', 'X-Canary: v1x'], ''),
    (['User-Agent: Chrome'], ''),
    (['X-Canary: yes'], '')])
def test_by_header(ruled, fields, rule):
    options = [word for field in fields for word in ('-H', field)]
    assert rule_of(ruled, '/header', *options) == rule


@pytest.mark.parametrize('text, rule', [
    ('version=v1', 'query'), ('a=b&VERSION=V2', 'query'), ('x=the*STARS?', 'query'),
    ('x=thexstarsx', ''), ('version=v12', ''), ('version', ''), ('versions=v1', ''),
    ('version=%76%31', ''), ('', '')])
def test_by_query(ruled, text, rule):
    assert rule_of(ruled, '/query?' + text) == rule


@pytest.mark.parametrize('address, rule', [
    ('127.0.0.10', 'source'), ('127.0.0.15', 'source'), ('127.0.0.9', ''), ('127.0.0.16', '')])
def test_by_source_address(ruled, address, rule):
    # What a client says of itself plays no part.
    said = ['-H', 'X-Forwarded-For: 127.0.0.10', '-H', 'Forwarded: for=127.0.0.10']
    assert rule_of(ruled, '/source', '--interface', address, *said) == rule


@pytest.mark.parametrize('host, url, rule', [
    ('REGEX.example', '/regex/v12', 'regex'), ('re.example:81', '/regex/v1/x', 'regex'),
    ('re.example', '/regex/a.php?x', 'regex'), ('re.example', '/x/../regex/%76%31', 'regex'),
    ('port.example:8443', '/regex/v1', 'regex'), ('port.example', '/regex/v1', ''),
    ('re.example', '/regex/v12x', ''), ('re.example', '/regex?.php', ''),
    ('re.examples', '/regex/v1', '')])
def test_by_regular_expression(ruled, host, url, rule):
    assert rule_of(ruled, url, '-H', f'Host: {host}') == rule


@pytest.mark.parametrize('method, cookie, rule', [
    ('POST', 'a=b', 'not'), ('GET', 'a=b', ''), ('POST', 'a=b; staff=1', '')])
def test_by_what_is_not_so(ruled, method, cookie, rule):
    assert rule_of(ruled, '/not', '-X', method, '-H', f'Cookie: {cookie}') == rule


def test_a_redirect_holds_nothing_that_no_uri_holds(ruled):
    answer = run(['curl', '-sS', '-i', '--request-target', '/moved/a"<b>\tc#d', ruled.http])
    port = ruled.configuration.http_port
    assert (f'\nLocation: http://127.0.0.1:{port}/moved/a%22%3Cb%3E%09c/moved/a%22%3Cb%3E%09c\n'
            in answer.stdout), answer


def test_a_redirect_that_becomes_too_long_is_a_507(ruled):
    answer = run(['curl', '-sS', '-i', ruled.http + '/moved/' + 'x' * 5000])
    assert answer.stdout.startswith('HTTP/1.1 507 Insufficient Storage\n'), answer


def log_fields(daruma, mark):
    """The access-log line of the request whose user agent is `mark`, split into fields."""
    line = wait_until(f'a line of {mark}', lambda: next(
        (line for line in daruma.log_lines() if f'"{mark}"' in line), None))
    return re.findall(r'"[^"]*"|\S+', line)


def test_a_forwarded_request_is_transformed_and_logged(ruled):
    port = ruled.configuration.http_port
    answer = run(['curl', '-sS', '-A', 'both', '-H', 'Host: My-shop.com',
                  ruled.http + '/dp/B09/?x=1'])
    assert answer.stdout.startswith('GET /product.php?x=1&id=B09 HTTP/1.1\n'), answer
    assert f'\nHost: internal.shop.example:{port}\n' in answer.stdout
    fields = log_fields(ruled, 'both')
    assert fields[12] == f'"GET http://My-shop.com:{port}/dp/B09/?x=1 HTTP/1.1"'
    assert fields[30:33] == ['"internal.shop.example"', '"/product.php?x=1&id=B09"',
                             '"TransformSuccess"']


def test_a_transform_that_does_not_match_changes_nothing(ruled):
    answer = run(['curl', '-sS', '-A', 'neither', ruled.http + '/dp/a-b'])
    assert answer.stdout.startswith('GET /dp/a-b HTTP/1.1\n'), answer
    assert log_fields(ruled, 'neither')[30:33] == ['"-"', '"-"', '"TransformSuccess"']


def test_a_transform_that_fails_is_a_500_with_its_reason(ruled):
    answer = run(['curl', '-sS', '-i', '-A', 'failing', ruled.http + '/gone/x'])
    assert answer.stdout.startswith('HTTP/1.1 500 Internal Server Error\n'), answer
    fields = log_fields(ruled, 'failing')
    assert (fields[8], fields[24]) == ('500', '"request_transform_failed"')
    assert fields[30:33] == ['"-"', '"-"', '"TransformInvalidPath"']


def test_ten_thousand_rules(tmp_path):
    """More than an ALB takes, with more values each; refused without the quota."""
    rules = [{'Priority': i + 1, 'Actions': says(f'rule {i}'), 'Conditions': [
        {'Field': 'host-header', 'Values': [f'shop{i}.example', f'*.shop{i}.example']},
        {'Field': 'path-pattern', 'RegexValues': [f'^/old{i}/', f'^/v[0-9]+/{i}/', '^/[a-z]$']},
        header('X-Tenant', Values=['none', f'tenant-{i}'])]} for i in range(10_000)]
    quotas = {'daruma.quota.rules': 20_000, 'daruma.quota.condition_values_per_rule': 7}
    configuration = Configuration(tmp_path / 'daruma', [target_group([], 'empty')],
                                  default_actions=says('default'), attributes=quotas)
    configuration.load_balancer['Listeners'][0]['Rules'] = rules
    configuration.write()
    with Daruma(configuration, workers=1) as daruma:
        def asked(host, url, tenant):
            return daruma.get(url, headers={'Host': host, 'X-Tenant': tenant}).text
        for i in (0, 1, 4_999, 9_999):
            assert asked(f'shop{i}.example', f'/old{i}/x', f'tenant-{i}') == f'rule {i}'
            assert asked(f'www.shop{i}.example:81', f'/v12/{i}/', 'none') == f'rule {i}'
            assert asked(f'shop{i}.example', '/a', f'TENANT-{i}') == f'rule {i}'
            assert asked(f'shop{i}.example', '/a', 'tenant') == 'default'
            assert asked(f'shop{i}.example', f'/old{i + 1}/', 'none') == 'default'
        del configuration.load_balancer['Attributes']['daruma.quota.rules']
        configuration.write()
        refused = daruma.reload()
        assert refused.returncode == 1 and 'at most 100 rules' in refused.stderr, refused
        assert asked('shop7.example', '/old7/', 'none') == 'rule 7'


def test_the_example_of_host_based_routing(tmp_path):
    """As it stands, but for its ports."""
    text = (ROOT / 'examples/host-based.yaml').read_text(encoding='utf-8')
    example = types.SimpleNamespace(folder=tmp_path, file=tmp_path / 'host-based.yaml',
                                    admin_port=Ports.take(), http_port=Ports.take(), https_port=0)
    for port, free in (('8080', example.http_port), ('9090', example.admin_port)):
        assert f'Port: {port}' in text
        text = text.replace(f'Port: {port}', f'Port: {free}')
    example.file.write_text(text)
    assert run([DARUMA, 'check', example.file]).stderr == ''
    with Daruma(example, workers=1) as daruma:
        def asked(host, url='/', **fields):
            answer = daruma.get(url, headers={'Host': host, **fields})
            return answer.headers.get('Location') or (answer.status_code, answer.text)
        assert asked('example.com', '/a?b') == f'http://www.example.com:{example.http_port}/a?b'
        assert asked('www.example.com', '/admin') == (200, 'shop')
        assert asked('de.shop.example.com') == (200, 'shop')
        assert asked('api.example.com', '/v2/x') == (200, 'api')
        assert asked('api.example.com', '/v2/x', **{'X-Canary': 'Yes'}) == (200, 'canary')
        assert asked('api.example.com', '/v1/x', **{'X-Canary': 'yes'}) == (200, 'api')
        assert asked('api.example.com', '/v1/x?canary=1') == (200, 'canary')
        assert asked('example.org') == (404, 'no such site')
        from_elsewhere = run(['curl', '-sS', '--interface', '127.0.0.9', '-H',
                              'Host: www.example.com', daruma.http + '/admin'])
        assert from_elsewhere.stdout == 'not from there'
