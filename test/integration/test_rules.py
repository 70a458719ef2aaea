# SPDX-License-Identifier: Apache-2.0
"""Rules: each kind of condition, asked by curl. A rule answers with its own name."""
import contextlib

import pytest

from harness import Configuration, Daruma, Target, run, target_group

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


@pytest.fixture(scope='module')
def ruled(tmp_path_factory):
    """One daruma with a rule for each of CONDITIONS; what none takes goes to a target."""
    folder = tmp_path_factory.mktemp('rules')
    rules = [{'Priority': 10 * (i + 1), 'Conditions': conditions, 'Actions': says(name)}
             for i, (name, conditions) in enumerate(CONDITIONS.items())]
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
