# SPDX-License-Identifier: Apache-2.0
"""The console's forms for rules: what they send, what is refused, who may not. docs/console.md."""
import contextlib

import pytest

from console_browser import Browser, Keys, configure, install_page_tools
from harness import Daruma, Target, new_session
from test_console_changes import Shop, as_typed


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    folder = tmp_path_factory.mktemp('console')
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(Target(folder))
        daruma = stack.enter_context(Daruma(configure(folder / 'daruma', [target])))
        daruma.shop = Shop(daruma, target)
        yield daruma


@pytest.fixture(scope='module')
def browser(tmp_path_factory, node):
    install_page_tools()
    with Browser(tmp_path_factory.mktemp('browser'), node) as made:
        made.log_in()
        made.wait_for_text('live', '.top')
        yield made


@pytest.fixture
def shop(node):
    """With the rule of priority 10 that it was made with, and no other."""
    made = node.shop
    for rule in rules_of(made).values():
        if rule['RuleArn'] != made.rule:
            made.elbv2.delete_rule(RuleArn=rule['RuleArn'])
    made.elbv2.set_rule_priorities(RulePriorities=[{'RuleArn': made.rule, 'Priority': 10}])
    return made


def rules_of(shop):
    """By priority, without the default one."""
    return {int(rule['Priority']): rule
            for rule in shop.elbv2.describe_rules(ListenerArn=shop.listener)['Rules']
            if not rule['IsDefault']}


def first_cells(browser):
    return browser.run(
        'return [...document.querySelectorAll("table[aria-label=Rules] tbody tr[data-row]")]'
        '.map(each => each.cells[0].textContent)')


def go_to_rules(browser, shop, priorities=('10',)):
    browser.go(f'rules/shop:{shop.port}')
    browser.wait('the rules, and no others',
                 lambda: first_cells(browser) == [*priorities, 'default'])


def ask(shop, path, **fields):
    with new_session() as session:
        return session.get(f'http://127.0.0.1:{shop.port}{path}', headers=fields,
                           allow_redirects=False)


def fixed(shop, priority, path):
    return shop.elbv2.create_rule(
        ListenerArn=shop.listener, Priority=priority,
        Conditions=[{'Field': 'path-pattern', 'Values': [path]}],
        Actions=[{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}]
    )['Rules'][0]['RuleArn']


def add_condition(browser, index, field, values):
    browser.press('And another condition', 'dialog')
    browser.fill(f'condition-{index}', field)
    browser.fill(f'values-{index}', values)


def test_a_rule_is_made_edited_and_deleted(browser, shop):
    go_to_rules(browser, shop)
    browser.press('New rule')
    assert browser.command() == 'Path: give at least one value.'
    browser.fill('values-0', '/closed/*\n/shut')
    add_condition(browser, 1, 'http-request-method', 'GET\nHEAD')
    browser.fill('action', 'fixed-response')
    browser.fill('status', '503')
    browser.fill('body', "it's closed")
    assert 'elbv2 create-rule --listener-arn ' in browser.command()
    assert '--priority 20' in browser.command()
    assert browser.perform('Make it') == 'Done.'
    browser.close_dialog()
    made = rules_of(shop)[20]
    assert {each['Field']: each['Values'] if each['Field'] == 'path-pattern'
            else each['HttpRequestMethodConfig']['Values'] for each in made['Conditions']} == {
        'path-pattern': ['/closed/*', '/shut'], 'http-request-method': ['GET', 'HEAD']}
    answer = ask(shop, '/closed/x')
    assert (answer.status_code, answer.text) == (503, "it's closed")
    row = browser.wait('the row', lambda: browser.row('Rules', '20'))
    assert row['If'] == 'path is /closed/* or /shut and method is GET or HEAD'

    browser.press('Edit rule 20')
    browser.wait('its content', lambda: browser.all('dialog [name="values-1"]'))
    assert browser.command() == 'Nothing is changed yet.'
    browser.press('Take away condition 2', 'dialog')
    browser.fill('values-0', '/closed/*')
    assert 'modify-rule' in browser.command() and '--actions' not in browser.command()
    browser.fill('status', '404')
    assert browser.perform('Change it') == 'Done.'
    browser.close_dialog()
    assert rules_of(shop)[20]['RuleArn'] == made['RuleArn']
    answer = ask(shop, '/closed/x')
    assert (answer.status_code, answer.text) == (404, "it's closed")
    assert ask(shop, '/shut').status_code == 200

    browser.press('Delete rule 20')
    assert 'delete-rule' in browser.command()
    assert browser.perform('Delete it') == 'Done.'
    browser.wait('it is gone', lambda: not browser.row('Rules', '20'))
    browser.close_dialog()
    assert set(rules_of(shop)) == {10}


