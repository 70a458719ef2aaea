# SPDX-License-Identifier: Apache-2.0
"""One measurement: what requests cost a proxy, in processor time between the generator's marks."""
import json
import os
import re
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / 'lab'))

from contestants import LOAD_CORE, PROXY_CORE, on_core  # noqa: E402
from processes import program  # noqa: E402
from system import TICKS, session_members  # noqa: E402

TIMEOUT = 120  # seconds for a whole measurement


@dataclass(frozen=True)
class Work:
    """What is asked of a proxy. `kind`: which of its listeners; `http2`: by h2load."""

    kind: str
    connections: int = 100
    http2: bool = False
    new_connection: bool = False
    resume: bool = False
    rate: int = 0  # requests a second; 0: as many as there are answers
    body: int = 1024


@dataclass(frozen=True)
class Length:
    """How long is measured."""

    seconds: float = 1.0
    warm_up: float = 0.3
    requests_max: int = 10**9
    http2_requests: int = 20000


class WrongAnswer(Exception):
    """A contestant answered something else than what was expected of it."""


def on_cpu_ns(process):
    """Nanoseconds on a processor of all threads of a process and of those that it started."""
    total = 0
    for pid in session_members(process.pid):
        for task in Path(f'/proc/{pid}/task').glob('*/schedstat'):
            try:
                total += int(task.read_text(encoding='ascii').split()[0])
            except OSError:  # it ended
                pass
    return total


def resident_bytes(process):
    total = 0
    for pid in session_members(process.pid):
        status = Path(f'/proc/{pid}/status').read_text(encoding='ascii', errors='replace')
        total += int(re.search(r'^VmRSS:\s+(\d+) kB', status, re.M).group(1)) * 1024
    return total


class Generator:
    """peers_generator, which stops at its marks and goes on when it is told."""

    def __init__(self, binaries, port, work, length, hold=False):
        words = [*on_core(LOAD_CORE), binaries / 'peers_generator', '--port', port,
                 '--connections', work.connections, '--path', f'/bytes/{work.body}',
                 '--expect-bytes', work.body, '--rate', work.rate, '--warm-up', length.warm_up,
                 '--seconds', length.seconds, '--requests', length.requests_max]
        words += ['--tls'] * (work.kind != 'plain') + ['--hold'] * hold
        words += ['--new-connection'] * work.new_connection + ['--resume'] * work.resume
        self.child = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True, bufsize=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait(10)
        self.child.stdin.close()
        self.child.stdout.close()

    def line(self):
        ready, _, _ = select.select([self.child.stdout], [], [], TIMEOUT)
        return self.child.stdout.readline().strip() if ready else ''

    def wait_for(self, mark):
        line = self.line()
        if line != mark:
            raise WrongAnswer(f'the generator said {line!r} instead of {mark}')

    def go_on(self):
        self.child.stdin.write('\n')
        self.child.stdin.flush()

    def report(self):
        return json.loads(self.line())


def check_report(name, report):
    if report['failures'] or not report['requests']:
        raise WrongAnswer(f'{name}: {report["failures"] or "no answer"}')


def nothing_else():
    return {}


def measure_http1(contestant, work, length, binaries, counters=nothing_else):
    """`counters` is asked at both marks; what they grew by is told too."""
    process = contestant.processes[work.kind]
    with Generator(binaries, contestant.ports[work.kind], work, length) as generator:
        generator.wait_for('START')
        counted = counters()
        before = on_cpu_ns(process)
        generator.go_on()
        generator.wait_for('END')
        used = on_cpu_ns(process) - before
        counted = {key: value - counted[key] for key, value in counters().items()}
        generator.go_on()
        report = generator.report()
    check_report(contestant.name, report)
    return {'cpu_us': used / 1000 / report['requests'],
            'rate': report['requests'] / report['seconds'],
            'busy': used / 1e9 / report['seconds'],
            **{key: report[key] for key in ('requests', 'p50_us', 'p99_us', 'p999_us',
                                            'handshakes_full', 'handshakes_resumed')},
            **{f'target_{key}': value for key, value in counted.items()}}


