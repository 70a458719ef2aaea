#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the saturation guard costs a target that is not saturated.

Two balancers that differ in daruma.saturation_guard.enabled alone, one worker each, stand before
the same sample target and take turns, so that what else the machine does hits both. Prints, for
each kind of traffic, the median and range of the ratio guarded / unguarded: requests a second, and
processor time of the balancer for a request.

Usage: bench/guard_cost.py [--rounds N] [--requests N]    (make bench-parts builds what it needs)
"""
import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / 'test/integration'))

from harness import LOAD, Configuration, Daruma, Target, run, target_group  # noqa: E402

TICKS = os.sysconf('SC_CLK_TCK')
# name: TLS on both sides, connections, options of the target
TRAFFIC = {
    'HTTP, 100 connections': (False, 100, ()),
    'HTTPS to HTTPS, 100 connections': (True, 100, ()),
    'HTTP, 100 connections, pages of 1-20 ms': (False, 100, ('--delay', '1-20')),
    'HTTPS to HTTPS, 10 connections': (True, 10, ()),
}


def balancer(folder, target, guarded):
    attributes = {'daruma.saturation_guard.enabled': 'true' if guarded else 'false'}
    configuration = Configuration(folder, [target_group([target], Attributes=attributes)],
                                  attributes={'access_logs.s3.enabled': False})
    return Daruma(configuration, workers=1)


def processor_seconds(pid):
    fields = Path(f'/proc/{pid}/stat').read_text(encoding='ascii').rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(daruma, tls, connections, requests):
    """(requests a second, processor µs of the balancer for a request)."""
    port = daruma.configuration.https_port if tls else daruma.configuration.http_port
    before, began = processor_seconds(daruma.pid), time.monotonic()
    done = run([LOAD, '--port', port, '--requests', requests, '--connections', connections,
                '--path', '/bytes/1024', *(['--tls'] if tls else [])], 300)
    report = json.loads(done.stdout)
    assert report['statuses'] == {'200': requests}, report
    used, took = processor_seconds(daruma.pid) - before, time.monotonic() - began
    return requests / took, used / requests * 1e6


def compare(folder, name, rounds, requests):
    tls, connections, options = TRAFFIC[name]
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(Target(folder, tls=tls, options=options))
        guarded = stack.enter_context(balancer(folder / 'guarded', target, True))
        unguarded = stack.enter_context(balancer(folder / 'unguarded', target, False))
        ratios = []
        for number in range(rounds + 1):
            pair = [guarded, unguarded] if number % 2 else [unguarded, guarded]
            results = {d: measure(d, tls, connections, requests) for d in pair}
            if number > 0:  # the first round warms up
                ratios.append([g / u for g, u in zip(results[guarded], results[unguarded])])
    return list(zip(*ratios))


def text_of(ratios):
    return f'{statistics.median(ratios):.3f} ({min(ratios):.3f}-{max(ratios):.3f})'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--requests', type=int, default=20000)
    options = parser.parse_args()
    print(f'guarded / unguarded, median (range) of {options.rounds} pairs')
    for name in TRAFFIC:
        with tempfile.TemporaryDirectory() as folder:
            rates, costs = compare(Path(folder), name, options.rounds, options.requests)
        print(f'{name}: requests/s {text_of(rates)}, processor time {text_of(costs)}', flush=True)


if __name__ == '__main__':
    main()