def test_every_condition_is_sent_as_it_is_written(browser, shop):
    go_to_rules(browser, shop)
    browser.press('New rule')
    browser.fill('condition-0', 'host-header')
    browser.fill('values-0', r'^shop-\d+\.example\.com$')
    browser.one('dialog [name="regex-0"]').click()
    add_condition(browser, 1, 'http-header', '*Firefox*')
    assert browser.command() == 'Name the header.'
    browser.fill('header-1', 'User-Agent')
    add_condition(browser, 2, 'query-string', 'version=2\nbeta')
    add_condition(browser, 3, 'source-ip', '127.0.0.0/8')
    browser.fill('action', 'fixed-response')
    browser.fill('status', '200')
    browser.fill('body', 'this rule')
    assert browser.perform('Make it') == 'Done.'
    browser.close_dialog()
    fields = {'Host': 'shop-7.example.com', 'User-Agent': 'a Firefox'}
    assert ask(shop, '/?version=2', **fields).text == 'this rule'
    assert ask(shop, '/?x=beta', **fields).text == 'this rule'
    for path, changed in (('/?version=3', {}), ('/?beta=1', {'Host': 'shop-x.example.com'}),
                          ('/?version=2', {'User-Agent': 'other'})):
        assert ask(shop, path, **{**fields, **changed}).text != 'this rule'


def test_conditions_that_are_not_edited_stay_as_they_were(browser, shop):
    query = {'Field': 'query-string', 'QueryStringConfig': {
        'Values': [{'Key': 'a=b', 'Value': ' c'}, {'Key': '*', 'Value': 'd'}]}}
    shop.elbv2.create_rule(
        ListenerArn=shop.listener, Priority=20,
        Conditions=[{'Field': 'path-pattern', 'Values': ['/x']}, query],
        Actions=[{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}])
    before = rules_of(shop)[20]['Conditions'][1]
    go_to_rules(browser, shop, ('10', '20'))
    browser.press('Edit rule 20')
    browser.wait('its content', lambda: browser.all('dialog [name="values-1"]'))
    browser.fill('values-0', '/y')
    assert browser.perform('Change it') == 'Done.'
    browser.close_dialog()
    path, after = rules_of(shop)[20]['Conditions']
    assert path['PathPatternConfig']['Values'] == ['/y']
    assert after == before and after['QueryStringConfig'] == query['QueryStringConfig']


def test_a_form_stays_while_rows_move_and_go(browser, shop):
    rules = {priority: fixed(shop, priority, f'/{priority}') for priority in (20, 30, 40)}
    go_to_rules(browser, shop, ('10', '20', '30', '40'))

    def has_most(priority):
        """Rows are in the order of what they have met."""
        def asked_and_first():
            ask(shop, f'/{priority}')
            return first_cells(browser)[0] == str(priority)
        browser.wait(f'{priority} is first', asked_and_first)

    # Newer browsers move an element without taking it away; the page is for others too.
    browser.run('window.moveBefore = Element.prototype.moveBefore;'
                'delete Element.prototype.moveBefore')
    browser.press('In all')
    has_most(20)
    browser.press('Edit rule 20')
    browser.wait('its content', lambda: browser.all('dialog [name="values-0"]'))
    browser.one('dialog [name="values-0"]').click()
    for priority in (30, 40, 20, 30):
        has_most(priority)
        assert browser.run('return document.querySelector("dialog").matches(":modal")')
        assert browser.run('return document.activeElement.name') == 'values-0'
    browser.run('if (window.moveBefore) Element.prototype.moveBefore = window.moveBefore')
    shop.elbv2.delete_rule(RuleArn=rules[20])
    browser.wait('its row is gone', lambda: '20' not in first_cells(browser))
    browser.fill('values-0', '/else')
    assert browser.perform('Change it').startswith('RuleNotFound: ')
    browser.close_dialog()

    browser.press('Delete rule 30')
    assert browser.perform('Delete it') == 'Done.'
    browser.wait('its row is gone', lambda: '30' not in first_cells(browser))
    assert browser.text('dialog .outcome').strip() == 'Done.'
    browser.close_dialog()
    browser.press('In all ▾')
    browser.press('In all ▴')


