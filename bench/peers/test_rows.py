# SPDX-License-Identifier: Apache-2.0
"""How figures are formed, judged and told."""
import pytest

from results_page import goals_table, page
from rows import (CELLS, GOALS, ROWS, against_best, cells_of, figure_of, growth_against_relay,
                  paired_ratio)


def passes(**costs):
    """One measurement of each contestant per pass, from lists of µs."""
    count = len(next(iter(costs.values())))
    return [{name: {'cpu_us': values[i]} for name, values in costs.items()} for i in range(count)]


def results(found):
    return {'cells': {name: {'passes': done, 'seconds': 1, 'refused': {},
                             'noise': {'exchange_ns': [3000, 3300], 'multiply_ns': [900, 901],
                                       'steal': 0.01}} for name, done in found.items()},
            'versions': {'nginx': 'nginx 1.22'}, 'machine': 'a machine', 'note': 'A note.'}


def test_a_ratio_is_formed_within_each_pass():
    # The second pass ran on a machine half as fast: the ratios know nothing of it.
    figure = paired_ratio(passes(daruma=[10, 20, 11], nginx=[20, 40, 20]), 'daruma', 'nginx',
                          'cpu_us')
    assert (figure.median, figure.low, figure.high) == (0.5, 0.5, 0.55)


def test_the_best_peer_is_the_one_it_looks_worst_beside():
    figure = against_best(passes(daruma=[9, 9], nginx=[10, 10], haproxy=[18, 18]),
                          ('nginx', 'haproxy'), 'cpu_us')
    assert figure.against == 'nginx'
    assert figure.median == 0.9


def test_a_peer_that_was_not_measured_counts_for_nothing():
    assert against_best(passes(daruma=[9]), ('nginx', 'haproxy'), 'cpu_us') is None
    figure = against_best(passes(daruma=[9], haproxy=[18]), ('nginx', 'haproxy'), 'cpu_us')
    assert figure.against == 'haproxy'


def test_growth_is_compared_with_the_relays():
    done = [{'daruma, 100': {'cpu_us': 10}, 'daruma, 1000': {'cpu_us': 15},
             'relay, 100': {'cpu_us': 8}, 'relay, 1000': {'cpu_us': 10}}]
    assert growth_against_relay(done).median == pytest.approx(1.2)


def test_every_goal_names_a_cell_and_every_cell_has_a_goal():
    assert {goal.cell for goal in GOALS} == set(CELLS)
    assert ROWS == tuple(f'P{n}' for n in range(1, 12))
    assert cells_of(['P10']) == cells_of(['P11']) == ['P10-plain', 'P10-both']


def test_rows_that_fall_short_come_first_and_unmeasured_ones_last():
    lines = list(goals_table(results({
        'P2': passes(daruma=[9], nginx=[10], haproxy=[11], relay=[5])})['cells']))[2:]
    verdicts = [line.split('|')[6].strip() for line in lines]
    assert verdicts[:2] == ['**falls short**', 'met']
    assert set(verdict.split(':')[0] for verdict in verdicts[2:]) == {'not measured'}
    assert lines[0].startswith('| P2 | CPU to the TLS relay | ≤ 1.15× | 1.80× (1.80–1.80)')
    assert '`make bench ROWS=P2`' in lines[0]


def test_a_share_has_to_be_at_least_its_goal():
    share = next(goal for goal in GOALS if goal.text == 'share resumed')
    assert share.met(figure_of([0.96])) and not share.met(figure_of([0.94]))


def test_a_verdict_that_some_pass_contradicts_says_so():
    goal = next(goal for goal in GOALS if goal.limit == 1.15)
    assert goal.verdict(figure_of([1.0, 1.1, 1.14])) == 'met'
    assert goal.verdict(figure_of([1.0, 1.1, 1.2])) == 'met (not in every pass)'
    assert goal.verdict(figure_of([1.1, 1.2, 1.3])) == '**falls short** (not in every pass)'


def test_the_page_tells_noise_versions_and_the_note():
    text = page(results({'P2': passes(daruma=[9, 10], nginx=[10, 12], haproxy=[11, 11])}))
    for told in ('nginx 1.22', 'a machine', 'A note.', '3150 (3000–3300) ns', '1.0 %',
                 '| nginx | 11.0 (10.0–12.0) |'):
        assert told in text
