# SPDX-License-Identifier: Apache-2.0
"""The console in a browser: who gets in, what every view shows, and what must hold for all of them:
accessibility, the security policy, small screens and large ones, no jumping about. docs/console.md.
"""
import contextlib
import functools
import itertools
import re
import signal
import subprocess
import threading
import time

import pytest

from aws import KEY, SECRET, client
from console_browser import Browser, Keys, configure, install_page_tools
from harness import DARUMA, Daruma, Target, new_session
from processes import Ports

VIEWS = ['overview', 'map', 'group', 'group/apache', 'why', 'rules', 'alarms',
         'alarms/daruma-5xx-web', 'certificates', 'changes', 'nodes']
PASSWORD = 'correct horse battery staple'
PAGE_BYTES_MAX = 120_000


@pytest.fixture(scope='module')
def node(tmp_path_factory):
    """A load balancer of the file's, `web`, with two targets, and one that failed requests."""
    folder = tmp_path_factory.mktemp('console')
    hashed = subprocess.run([DARUMA, 'keys', 'password'], input=PASSWORD + '\n', text=True,
                            capture_output=True, timeout=60, check=True).stdout.strip()
    with contextlib.ExitStack() as stack:
        targets = [stack.enter_context(Target(folder, address))
                   for address in ('127.0.0.2', '127.0.0.3')]
        configuration = configure(folder / 'daruma', targets)
        configuration.value['Admin']['Users'] = [{'Name': 'ada', 'PasswordHash': hashed}]
        listener = configuration.load_balancer['Listeners'][0]
        configuration.value['TargetGroups'].append({
            'Name': 'gone', 'Protocol': 'HTTP', 'Port': 80,
            'Targets': [{'Id': '127.0.0.9', 'Port': Ports.take('127.0.0.9')}]})
        listener['Rules'] = [
            {'Priority': 10, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/gone/*']}],
             'Actions': [{'Type': 'forward', 'TargetGroup': 'gone'}]},
            {'Priority': 20, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/old']}],
             'Actions': [{'Type': 'redirect', 'RedirectConfig': {
                 'Path': '/new', 'StatusCode': 'HTTP_301'}}]}]
        configuration.write()
        daruma = stack.enter_context(Daruma(configuration))
        for path in ['/'] * 20 + ['/gone/a', '/gone/b', '/old']:
            daruma.get(path)
        yield daruma


@pytest.fixture(scope='module')
def browser(tmp_path_factory, node):
    install_page_tools()
    with Browser(tmp_path_factory.mktemp('browser'), node) as made:
        made.log_in()
        made.wait_for_text('web')
        yield made


def test_the_page_is_small(node):
    with new_session() as session:
        answers = [session.get(f'{node.admin}/console/{name}', stream=True)
                   for name in ('', 'app.js', 'app.css', 'favicon.svg', 'licenses.txt')]
    assert {answer.headers['Content-Encoding'] for answer in answers} == {'gzip'}
    sizes = [int(answer.headers['Content-Length']) for answer in answers]
    print(sizes)
    assert 10_000 < sum(sizes) <= PAGE_BYTES_MAX


def test_who_gets_in(tmp_path, node):
    with Browser(tmp_path, node) as browser:
        browser.log_in(KEY, 'wrong')
        browser.wait('a refusal', lambda: browser.all('.login [role="alert"]'))
        assert browser.text('.login [role="alert"]').strip()
        assert not browser.all('nav')
        browser.fill('secret', SECRET)
        browser.press('Log in')
        browser.wait_for_text('live', '.top')
        assert KEY in browser.text('.top')
        browser.press('Log out')
        browser.wait('the login', lambda: browser.all('main.login'))
        browser.driver.refresh()
        browser.wait('the login', lambda: browser.all('main.login'))
        browser.press('Password')
        browser.fill('name', 'ada')
        browser.fill('secret', PASSWORD)
        browser.press('Log in')
        browser.wait_for_text('ada', '.top')


def test_a_session_that_ends_elsewhere_is_told(tmp_path, node):
    with Browser(tmp_path, node) as browser:
        browser.log_in()
        browser.wait_for_text('live', '.top')
        browser.run('fetch("session").then(answer => answer.json()).then(session => '
                    'fetch("session", {method: "DELETE", '
                    'headers: {"X-Daruma-Csrf": session.csrf_token}}))')
        browser.wait('the login', lambda: browser.all('main.login [role="status"]'))


def test_the_overview_says_how_things_stand(browser):
    browser.go('overview')
    # The worst is said: nobody is at the address of `gone`.
    browser.wait_for_text('web', '.verdict h1')
    browser.wait_for_text('gone', '.verdict')
    browser.wait('strips', lambda: len(browser.all('figure.strip[data-group]')) == 2)
    strip = browser.one('figure.strip[data-group="apache"] .strip-rows')
    assert strip.get_attribute('aria-label').startswith('Healthy targets of apache: ')
    browser.wait('a chart that can be heard', lambda: '2xx: ' in browser.one(
        'figure.chart .plot').get_attribute('aria-label'))


def test_charts_go_on_with_the_time(browser):
    browser.go('overview')

    def until():
        return float(browser.one('figure.chart .plot').get_attribute('data-until') or 0)
    first = browser.wait('a chart', until)
    assert abs(time.time() - first) < 30
    browser.wait('it goes on', lambda: until() > first)
    browser.press('3 h')
    browser.wait('whole minutes', lambda: until() % 60 == 0)
    browser.press('15 min')


def test_the_map_shows_the_path(browser):
    browser.go('map')
    browser.wait('wires', lambda: len(browser.all('.wires path')) >= 5)
    rule = browser.one('.map section[aria-label="Rules"] a')
    browser.run('arguments[0].focus()', rule)  # as the tab key does
    lit = browser.wait('a path', lambda: [
        each.text.split('\n')[0] for each in browser.all('.node.lit')])
    assert '/gone/*' in lit[1] and lit[2].startswith('gone') and lit[3].startswith('127.0.0.9')
    assert len(lit) == 4
    browser.run('arguments[0].blur()', rule)
    browser.press('Only what is in trouble')
    browser.wait('only what is ill', lambda: [
        each.text.split('\n')[0] for each in browser.all(
            '.map section[aria-label="Target groups"] .node b')] == ['gone'])
    browser.press('All', 'main')


def target_of(node):
    target = node.configuration.value['TargetGroups'][0]['Targets'][0]
    return f'{target["Id"]}:{target["Port"]}'


def test_a_target_is_shown_with_its_history(browser, node):
    name = target_of(node)
    browser.go('group/apache')
    browser.wait('it is healthy', lambda: browser.row(
        'Targets of apache', name)['State'].startswith('healthy'))
    browser.press(name)
    browser.wait('its history', lambda: 'healthy' in browser.text(
        f'table[aria-label="Health of {name}"] tbody'))
    browser.wait('charts', lambda: len(browser.all('.detail figure.chart')) == 4)
    assert browser.tile('Pool')


def test_errors_lead_to_their_stories(browser):
    browser.go('why')
    reason = 'target_connection_refused'
    browser.wait('the reason', lambda: browser.row('Reasons', reason), 60)
    assert browser.row('Reasons', reason)['Requests'] == '2'
    browser.press(reason, 'table[aria-label="Reasons"]')
    browser.wait('stories of it', lambda: len(browser.all(
        'table[aria-label="Requests"] tbody tr[data-row]')) == 2)
    browser.one('table[aria-label="Requests"] tbody button').click()
    browser.wait_for_text('refused the TCP connection', '.story')
    assert '127.0.0.9' in browser.text('.story .facts')
    assert 'Root=' in browser.text('.story .facts')
    browser.go('why?trace=1-00000000-000000000000000000000000')
    browser.wait_for_text('No story of such a request')


def test_rules_are_in_order_and_can_be_tried(browser, node):
    browser.go(f'rules/web:{node.configuration.http_port}')
    rules = [browser.wait(f'rule {each}', functools.partial(browser.row, 'Rules', each))
             for each in ('10', '20', 'default')]
    assert [rule['If'] for rule in rules] == ['path is /gone/*', 'path is /old', 'anything else']
    assert [rule['Then'] for rule in rules][::2] == ['to gone', 'to apache']
    assert rules[1]['Then'].startswith('redirect 301')
    browser.fill('url', 'http://www.example.com/gone/x')
    browser.press('Test')
    browser.wait_for_text('Rule 10 takes it', '.trial')
    assert '127.0.0.9' in browser.text('.candidates')
    browser.fill('url', 'http://www.example.com/anything')
    browser.press('Test')
    browser.wait_for_text('The default rule takes it', '.trial')
    browser.fill('url', 'http://www.example.com/old')
    browser.press('Test')
    browser.wait_for_text('Answer: 301', '.trial')
    browser.fill('url', 'no url')
    browser.press('Test')
    browser.wait('a refusal', lambda: browser.all('.panel [role="alert"]'))


def test_how_often_rules_are_met_is_shown(browser, node):
    def met():
        return {each: int(browser.row('Rules', each)['In all'].replace(',', ''))
                for each in ('10', '20', 'default')}
    browser.go(f'rules/web:{node.configuration.http_port}')
    browser.wait('the rules', functools.partial(browser.row, 'Rules', '20'))
    before = met()
    with new_session() as session:
        for _ in range(3):
            assert session.get(node.http + '/old', allow_redirects=False).status_code == 301
        assert session.get(node.http + '/').status_code == 200
    browser.wait('those that were met', lambda: met() == {
        '10': before['10'], '20': before['20'] + 3, 'default': before['default'] + 1})
    browser.go('map')
    rules = browser.wait('rules on the map', lambda: [
        each.text for each in browser.all('section[aria-label="Rules"] .node .number')])
    assert all(re.fullmatch(r'[\d.]+/s', each) for each in rules), rules

    def on_the_map():
        with new_session() as session:
            session.get(node.http + '/old', allow_redirects=False)
        return any(each.text != '0/s' for each in
                   browser.all('section[aria-label="Rules"] .node .number'))
    browser.wait('a rate on the map', on_the_map)


def test_alarms_certificates_changes_and_the_node(browser, node):
    browser.go('alarms/daruma-5xx-web', 'daruma-5xx-web')
    browser.wait_for_text('Sum of HTTPCode_ELB_5XX_Count', '.detail')
    assert 'in 2 of 3 periods of 60 s' in browser.text('.detail')
    browser.go('certificates')
    browser.wait('the certificate', lambda: browser.row('Certificates', 'localhost'))
    assert 'days' in browser.row('Certificates', 'localhost')['Ends in']
    assert browser.row('Certificates', 'localhost')['Used by'] == 'web'
    client(node).create_target_group(Name='made', Protocol='HTTP', Port=80)
    browser.go('changes')
    browser.wait_for_text('CreateTargetGroup')
    browser.go('nodes')
    browser.wait_for_text('serving')
    assert browser.tile('Workers') == '2'


def show_target(browser, node):
    browser.go(f'group/apache?target={target_of(node)}')
    browser.wait('charts', lambda: len(browser.all('.detail figure.chart')) == 4)


def show_story(browser, _):
    browser.go('why')
    browser.wait('requests', lambda: browser.all('table[aria-label="Requests"] tbody button'))
    browser.press('target_connection_refused', 'table[aria-label="Reasons"]')
    browser.one('table[aria-label="Requests"] tbody button').click()
    browser.wait_for_text('refused the TCP connection', '.story')


def show_trial(browser, node):
    browser.go(f'rules/web:{node.configuration.http_port}')
    browser.fill('url', 'http://www.example.com/gone/x')
    browser.press('Test')
    browser.wait_for_text('Rule 10 takes it', '.trial')


def show_refused_trial(browser, node):
    browser.go(f'rules/web:{node.configuration.http_port}')
    browser.fill('url', 'no url')
    browser.press('Test')
    browser.wait('a refusal', lambda: browser.all('.panel [role="alert"]'))


def show_figures(browser, _):
    browser.go('overview')
    browser.wait('charts', lambda: browser.all('figure.chart details'))
    browser.run('document.querySelectorAll("figure.chart details").forEach(each => '
                '{ each.open = true; })')


# What is to be seen of the views when something in them is open.
STATES = {'a target': show_target, 'a story': show_story, 'a trial': show_trial,
          'a refused trial': show_refused_trial, 'figures as tables': show_figures}


def shown(browser, node):
    """Each view and each state in turn, by name, when it is there to be looked at."""
    for view in VIEWS:
        browser.go(view)
        browser.wait('charts', lambda: not browser.all('.plot > .muted'))
        yield view
    for name, show in STATES.items():
        show(browser, node)
        yield name


@pytest.mark.parametrize('width', [1280, 360])
@pytest.mark.parametrize('dark', [False, True], ids=['light', 'dark'])
def test_everybody_can_read_every_view(browser, node, width, dark):
    """axe-core; and nothing is wider than the screen."""
    browser.look(width, 900, dark)
    found = []
    try:
        for name in shown(browser, node):
            found += [f'{name}: {each}' for each in browser.violations()]
            if (by := browser.overflow()) > 0:
                found.append(f'{name}: {by} px too wide')
    finally:
        browser.look(1280, 900)
    assert not found, '\n'.join(found)


# Of a line of text: longer ones are lost on the way back to the left.
CHARACTERS_MAX = 120
LONG_LINES = """
const canvas = document.createElement('canvas').getContext('2d');
return [...document.querySelectorAll('main p, main li, main dd, dialog p')].filter(each =>
  each.offsetParent && !each.querySelector('p, li, dd, table, svg') && each.innerText.trim())
  .map(each => {
    const style = getComputedStyle(each);
    canvas.font = style.font;
    const room = each.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    return [Math.round(room / canvas.measureText('n').width), each.innerText.slice(0, 60),
            each.innerText.length];
  }).filter(([room, _, length]) => Math.min(room, length) > arguments[0])
"""
CHARTS = """
const main = document.querySelector('main').getBoundingClientRect();
const boxes = [...document.querySelectorAll('figure.chart')].map(each =>
  each.getBoundingClientRect());
const rows = Map.groupBy(boxes, box => Math.round(box.top));
return [...rows.values()].map(row => ({
  count: row.length, left: row[0].left - main.left,
  covered: row.reduce((sum, box) => sum + box.width, 0) / main.width,
  drawn: Math.min(...row.map(box => box.width)) / parseFloat(
    getComputedStyle(document.documentElement).fontSize)}))
"""


def test_a_large_screen_is_made_use_of(browser, node):
    """At 4K: letters that are read from where one sits, lines that are no longer than an eye
    follows, and charts side by side over all of the width."""
    browser.look(3840, 2160)
    found = []
    try:
        for name in shown(browser, node):
            assert browser.overflow() <= 0, name
            found += [f'{name}: {room} letters in a line of {text!r} ({length})'
                      for room, text, length in browser.run(LONG_LINES, CHARACTERS_MAX)]
        smallest = browser.run(
            'return Math.min(...[...document.querySelectorAll("main *")].filter(each => '
            'each.offsetParent && [...each.childNodes].some(node => node.nodeType === 3 && '
            'node.data.trim())).map(each => parseFloat(getComputedStyle(each).fontSize)))')
        assert smallest >= 15, smallest  # as the text of a laptop's screen
        for view, least in {'overview': 3, 'group/apache': 3}.items():
            browser.go(view)
            browser.wait('charts', lambda: browser.all('figure.chart .plot canvas'))
            rows = browser.run(CHARTS)
            print(view, rows)
            assert max(row['count'] for row in rows) >= least
            for row in rows[:-1] or rows:
                assert row['covered'] > 0.9 and row['drawn'] >= 20, (view, row)
    finally:
        browser.look(1280, 900)
    assert not found, '\n'.join(found)


def test_the_login_can_be_read_too(tmp_path, node):
    install_page_tools()
    with Browser(tmp_path, node, width=360, height=640) as browser:
        browser.open()
        browser.wait('the login', lambda: browser.all('main.login'))
        assert browser.violations() == []
        assert browser.overflow() <= 0


def test_a_keyboard_is_enough(browser):
    browser.go('overview')
    browser.driver.refresh()
    browser.wait_for_text('live', '.top')

    def focused():
        return browser.driver.switch_to.active_element

    def tab_to(condition):
        for _ in range(80):
            focused().send_keys(Keys.TAB)
            if condition(focused()):
                return focused()
        raise AssertionError('the tab key does not get there')
    assert tab_to(lambda each: True).text == 'Skip to the content'
    tab_to(lambda each: each.get_attribute('href') and each.get_attribute('href').endswith(
        '#/alarms')).send_keys(Keys.ENTER)
    browser.wait('alarms', lambda: browser.text('h1') == 'Alarms')
    tab_to(lambda each: each.text == 'New alarm').send_keys(Keys.ENTER)
    browser.wait('a dialog', lambda: browser.all('dialog[open]'))
    assert browser.run('return document.querySelector("dialog").contains(document.activeElement)')
    focused().send_keys(Keys.ESCAPE)
    browser.wait('no dialog', lambda: not browser.all('dialog'))


UPDATES = 3
SHIFT_MAX = 0.01  # of Chromium's score: 0.1 is what it calls good for a whole page
WATCH = """
window.shifts = []; window.updates = 0; window.watcher?.disconnect();
window.watcher = new PerformanceObserver(list => {
  for (const each of list.getEntries()) {
    if (each.entryType === 'layout-shift') {
      window.shifts.push([each.value, each.sources.map(({ node }) =>
        (node?.closest ? node : node?.parentElement)?.outerHTML?.slice(0, 120))]);
    } else if (each.name === 'daruma-update') ++window.updates;
  }
});
window.watcher.observe({type: 'layout-shift'});
window.watcher.observe({type: 'measure'});
"""


@contextlib.contextmanager
def traffic(node):
    """Of changing density, with errors in it."""
    over = threading.Event()

    def ask():
        with new_session() as session:
            for many in itertools.cycle((3, 40, 12, 1)):
                for path in ['/'] * many + ['/gone/a', '/old']:
                    session.get(node.http + path, allow_redirects=False)
                if over.wait(0.4):
                    return
    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_nothing_jumps_while_figures_change(browser, node):
    """In every view, and with something open in it. (That a trouble begins or ends is news: it may
    be one line more.)"""
    found = []
    with traffic(node):
        browser.go('overview')
        browser.wait_for_text('failed by targets', '.verdict')
        for name in shown(browser, node):
            browser.run(WATCH)
            browser.wait('an update', lambda: browser.run('return updates') >= 1)
            browser.run(WATCH)
            browser.wait('updates', lambda: browser.run('return updates') >= UPDATES)
            shifts = browser.run('return shifts')
            if sum(value for value, _ in shifts) >= SHIFT_MAX:
                found.append(f'{name}: {shifts}')
    assert not found, '\n'.join(found)
    # And it would have been seen.
    browser.run('document.querySelector("main").prepend(Object.assign('
                'document.createElement("div"), {id: "jump", textContent: "jump"}))')
    browser.wait('a jump is seen', lambda: sum(
        value for value, _ in browser.run('return shifts')) >= SHIFT_MAX)
    browser.run('document.querySelector("#jump").remove()')


def test_silence_is_told_and_counted(tmp_path):
    """A node that stops answering: for how long is shown, each second again."""
    with Daruma(configure(tmp_path / 'daruma', [])) as daruma, Browser(tmp_path, daruma) as browser:
        browser.log_in()
        browser.wait_for_text('live', '.top')
        daruma.send(signal.SIGSTOP)
        try:
            shown = browser.wait_for_text('no news', '.top') and browser.text('.top .link-state')
            browser.wait('it goes on', lambda: browser.text('.top .link-state') != shown)
            assert 'what is shown is old' in browser.text('.top .link-state')
        finally:
            daruma.send(signal.SIGCONT)
        browser.wait_for_text('live', '.top')


def test_a_restart_shows_no_login_where_nobody_logs_in(tmp_path):
    """The session is gone with the node that knew it."""
    configuration = configure(tmp_path / 'daruma', [])
    configuration.value['Admin'].update({'AccessKeys': [], 'Authentication': 'none'})
    configuration.write()
    with Daruma(configuration) as daruma, Browser(tmp_path, daruma) as browser:
        browser.open()
        browser.wait_for_text('live', '.top')
        daruma.stop()
        browser.wait_for_text('no news', '.top')
        with Daruma(configuration):
            browser.wait_for_text('live', '.top')
            assert not browser.all('main.login')
            browser.driver.get_log('browser')  # that the node was away is noted there
            browser.go('nodes')
            browser.press('Reload')
            browser.wait('it is read', lambda: browser.all('.done'))
            browser.note_problems()
            browser.driver.get('about:blank')  # the node goes before the browser does
            browser.driver.get_log('browser')
