# SPDX-License-Identifier: Apache-2.0
"""The console's forms for zonal shifts, and what is refused.
docs/console.md, docs/zones.md."""
import contextlib
import shlex

import pytest

from aws import KEY
from console_browser import Browser, configure, install_page_tools
from harness import Daruma, Target, run
from test_console_forms import found_in


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    """Two targets in two zones, behind `web`."""
    folder = tmp_path_factory.mktemp('console')
    with contextlib.ExitStack() as stack:
        targets = [stack.enter_context(Target(folder, address))
                   for address in ('127.0.0.2', '127.0.0.3')]
        configuration = configure(folder / 'daruma', targets)
        for target, zone in zip(configuration.value['TargetGroups'][0]['Targets'],
                                ('zone-a', 'zone-b'), strict=True):
            target['AvailabilityZone'] = zone
        configuration.load_balancer['Attributes']['zonal_shift.config.enabled'] = 'true'
        configuration.write()
        daruma = stack.enter_context(Daruma(configuration))
        daruma.wait_for_health({target.name: 'healthy' for target in targets})
        daruma.targets = targets
        yield daruma


@pytest.fixture(scope='module')
def browser(tmp_path_factory, node):
    install_page_tools()
    with Browser(tmp_path_factory.mktemp('browser'), node) as made:
        made.log_in()
        made.wait_for_text('live', '.top')
        yield made


def shifts(node):
    return {each['resourceIdentifier']: each['awayFrom']
            for each in node.ask_admin('/zonal-shifts').json()['items']}


@pytest.fixture(autouse=True)
def no_shift(node):
    yield
    if shifts(node):
        as_typed(f'curl -fsS -X POST {node.admin}/zonal-shifts/cancel?load_balancer=web')


def as_typed(command):
    words = shlex.split(command)
    assert words[0] == 'curl'
    answer = run(words)
    assert answer.returncode == 0, answer.stderr


def who_answers(node):
    return {node.get().headers['X-Target'] for _ in range(20)}


def shown(browser):
    return browser.row('Shifts', 'web')


def test_a_shift_is_started_extended_and_ended(browser, node):
    browser.go('nodes', 'No traffic is shifted away')
    browser.press('Start a shift')
    browser.fill('zone', 'zone-b')
    browser.fill('expires', '')
    assert browser.command() == 'Say for how long: 90m, 2h or 3d.'
    browser.fill('expires', '2h')
    browser.fill('comment', 'power & cooling')
    assert browser.command() == (
        f"curl -sS --fail-with-body -X POST '{node.admin}/zonal-shifts/start"
        "?load_balancer=web&zone=zone-b&expires=2h&comment=power%20%26%20cooling'")
    assert browser.perform('Start it') == 'Done.'
    browser.close_dialog()
    assert shifts(node) == {'web': 'zone-b'}
    assert who_answers(node) == {node.targets[0].name}
    row = browser.wait('the shift', lambda: shown(browser))
    assert (row['Away from'], row['Comment']) == ('zone-b', 'power & cooling')
    assert row['Ends in'].startswith(('1 h', '2 h')), row

    browser.wait('its effect', lambda: shown(browser)['Effect'] ==
                 '1 of 1 targets get no new requests')

    browser.press('Extend web')
    browser.wait('its end', lambda: ', in 1 h' in browser.text('dialog .fields')
                 or ', in 2 h' in browser.text('dialog .fields'))
    browser.fill('expires', '1h')
    assert browser.command().startswith('It would end earlier than it does now')
    assert not browser.button('Extend it', 'dialog').is_enabled()
    browser.fill('expires', '3d')
    assert browser.perform('Extend it') == 'Done.'
    browser.close_dialog()
    browser.wait('it is longer', lambda: ' d' in shown(browser)['Ends in'])

    browser.press('End web')
    assert '/zonal-shifts/cancel?load_balancer=web' in browser.command()
    assert browser.perform('End it') == 'Done.'
    browser.wait('it is over', lambda: not shown(browser))
    browser.close_dialog()
    assert shifts(node) == {}
    assert who_answers(node) == {target.name for target in node.targets}
    changes = browser.run('return fetch("changes?limit=3").then(answer => answer.json())')
    assert [(each['action'], each['caller'], each['resource'], each['outcome'])
            for each in changes['changes']] == [
        (action, KEY, 'web', 'done')
        for action in ('CancelZonalShift', 'UpdateZonalShift', 'StartZonalShift')]


