# SPDX-License-Identifier: Apache-2.0
"""Rules: each kind of condition, asked by curl. A rule answers with its own name."""
import contextlib
import re

import pytest

from harness import Configuration, Daruma, Target, forward_to, run, target_group, wait_until

pytestmark = pytest.mark.threads


def says(text):
    return [{'Type': 'fixed-response', 'FixedResponseConfig': {
        'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': text}}]


def path(*values):
    return {'Field': 'path-pattern', 'Values': list(values)}


CONDITIONS = {
    'method': [path('/method'), {'Field': 'http-request-method', 'HttpRequestMethodConfig': {
        'Values': ['PUT', 'M-SEARCH']}}],
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


@pytest.fixture(scope='module')
def ruled(tmp_path_factory):
    """One daruma with a rule for each of CONDITIONS; what none takes goes to a target."""
    folder = tmp_path_factory.mktemp('rules')
    rules = [{'Priority': 10 * (i + 1), 'Conditions': conditions, 'Actions': says(name)}
             for i, (name, conditions) in enumerate(CONDITIONS.items())] + TRANSFORMS
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
