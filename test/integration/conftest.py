# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a folder a test, targets and a balancer in front of them."""
import contextlib

import pytest

from harness import Configuration, Daruma, Target, target_group


@pytest.fixture
def processes():
    """Ends everything that is entered into it, last first."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def start_targets(tmp_path, processes):
    """start_targets(2, tls=True, options=[…]): targets on 127.0.0.2, 127.0.0.3 and so on."""
    def start(count, **options):
        return [processes.enter_context(Target(tmp_path, f'127.0.0.{2 + i}', **options))
                for i in range(count)]
    return start


@pytest.fixture
def serve(tmp_path, processes):
    """serve(targets, …): daruma in front of them; options are Configuration's and Daruma's."""
    def start(targets, workers=2, group=None, wait_healthy=True, **options):
        groups = [target_group(targets, **(group or {}))]
        daruma = processes.enter_context(
            Daruma(Configuration(tmp_path / 'daruma', groups, **options), workers))
        if wait_healthy:
            daruma.wait_for_health({target.name: 'healthy' for target in targets})
        return daruma
    return start


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    """One daruma with two HTTPS targets for all tests of a file that leave it as it was."""
    folder = tmp_path_factory.mktemp('site')
    with contextlib.ExitStack() as stack:
        targets = [stack.enter_context(Target(folder, address, tls=True))
                   for address in ('127.0.0.2', '127.0.0.3')]
        rules = [
            {'Priority': 10, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/soon*']}],
             'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
                 'StatusCode': '503', 'ContentType': 'text/plain', 'MessageBody': 'soon'}}]},
            {'Priority': 20, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/old/*']}],
             'Actions': [{'Type': 'redirect', 'RedirectConfig': {
                 'Protocol': 'HTTPS', 'Host': 'new.example.com', 'Port': '443',
                 'Path': '/#{path}', 'Query': 'from=#{host}&#{query}',
                 'StatusCode': 'HTTP_301'}}]},
            {'Priority': 30,
             'Conditions': [{'Field': 'host-header', 'Values': ['*.example.com']},
                            {'Field': 'path-pattern', 'Values': ['/which']}],
             'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
                 'StatusCode': '200', 'ContentType': 'text/plain', 'MessageBody': 'rule 30'}}]}]
        configuration = Configuration(folder / 'daruma', [target_group(targets)], rules=rules)
        daruma = stack.enter_context(Daruma(configuration))
        daruma.targets = targets
        daruma.wait_for_health({target.name: 'healthy' for target in targets})
        yield daruma
