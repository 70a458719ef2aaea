# SPDX-License-Identifier: Apache-2.0
"""A run in a dozen numbers. Pure arithmetic over records, seconds and samples."""
from collections import Counter

from rates import Profile
from records import latency, ok
from series import kind, quantile

WORST_WINDOW = 10        # seconds
CPU_WINDOW = 5           # seconds
CPU_IDLE_LEAST = 0.15    # below it the processor, not the targets, may be what is short
RECOVERED_OK = 0.95      # a second is as before when so many of its requests are served
RECOVERED_SLOWNESS = 1.5  # and their median takes at most so many times the page's mean


def users_served(records):
    """(users, those of them who got what they asked for, at last)."""
    served = {}
    for record in records:
        served[record.number] = served.get(record.number, False) or ok(record)
    return len(served), sum(served.values())


def least_in_window(values, length):
    """The least mean over so many neighbours; None if there are not as many."""
    sums = [sum(values[i:i + length]) / length for i in range(len(values) - length + 1)]
    return min(sums) if sums else None


def seconds_to_recover(records, shape):
    """From the end of the surge's peak until everything is and stays as if there had been none,
    for those whose requests end: the late answers to the surge count. None if that never came."""
    profile = Profile(shape.profile)
    end, last = int(profile.surge[1]), int(profile.seconds)
    by_second = {}
    for record in records:
        by_second.setdefault(min(int(record.done), last - 1), []).append(record)

    def as_before(second):
        those = by_second.get(second, [])
        good = sum(map(ok, those))
        return not those or (
            good >= RECOVERED_OK * len(those)
            and quantile(map(latency, those), 0.5) <= RECOVERED_SLOWNESS * shape.mean_page)
    for second in range(last, end, -1):
        if not as_before(second - 1):
            return second - end if second < last else None
    return 0


def health(samples, last):
    """(flips, seconds with n healthy targets: {n: seconds}), over samples before `last`."""
    flips, counts, before = 0, Counter(), {}
    for sample in samples:
        if sample['t'] >= last:
            break
        states = {name: target['state'] == 'healthy' for name, target in sample['targets'].items()
                  if target.get('state') is not None}
        flips += sum(before.get(name, healthy) != healthy for name, healthy in states.items())
        before.update(states)
        if states:
            counts[sum(states.values())] += 1
    return flips, {str(n): counts[n] for n in sorted(counts, reverse=True)}


def processor(samples, surge):
    """Idle time during the surge, as parts of all: on average, in its worst window, and who used
    the rest. What low-priority processes used was free to be taken."""
    begin, end = surge
    those = [sample for sample in samples if begin <= sample['t'] < end]
    if not those:
        return {}
    free = [sample['idle'] + sample['low'] for sample in those]
    least = least_in_window(free, min(CPU_WINDOW, len(free)))
    return {'cpu_idle': sum(sample['idle'] for sample in those) / len(those),
            'cpu_free': sum(free) / len(free), 'cpu_free_worst': least,
            'cpu_was_short': least < CPU_IDLE_LEAST,
            'cpu_used': {who: sum(sample['used'][who] for sample in those) / len(those)
                         for who in those[0]['used']}}


def most(samples, name):
    return max((target.get(name, 0) for sample in samples
                for target in sample['targets'].values()), default=0)


def summarize(records, series, samples, shape, targets):
    """`targets`: the specifications that were really behind it (they may have been cured)."""
    profile = Profile(shape.profile)
    last = int(profile.seconds)
    begin, end = (int(second) for second in profile.surge)
    users, served = users_served(records)
    counts = Counter(kind(record) for record in records)
    good = [latency(record) for record in records if ok(record)]
    every = [latency(record) for record in records]
    flips, healthy = health(samples, last)
    return {
        'users': users, 'attempts': len(records), 'served': served,
        'success': served / users if users else 0.0, 'bound': shape.bound(targets),
        'ok': counts['ok'], '5xx': counts['5xx'], 'other': counts['other'],
        'client_errors': counts['client'],
        'p50_ok': quantile(good, 0.5), 'p99_ok': quantile(good, 0.99),
        'p50_all': quantile(every, 0.5), 'p99_all': quantile(every, 0.99),
        'goodput': sum(series['ok'][begin:end]) / (end - begin),
        'worst_goodput': least_in_window(series['ok'][begin:end], WORST_WINDOW),
        'seconds_without_success': sum(
            series['offered'][i] > 0 and series['ok'][i] == 0 for i in range(last)),
        'flips': flips, 'healthy_seconds': healthy,
        'queue_most': most(samples, 'queue'), 'connections_most': most(samples, 'connections'),
        'recovered_after': seconds_to_recover(records, shape),
        **processor(samples, (begin, end))}
