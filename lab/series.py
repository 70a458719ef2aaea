# SPDX-License-Identifier: Apache-2.0
"""Records → what happened in each second."""
import math

from records import latency, ok

OUTCOMES = {
    'wrong_body': 'wrong body', 'not_sent': 'not sent: too many outstanding',
    'connect': 'no connection to the balancer', 'tls': 'no TLS session with the balancer',
    'reset': 'connection reset by the balancer', 'closed': 'connection closed by the balancer',
    'malformed': 'malformed answer', 'timed_out': 'client gave up'}


def quantile(values, q):
    """The smallest value that at least a part q of them do not exceed; None of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)] if ordered else None


def kind(record):
    """'ok', '5xx', 'other' (an answer, but neither of the two) or 'client' (no answer)."""
    if ok(record):
        return 'ok'
    if record.outcome != 'answered':
        return 'client'
    return '5xx' if record.status >= 500 else 'other'


def cause(record, reasons):
    """Why it was no success, in words; None if it was one."""
    if ok(record):
        return None
    told = reasons.get((record.number, record.attempt))
    if record.outcome == 'answered':
        return f'{record.status}: {told or "answered by the target"}'
    what = OUTCOMES.get(record.outcome, record.outcome)
    return f'{what}: {told}' if told else what


def per_second(records, reasons, seconds):
    """Lists with a value for each second. Requests count as offered when they were meant to be
    sent, and otherwise when they ended. Latencies are in seconds; those of a second are of all
    that ended in it, however they did."""
    length = max([seconds] + [int(record.done) + 1 for record in records])
    found = {name: [0] * length for name in ('offered', 'ok', '5xx', 'other', 'client')}
    causes, ended = {}, [[] for _ in range(length)]
    for record in records:
        found['offered'][int(record.intended)] += 1
        second = int(record.done)
        found[kind(record)][second] += 1
        ended[second].append(latency(record))
        why = cause(record, reasons)
        if why:
            causes.setdefault(why, [0] * length)[second] += 1
    found['p50'] = [quantile(values, 0.5) for values in ended]
    found['p99'] = [quantile(values, 0.99) for values in ended]
    return {**found, 'causes': dict(sorted(causes.items(), key=lambda item: -sum(item[1])))}
