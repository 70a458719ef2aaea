#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""User instructions of the worker for a request, as connections and targets become many (P8): what
`make bench` times, counted.

Usage: bench/peers/growth.py [BUILD-FOLDER]    (make bench builds what it needs; valgrind counts)
"""
import re
import resource
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / 'test/integration')]

from contestants import TARGETS, Daruma, DarumaWithTargets, Origin, make_certificate  # noqa: E402
from measure import Length, Work, measure  # noqa: E402
from processes import ROOT, program  # noqa: E402

# Before the first of them all connections that it takes are open.
REQUESTS = (6_000, 10_000)


class Counted:
    """Mixed in before a Daruma: callgrind counts it."""

    def run_one(self, *command):
        super().run_one(program('valgrind', 'bench'), '--tool=callgrind', '--separate-threads=yes',
                        f'--callgrind-out-file={self.folder}/callgrind.out', *command)

    def worker_instructions(self):
        """REQUIRES: it has ended. The worker is the thread that clients speak to."""
        threads = [each.read_text() for each in self.folder.glob('callgrind.out-*')]
        [worker] = [text for text in threads if 'proxy::ClientConnection::on_readable' in text]
        return int(re.search(r'^(?:totals|summary): (\d+)', worker, re.M).group(1))


# No more than 500 connections: with 1,000 every request failed under callgrind; why is not known.
class CountedDaruma(Counted, Daruma):
    kinds = ('plain',)


class CountedDarumaWithTargets(Counted, DarumaWithTargets):
    pass


def instructions(kind, connections, requests, build, folder, origin):
    binaries = build / 'bench/peers'
    make_certificate(folder, build / 'daruma')
    daruma = kind('daruma', folder, origin, binaries, build / 'daruma')
    try:
        measure(daruma, Work('plain', connections=connections),
                Length(seconds=600, warm_up=0, requests_max=requests), binaries)
        daruma.processes['plain'].stop(120)
    finally:
        daruma.close()
    return daruma.worker_instructions()


def per_request(kind, connections, build, origin):
    counts = []
    for requests in REQUESTS:
        with tempfile.TemporaryDirectory() as folder:
            counts.append(instructions(kind, connections, requests, build, Path(folder), origin))
    return (counts[1] - counts[0]) / (REQUESTS[1] - REQUESTS[0])


def main():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    build = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / 'build/release'
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(Path(folder), build / 'daruma')
        origin = Origin(Path(folder), build / 'bench/peers', addresses=TARGETS)
        try:
            for kind, connections in ((CountedDaruma, 100), (CountedDaruma, 500),
                                      (CountedDarumaWithTargets, 100)):
                count = per_request(kind, connections, build, origin)
                print(f'{connections} connections, {kind.targets} targets: {count:.0f}', flush=True)
        finally:
            origin.close()


if __name__ == '__main__':
    main()
