#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The lab: the incident, staged with real servers, under one balancer after the other.

See lab/README.md. `make lab` builds and installs what this needs.
"""
import argparse
import contextlib
import fcntl
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'test/integration'))

from experiment import Programs, measure  # noqa: E402
from option_names import names_from  # noqa: E402
from processes import ROOT  # noqa: E402
from progress import Progress  # noqa: E402
from report import page  # noqa: E402
import results as results_file  # noqa: E402
from shapes import SHAPES  # noqa: E402
from table import COLUMNS, table  # noqa: E402
from variants import VARIANTS  # noqa: E402


def arguments():
    shapes = '\n'.join(f'  {shape.name:14} {shape.meaning}' for shape in SHAPES.values())
    variants = '\n'.join(f'  {one.name:14} {one.meaning}' for one in VARIANTS.values())
    columns = '\n'.join(f'  {heading:14} {meaning}' for heading, _, _, meaning in COLUMNS)
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n\n')[0], formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f'shapes:\n{shapes}\n\nvariants:\n{variants}\n\ncolumns:\n{columns}')
    parser.add_argument('--variants', type=names_from(VARIANTS, 'variant'), default=list(VARIANTS),
                        metavar='NAME,…', help='default: all')
    parser.add_argument('--shape', dest='shapes', type=names_from(SHAPES, 'shape'),
                        default=['default'], metavar='NAME,…', help='default: default; all are all')
    parser.add_argument('--runs', type=int, default=1, help='repetitions; medians are reported')
    parser.add_argument('--arrivals', choices=('even', 'poisson'), default='even')
    parser.add_argument('--out', type=Path, default=ROOT / 'build/lab',
                        help='folder for what was found (default: build/lab)')
    parser.add_argument('--build', type=Path, default=ROOT / 'build/release',
                        help='where daruma and daruma_surge were built (default: build/release)')
    parser.add_argument('--write-results', action='store_true',
                        help='put what was found into lab/results.md')
    parser.add_argument('--keep', action='store_true', help='keep logs and records too')
    return parser.parse_args()


def lock_file():
    """One for the whole machine, whoever made it first."""
    path = Path(tempfile.gettempdir()) / 'daruma-lab.lock'
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)


@contextlib.contextmanager
def alone():
    """Waits until no other lab measures on this machine: two would measure each other."""
    with open(lock_file()) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print('Another lab is measuring on this machine; waiting for it.', file=sys.stderr)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run_all(options, folder):
    programs = Programs(daruma=str(options.build / 'daruma'),
                        surge=str(options.build / 'lab/surge/daruma_surge'))
    for run in range(options.runs):
        for shape in options.shapes:
            for variant in options.variants:
                progress = Progress(VARIANTS[variant], SHAPES[shape], run, options.runs)
                with alone():
                    began = time.time()
                    result = measure(VARIANTS[variant], SHAPES[shape],
                                     folder / f'{shape}-{variant}-{run + 1}', programs, progress,
                                     options.arrivals, seed=run + 1)
                yield {**result, 'run': run + 1, 'began': began, 'seconds': time.time() - began}


STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop(*_):
    """The first signal ends the lab, which then ends what it started; no other may disturb it."""
    for number in STOPPED_BY:
        signal.signal(number, signal.SIG_IGN)
    sys.exit('lab: interrupted; stopping everything that was started')


def command_line(options):
    """What to type for the same again."""
    words = ['make lab', f'VARIANTS={",".join(options.variants)}'
             if options.variants != list(VARIANTS) else '', f'SHAPE={",".join(options.shapes)}',
             f'RUNS={options.runs}',
             "LAB_OPTIONS='--arrivals poisson'" if options.arrivals == 'poisson' else '']
    return ' '.join(word for word in words if word)


def main():
    options = arguments()
    for number in STOPPED_BY:
        signal.signal(number, stop)
    options.out.mkdir(parents=True, exist_ok=True)
    results = []
    with contextlib.ExitStack() as stack:
        if options.keep:
            folder = Path(tempfile.mkdtemp(prefix='daruma-lab-'))
            print(f'Logs and records: {folder}', file=sys.stderr)
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='daruma-lab-')))
        folder.chmod(0o755)
        for result in run_all(options, folder):
            results.append(result)
            # After each, so that what was found is there if the lab is stopped.
            (options.out / 'results.json').write_text(json.dumps(results))
            (options.out / 'index.html').write_text(page(results, command_line(options)))
    print(table(results))
    if options.write_results:
        results_file.write(HERE / 'results.md', results, command_line(options))
    print(f'\nPictures: {options.out}/index.html; for machines: results.json there.')
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except AssertionError as problem:
        sys.exit(f'lab: {problem}')
