# SPDX-License-Identifier: Apache-2.0
"""The incident, watched at the console: a surge takes all workers of two targets, one of them stops
for a while, people are told, and it is over. What is shown is compared with what happened.

DARUMA_IMAGES=docs/images makes the pictures of the documentation besides.
"""
import csv
import itertools
import os
import re
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from console_browser import Browser, configure
from fake_mackerel import KEY as MACKEREL_KEY
from fake_mackerel import FakeMackerel
from harness import DARUMA, Daruma, run, wait_until
from notice_sinks import MailServer, Webhook

SURGE = DARUMA.parent / 'lab/surge/daruma_surge'
ALARM = 'daruma-saturation-apache'
IMAGES = os.environ.get('DARUMA_IMAGES')
# 16 workers of half a second each serve 32 requests a second; for 50 s there are 80.
PROFILE = '0:10,10:10,15:80,65:80,70:10,75:10'


@pytest.fixture
def told():
    with Webhook() as webhook, MailServer() as mail, FakeMackerel() as mackerel:
        yield {'Webhooks': [{'Name': 'ops', 'Url': webhook.url}],
               'Mail': [{'Name': 'duty', 'Server': f'smtp://127.0.0.1:{mail.port}',
                         'From': 'daruma@example.com', 'To': ['duty@example.com']}]}, \
            webhook, mail, mackerel


@pytest.fixture
def daruma(tmp_path, processes, start_targets, told):
    alarms, _, _, mackerel = told
    targets = start_targets(2, tls=True, options=[
        '--workers', '8', '--keepalive-requests', '5', '--delay', '300-700'])
    configuration = configure(tmp_path / 'daruma', targets)
    configuration.value['Alarms'] = alarms
    configuration.value['Mackerel'] = {'ApiKey': MACKEREL_KEY, 'BaseUrl': mackerel.url,
                                       'Service': 'shop', 'IntervalSeconds': 1}
    configuration.write()
    made = processes.enter_context(Daruma(configuration))
    made.targets = targets
    made.wait_for_health({target.name: 'healthy' for target in targets})
    return made


class Surge(threading.Thread):
    """Users who do not wait for each other; `rows` is what became of each request."""

    def __init__(self, daruma):
        super().__init__()
        self.records = daruma.folder / 'records.csv'
        self.port = daruma.configuration.https_port
        self.rows = []
        self.problem = ''

    def run(self):
        answer = run([SURGE, '--ip', '127.0.0.1', '--port', self.port, '--tls', '--host',
                      'localhost', '--path', '/cart', '--profile', PROFILE, '--records',
                      self.records, '--patience', '20'], 200)
        self.problem = answer.stderr if answer.returncode else ''
        self.rows = list(csv.DictReader(self.records.read_text().splitlines()[1:]))


def picture(browser, name):
    if IMAGES:
        browser.screenshot(Path(IMAGES) / f'{name}.png')
        browser.look(1280, 900)


def strip_of(browser, target):
    """What the row of that target shows, the oldest first: 'well', 'unhealthy', 'other'."""
    shades = browser.run(
        'const name = [...document.querySelectorAll('
        '  \'figure.strip[data-group="apache"] .strip-name\')]'
        '  .find(each => each.title === arguments[0]);'
        'return [...name.nextElementSibling.querySelectorAll("rect")]'
        '  .map(each => each.getAttribute("class"))', target.name)
    kinds = {'shade-healthy': 'well', 'shade-full': 'well', 'shade-unhealthy': 'unhealthy'}
    return [kind for kind, _ in itertools.groupby(kinds.get(shade, 'other') for shade in shades)]


def reasons_in_log(daruma):
    """Reason → how often, from the access log: the last quoted fields are its own."""
    found = Counter()
    for line in daruma.log_lines():
        if match := re.search(r'"(target_\w+|client_\w+|no_\w+)"', line):
            found[match.group(1)] += 1
    return found


