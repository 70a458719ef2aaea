# SPDX-License-Identifier: Apache-2.0
"""What is measured, and what it is measured against: the goals P1 to P12."""
import statistics
from dataclasses import dataclass, field, replace

from measure import Work

HTTP1_PEERS = ('nginx', 'haproxy')
HTTP2_PEERS = ('nghttpx', 'h2o')
PLAIN, TLS, BOTH = Work('plain'), Work('tls'), Work('both')


@dataclass(frozen=True)
class Cell:
    """Contestants that take turns. entries: label in the table → (contestant, its work)."""

    name: str
    meaning: str
    entries: dict = field(hash=False)
    how: str = 'load'  # or 'memory', 'handshakes', 'resumption'
    seconds: float = 1.0  # how much longer than others it is measured …
    warm_up: float = 1.0  # … and warmed up


def side_by_side(names, work):
    return {name: (name, work) for name in names}


WITH_RELAY = ('daruma', *HTTP1_PEERS, 'relay')
WITHOUT_RELAY = ('daruma', *HTTP1_PEERS)
HTTP2 = replace(TLS, connections=10, http2=True)
ONCE = replace(TLS, new_connection=True)

CELLS = {cell.name: cell for cell in (
    *(Cell(f'P1-{n}', f'HTTP to HTTP kept alive, 1 KB, {n} connections',
           side_by_side(WITH_RELAY, replace(PLAIN, connections=n))) for n in (100, 10, 1000)),
    Cell('P2', 'HTTPS to HTTP, 1 KB, 100 connections', side_by_side(WITH_RELAY, TLS)),
    Cell('P3', 'HTTPS to HTTPS pooled, 1 KB, 100 connections', side_by_side(WITH_RELAY, BOTH)),
    Cell('P4-full', 'a new TLS connection for each request, full handshake',
         side_by_side(WITH_RELAY, ONCE)),
    Cell('P4-resumed', 'a new TLS connection for each request, resumed',
         side_by_side(WITH_RELAY, replace(ONCE, resume=True))),
    Cell('P5-steady', 'HTTPS to HTTPS, handshakes with the target', side_by_side(('daruma',), BOTH),
         'handshakes', warm_up=5.0),
    Cell('P5-resumed', 'HTTPS to HTTPS, the target closes after 20 requests',
         side_by_side(('daruma',), BOTH), 'resumption', warm_up=5.0),
    Cell('P6', 'HTTP/2 over TLS to HTTP/1.1, 10 connections with 10 streams',
         side_by_side(('daruma', *HTTP2_PEERS), HTTP2)),
    Cell('P7-plain', '1 MiB, HTTP to HTTP', side_by_side(
        WITH_RELAY, replace(PLAIN, body=1 << 20))),
    Cell('P7-tls', '1 MiB, HTTPS to HTTP', side_by_side(WITH_RELAY, replace(TLS, body=1 << 20))),
    Cell('P8-targets', '1 target and 1,000', side_by_side(('daruma', 'daruma-targets'), PLAIN)),
    Cell('P8-rules', 'no rule and 10,000', side_by_side(('daruma', 'daruma-rules'), PLAIN)),
    Cell('P8-connections', '100 connections and 1,000', {
        f'{name}, {n}': (name, replace(PLAIN, connections=n))
        for name in ('daruma', 'relay') for n in (100, 1000)}),
    Cell('P9-plain', 'memory of an idle connection', side_by_side(WITHOUT_RELAY, PLAIN), 'memory'),
    Cell('P9-tls', 'memory of an idle connection, TLS', side_by_side(WITHOUT_RELAY, TLS), 'memory'),
    Cell('P10-plain', 'HTTP to HTTP at 4,000 requests/s',
         side_by_side(WITHOUT_RELAY, replace(PLAIN, rate=4000)), seconds=2.0),
    Cell('P10-both', 'HTTPS to HTTPS at 3,000 requests/s',
         side_by_side(WITHOUT_RELAY, replace(BOTH, rate=3000)), seconds=2.0),
)}


@dataclass(frozen=True)
class Figure:
    """A median with its range over the passes; `against`: whom it is the ratio to, if any."""

    median: float
    low: float
    high: float
    against: str = ''


def figure_of(values, against=''):
    return Figure(statistics.median(values), min(values), max(values), against) if values else None


def paired_ratio(passes, one, other, key):
    """one/other within each pass that has both: noise that hits both cancels out."""
    return figure_of([done[one][key] / done[other][key] for done in passes
                      if one in done and other in done and done[other][key]], other)


def against_best(passes, peers, key):
    """The ratio to the peer to which it is worst."""
    ratios = [paired_ratio(passes, 'daruma', peer, key) for peer in peers]
    return max((ratio for ratio in ratios if ratio), key=lambda ratio: ratio.median, default=None)


def value_of(passes, key):
    return figure_of([done['daruma'][key] for done in passes
                      if done.get('daruma', {}).get(key) is not None])


