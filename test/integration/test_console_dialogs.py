# SPDX-License-Identifier: Apache-2.0
"""The console's forms: what the server refuses is told in its words and changes nothing, and
everybody can read and use them, on a small screen and in the dark too. docs/console.md."""
import contextlib

import pytest

from aws import client
from console_browser import install_page_tools
from test_console_changes import browser, node, shop  # noqa: F401

WIDTHS = [(1280, False), (1280, True), (360, False), (360, True)]


@contextlib.contextmanager
def looking_away(browser):  # noqa: F811
    """The page hears nothing of what others change meanwhile, as in a tab behind another one."""
    told = ('Object.defineProperty(document, "hidden", {value: arguments[0], configurable: true});'
            'document.dispatchEvent(new Event("visibilitychange"))')
    browser.run(told, True)
    try:
        yield
    finally:
        browser.run(told, False)
        browser.wait_for_text('live', '.top')


def open_weights(browser):  # noqa: F811
    browser.press('Weights')
    browser.wait('the rule', lambda: '--rule-arn' in browser.command())


def make_alarm(alarms, name='drill'):
    alarms.put_metric_alarm(
        AlarmName=name, Namespace='Mine', MetricName='Depth', Statistic='Maximum', Period=60,
        EvaluationPeriods=1, Threshold=5, ComparisonOperator='GreaterThanThreshold',
        TreatMissingData='ignore')


def test_a_drain_of_what_is_gone_is_refused(browser, shop):  # noqa: F811
    arn = shop.elbv2.create_target_group(
        Name='brief', Protocol='HTTP', Port=80, TargetType='ip')['TargetGroups'][0][
            'TargetGroupArn']
    shop.elbv2.register_targets(TargetGroupArn=arn, Targets=[{'Id': '127.0.0.70', 'Port': 70}])
    browser.go('group/brief', '127.0.0.70:70')
    with looking_away(browser):
        browser.press('Drain 127.0.0.70:70')
        shop.elbv2.delete_target_group(TargetGroupArn=arn)
        assert browser.refused('Drain it').startswith('TargetGroupNotFound: ')


def test_weights_of_a_rule_that_is_gone_are_refused(browser, shop):  # noqa: F811
    rule = shop.elbv2.create_rule(
        ListenerArn=shop.listener, Priority=3,
        Conditions=[{'Field': 'path-pattern', 'Values': ['/brief']}],
        Actions=[{'Type': 'forward', 'TargetGroupArn': shop.beta}])['Rules'][0]['RuleArn']
    before = shop.forward()
    browser.go('group/beta', 'beta')
    open_weights(browser)
    browser.wait('the page knows the rule', lambda: browser.all(f'dialog option[value="{rule}"]'))
    with looking_away(browser):
        browser.fill('rule', rule)
        browser.wait('its weights', lambda: rule in browser.command())
        browser.fill('weight-beta', '9')
        shop.elbv2.delete_rule(RuleArn=rule)
        assert browser.refused('Set them').startswith('RuleNotFound: ')
        # Nor can they be looked at.
        browser.press('Weights')
        browser.wait('the other rule', lambda: browser.all('dialog [name="rule"]'))
        browser.fill('rule', rule)
        browser.wait('a refusal', lambda: browser.all('dialog .fields [role="alert"]'))
        assert not browser.button('Set them', 'dialog').is_enabled()
        browser.close_dialog()
    assert shop.forward() == before


def test_weights_out_of_range_are_told_before_they_are_sent(browser, shop):  # noqa: F811
    before = shop.forward()
    browser.go('group/beta', 'beta')
    open_weights(browser)
    for wrong in ('1000', '-1', '1.5', 'much', ''):
        browser.fill('weight-beta', wrong)
        browser.wait(f'{wrong!r} is refused', lambda: 'aws ' not in browser.command())
        assert not browser.button('Set them', 'dialog').is_enabled()
    browser.close_dialog()
    assert shop.forward() == before


def test_an_alarm_that_cannot_be_is_refused(browser, node):  # noqa: F811
    alarms = client(node, 'cloudwatch')

    def made():
        return {each['AlarmName'] for each in alarms.describe_alarms()['MetricAlarms']
                if not each['AlarmName'].startswith('daruma-')}  # those come with their figures
    before = made()
    browser.go('alarms', 'daruma-5xx-web')
    browser.press('New alarm')
    browser.fill('name', 'x' * 256)
    for wrong in ('0', '61', '1.5', ''):
        browser.fill('minutes', wrong)
        assert browser.command() == 'It looks at 1 to 60 minutes.'
        assert not browser.button('Make it', 'dialog').is_enabled()
    browser.fill('minutes', '2')
    outcome = browser.refused('Make it')
    assert outcome.split(':')[0].startswith('Validation') and 'AlarmName' in outcome
    assert made() == before


