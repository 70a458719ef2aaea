# SPDX-License-Identifier: Apache-2.0
"""What is shown while a run is under way: a line every five seconds."""
import sys

from records import latency
from series import kind, quantile

EVERY = 5  # seconds


class Progress:
    def __init__(self, variant, shape, run, runs):
        self.seen = 0
        times = f', run {run + 1} of {runs}' if runs > 1 else ''
        self._say(f'\n{variant.name} ({variant.meaning}); shape {shape.name}: '
                  f'{shape.meaning}{times}')
        self._say(f'{"s":>4} {"2xx/s":>6} {"5xx/s":>6} {"lost/s":>6} {"p50 ms":>7} {"free":>5}  '
                  'per target: state, listen queue, connections, learned limit')

    @staticmethod
    def _say(text):
        print(text, file=sys.stderr, flush=True)

    def __call__(self, second, records, sample):
        if second == 0 or second % EVERY:
            return
        new = records[self.seen:]
        self.seen = len(records)
        counts = {name: sum(kind(record) == name for record in new) / EVERY
                  for name in ('ok', '5xx', 'client')}
        median = quantile([latency(record) for record in new], 0.5)
        free = 100 * (sample['idle'] + sample['low'])
        self._say(f'{second:>4} {counts["ok"]:>6.1f} {counts["5xx"]:>6.1f} '
                  f'{counts["client"]:>6.1f} {1000 * median if median else 0:>7.0f} {free:>4.0f}%  '
                  + '  '.join(map(described, sample['targets'].values())))


def described(target):
    words = [target.get('state') or '-', f'q{target.get("queue", 0)}',
             f'c{target.get("connections", 0)}']
    if target.get('limit'):
        words.append(f'l{target["limit"]:g}')
    return ' '.join(words)