def test_the_command_does_the_same(browser, node):
    browser.go('nodes', 'No traffic is shifted away')
    browser.press('Start a shift')
    browser.fill('comment', "it's hot")
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    assert shifts(node) == {'web': 'zone-a'}
    browser.wait('the shift', lambda: shown(browser))
    browser.press('Extend web')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    browser.press('End web')
    as_typed(browser.command())
    assert shifts(node) == {}
    browser.wait('it is over', lambda: not shown(browser))
    browser.close_dialog()


def test_a_refusal_is_told_to_who_copies_the_command_too(browser, node):
    browser.go('nodes', 'No traffic is shifted away')
    browser.press('Start a shift')
    browser.fill('expires', '5d')
    answer = run(shlex.split(browser.command()))
    browser.close_dialog()
    assert answer.returncode != 0 and '1m to 3d' in answer.stdout


def test_a_shift_without_effect_says_so(browser, node):
    """Where nobody is left, the zone's targets are asked as before."""
    browser.go('nodes', 'No traffic is shifted away')
    configuration = node.configuration
    both = configuration.value['TargetGroups'][0]['Targets']
    configuration.value['TargetGroups'][0]['Targets'] = both[:1]
    configuration.write()
    assert node.reload().returncode == 0
    try:
        browser.press('Start a shift')
        browser.fill('zone', 'zone-a')
        assert browser.perform('Start it') == 'Done.'
        browser.close_dialog()
        browser.wait('no effect', lambda: shown(browser)['Effect'] ==
                     'none: its targets are asked as before')
        assert who_answers(node) == {node.targets[0].name}
    finally:
        configuration.value['TargetGroups'][0]['Targets'] = both
        configuration.write()
        assert node.reload().returncode == 0
        node.wait_for_health({target.name: 'healthy' for target in node.targets})


def test_what_is_refused_is_told_at_the_form(browser, node):
    browser.go('nodes', 'No traffic is shifted away')
    browser.press('Start a shift')
    browser.fill('expires', '5d')
    assert '1m to 3d' in browser.refused('Start it')
    assert shifts(node) == {}
    browser.press('Start a shift')
    as_typed(browser.command())  # somebody else was quicker
    browser.fill('zone', 'zone-b')
    assert 'is shifted away from zone-a already' in browser.refused('Start it')
    assert shifts(node) == {'web': 'zone-a'}
    browser.wait('the shift', lambda: shown(browser))
    browser.press('Extend web')
    browser.fill('expires', 'soon')
    assert "'soon' is no time" in browser.refused('Extend it')


def test_who_only_reads_sees_shifts_and_changes_none(tmp_path, node):
    as_typed(f'curl -fsS -X POST "{node.admin}/zonal-shifts/start?load_balancer=web&zone=zone-a'
             '&expires=1h"')
    before = node.ask_admin('/zonal-shifts').json()
    with Browser(tmp_path, node) as browser:
        browser.log_in_as_reader()
        browser.wait_for_text('read-only', '.top')
        browser.go('nodes')
        browser.wait('the shift', lambda: shown(browser))
        for name in ('Start a shift', 'Extend web', 'End web'):
            button = browser.button(name)
            assert not button.is_enabled()
            assert button.get_attribute('title') == 'Your role is read-only.'
        for path in ('start?load_balancer=web&zone=zone-b&expires=1h',
                     'extend?load_balancer=web&expires=2h', 'cancel?load_balancer=web'):
            assert browser.run(
                'return fetch("session").then(answer => answer.json()).then(session => '
                'fetch("zonal-shifts/" + arguments[0], {method: "POST", '
                'headers: {"X-Daruma-Csrf": session.csrf_token}}))'
                '.then(answer => answer.json()).then(body => body.error.code)',
                path) == 'AccessDenied'
    after = node.ask_admin('/zonal-shifts').json()
    assert after == before


def test_everybody_can_read_the_forms(browser, node):
    browser.go('nodes', 'No traffic is shifted away')
    found = found_in(browser, 'start', lambda: browser.press('Start a shift'))
    as_typed(f'curl -fsS -X POST "{node.admin}/zonal-shifts/start?load_balancer=web&zone=zone-a'
             '&expires=1h"')
    browser.wait('the shift', lambda: shown(browser))
    found += found_in(browser, 'extend', lambda: browser.press('Extend web'))
    found += found_in(browser, 'end', lambda: browser.press('End web'))
    assert not found, '\n'.join(found)