def test_a_forward_has_weighted_groups_and_a_redirect_its_parts(browser, shop):
    go_to_rules(browser, shop)
    browser.press('Edit rule 10')
    browser.wait('its groups', lambda: browser.all('dialog [name="weight-1"]'))
    browser.fill('weight-0', '0')
    browser.fill('weight-1', '0')
    assert browser.command() == 'One weight must be above 0.'
    browser.press('Take away target group 2', 'dialog')
    browser.press('And another target group', 'dialog')
    browser.fill('group-1', shop.beta)
    browser.fill('weight-1', '7')
    assert browser.perform('Change it') == 'Done.'
    browser.close_dialog()
    forward = shop.forward()
    assert {each['TargetGroupArn']: each['Weight'] for each in forward['TargetGroups']} == {
        shop.cart: 0, shop.beta: 7}
    assert forward['TargetGroupStickinessConfig'] == {'Enabled': True, 'DurationSeconds': 77}

    browser.press('New rule')
    browser.fill('values-0', '/old/*')
    browser.fill('action', 'redirect')
    browser.fill('redirect-status', 'HTTP_302')
    browser.fill('redirect-host', 'new.example.com')
    browser.fill('redirect-path', '/')
    browser.fill('redirect-query', '')
    assert browser.perform('Make it') == 'Done.'
    browser.close_dialog()
    answer = ask(shop, '/old/a?b=c')
    assert answer.status_code == 302
    assert answer.headers['Location'] == f'http://new.example.com:{shop.port}/'


def test_the_default_rule_is_edited_as_the_listeners(browser, shop):
    go_to_rules(browser, shop)
    browser.press('Edit the default rule')
    browser.wait('its groups', lambda: browser.all('dialog [name="group-0"]'))
    assert not browser.all('dialog [name="condition-0"]')
    browser.fill('action', 'fixed-response')
    browser.fill('status', '503')
    assert 'modify-listener' in browser.command()
    assert browser.perform('Change it') == 'Done.'
    browser.close_dialog()
    assert ask(shop, '/').status_code == 503
    shop.elbv2.modify_listener(ListenerArn=shop.listener, DefaultActions=[
        {'Type': 'forward', 'TargetGroupArn': shop.cart}])


def test_priorities_are_set_all_at_once(browser, shop):
    second = fixed(shop, 20, '/b')
    go_to_rules(browser, shop, ('10', '20'))
    browser.press('Priorities')
    assert browser.command() == 'Nothing is changed yet.'
    browser.fill('priority-10', '20')
    assert browser.command() == 'Two rules have the priority 20.'
    browser.fill('priority-20', '10')
    assert 'set-rule-priorities' in browser.command()
    assert browser.perform('Set them') == 'Done.'
    browser.close_dialog()
    assert {priority: rule['RuleArn'] for priority, rule in rules_of(shop).items()} == {
        10: second, 20: shop.rule}
    browser.wait('the other order', lambda: browser.row('Rules', '10')['If'] == 'path is /b')


def test_the_command_does_the_same(browser, shop):
    go_to_rules(browser, shop)
    browser.press('New rule')
    browser.fill('values-0', "/it's-here")
    add_condition(browser, 1, 'query-string', 'a=b')
    browser.fill('action', 'fixed-response')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    assert rules_of(shop)[20]['Conditions'][0]['Values'] == ["/it's-here"]
    browser.wait('the row', lambda: browser.row('Rules', '20'))
    browser.press('Priorities')
    browser.fill('priority-20', '5')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    browser.wait('the row', lambda: browser.row('Rules', '5'))
    browser.press('Edit rule 5')
    browser.wait('its content', lambda: browser.all('dialog [name="status"]'))
    browser.fill('status', '404')
    as_typed(browser.command())
    browser.press('Cancel', 'dialog')
    action, = rules_of(shop)[5]['Actions']
    assert action['FixedResponseConfig']['StatusCode'] == '404'
    browser.press('Delete rule 5')
    as_typed(browser.command())
    browser.wait('it is gone', lambda: not browser.row('Rules', '5'))
    browser.close_dialog()
    assert set(rules_of(shop)) == {10}


def test_what_is_refused_is_told_at_the_form(browser, shop):
    second = fixed(shop, 20, '/b')
    go_to_rules(browser, shop, ('10', '20'))
    before = rules_of(shop)
    browser.press('New rule')
    browser.fill('priority', '0')
    assert browser.command() == 'A priority is a whole number from 1 to 50000.'
    browser.fill('priority', '10')
    browser.fill('values-0', '/x')
    assert browser.refused('Make it').startswith('PriorityInUse: ')
    browser.press('New rule')
    browser.fill('values-0', '(')
    browser.one('dialog [name="regex-0"]').click()
    assert '(' in browser.refused('Make it')
    browser.press('New rule')
    browser.fill('values-0', '/x')
    browser.fill('action', 'redirect')
    assert 'round in a circle' in browser.refused('Make it')
    browser.press('Edit rule 20')
    browser.wait('its content', lambda: browser.all('dialog [name="status"]'))
    browser.fill('status', '700')
    assert "not '700'" in browser.refused('Change it')
    assert rules_of(shop) == before

    # Somebody else was quicker.
    browser.press('Priorities')
    browser.fill('priority-20', '30')
    shop.elbv2.delete_rule(RuleArn=second)
    assert browser.refused('Set them').startswith('RuleNotFound: ')
    assert set(rules_of(shop)) == {10}