def measure_http2(contestant, work, length):
    """Ten streams on each connection. The handshakes are in it, of all contestants alike."""
    process = contestant.processes[work.kind]
    requests = min(length.http2_requests, length.requests_max)
    connections = min(work.connections, requests)
    before = on_cpu_ns(process)
    done = subprocess.run(
        [*on_core(LOAD_CORE), program('h2load', 'bench'), '-n', str(requests),
         '-c', str(connections), '-m', '10',
         f'https://127.0.0.1:{contestant.ports[work.kind]}/bytes/{work.body}'],
        capture_output=True, text=True, timeout=TIMEOUT, check=False)
    used = on_cpu_ns(process) - before
    finished = re.search(r'finished in ([\d.]+)(us|ms|s),', done.stdout)
    data = re.search(r'\((\d+)\) data', done.stdout)
    if (f'status codes: {requests} 2xx' not in done.stdout or not finished or not data
            or int(data.group(1)) != requests * work.body):
        raise WrongAnswer(f'{contestant.name}: h2load says\n{done.stdout}{done.stderr}')
    if 'Application protocol: h2' not in done.stdout:
        raise WrongAnswer(f'{contestant.name}: no HTTP/2')
    seconds = float(finished.group(1)) * {'us': 1e-6, 'ms': 1e-3, 's': 1}[finished.group(2)]
    return {'cpu_us': used / 1000 / requests, 'rate': requests / seconds,
            'busy': used / 1e9 / seconds, 'requests': requests}


def measure(contestant, work, length, binaries):
    if work.http2:
        return measure_http2(contestant, work, length)
    return measure_http1(contestant, work, length, binaries)


def verify(contestant, work, binaries):
    """A few requests, before anything is measured: WrongAnswer if one is not as expected."""
    few = Length(seconds=10, warm_up=0, requests_max=5)
    measure(contestant, work, few, binaries)


def measure_memory(contestant, work, connections, binaries):
    """Bytes of memory for each connection that has had one answer and is idle."""
    process = contestant.processes[work.kind]
    port = contestant.ports[work.kind]
    held = Work(work.kind, connections=connections)
    measure(contestant, work, Length(seconds=0.5, warm_up=0), binaries)  # fills its pools
    before = resident_bytes(process)
    with Generator(binaries, port, held, Length(), hold=True) as generator:
        generator.wait_for('START')
        generator.go_on()
        generator.wait_for('END')
        used = resident_bytes(process) - before
        generator.go_on()
        check_report(contestant.name, generator.report())
    return {'bytes': used / connections}


def measure_handshakes(contestant, work, length, binaries):
    """Handshakes with the target for 1,000 requests, and how many of these were resumed."""
    done = measure_http1(contestant, work, length, binaries, contestant.origin.stats)
    full, resumed = done['target_handshakes_full'], done['target_handshakes_resumed']
    return {**done, 'per_thousand': (full + resumed) / done['requests'] * 1000,
            'resumed_share': resumed / (full + resumed) if full + resumed else None}


class Noise:
    """How steady the machine was: speed of its proxy core between passes, and stolen time."""

    def __init__(self, binaries):
        self.binaries = binaries
        self.exchange_ns, self.multiply_ns = [], []
        self.began, self.steal_began = time.monotonic(), self._steal()

    @staticmethod
    def _steal():
        line = Path('/proc/stat').read_text(encoding='ascii').split('\n', 1)[0]
        return int(line.split()[8]) / TICKS

    def sample(self):
        done = subprocess.run([*on_core(PROXY_CORE), self.binaries / 'peers_calibrate'],
                              capture_output=True, text=True, check=True, timeout=60)
        exchange, multiply = (float(word) for word in done.stdout.split())
        self.exchange_ns.append(exchange)
        self.multiply_ns.append(multiply)

    def report(self):
        elapsed = (time.monotonic() - self.began) * (os.cpu_count() or 1)
        return {'exchange_ns': self.exchange_ns, 'multiply_ns': self.multiply_ns,
                'steal': (self._steal() - self.steal_began) / elapsed}