def test_the_incident_is_seen_told_and_over(tmp_path, processes, daruma, told):
    _, webhook, mail, mackerel = told
    browser = processes.enter_context(Browser(tmp_path, daruma))
    browser.log_in()
    browser.wait_for_text('All is well', '.verdict')
    browser.press('5 min')
    # Two minutes of the alarm's must have their share of it.
    wait_until('the middle of a minute', lambda: 20 <= time.time() % 60 <= 30, 70)
    surge = Surge(daruma)
    surge.start()

    # All workers are busy, nobody is dead, and what to do about it is said.
    browser.wait_for_text('2 of 2 busy', '.verdict', 60)
    assert 'All is well' not in browser.text('.verdict')
    browser.wait('who is turned away', lambda: browser.tile('5xx of Daruma') != '0/s', 60)
    browser.wait('the strip', lambda: browser.all(
        'figure.strip[data-group="apache"] .shade-full'))
    browser.wait('the reason', lambda: 'target_group_saturated' in browser.text('.charts'), 60)
    browser.wait_for_text('127.0.0.2', '.advice', 60)

    # One stops, and comes back. (The other may fail a check of its own while the machine is busy.)
    ill = daruma.targets[1]
    before = strip_of(browser, ill)  # the first checks after the start are in it
    assert before[-1] == 'well'
    ill.send(signal.SIGSTOP)
    browser.wait('one is left', lambda: strip_of(browser, ill) == [*before, 'unhealthy'], 60)
    ill.send(signal.SIGCONT)
    browser.wait('it is back', lambda: strip_of(browser, ill) == [
        *before, 'unhealthy', 'well'], 90)
    picture(browser, 'console-overview')
    changes = browser.run(
        'return fetch("health?target_group=apache").then(answer => answer.json())')['targets']
    assert [each['state'] for each in changes[ill.name] if each['state'] != 'initial'][-1] == \
        'healthy'
    assert {'unhealthy'} <= {each['state'] for each in changes[ill.name]}
    assert changes[daruma.targets[0].name][-1]['state'] == 'healthy'

    # People are told, everywhere.
    browser.wait_for_text(ALARM, '.ringing', 150)
    wait_until('the webhook is told', lambda: f'ALARM: {ALARM}' in webhook.titles(), 60)
    wait_until('the mail is there', lambda: any(
        ALARM in message['Subject'] or ALARM in mail.text(index)
        for index, (_, _, message) in enumerate(mail.mails)), 60)
    wait_until('Mackerel is told', lambda: any(
        (report['name'], report['status']) == (ALARM, 'CRITICAL')
        for report in mackerel.reports), 60)
    attachment = next(each for body in webhook.bodies for each in body['attachments']
                      if each['title'] == f'ALARM: {ALARM}')
    assert attachment['title_link'].endswith(f'/console/#/alarms/{ALARM}')
    browser.go(f'alarms/{ALARM}', 'turned away')

    # What was turned away is what the users got.
    surge.join(200)
    assert surge.problem == '' and surge.rows
    turned_away = sum(row['status'] == '503' for row in surge.rows)
    assert turned_away > 100
    browser.go('why')
    browser.press('15 min')
    browser.wait('as many as users got', lambda: browser.row(
        'Reasons', 'target_group_saturated')['Requests'] == f'{turned_away:,}', 60)
    logged = reasons_in_log(daruma)
    assert logged['target_group_saturated'] == turned_away
    for reason, many in logged.items():
        assert browser.row('Reasons', reason)['Requests'] == f'{many:,}', reason
    browser.press('target_group_saturated', 'table[aria-label="Reasons"]')
    browser.one('table[aria-label="Requests"] tbody button').click()
    browser.wait_for_text('Every target is full', '.story')
    picture(browser, 'console-why')

    # It is over, and that is told too.
    wait_until('the webhook knows', lambda: f'OK: {ALARM}' in webhook.titles(), 240)
    wait_until('Mackerel knows', lambda: [
        report['status'] for report in mackerel.reports if report['name'] == ALARM][-1] == 'OK', 60)
    browser.go('overview')
    browser.wait('nobody rings', lambda: ALARM not in browser.text('.verdict'), 60)
    browser.wait_for_text('2 of 2 healthy', '.strip', 60)
    assert mackerel.broken == []
