# SPDX-License-Identifier: Apache-2.0
"""Everything that the console changes, and what is refused: through the same API, with the command
that does the same beside it. docs/console.md."""
import contextlib
import os
import shlex

import pytest

from aws import KEY, SECRET, client
from console_browser import Browser, configure
from harness import Daruma, Target, run, wait_until
from processes import Ports


class Shop:
    """A load balancer `shop` that the API made, with two groups: the rule for /beta asks both."""

    def __init__(self, daruma, target):
        self.elbv2 = client(daruma)
        self.target = target
        self.port = Ports.take()
        self.cart, self.beta = (self._make_group(name) for name in ('cart', 'beta'))
        balancer = self.elbv2.create_load_balancer(Name='shop')['LoadBalancers'][0]
        self.listener = self.elbv2.create_listener(
            LoadBalancerArn=balancer['LoadBalancerArn'], Protocol='HTTP', Port=self.port,
            DefaultActions=[{'Type': 'forward', 'TargetGroupArn': self.cart}]
        )['Listeners'][0]['ListenerArn']
        self.rule = self.elbv2.create_rule(
            ListenerArn=self.listener, Priority=10,
            Conditions=[{'Field': 'path-pattern', 'Values': ['/beta']}],
            Actions=[{'Type': 'forward', 'ForwardConfig': {
                'TargetGroups': [{'TargetGroupArn': self.cart, 'Weight': 9},
                                 {'TargetGroupArn': self.beta, 'Weight': 1}],
                'TargetGroupStickinessConfig': {'Enabled': True, 'DurationSeconds': 77}}}]
        )['Rules'][0]['RuleArn']

    def _make_group(self, name):
        arn = self.elbv2.create_target_group(
            Name=name, Protocol='HTTP', Port=80, TargetType='ip', HealthCheckPath='/health',
            HealthCheckIntervalSeconds=5, HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2)['TargetGroups'][0]['TargetGroupArn']
        self.elbv2.modify_target_group_attributes(TargetGroupArn=arn, Attributes=[
            {'Key': 'deregistration_delay.timeout_seconds', 'Value': '1'}])
        self.elbv2.register_targets(TargetGroupArn=arn, Targets=[self.target.description()])
        return arn

    def targets(self, group):
        return {f'{each["Target"]["Id"]}:{each["Target"]["Port"]}'
                for each in self.elbv2.describe_target_health(
                    TargetGroupArn=group)['TargetHealthDescriptions']
                if each['TargetHealth']['State'] != 'draining'}

    def forward(self):
        rule = self.elbv2.describe_rules(RuleArns=[self.rule])['Rules'][0]
        return rule['Actions'][0]['ForwardConfig']


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    folder = tmp_path_factory.mktemp('console')
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(Target(folder))
        daruma = stack.enter_context(Daruma(configure(folder / 'daruma', [target])))
        daruma.shop = Shop(daruma, target)
        yield daruma


@pytest.fixture
def shop(node):
    return node.shop


@pytest.fixture(scope='module')
def browser(tmp_path_factory, node):
    with Browser(tmp_path_factory.mktemp('browser'), node) as made:
        made.log_in()
        made.wait_for_text('live', '.top')
        yield made


def as_typed(command):
    """Runs what was copied, with credentials in the environment, as people do."""
    words = shlex.split(command)
    assert words[:2] == ['aws', '--endpoint-url']
    answer = run(['/usr/bin/aws', *words[1:]], env={
        'PATH': os.environ['PATH'], 'HOME': '/nonexistent', 'AWS_ACCESS_KEY_ID': KEY,
        'AWS_SECRET_ACCESS_KEY': SECRET, 'AWS_DEFAULT_REGION': 'us-east-1', 'AWS_PAGER': ''})
    assert answer.returncode == 0, answer.stderr


