# SPDX-License-Identifier: Apache-2.0
"""Somebody at the console: Debian's Chromium, driven by selenium, with a real Daruma behind it.

What the page's security policy forbids, and errors of its script, are noted, and fail the test
that caused them when the browser is closed.
"""
import json
import re
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import (ElementClickInterceptedException, JavascriptException,
                                        NoSuchElementException, StaleElementReferenceException)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys  # offered to the tests too
from selenium.webdriver.support.ui import Select

from aws import KEY, READER, READER_SECRET, SECRET
from harness import Configuration, chromium, run, target_group, wait_until
from processes import ROOT, program

AXE = ROOT / 'console/node_modules/axe-core/axe.min.js'
PATIENCE = 30  # seconds until what is expected is shown
# Answers that a test asks for: the browser notes them as errors.
EXPECTED = re.compile(r'Failed to load resource: the server responded with a status of 4\d\d')


def configure(folder, targets, name='apache', **members):
    """A node with two access keys, a load balancer `web` and a group."""
    configuration = Configuration(folder, [target_group(targets, name=name, **members)])
    configuration.value['Admin']['AccessKeys'] = [
        {'Id': KEY, 'Secret': SECRET},
        {'Id': READER, 'Secret': READER_SECRET, 'Role': 'read-only'}]
    configuration.write()
    return configuration