def growth_against_relay(passes):
    """How much more a request is dearer with ten times the connections than if it is relayed."""
    labels = [f'{name}, {n}' for name in ('daruma', 'relay') for n in (100, 1000)]
    grown = []
    for done in passes:
        if all(label in done for label in labels):
            daruma, daruma_more, relay, relay_more = (done[label]['cpu_us'] for label in labels)
            grown.append((daruma_more / daruma) / (relay_more / relay))
    return figure_of(grown, "the relay's growth")


@dataclass(frozen=True)
class Goal:
    row: str
    text: str
    cell: str
    limit: float
    figure: object  # passes → Figure or None
    unit: str = '×'
    at_least: bool = False

    def met(self, figure):
        return figure.median >= self.limit if self.at_least else figure.median <= self.limit

    def verdict(self, figure):
        if figure is None:
            return 'not measured'
        verdict = 'met' if self.met(figure) else '**falls short**'
        # Some passes said otherwise: more of them, or a quieter machine, may turn it.
        return verdict + (' (not in every pass)' if figure.low < self.limit < figure.high else '')


def best(peers, key='cpu_us'):
    return lambda passes: against_best(passes, peers, key)


def to(other, key='cpu_us', one='daruma'):
    return lambda passes: paired_ratio(passes, one, other, key)


def own(key):
    return lambda passes: value_of(passes, key)


GOALS = (
    *(goal for n in (100, 10, 1000) for goal in (
        Goal('P1', f'CPU, {n} connections, to the best peer', f'P1-{n}', 0.92, best(HTTP1_PEERS)),
        Goal('P1', f'CPU, {n} connections, to the relay', f'P1-{n}', 1.20, to('relay')))),
    Goal('P2', 'CPU to the best peer', 'P2', 0.95, best(HTTP1_PEERS)),
    Goal('P2', 'CPU to the TLS relay', 'P2', 1.15, to('relay')),
    Goal('P3', 'CPU to the best peer', 'P3', 0.92, best(HTTP1_PEERS)),
    Goal('P3', 'CPU to the TLS relay', 'P3', 1.15, to('relay')),
    Goal('P4', 'CPU to the best peer, full', 'P4-full', 1.0, best(HTTP1_PEERS)),
    Goal('P4', 'CPU to the best peer, resumed', 'P4-resumed', 1.0, best(HTTP1_PEERS)),
    Goal('P5', 'handshakes for 1,000 requests', 'P5-steady', 1.0, own('per_thousand'), ''),
    Goal('P5', 'share resumed', 'P5-resumed', 0.95, own('resumed_share'), '', at_least=True),
    Goal('P6', 'CPU to the best of nghttpx and h2o', 'P6', 0.92, best(HTTP2_PEERS)),
    Goal('P7', 'CPU to the best peer, HTTP', 'P7-plain', 0.85, best(HTTP1_PEERS)),
    Goal('P7', 'CPU to the best peer, HTTPS', 'P7-tls', 0.85, best(HTTP1_PEERS)),
    Goal('P8', 'CPU, 1 to 1,000 targets', 'P8-targets', 1.1, to('daruma', one='daruma-targets')),
    Goal('P8', 'CPU, 0 to 10,000 rules', 'P8-rules', 1.3, to('daruma', one='daruma-rules')),
    Goal('P8', 'growth, 100 to 1,000 connections', 'P8-connections', 1.0, growth_against_relay),
    Goal('P9', 'bytes, plain', 'P9-plain', 1229, own('bytes'), ' B'),
    Goal('P9', 'bytes, TLS', 'P9-tls', 14336, own('bytes'), ' B'),
    Goal('P10', 'p99 to the best peer, HTTP', 'P10-plain', 1.0, best(HTTP1_PEERS, 'p99_us')),
    Goal('P10', 'p99 to the best peer, HTTPS to HTTPS', 'P10-both', 1.0,
         best(HTTP1_PEERS, 'p99_us')),
    Goal('P11', 'CPU at that rate to the best peer, HTTP', 'P10-plain', 0.85, best(HTTP1_PEERS)),
    Goal('P11', 'CPU at that rate to the best peer, HTTPS to HTTPS', 'P10-both', 0.85,
         best(HTTP1_PEERS)),
)

ROWS = tuple(dict.fromkeys(goal.row for goal in GOALS))

# What this program does not measure, and why.
NOT_MEASURED = (
    ('P3', '≤ 5 system calls per request',
     'counted, not timed: `test/integration/test_gates.py` holds 5.0 with TLS on both sides'),
    ('P4', '≤ 0.55× when linked with AWS-LC',
     'takes a build with -DDARUMA_TLS_ROOT: `bench/peers/run.py --build FOLDER --rows P4`'),
    ('P12', 'two workers to one, ≥ 1.9×',
     'takes two cores for the proxy and others for generator and origin; '
     'this program uses one core for each'),
)


def cells_of(rows):
    """Names of the cells that these rows need."""
    return list(dict.fromkeys(goal.cell for goal in GOALS if goal.row in rows))