def test_a_target_is_registered_and_drained(browser, shop):
    browser.go('group/cart', 'cart')
    browser.press('Register target')
    browser.fill('address', '127.0.0.77')
    browser.fill('port', '7777')
    assert 'register-targets' in browser.command()
    assert 'Id=127.0.0.77,Port=7777' in browser.command()
    assert browser.perform('Register it') == 'Done.'
    browser.close_dialog()
    assert '127.0.0.77:7777' in shop.targets(shop.cart)
    browser.wait_for_text('127.0.0.77:7777')

    browser.press('Drain 127.0.0.77:7777')
    assert 'deregister-targets' in browser.command()
    assert browser.perform('Drain it') == 'Done.'
    browser.close_dialog()
    assert '127.0.0.77:7777' not in shop.targets(shop.cart)
    # Its history is shown for a while; among the targets it is no more.
    browser.wait('it is gone', lambda: not browser.row('Targets of cart', '127.0.0.77:7777'))
    changes = browser.run('return fetch("changes?limit=9").then(answer => answer.json())')
    assert [(each['action'], each['caller'], each['outcome']) for each in changes['changes'][:2]] \
        == [('DeregisterTargets', KEY, 'done'), ('RegisterTargets', KEY, 'done')]


def test_what_cannot_be_registered_is_told(browser, shop):
    browser.go('group/cart', 'cart')
    browser.press('Register target')
    browser.fill('port', '0')
    assert browser.command() == 'Say which address.'
    browser.fill('address', 'not an address')
    assert browser.command() == 'A port is 1 to 65535.'
    browser.fill('port', '80')
    before = shop.targets(shop.cart)
    outcome = browser.perform('Register it')
    assert 'not an address' in outcome and outcome.split(':')[0] in ('InvalidTarget',
                                                                     'ValidationError')
    assert browser.all('dialog [role="alert"]')
    browser.close_dialog()
    assert shop.targets(shop.cart) == before


def test_the_command_does_the_same(browser, shop):
    browser.go('group/beta', 'beta')
    browser.press('Register target')
    browser.fill('address', '127.0.0.78')
    browser.fill('port', '7778')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    assert '127.0.0.78:7778' in shop.targets(shop.beta)
    browser.press('Weights')
    browser.wait('the rule', lambda: 'modify-rule' in browser.command())
    browser.fill('weight-cart', '3')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    assert {each['Weight'] for each in shop.forward()['TargetGroups']} == {3, 1}


def test_weights_are_set_and_all_else_stays(browser, shop):
    browser.go('group/beta', 'beta')
    browser.press('Weights')
    browser.wait('the rule', lambda: browser.all('dialog [name="weight-beta"]'))
    browser.fill('weight-cart', '0')
    browser.fill('weight-beta', '0')
    assert browser.command() == 'One weight must be above 0.'
    browser.fill('weight-beta', '12')
    assert browser.perform('Set them') == 'Done.'
    browser.close_dialog()
    forward = shop.forward()
    assert {each['TargetGroupArn']: each['Weight'] for each in forward['TargetGroups']} == {
        shop.cart: 0, shop.beta: 12}
    assert forward['TargetGroupStickinessConfig'] == {'Enabled': True, 'DurationSeconds': 77}


def test_the_default_rule_has_weights_too(browser, shop):
    browser.go('group/cart', 'cart')
    browser.press('Weights')
    browser.wait('rules', lambda: len(browser.all('dialog [name="rule"] option')) == 2)
    default = browser.run('return [...document.querySelectorAll("dialog [name=rule] option")]'
                          '.find(each => each.textContent.includes("default")).value')
    browser.fill('rule', default)
    browser.wait('the default rule', lambda: 'modify-listener' in browser.command())
    browser.fill('weight-cart', '7')
    assert browser.perform('Set them') == 'Done.'
    browser.close_dialog()
    actions = shop.elbv2.describe_listeners(
        ListenerArns=[shop.listener])['Listeners'][0]['DefaultActions']
    assert [each['Weight'] for each in actions[0]['ForwardConfig']['TargetGroups']] == [7]


def test_what_the_file_declares_is_changed_in_the_file(browser):
    browser.go('group/apache', 'declared in daruma.yaml')
    for name in ('Register target', 'Weights'):
        button = browser.button(name)
        assert not button.is_enabled()
        assert 'daruma.yaml' in button.get_attribute('title')


