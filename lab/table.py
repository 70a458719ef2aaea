# SPDX-License-Identifier: Apache-2.0
"""Results as a table: for the terminal, and the cells for every other form."""
from statistics import median


def percent(value):
    return '-' if value is None else f'{100 * value:.1f} %'


def milliseconds(value):
    return '-' if value is None else f'{1000 * value:.0f}'


def number(value):
    return '-' if value is None else f'{value:.0f}'


def healthy(value):
    return '/'.join(f'{n}:{seconds}' for n, seconds in value.items()) or '-'


# heading, key in the summary, how it is written, what it means
COLUMNS = (
    ('served', 'success', percent, 'users who got the page, of all'),
    ('bound', 'bound', percent, 'what the targets\' workers can serve, by arithmetic'),
    ('p50 ok', 'p50_ok', milliseconds, 'ms from the intended moment, successes'),
    ('p99 ok', 'p99_ok', milliseconds, 'the same'),
    ('p50 all', 'p50_all', milliseconds, 'ms, successes, refusals and those who gave up'),
    ('p99 all', 'p99_all', milliseconds, 'the same'),
    ('5xx', '5xx', number, 'answers'),
    ('gave up', 'client_errors', number, 'no answer, or none in time'),
    ('worst 10 s', 'worst_goodput', number, 'successes a second in the surge\'s worst 10 s'),
    ('dark s', 'seconds_without_success', number, 'seconds without a single success'),
    ('flips', 'flips', number, 'changes between healthy and not, all targets'),
    ('healthy', 'healthy_seconds', healthy, 'seconds with n healthy targets'),
    ('queue', 'queue_most', number, 'longest listen queue of a target'),
    ('conns', 'connections_most', number, 'most connections to a target'),
    ('recovered', 'recovered_after', number, 's after the surge until all is as before; - : never'),
    ('cpu free', 'cpu_free_worst', percent, 'processor free in the surge\'s worst 5 s'),
)


def grouped(results):
    """(shape, variant) → its runs, in the order in which they were made."""
    groups = {}
    for result in results:
        groups.setdefault((result['shape'], result['variant']), []).append(result)
    return groups


def combined(runs):
    """The summary of several runs: the median of each number. Of what is no number, the first
    run's; of what is missing in some run, nothing."""
    def value(key):
        values = [run['summary'].get(key) for run in runs]
        if any(one is None for one in values):
            return None
        if isinstance(values[0], bool):
            return any(values)
        return median(values) if isinstance(values[0], (int, float)) else values[0]
    return {key: value(key) for key in runs[0]['summary']}


def median_run(runs):
    """The run whose success is the median (of an even number, the lower one)."""
    return sorted(runs, key=lambda run: run['summary']['success'])[(len(runs) - 1) // 2]


def rows(results):
    """(shape, [variant, cell, …]) for each group of runs."""
    for (shape, variant), runs in grouped(results).items():
        summary = combined(runs)
        yield shape, [variant] + [write(summary.get(key)) for _, key, write, _ in COLUMNS]


OTHERS_MOST = 0.2  # of the processor, before it is worth a word


def warnings(results):
    """What a reader has to know before believing the numbers."""
    others = {}
    for result in results:
        summary = result['summary']
        which = f'{result["shape"]}, {result["variant"]}, run {result["run"]}'
        if summary.get('cpu_was_short'):
            yield (f'{which}: the processor was short (free in the worst 5 s of the surge: '
                   f'{percent(summary["cpu_free_worst"])}); the targets\' workers were not the '
                   'only limit')
        others[which] = summary.get('cpu_used', {}).get('others', 0)
    busy = {which: used for which, used in others.items() if used > OTHERS_MOST}
    if busy:
        yield ('other programs used the processor too: ' + '; '.join(
            f'{percent(used)} ({which})' for which, used in busy.items()))


def table(results):
    """All groups, aligned."""
    lines, last = [], None
    for shape, cells in rows(results):
        if shape != last:
            lines.append([f'[{shape}]'] + [heading for heading, *_ in COLUMNS])
            last = shape
        lines.append(cells)
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS) + 1)]
    text = '\n'.join('  '.join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths)))
                     for line in lines)
    return '\n'.join([text, *warnings(results)])
