# SPDX-License-Identifier: Apache-2.0
"""lab/results.md: what was measured last, a section for each shape, with its command."""
import os
import re
import time
from pathlib import Path

from table import COLUMNS, combined, grouped, percent, warnings

HEAD = '''# What the lab measured

Written by `lab/run.py --write-results`, a section for each shape, each from its last run. Times are
milliseconds from the moment a user meant to send; [README.md](README.md) says what is measured and
how, `lab/run.py --help` what the columns mean. With several runs each number is the median, with
the least and the most of *served* beside it.

'''


def processor():
    """What it ran on, in words."""
    model = re.search(r'model name\s*: (.*)', Path('/proc/cpuinfo').read_text())
    return f'{os.cpu_count()} processors ({model.group(1) if model else "of unknown model"})'


def cells(runs):
    summary = combined(runs)
    for heading, key, write, _ in COLUMNS:
        text = write(summary.get(key))
        if key == 'success' and len(runs) > 1:
            every = [100 * run['summary'][key] for run in runs]
            text = f'**{text}** ({min(every):.1f}–{max(every):.1f})'
        elif key == 'success':
            text = f'**{text}**'
        yield text


def used_by_others(results):
    """How much of the processor the machine's other programs took, at most."""
    return max(result['summary'].get('cpu_used', {}).get('others', 0) for result in results)


def section(shape, results, command, machine):
    """The text for one shape."""
    groups = grouped(results)
    date = time.strftime('%Y-%m-%d', time.gmtime(results[0]['began']))
    count = max(len(runs) for runs in groups.values())
    versions = '; '.join(dict.fromkeys(result['version'] for result in results))
    lines = [f'## {shape}', '', f'{results[0]["shape_meaning"]}.', '',
             f'{date}, {machine}, {count} run{"s" if count > 1 else ""}: `{command}`. {versions}.',
             f'Other programs of the machine took {percent(used_by_others(results))} of the '
             'processor in the worst run.', '',
             '| variant | ' + ' | '.join(heading for heading, *_ in COLUMNS) + ' |',
             '|---|' + '---|' * len(COLUMNS)]
    for (_, variant), runs in groups.items():
        lines.append(f'| {variant} | ' + ' | '.join(cells(runs)) + ' |')
    short = [text for text in warnings(results) if 'was short' in text]
    return '\n'.join(lines + [''] + [f'- {text}.' for text in short] + [''] * bool(short)) + '\n'


def replaced(text, sections):
    """The file's text with these sections ({shape: text}) instead of the old ones of the same
    name; new ones come last."""
    found = {}
    for part in re.split(r'^(?=## )', text, flags=re.M)[1:]:
        found[part.split('\n', 1)[0][3:]] = part
    found.update(sections)
    return HEAD + '\n'.join(part.strip('\n') + '\n' for part in found.values())


def write(path, results, command):
    shapes = {}
    for result in results:
        shapes.setdefault(result['shape'], []).append(result)
    text = path.read_text() if path.exists() else ''
    path.write_text(replaced(text, {shape: section(shape, those, command, processor())
                                    for shape, those in shapes.items()}))