def test_an_alarm_lives_and_dies(browser, node):
    alarms = client(node, 'cloudwatch')

    def now():
        found = alarms.describe_alarms(AlarmNames=['busy'])['MetricAlarms']
        return found[0] if found else None
    browser.go('alarms', 'daruma-5xx-web')
    browser.press('New alarm')
    browser.fill('threshold', 'many')
    assert browser.command() == 'Give it a name.'
    browser.fill('name', 'busy')
    assert browser.command() == 'The threshold is a number.'
    browser.fill('threshold', '1000')
    assert 'cloudwatch put-metric-alarm --alarm-name busy' in browser.command()
    assert browser.perform('Make it') == 'Done.'
    browser.close_dialog()
    assert now()['Threshold'] == 1000
    browser.go('alarms/busy')
    browser.wait_for_text('Sum of HTTPCode_ELB_5XX_Count', '.detail')

    browser.press('Set state', '.detail')
    browser.fill('reason', '')
    assert browser.command() == 'Say why.'
    browser.fill('reason', 'a drill')
    browser.fill('state', 'ALARM')
    assert browser.perform('Set it') == 'Done.'
    browser.close_dialog()
    browser.wait_for_text('to ALARM', 'table[aria-label="History of busy"]')

    browser.press('Silence', '.detail')
    assert browser.perform('Silence') == 'Done.'
    browser.close_dialog()
    assert not now()['ActionsEnabled']
    browser.press('Tell again', '.detail')
    assert browser.perform('Tell again') == 'Done.'
    browser.close_dialog()
    assert now()['ActionsEnabled']

    browser.press('Delete', '.detail')
    browser.press('Delete it', 'dialog')
    wait_until('it is deleted', lambda: now() is None)
    browser.wait_for_text('There is no alarm busy any more')


def test_a_built_in_alarm_is_not_deleted(browser):
    browser.go('alarms/daruma-5xx-web', 'daruma-5xx-web')
    browser.press('Delete', '.detail')
    outcome = browser.perform('Delete it')
    assert 'daruma-5xx-web' in outcome and 'Done.' not in outcome
    browser.close_dialog()
    browser.wait_for_text('daruma-5xx-web', '.detail')


def test_the_file_is_read_again_or_refused(browser, node):
    browser.go('nodes', 'Reload')
    browser.press('Reload', 'main')
    browser.wait('it is done', lambda: browser.all('main .done'))
    good = node.configuration.file.read_text()
    node.configuration.file.write_text('Admin: {Port: nonsense}')
    browser.press('Reload', 'main')
    refused = browser.wait('it is refused', lambda: browser.text('main [role="alert"]'))
    assert 'daruma.yaml' in refused
    browser.go('overview')
    browser.wait_for_text('the configuration file was refused', '.verdict')
    node.configuration.file.write_text(good)
    browser.go('nodes', 'Reload')
    browser.press('Reload', 'main')
    browser.wait('it is done', lambda: browser.all('main .done'))
    browser.go('overview')
    browser.wait('all is forgotten', lambda: 'refused' not in browser.text('.verdict'))


def test_who_only_reads_changes_nothing(tmp_path, node, shop):
    with Browser(tmp_path, node) as browser:
        browser.log_in_as_reader()
        browser.wait_for_text('read-only', '.top')
        disabled = 0
        for view in ('group/cart', 'alarms/daruma-5xx-web', 'nodes'):
            browser.go(view)
            browser.wait('buttons', lambda: browser.all('main button'))
            for button in browser.all('main button'):
                text = button.text
                if text in ('Register target', 'Weights', 'Drain', 'New alarm', 'Set state',
                            'Silence', 'Delete', 'Reload'):
                    assert not button.is_enabled(), text
                    assert button.get_attribute('title') == 'Your role is read-only.'
                    disabled += 1
        assert disabled >= 7
        # Who writes past the page is refused by the node, and that is on record.
        before = shop.targets(shop.cart)
        status = browser.run(
            'return fetch("session").then(answer => answer.json()).then(session => fetch("api", {'
            'method: "POST", headers: {"X-Daruma-Csrf": session.csrf_token, '
            '"Content-Type": "application/x-www-form-urlencoded"}, '
            'body: "Action=DeregisterTargets&Version=2015-12-01&TargetGroupArn=" + '
            'encodeURIComponent(arguments[0]) + "&Targets.member.1.Id=" + arguments[1]}))'
            '.then(answer => answer.status)', shop.cart, shop.target.address)
        assert status == 403
        assert shop.targets(shop.cart) == before
        browser.go('changes')
        browser.wait_for_text('AccessDenied')
