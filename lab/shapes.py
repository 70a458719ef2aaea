# SPDX-License-Identifier: Apache-2.0
"""The shapes of the incident: who the targets are, how the surge comes, what happens meanwhile."""
import dataclasses
from dataclasses import dataclass

from rates import Profile, nominal_bound


@dataclass(frozen=True)
class Target:
    """One server: its workers are what limits it. `page` is how long one answer takes, in ms."""
    server: str = 'prefork'  # 'event': Apache with threads; 'nginx': nginx before a prefork Apache
    tls: bool = True
    page: tuple = (200, 800)
    workers: int = 20
    keepalive_requests: int = 5
    keepalive_timeout: int = 5
    backlog: int = 64
    start: int = 5

    @property
    def capacity(self):
        """Requests a second, by arithmetic."""
        return self.workers / (sum(self.page) / 2000)

    def fixed(self):
        """The same after the usual cure: four times the workers, connections that last."""
        return dataclasses.replace(self, workers=4 * self.workers, keepalive_requests=10_000,
                                   keepalive_timeout=75, backlog=511, start=20)


@dataclass(frozen=True)
class Event:
    """Something that befalls one target at `time` seconds."""
    time: float
    target: int  # its place in the list
    what: str    # 'workers', 'freeze', 'stop', 'start'
    workers: int = 0


@dataclass(frozen=True)
class Shape:
    name: str
    meaning: str
    targets: tuple
    profile: str
    events: tuple = ()
    separate: bool = False  # a target group and a zone for each target, under one weighted rule
    patience: float = 10.0
    retries: int = 0

    @property
    def mean_page(self):
        """Seconds, of the quickest kind of target here."""
        return min(sum(target.page) / 2000 for target in self.targets)

    def capacity(self, time, targets=None):
        """Requests a second that the targets can answer at that moment."""
        targets = list(targets or self.targets)
        alive = [True] * len(targets)
        for event in self.events:
            if event.time > time:
                continue
            if event.what == 'workers':
                targets[event.target] = dataclasses.replace(
                    targets[event.target], workers=event.workers)
            else:
                alive[event.target] = event.what == 'start'
        return sum(target.capacity for target, lives in zip(targets, alive) if lives)

    def bound(self, targets=None):
        return nominal_bound(Profile(self.profile), lambda time: self.capacity(time, targets))


def surge(peak, calm=None, seconds=60):
    """5 s of calm, 10 s of rise, so long at the peak, 5 s of fall, 15 s of calm."""
    calm = peak / 5 if calm is None else calm
    times = (0, 5, 15, 15 + seconds, 20 + seconds, 35 + seconds)
    return ','.join(f'{time:g}:{rate:g}'
                    for time, rate in zip(times, (calm, calm, peak, peak, calm, calm)))


SMALL = Target()
TWO = (SMALL, SMALL)


def restarts(every, count, downtime):
    for i in range(1, count + 1):
        yield Event(i * every - 10, 0, 'stop')
        yield Event(i * every - 10 + downtime, 0, 'start')


SHAPES = {shape.name: shape for shape in (
    Shape('default', '1.25 times what two Apaches of 20 workers can answer, for 60 s', TWO,
          surge(100)),
    Shape('story', 'two target groups of one target each under one weighted rule, in two zones',
          TWO, surge(100), separate=True),
    Shape('long', 'the same surge for 120 s', TWO, surge(100, seconds=120)),
    Shape('fast', 'pages of 50–200 ms, four times the rate', 2 * (Target(page=(50, 200)),),
          surge(400)),
    Shape('slow-target', 'one target takes twice as long', (
        SMALL, Target(page=(400, 1600))), surge(75, 15)),
    Shape('dead-target', 'the third target ends in mid-surge; the other two are full', 3 * (SMALL,),
          surge(100), events=(Event(35, 2, 'stop'),)),
    Shape('frozen-target', 'the third freezes in mid-surge: it takes connections, but no answers',
          3 * (SMALL,), surge(100), events=(Event(35, 2, 'freeze'),)),
    Shape('retry-storm', 'users wait 3 s and then ask again, up to three times', TWO, surge(100),
          patience=3.0, retries=3),
    Shape('three', 'three targets', 3 * (SMALL,), surge(150)),
    Shape('eight', 'eight targets', 8 * (SMALL,), surge(400)),
    Shape('http', 'targets that speak HTTP', 2 * (Target(tls=False),), surge(100)),
    Shape('capacity', 'one Apache goes from 20 workers to 8 and then to 40, by graceful restarts',
          TWO, surge(100), events=(Event(30, 0, 'workers', 8), Event(50, 0, 'workers', 40))),
    Shape('restart', 'one target restarts every 30 s', TWO, surge(100),
          events=tuple(restarts(30, 3, 2))),
    Shape('keepalive1', 'targets close after each request: a handshake for every one',
          2 * (Target(keepalive_requests=1),), surge(100)),
    Shape('twelve', '12 workers, KeepAliveTimeout 2, ListenBackLog 32',
          2 * (Target(workers=12, keepalive_timeout=2, backlog=32),), surge(60)),
    Shape('event', 'Apache with threads (mpm_event), 20 of them', 2 * (Target(server='event'),),
          surge(100)),
    Shape('nginx-target', 'nginx before an Apache of 20 workers on the same machine',
          2 * (Target(server='nginx', keepalive_requests=1000, keepalive_timeout=75,
                      backlog=511),), surge(100)),
)}
