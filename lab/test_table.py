# SPDX-License-Identifier: Apache-2.0
"""Several runs in one line, and what a reader is warned of."""
from table import COLUMNS, combined, rows, table, warnings


def run(success, recovered=2, short=False, number=1):
    summary = {key: 1 for _, key, _, _ in COLUMNS}
    summary.update(success=success, recovered_after=recovered, healthy_seconds={'2': 95},
                   cpu_was_short=short, cpu_free_worst=0.1)
    return {'shape': 'default', 'variant': 'daruma', 'run': number, 'summary': summary}


def test_medians_of_runs():
    found = combined([run(0.5), run(0.9), run(0.8)])
    assert found['success'] == 0.8
    assert found['healthy_seconds'] == {'2': 95}
    assert combined([run(0.5), run(0.9, recovered=None), run(0.8)])['recovered_after'] is None


def test_a_line_for_each_variant_of_a_shape():
    assert [(shape, cells[:2]) for shape, cells in rows([run(0.5), run(0.7)])] == [
        ('default', ['daruma', '60.0 %'])]
    assert 'served' in table([run(0.5)])


def test_a_run_in_which_the_processor_was_short_says_so():
    assert list(warnings([run(0.5)])) == []
    warning, = warnings([run(0.5, short=True, number=2)])
    assert 'run 2' in warning and 'processor was short' in warning
    assert warning in table([run(0.5, short=True, number=2)])
