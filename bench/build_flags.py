#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What compiler flags of the data plane are worth: docs/performance.md has a run of it.

For each variant builds test/gates/daruma_allocations, which is a worker, its target and its clients
in one program, in build/flags-NAME; callgrind counts what instructions its worker takes for
a plain request, without and with its line in the access log. `pgo` is trained by the same requests.

Usage: bench/build_flags.py [--variants NAME,…]    some minutes for each
"""
import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / each) for each in ('lab', 'test/integration')]

from option_names import names_from  # noqa: E402
from processes import program  # noqa: E402

REQUESTS = 10_000  # of one run of the program
# name: further flags for the data plane, and for linking. `release` is what `make build` makes.
VARIANTS = {
    'release': ('', ''),
    'lto': ('-flto -ffat-lto-objects', '-flto=auto'),
    'O3': ('-O3 -Wno-error', ''),
    'no-frame-pointer': ('-fomit-frame-pointer', ''),
    'no-plt': ('-fno-plt', ''),
    'no-stack-protector': ('-fno-stack-protector', ''),
    'no-fortify': ('-U_FORTIFY_SOURCE', ''),
    'pgo': ('-fprofile-use={profile} -fprofile-partial-training -Wno-error', ''),
}
RECORD = ('-fprofile-generate={profile} -fprofile-update=atomic', '-fprofile-generate')


def processor_seconds():
    """Of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def build(folder, flags):
    """Builds the program; processor seconds that its linking took."""
    compiling, linking = (each.format(profile=folder / 'profile') for each in flags)
    # A compiler cache does not see what is in a profile.
    launcher = ['-DCMAKE_CXX_COMPILER_LAUNCHER=', '-DCCACHE=OFF'] if 'profile' in compiling else []
    subprocess.run(['cmake', '-S', str(ROOT), '-B', str(folder), '-G', 'Ninja',
                    '-DCMAKE_BUILD_TYPE=Release', f'-DDARUMA_DATA_PLANE_FLAGS={compiling}',
                    f'-DCMAKE_EXE_LINKER_FLAGS={linking}', *launcher],
                   check=True, stdout=subprocess.DEVNULL)
    ninja = ['ninja', '-C', str(folder), 'daruma_allocations']
    subprocess.run(ninja, check=True, stdout=subprocess.DEVNULL)
    (folder / 'test/gates/daruma_allocations').unlink()
    began = processor_seconds()
    subprocess.run(ninja, check=True, stdout=subprocess.DEVNULL)
    return processor_seconds() - began


def run(folder, words=(), wrapper=()):
    subprocess.run([*wrapper, str(folder / 'test/gates/daruma_allocations'), *words], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def instructions(folder, *words):
    """Of the worker's thread, which is the second, for a request; its start is in it."""
    with tempfile.TemporaryDirectory() as place:
        run(folder, words, [program('valgrind', 'bench'), '--tool=callgrind',
                            '--separate-threads=yes', f'--callgrind-out-file={place}/out'])
        text = (Path(place) / 'out-02').read_text(encoding='utf-8')
    return int(re.search(r'^(?:totals|summary): (\d+)', text, re.M).group(1)) / REQUESTS


def measure(name):
    folder = ROOT / f'build/flags-{name}'  # as deep as build/release: ccache knows the same paths
    if name == 'pgo':
        shutil.rmtree(folder / 'profile', ignore_errors=True)
        build(folder, RECORD)
        run(folder)
        run(folder, ['--no-access-log'])
    linking = build(folder, VARIANTS[name])
    return [instructions(folder, '--no-access-log'), instructions(folder), linking]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--variants', type=names_from(VARIANTS, 'variant'), default=list(VARIANTS),
                        metavar='NAME,…', help=f'default: {",".join(VARIANTS)}')
    print('| | plain | with its log line | linking |\n|---|---|---|---|')
    for name in parser.parse_args().variants:
        plain, logged, linking = measure(name)
        print(f'| {name} | {plain:,.0f} | {logged:,.0f} | {linking:.0f} s |', flush=True)


if __name__ == '__main__':
    main()
