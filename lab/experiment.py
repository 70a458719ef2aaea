# SPDX-License-Identifier: Apache-2.0
"""One variant under one shape, from the first process to the last."""
import contextlib
import dataclasses
import threading
import time

from apache import make_certificate
from processes import Process, wait_until
from rates import Profile
from recorder import Recorder, seconds_from
from records import RecordsFile
from series import per_second
from summary import summarize
from targets import LETTERS, start_target

SETTLE_SECONDS = 25
FIRST_ADDRESS = 2  # targets are 127.0.0.2, 127.0.0.3 and so on


class Events(threading.Thread):
    """What befalls the targets, each at its time."""

    def __init__(self, events, targets, start):
        super().__init__(daemon=True)
        self.events = sorted(events, key=lambda event: event.time)
        self.targets = targets
        self.begin = start
        self.ended = threading.Event()
        self.problem = None

    def run(self):
        for event in self.events:
            if self.ended.wait(max(0.0, self.begin + event.time - time.time())):
                return
            try:
                self.targets[event.target].perform(event)
            except (OSError, AssertionError) as problem:
                self.problem = f'{event}: {problem}'
                return

    def close(self):
        self.ended.set()
        if self.ident is not None:
            self.join()


@dataclasses.dataclass(frozen=True)
class Programs:
    daruma: str
    surge: str


def surge_command(programs, shape, port, records, arrivals, seed):
    return [programs.surge, '--ip', '127.0.0.1', '--port', port, '--tls', '--path', '/page',
            '--profile', shape.profile, '--patience', shape.patience, '--retries', shape.retries,
            '--letters', LETTERS, '--arrivals', arrivals, '--seed', seed, '--records', records]


def measure(variant, shape, folder, programs, show, arrivals='even', seed=1):
    """Runs it and returns what was found, for JSON. `show(second, records, sample)` is called each
    second. Whatever was started has ended when this returns or raises."""
    folder.mkdir()
    folder.chmod(0o755)  # Apache's and nginx's workers are other users where we are root
    specs = [spec.fixed() if variant.fixed else spec for spec in shape.targets]
    with contextlib.ExitStack() as stack:
        targets = []
        for i, spec in enumerate(specs):
            targets.append(start_target(folder, spec, f'127.0.0.{FIRST_ADDRESS + i}'))
            stack.callback(targets[-1].close)
        own = folder / 'balancer'
        own.mkdir()
        own.chmod(0o755)
        make_certificate(own, 'site', 'ec')
        balancer = variant.start(own, targets, shape, programs.daruma)
        stack.callback(balancer.close)
        wait_until(f'{variant.name} finds its targets healthy', balancer.settled, SETTLE_SECONDS)

        command = surge_command(programs, shape, balancer.port, folder / 'records.csv', arrivals,
                                seed)
        surge = stack.enter_context(Process(command, folder / 'surge.log'))
        file = RecordsFile(folder / 'records.csv')
        records = []
        wait_until('the surge begins', lambda: records.extend(file.new()) or file.start)
        events = Events(shape.events, targets, file.start)
        stack.callback(events.close)
        events.start()
        recorder = Recorder(balancer, targets, surge)
        for second in seconds_from(file.start):
            sample = recorder.sample(second)
            records += file.new()
            show(second, records, sample)
            if not surge.is_running():
                break
            assert balancer.process.is_running(), f'it ended:\n{balancer.process.output()[-2000:]}'
        assert surge.wait() == 0, surge.output()
        records += file.new()
        assert events.problem is None, events.problem
        balancer.close()  # now its logs are complete
        return found(variant, shape, specs, balancer, recorder.samples, records,
                     [str(word) for word in command])


def found(variant, shape, specs, balancer, samples, records, command):
    series = per_second(records, balancer.reasons(), int(Profile(shape.profile).seconds))
    return {
        'variant': variant.name, 'meaning': variant.meaning, 'shape': shape.name,
        'shape_meaning': shape.meaning, 'version': balancer.version(),
        'configuration': balancer.configuration(), 'profile': shape.profile,
        'surge_command': command, 'patience': shape.patience, 'retries': shape.retries,
        'targets': [dataclasses.asdict(spec) for spec in specs],
        'events': [dataclasses.asdict(event) for event in shape.events],
        'capacity': [shape.capacity(second, specs) for second in range(len(series['ok']))],
        'series': series, 'samples': samples,
        'summary': summarize(records, series, samples, shape, specs)}
