# SPDX-License-Identifier: Apache-2.0
"""bench/results.md, from what was measured: goals that are missed first, then the rest."""
from rows import CELLS, GOALS, NOT_MEASURED, figure_of

COLUMNS = {  # key of a measurement → (heading, format)
    'cpu_us': ('CPU µs/request', '{:.1f}'), 'rate': ('requests/s', '{:.0f}'),
    'busy': ('core used', '{:.2f}'), 'p50_us': ('p50 µs', '{:.0f}'),
    'p99_us': ('p99 µs', '{:.0f}'), 'bytes': ('bytes/connection', '{:.0f}'),
    'per_thousand': ('handshakes/1,000', '{:.2f}'), 'resumed_share': ('resumed', '{:.3f}')}


def number(value):
    return f'{value:.0f}' if abs(value) >= 100 else f'{value:.2f}'


def text_of(figure, unit=''):
    text = f'{number(figure.median)}{unit} ({number(figure.low)}–{number(figure.high)})'
    return f'{text} to {figure.against}' if figure.against else text


def verdicts(cells):
    """[(goal, figure or None)]: missed, met, not measured."""
    judged = [(goal, goal.figure(cells[goal.cell]['passes']) if goal.cell in cells else None)
              for goal in GOALS]

    def order(pair):
        goal, figure = pair
        return 2 if figure is None else 1 if goal.met(figure) else 0
    return sorted(judged, key=order)


def goals_table(cells):
    yield '| row | what | goal | figure: median (range) | n | verdict | command |'
    yield '|---|---|---|---|---|---|---|'
    for goal, figure in verdicts(cells):
        sign = '≥' if goal.at_least else '≤'
        limit = f'{sign} {goal.limit:g}{goal.unit}'
        command = f'`make bench ROWS={goal.row}`'
        told, count = ('–', 0) if figure is None else (
            text_of(figure, goal.unit), len(cells[goal.cell]['passes']))
        yield (f'| {goal.row} | {goal.text} | {limit} | {told} | {count} | {goal.verdict(figure)} '
               f'| {command} |')
    for row, text, why in NOT_MEASURED:
        yield f'| {row} | {text} | | – | 0 | not measured: {why} | |'


def cell_table(cell, found):
    passes = found['passes']
    labels = [label for label in cell.entries if any(label in done for done in passes)]
    keys = [key for key in COLUMNS
            if any(done.get(label, {}).get(key) is not None for done in passes for label in labels)]
    yield f'### {cell.name}: {cell.meaning}'
    yield ''
    yield '| | ' + ' | '.join(COLUMNS[key][0] for key in keys) + ' |'
    yield '|---' * (len(keys) + 1) + '|'
    for label in labels:
        words = []
        for key in keys:
            figure = figure_of([done[label][key] for done in passes
                                if done.get(label, {}).get(key) is not None])
            form = COLUMNS[key][1].format
            words.append(f'{form(figure.median)} ({form(figure.low)}–{form(figure.high)})'
                         if figure else '–')
        yield f'| {label} | ' + ' | '.join(words) + ' |'
    noise = found['noise']
    exchange, multiply = figure_of(noise['exchange_ns']), figure_of(noise['multiply_ns'])
    yield ''
    yield (f'{len(passes)} passes of {found["seconds"]:g} s each. Meanwhile a loopback exchange '
           f'took {text_of(exchange)} ns and 1,000 multiplications {text_of(multiply)} ns; '
           f'{noise["steal"] * 100:.1f} % of the processors was stolen.')
    for label, why in found.get('refused', {}).items():
        yield f'\n{label} was not measured: {why}'
    yield ''


def page(results):
    cells = {name: results['cells'][name] for name in CELLS if name in results['cells']}
    lines = [
        '# Daruma and its peers, side by side', '',
        'Written by `make bench`; what it does and how far to trust it: [README.md](README.md). '
        'A ratio is formed within one pass, in which all contestants took turns, and its median '
        'and range are over the passes (n). Below 1 Daruma is cheaper or faster.', '',
        f'On {results["machine"]}. ' + '; '.join(
            f'{name}: {version}' for name, version in results['versions'].items()) + '.', '',
        results['note'], '',
        '## The goals, those that are missed first', '', *goals_table(cells), '',
        '## What was measured', '', 'Medians with their ranges over the passes.', '']
    for name, found in cells.items():
        lines += cell_table(CELLS[name], found)
    return '\n'.join(lines).rstrip() + '\n'