def test_rules_of_the_file_say_why_they_stay(browser, node):
    browser.go(f'rules/web:{node.configuration.http_port}')
    browser.wait_for_text('They cannot be changed here: It is declared in daruma.yaml')
    for name in ('New rule', 'Priorities', 'Edit the default rule'):
        button = browser.button(name)
        assert not button.is_enabled()
        assert 'daruma.yaml' in button.get_attribute('title')


def test_who_only_reads_has_no_form_and_is_refused(tmp_path, node, shop):
    with Browser(tmp_path, node) as browser:
        browser.log_in_as_reader()
        browser.wait_for_text('read-only', '.top')
        go_to_rules(browser, shop)
        for name in ('New rule', 'Priorities', 'Edit rule 10', 'Delete rule 10',
                     'Edit the default rule'):
            button = browser.button(name)
            assert not button.is_enabled()
            assert button.get_attribute('title') == 'Your role is read-only.'
        status = browser.run(
            'return fetch("session").then(answer => answer.json()).then(session => fetch("api", {'
            'method: "POST", headers: {"X-Daruma-Csrf": session.csrf_token, '
            '"Content-Type": "application/x-www-form-urlencoded"}, '
            'body: "Action=DeleteRule&Version=2015-12-01&RuleArn=" + '
            'encodeURIComponent(arguments[0])})).then(answer => answer.status)', shop.rule)
        assert status == 403
        assert set(rules_of(shop)) == {10}


def test_a_header_with_spaces_is_tried_as_it_is(browser, shop):
    shop.elbv2.create_rule(
        ListenerArn=shop.listener, Priority=20,
        Conditions=[{'Field': 'http-header', 'HttpHeaderConfig': {
            'HttpHeaderName': 'User-Agent', 'Values': ['a + b']}}],
        Actions=[{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '200'}}])
    go_to_rules(browser, shop, ('10', '20'))
    browser.fill('url', f'http://127.0.0.1:{shop.port}/')
    browser.fill('headers', 'User-Agent: a + b')
    browser.press('Test')
    browser.wait_for_text('Rule 20 takes it', '.trial')


def found_in(browser, title, open_dialog):
    """What axe-core and small screens find wrong in an open dialog."""
    found = []
    for width, dark in ((1280, False), (1280, True), (360, False)):
        browser.look(width, 800, dark)
        open_dialog()
        found += [f'{title} at {width}: {each}' for each in browser.violations()]
        wide = browser.run('const dialog = document.querySelector("dialog");'
                           'return dialog.scrollWidth - dialog.clientWidth')
        if wide > 0 or browser.overflow() > 0:
            found.append(f'{title} at {width}: by {wide} px too wide, the page by '
                         f'{browser.overflow()}')
        browser.press('Cancel', 'dialog')
        browser.wait('no dialog', lambda: not browser.all('dialog'))
    browser.look(1280, 900)
    return found


def test_everybody_can_read_the_forms(browser, shop):
    go_to_rules(browser, shop)

    def new_rule(action):
        browser.press('New rule')
        browser.press('And another condition', 'dialog')
        browser.fill('condition-1', 'http-header')
        browser.fill('action', action)

    def priorities():
        browser.press('Priorities')
    found = [each for action in ('forward', 'redirect', 'fixed-response')
             for each in found_in(browser, action, lambda: new_rule(action))]
    found += found_in(browser, 'priorities', priorities)
    assert not found, '\n'.join(found)


def test_a_keyboard_makes_a_rule(browser, shop):
    go_to_rules(browser, shop)

    def focused():
        return browser.driver.switch_to.active_element

    def name():
        return focused().get_attribute('name')

    def tab_to(wanted):
        for _ in range(60):
            if name() == wanted or browser.run(
                    'return document.activeElement.textContent') == wanted:
                return focused()
            focused().send_keys(Keys.TAB)
        raise AssertionError(f'the tab key does not get to {wanted}')
    browser.run('arguments[0].focus()', browser.button('New rule'))
    focused().send_keys(Keys.ENTER)
    browser.wait('a dialog', lambda: browser.all('dialog[open]'))
    tab_to('values-0').send_keys('/by-hand')
    tab_to('add-condition').send_keys(Keys.ENTER)
    browser.wait('the next condition', lambda: name() == 'condition-1')
    tab_to('Take away condition 2').send_keys(Keys.ENTER)
    browser.wait('the button that adds', lambda: name() == 'add-condition')
    tab_to('action').send_keys('Fix')
    browser.wait('its fields', lambda: browser.all('dialog [name="status"]'))
    tab_to('Make it').send_keys(Keys.ENTER)
    browser.wait_for_text('Done.', 'dialog .outcome')
    focused().send_keys(Keys.ESCAPE)
    browser.wait('no dialog', lambda: not browser.all('dialog'))
    assert ask(shop, '/by-hand').status_code == 503
