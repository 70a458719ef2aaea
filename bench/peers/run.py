#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Puts the same work through Daruma, its peers and a relay that parses nothing, side by side.

See bench/README.md. `make bench` builds and installs what this needs.
"""
import argparse
import contextlib
import json
import os
import platform
import re
import resource
import signal
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / 'test/integration')]

from contestants import (CONTESTANTS, LOAD_CORE, PEERS, PROXY_CORE, TARGETS,  # noqa: E402
                         Origin, make_certificate)
from measure import (Length, Noise, WrongAnswer, measure, measure_handshakes,  # noqa: E402
                     measure_memory, verify)
from option_names import names_from  # noqa: E402
from processes import ROOT  # noqa: E402
from results_page import goals_table, page  # noqa: E402
from rows import CELLS, ROWS, cells_of  # noqa: E402

REQUESTS_OF_A_TARGET_CONNECTION = 20  # where the target closes


def arguments(words=None):
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n\n', maxsplit=1)[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog='cells:\n' + '\n'.join(f'  {c.name:15} {c.meaning}' for c in CELLS.values()))
    parser.add_argument('--rows', type=names_from(ROWS, 'row'), default=list(ROWS), metavar='P1,…',
                        help='default: all')
    parser.add_argument('--peers', type=names_from(PEERS, 'peer'), default=list(PEERS),
                        metavar='NAME,…', help=f'default: {",".join(PEERS)}')
    parser.add_argument('--runs', type=int, default=5, help='passes over each cell (default: 5)')
    parser.add_argument('--seconds', type=float, default=1.0,
                        help='length of one measurement; twice that at a fixed rate (default: 1)')
    parser.add_argument('--requests', type=int, default=10**9,
                        help='of one measurement at most')
    parser.add_argument('--held', type=int, default=2000, help='idle connections (default: 2000)')
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release',
                        help='where daruma and bench/peers were built (default: build/release)')
    parser.add_argument('--out', type=Path, default=ROOT / 'build/peers',
                        help='folder for results.json, which later runs add rows to '
                        '(default: build/peers)')
    parser.add_argument('--results', type=Path, default=ROOT / 'bench/results.md',
                        help='page to write (default: bench/results.md)')
    parser.add_argument('--render', action='store_true',
                        help='measure nothing: write the page again, from results.json')
    parser.add_argument('--note', default='', help='a sentence for the page about this machine')
    options = parser.parse_args(words)
    if options.runs < 1 or options.seconds <= 0 or options.requests < 1 or options.held < 1:
        parser.error('--runs, --seconds, --requests and --held begin at 1')
    return options


class Bench:
    """All contestants that the cells need, started together: they take turns on one core."""

    def __init__(self, options, folder, stack):
        self.options, self.folder, self.stack = options, folder, stack
        self.binaries = options.build.resolve() / 'bench/peers'
        self.daruma = options.build.resolve() / 'daruma'
        self.origin = None
        self.started = {}
        self.fresh = 0

    def begin(self):
        make_certificate(self.folder, self.daruma)
        self.origin = Origin(self.folder, self.binaries, addresses=TARGETS)
        self.stack.callback(self.origin.close)

    def start(self, name, folder, origin):
        contestant = CONTESTANTS[name](name, folder, origin, self.binaries, self.daruma)
        self.stack.callback(contestant.close)
        return contestant

    def contestant(self, name):
        """The one that serves all cells."""
        if name not in self.started:
            self.started[name] = self.start(name, self.folder, self.origin)
        return self.started[name]

    def fresh_contestant(self, name, origin=None):
        """One that has served nobody yet."""
        self.fresh += 1
        folder = self.folder / f'fresh-{self.fresh}'
        folder.mkdir()
        make_certificate(folder, self.daruma)
        return self.start(name, folder, origin or self.origin)

    def entries(self, cell):
        wanted = {'daruma', 'daruma-targets', 'daruma-rules', 'relay', *self.options.peers}
        return {label: entry for label, entry in cell.entries.items() if entry[0] in wanted}

    def length(self, cell):
        return Length(seconds=self.options.seconds * cell.seconds,
                      warm_up=0.3 * min(1, self.options.seconds) * cell.warm_up,
                      requests_max=self.options.requests)

    def measure(self, cell, name, work):
        length = self.length(cell)
        if cell.how == 'load':
            return measure(self.contestant(name), work, length, self.binaries)
        if cell.how == 'handshakes':
            return measure_handshakes(self.contestant(name), work, length, self.binaries)
        if cell.how == 'memory':
            fresh = self.fresh_contestant(name)
            try:
                return measure_memory(fresh, work, self.options.held, self.binaries)
            finally:
                fresh.close()
        origin = Origin(self.folder, self.binaries,
                        requests_per_connection=REQUESTS_OF_A_TARGET_CONNECTION)
        self.stack.callback(origin.close)
        fresh = self.fresh_contestant(name, origin)
        try:
            return measure_handshakes(fresh, work, length, self.binaries)
        finally:
            fresh.close()
            origin.close()


def run_cell(bench, cell, runs, tell):
    """All passes over one cell. An entry that answers wrongly is left out, and said so."""
    entries = bench.entries(cell)
    refused = {}
    for label, (name, work) in list(entries.items()):
        try:
            if cell.how == 'load':
                verify(bench.contestant(name), work, bench.binaries)
        except (WrongAnswer, AssertionError) as problem:
            refused[label] = str(problem).strip().splitlines()[0]
            del entries[label]
            tell(f'{cell.name}: {label} is left out: {problem}')
    noise, passes = Noise(bench.binaries), []
    noise.sample()
    for turn in range(runs):
        done = {}
        labels = list(entries)
        # Whoever came first last time comes later now.
        for label in labels[turn % len(labels):] + labels[:turn % len(labels)]:
            try:
                done[label] = bench.measure(cell, *entries[label])
            except WrongAnswer as problem:
                refused[label] = str(problem).strip().splitlines()[0]
                tell(f'{cell.name}: {label}: {problem}')
        noise.sample()
        passes.append(done)
        tell(f'{cell.name} {turn + 1}/{runs}: ' + ', '.join(
            f'{label} {next(iter(values.values())):.2f}' for label, values in done.items()))
    return {'passes': passes, 'noise': noise.report(), 'refused': refused,
            'seconds': bench.length(cell).seconds}


def machine():
    text = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    model = re.search(r'model name\s*: (.*)', text)
    return (f'{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores, '
            f'Linux {platform.release()}; proxies on core {PROXY_CORE}, '
            f'generator and origin on core {LOAD_CORE}')


def load_results(file):
    if file.exists():
        return json.loads(file.read_text(encoding='utf-8'))
    return {'cells': {}, 'versions': {}, 'machine': 'no machine yet'}


def measure_cells(options, results, tell):
    """Puts what it finds into `results`."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        bench = Bench(options, Path(folder), stack)
        bench.begin()
        for name in cells_of(options.rows):
            results['cells'][name] = run_cell(bench, CELLS[name], options.runs, tell)
        for name, contestant in bench.started.items():
            if '-' not in name:
                results['versions'][name] = contestant.version()
    results['machine'] = machine()


def main(words=None):
    options = arguments(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / 'results.json'
    results = load_results(file)

    def tell(text):
        print(text, flush=True)
    if not options.render:
        measure_cells(options, results, tell)
    results['note'] = options.note or results.get('note', '')
    file.write_text(json.dumps(results, indent=1), encoding='utf-8')
    options.results.write_text(page(results), encoding='utf-8')
    tell('')
    for line in goals_table(results['cells']):
        tell(line)
    tell(f'\nwritten: {options.results}')


if __name__ == '__main__':
    main()
