# SPDX-License-Identifier: Apache-2.0
"""The strip of health after a restart: what the metrics have kept of the time before."""
import datetime
import time

from aws import client
from console_browser import Browser, configure
from harness import Daruma, Target, wait_until

# When the first stretch in which that target was healthy begins, by the picture.
FIRST_HEALTHY = (
    'const name = [...document.querySelectorAll(".strip-name")].find(each => '
    '  each.title === arguments[0]);'
    'const rect = name.nextElementSibling.querySelector("rect.shade-healthy");'
    'return Date.now() / 1000 - 900 * (1 - rect.getAttribute("x") / 1000)')


def healthy_points(daruma):
    """How many the store has, of ten seconds each."""
    now = datetime.datetime.now(datetime.timezone.utc)
    points = client(daruma, 'cloudwatch').get_metric_data(
        StartTime=now - datetime.timedelta(minutes=10), EndTime=now, MetricDataQueries=[{
            'Id': 'all', 'Expression': 'SEARCH(\'MetricName="TargetHealthy"\', \'Minimum\', 10)'}])
    values = [value for each in points['MetricDataResults'] for value in each['Values']]
    return sum(values)


def test_the_strip_remembers_what_was_before_a_restart(tmp_path):
    with Target(tmp_path) as target:
        configuration = configure(tmp_path / 'daruma', [target])
        with Daruma(configuration) as daruma:
            wait_until('the metrics have it', lambda: healthy_points(daruma) >= 2, 90)
        with Daruma(configuration) as daruma, Browser(tmp_path, daruma) as browser:
            restarted = time.time()
            browser.log_in()
            browser.wait_for_text('live', '.top')
            browser.go('overview')
            browser.wait('the past', lambda: browser.run(
                FIRST_HEALTHY, target.name) < restarted - 15)
            since = browser.run('return fetch("health?target_group=apache")'
                                '.then(answer => answer.json()).then(each => each.since)')
            assert browser.run(FIRST_HEALTHY, target.name) < since - 10
