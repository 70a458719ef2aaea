# SPDX-License-Identifier: Apache-2.0
"""The wall clock is stepped by an hour, forward and back, under traffic: nothing is lost that was
promised, and no worker is delayed. Only daruma's clock is: libfaketime reads what it is from a
file."""
import contextlib
import glob
import re
import threading
import time
from datetime import datetime, timedelta, timezone

import boto3
import botocore
import botocore.config
import pytest

from harness import Configuration, Daruma, new_session, target_group, wait_until

LIBRARY = glob.glob('/usr/lib/*/faketime/libfaketimeMT.so.1')
HOUR = 3600
# A request takes a few milliseconds; the rest is for slow machines.
SECONDS_MAX = 3

pytestmark = pytest.mark.skipif(not LIBRARY, reason='no libfaketime (Debian: faketime)')


class Clock:
    """What daruma takes for the time of day."""

    def __init__(self, folder):
        self._file = folder / 'clock'
        self.seconds = 0
        self.step(0)

    def wrapper(self):
        return ['env', f'LD_PRELOAD={LIBRARY[0]}', f'FAKETIME_TIMESTAMP_FILE={self._file}',
                'FAKETIME_CACHE_DURATION=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1',
                'DONT_FAKE_MONOTONIC=1']

    def step(self, seconds):
        self.seconds += seconds
        aside = self._file.with_suffix('.new')
        aside.write_text(f'{self.seconds:+d}\n')
        aside.rename(self._file)

    def is_taken(self, daruma):
        with new_session() as session:
            told = session.get(daruma.admin + '/live', timeout=10).json()['state']['time']
        return abs(told - time.time() - self.seconds) < 60


class Traffic:
    """A request after another, until the block ends: how long each took, and what became of it."""

    def __init__(self, daruma):
        self.daruma = daruma
        self.codes, self.seconds = [], []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with new_session() as session:
            while not self._over.wait(0.02):
                began = time.monotonic()
                self.codes.append(session.get(self.daruma.http + '/', timeout=30).status_code)
                self.seconds.append(time.monotonic() - began)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def grows(self):
        before = len(self.codes)
        wait_until('requests are served', lambda: len(self.codes) > before + 20, 30)


def counted(daruma):
    """{start of a minute: requests counted in it}, of the hours around now."""
    cloudwatch = boto3.Session().client(
        'cloudwatch', endpoint_url=daruma.admin, region_name='us-east-1',
        config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    metrics = cloudwatch.list_metrics(Namespace='Daruma', MetricName='ClientRequestCount')
    now = datetime.now(timezone.utc)
    sums = {}
    for metric in metrics['Metrics']:
        answer = cloudwatch.get_metric_statistics(
            Namespace='Daruma', MetricName='ClientRequestCount', Dimensions=metric['Dimensions'],
            StartTime=now - timedelta(hours=2), EndTime=now + timedelta(hours=2), Period=60,
            Statistics=['Sum'])
        for point in answer['Datapoints']:
            sums[point['Timestamp']] = sums.get(point['Timestamp'], 0) + point['Sum']
    return sums


@pytest.mark.parametrize('hours', [1, -1], ids=['forward', 'back'])
def test_a_clock_that_is_stepped_loses_nothing_and_delays_nobody(
        tmp_path, start_targets, hours):
    configuration = Configuration(tmp_path / 'daruma', [target_group(start_targets(2))])
    configuration.value['Admin']['Authentication'] = 'none'
    configuration.write()
    clock = Clock(tmp_path)
    with contextlib.ExitStack() as stack:
        daruma = stack.enter_context(Daruma(configuration, wrapper=clock.wrapper()))
        wait_until('both are healthy', lambda: set(daruma.health().values()) == {'healthy'}, 60)
        with Traffic(daruma) as traffic:
            traffic.grows()
            wait_until('they are counted', lambda: counted(daruma), 60)
            for seconds in (hours * HOUR, -hours * HOUR):
                clock.step(seconds)
                wait_until('the clock is another', lambda: clock.is_taken(daruma), 60)
                before = sum(counted(daruma).values())
                traffic.grows()
                wait_until('they are counted', lambda: sum(counted(daruma).values()) > before, 60)
        requests = len(traffic.codes)
        assert traffic.codes == [200] * requests
        print(f'the slowest of {requests} requests: {max(traffic.seconds):.3f} s')
        assert max(traffic.seconds) < SECONDS_MAX
        wait_until('all are in the log', lambda: len(daruma.log_lines()) == requests, 30)
        hours_logged = {re.search(r'T(\d\d):', line).group(1) for line in daruma.log_lines()}
        assert len(hours_logged) >= 2
        wait_until('all are counted', lambda: sum(counted(daruma).values()) == requests, 60)
        minutes = sorted(counted(daruma))
        assert minutes[-1] - minutes[0] >= timedelta(minutes=55), 'the clock was another'
        assert set(daruma.health().values()) == {'healthy'}
        assert daruma.metric('daruma_worker_access_log_lines_dropped_total') == 0
        assert daruma.stop() == 0
    with Daruma(configuration) as daruma:
        assert sum(counted(daruma).values()) == requests, 'after a restart'