class Browser:
    """Use with `with`."""

    def __init__(self, folder, daruma, width=1280, height=900):
        self.base = daruma.admin + '/console/'
        words = chromium(Path(folder) / 'profile', '--hide-scrollbars')
        options = webdriver.ChromeOptions()
        options.binary_location = words[0]
        for word in words[1:]:
            options.add_argument(word)
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        self.driver = webdriver.Chrome(service=Service(program('chromedriver')), options=options)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)
        self.problems = []
        self.look(width, height)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.note_problems()
        self.driver.quit()
        if kind is None:
            assert self.problems == []

    def note_problems(self):
        for entry in self.driver.get_log('browser'):
            if entry['level'] == 'SEVERE' and not EXPECTED.search(entry['message']):
                self.problems.append(entry['message'])

    # ---- how it is looked at ----

    def look(self, width, height, dark=False):
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})
        self.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [
            {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}]})

    def screenshot(self, file, height_max=2400):
        """The whole page, to that height; compressed if pngquant is there."""
        width, height = self.run('return [innerWidth, document.documentElement.scrollHeight]')
        dark = self.run('return matchMedia("(prefers-color-scheme: dark)").matches')
        self.look(width, min(height, height_max), dark)
        self.wait('charts are drawn', lambda: not self.all('.plot > .muted'))
        self.driver.save_screenshot(str(file))

    # ---- where one is ----

    def open(self):
        self.driver.get(self.base)
        self.wait('the page', lambda: self.all('main'))

    def log_in(self, key=KEY, secret=SECRET):
        self.open()
        self.fill('name', key)
        self.fill('secret', secret)
        self.press('Log in')

    def log_in_as_reader(self):
        self.log_in(READER, READER_SECRET)

    def go(self, place, title=None):
        """To #/place; waits until that view is there."""
        self.run('location.hash = arguments[0]', '#/' + place)
        view = place.split('/')[0].split('?')[0]
        self.wait(f'the view {view}', lambda: self.all(
            f'nav[aria-label="Views"] a[aria-current="page"][href="#/{view}"]'))
        self.wait('figures', lambda: not self.all('main > .loading-page'))
        if title:
            self.wait_for_text(title)

    # ---- what is there ----

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def all(self, selector, within=None):
        return (within or self.driver).find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector, within=None):
        return self.wait(selector, lambda: self.all(selector, within))[0]

    def text(self, selector='main'):
        return self.run('return document.querySelector(arguments[0])?.innerText ?? ""', selector)

    def wait(self, what, condition, seconds=PATIENCE):
        def safely():
            try:
                return condition()
            except (ElementClickInterceptedException, JavascriptException, NoSuchElementException,
                    StaleElementReferenceException):
                return None
        try:
            return wait_until(what, safely, seconds)
        except AssertionError as problem:
            raise AssertionError(f'{problem}\n{self.text("body")}') from None

    def wait_for_text(self, text, selector='main', seconds=PATIENCE):
        return self.wait(f'{text!r} in {selector}', lambda: text in self.text(selector), seconds)

    def button(self, text, within='body'):
        """The button that is so called (what only screen readers are told included)."""
        return self.wait(f'button {text}', lambda: self.run(
            'return [...document.querySelectorAll(arguments[1] + " button")]'
            '.find(each => each.textContent.replace(/\\s+/g, " ").trim() === arguments[0])',
            text, within))

    def press(self, text, within='body'):
        """As a mouse does, or a finger."""
        def pressed():
            self.button(text, within).click()
            return True
        self.wait(f'press {text}', pressed)

    def fill(self, name, value, within='body'):
        field = self.one(f'{within} [name="{name}"]')
        if field.tag_name == 'select':
            next(each for each in Select(field).options
                 if each.get_attribute('value') == value).click()
            return
        field.send_keys(Keys.CONTROL, 'a')
        field.send_keys(Keys.BACKSPACE, value)

    def tile(self, name):
        """The figure under that name, as it is shown."""
        return self.run(
            'return [...document.querySelectorAll(".tile")].find(each => '
            'each.querySelector("dt").textContent === arguments[0])'
            '?.querySelector("dd").textContent', name)

    def row(self, label, key):
        """The cells of that row of the table, by column."""
        return self.run(
            'const table = document.querySelector(`table[aria-label="${arguments[0]}"]`);'
            'const names = [...table.querySelectorAll("thead th")].map(each => '
            '  each.textContent.replace(/ [▾▴]/, ""));'
            'const row = [...table.querySelectorAll("tbody tr[data-row]")].find(each => '
            '  each.dataset.row === arguments[1] || each.cells[0].textContent === arguments[1]);'
            'return row && Object.fromEntries([...row.cells].map((cell, index) => '
            '  [names[index], cell.textContent]))', label, key)

    # ---- what must hold everywhere ----

    def violations(self):
        """What axe-core finds wrong, WCAG A and AA and its best practices."""
        assert AXE.exists(), 'make console-test installs axe-core'
        self.run(AXE.read_text(encoding='utf-8'))
        found = self.driver.execute_async_script(
            'const done = arguments[arguments.length - 1];'
            'axe.run(document).then(result => done(result.violations), '
            '  error => done(String(error)))')
        assert isinstance(found, list), found
        return [f'{each["id"]}: {node["html"][:200]} {node["failureSummary"]}'
                for each in found for node in each['nodes']]

    def overflow(self):
        """By how many pixels the page is wider than the window."""
        return self.run('return document.documentElement.scrollWidth - innerWidth')

    def command(self):
        """The command that the open dialog gives to be copied."""
        return self.text('dialog .command pre')

    def perform(self, verb):
        """Presses the dialog's button, and gives what came of it."""
        self.press(verb, 'dialog')
        return self.wait('an outcome', lambda: self.text('dialog .outcome'))

    def refused(self, verb):
        """What the server's refusal says; the form stays, and can be closed."""
        outcome = self.perform(verb)
        assert 'Done.' not in outcome and self.all('dialog .outcome [role="alert"]'), outcome
        self.close_dialog()
        return outcome.strip()

    def close_dialog(self):
        self.press('Close' if 'Done.' in self.text('dialog .outcome') else 'Cancel', 'dialog')
        self.wait('no dialog', lambda: not self.all('dialog'))


def install_page_tools():
    """axe-core, by the lock file of the console."""
    if not AXE.exists():
        answer = run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], 300,
                     cwd=ROOT / 'console')
        assert answer.returncode == 0, answer.stderr
    return json.loads((AXE.parent / 'package.json').read_text(encoding='utf-8'))['version']
