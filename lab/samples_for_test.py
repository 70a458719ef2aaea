# SPDX-License-Identifier: Apache-2.0
"""Records, samples and targets made up for tests."""
from types import SimpleNamespace

from records import Record
from shapes import Target


def record(number=0, at=0.0, took=0.5, status=200, outcome='answered', attempt=0):
    return Record(number, attempt, False, 0 if outcome != 'answered' else status, outcome, at, at,
                  None, at + took)


def sample(second, states, idle=0.5, low=0.0, queue=0, connections=0):
    """`states`: one letter for each target: h(ealthy), u(nhealthy), - (not told)."""
    words = {'h': 'healthy', 'u': 'unhealthy', '-': None}
    return {'t': second, 'idle': idle, 'low': low, 'group': {},
            'used': dict.fromkeys(('targets', 'balancer', 'surge', 'lab', 'others'), 0.1),
            'targets': {f'127.0.0.{i + 2}:8443': {
                'state': words[letter], 'reason': None, 'queue': queue,
                'connections': connections} for i, letter in enumerate(states)}}


def target(address='127.0.0.2', port=8443, **spec):
    return SimpleNamespace(address=address, name=f'{address}:{port}', spec=Target(**spec),
                           server=SimpleNamespace(port=port))