def test_the_state_of_an_alarm_that_is_gone_is_refused(browser, node):  # noqa: F811
    alarms = client(node, 'cloudwatch')
    make_alarm(alarms)
    browser.go('alarms/drill')
    browser.wait_for_text('Maximum of Depth', '.detail')
    with looking_away(browser):
        browser.press('Set state', '.detail')
        alarms.delete_alarms(AlarmNames=['drill'])
        assert browser.refused('Set it').startswith('ResourceNotFound')
    assert alarms.describe_alarms(AlarmNames=['drill'])['MetricAlarms'] == []


def role_of(node, role):  # noqa: F811
    """What the first access key may do, as the file says from now on."""
    node.configuration.value['Admin']['AccessKeys'][0]['Role'] = role
    node.configuration.write()
    answer = node.reload()
    assert answer.returncode == 0, answer.stderr


def test_a_right_that_was_taken_away_refuses_every_change(browser, node, shop):  # noqa: F811
    """By somebody else, while the forms are open: each is refused by the server, and told so."""
    alarms = client(node, 'cloudwatch')
    make_alarm(alarms)
    weights, targets = shop.forward(), shop.targets(shop.cart)
    there = f'{shop.target.address}:{shop.target.port}'

    def register():
        browser.press('Register target')
        browser.fill('address', '127.0.0.71')

    def alarm():
        browser.press('New alarm')
        browser.fill('name', 'another')
    forms = {
        'group/cart': [(register, 'Register it'),
                       (lambda: browser.press(f'Drain {there}'), 'Drain it')],
        'group/beta': [(lambda: open_weights(browser), 'Set them')],
        'alarms/drill': [(alarm, 'Make it'),
                         (lambda: browser.press('Set state', '.detail'), 'Set it'),
                         (lambda: browser.press('Silence', '.detail'), 'Silence'),
                         (lambda: browser.press('Delete', '.detail'), 'Delete it')]}
    for view, its in forms.items():
        browser.go(view)
        browser.wait_for_text('drill' if 'alarms' in view else there, 'main')
        with looking_away(browser):
            role_of(node, 'read-only')
            try:
                for open_form, verb in its:
                    open_form()
                    assert browser.refused(verb).startswith('AccessDenied'), verb
            finally:
                role_of(node, 'admin')
    assert (shop.forward(), shop.targets(shop.cart)) == (weights, targets)
    drill, = alarms.describe_alarms(AlarmNames=['drill'])['MetricAlarms']
    assert drill['ActionsEnabled'] and drill['StateReason'].startswith('Unchecked')
    assert alarms.describe_alarms(AlarmNames=['another'])['MetricAlarms'] == []
    refusals = browser.run('return fetch("changes?limit=20").then(answer => answer.json())')
    assert {'RegisterTargets', 'DeregisterTargets', 'ModifyRule', 'PutMetricAlarm',
            'SetAlarmState', 'DisableAlarmActions', 'DeleteAlarms'} <= {
                each['action'] for each in refusals['changes'] if each['outcome'] != 'done'}
    alarms.delete_alarms(AlarmNames=['drill'])


@pytest.mark.parametrize('width, dark', WIDTHS)
def test_everybody_can_use_every_form(browser, node, shop, width, dark):  # noqa: F811
    """axe-core, with each form open, and with what it says when something is missing or refused."""
    install_page_tools()
    alarms = client(node, 'cloudwatch')
    make_alarm(alarms)
    there = f'{shop.target.address}:{shop.target.port}'
    browser.look(width, 900, dark)
    found = []

    def look_at(name):
        found.extend(f'{name}: {each}' for each in browser.violations())
        if (by := browser.overflow()) > 0:
            found.append(f'{name}: {by} px too wide')
        box = browser.run('const box = document.querySelector("dialog").getBoundingClientRect();'
                          'return [box.left, innerWidth - box.right]')
        if min(box) < 0:
            found.append(f'{name}: beyond the window by {-min(box)} px')
    try:
        for view, buttons in {
                'group/cart': ['Register target', f'Drain {there}'], 'group/beta': ['Weights'],
                'alarms/drill': ['New alarm', 'Set state', 'Silence', 'Delete']}.items():
            browser.go(view)
            browser.wait_for_text('drill' if 'alarms' in view else there, 'main')
            for button in buttons:
                browser.press(button, 'main')
                browser.wait('a dialog', lambda: browser.all('dialog[open]'))
                look_at(button)
                browser.close_dialog()
        browser.go('group/cart', there)
        browser.press('Register target')
        browser.fill('address', 'not an address')
        browser.perform('Register it')
        look_at('a refusal')
        browser.close_dialog()
    finally:
        browser.look(1280, 900)
        alarms.delete_alarms(AlarmNames=['drill'])
    assert not found, '\n'.join(found)
