# SPDX-License-Identifier: Apache-2.0
"""The page and the results file: whole, self-contained, and with what was found in them."""
import re
import xml.etree.ElementTree as ElementTree

import pytest

import results
from charts import nice_top, runs_of
from experiment import found
from report import padded, page
from samples_for_test import record, sample
from shapes import SHAPES
from variants import VARIANTS


class FakeBalancer:
    def version(self):
        return 'Balancer 1.0 <beta>'

    def configuration(self):
        return 'a & b'

    def reasons(self):
        return {(n, 0): 'target_connect_timeout' for n in range(100)}


def result(variant='daruma', states='hu', shape='capacity', run=1):
    records = [record(i, at=i / 50, status=503 if i % 40 == 0 else 200) for i in range(4750)]
    samples = [sample(i, states, queue=i % 66) for i in range(96)]
    one = found(VARIANTS[variant], SHAPES[shape], SHAPES[shape].targets, FakeBalancer(), samples,
                records, ['daruma_surge', '--profile', SHAPES[shape].profile])
    return {**one, 'run': run, 'began': 1_790_000_000.0, 'seconds': 97.0}


@pytest.mark.parametrize('states', ['hu', '--'])
def test_every_picture_is_well_formed(states):
    text = page([result(states=states)], 'make lab')
    pictures = re.findall(r'<svg.*?</svg>', text, re.S)
    assert len(pictures) == (8 if states == 'hu' else 7)  # seven, and the one in the overview
    for picture in pictures:
        ElementTree.fromstring(picture)


def test_the_page_needs_nothing_else():
    text = page([result(), result('nginx', '--')], 'make lab')
    assert not re.search(r'(src|href)="(?!#)', text)
    assert '<script' not in text and '@import' not in text and 'url(' not in text


def test_the_page_tells_what_was_found_and_how():
    text = page([result()], 'make lab VARIANTS=daruma')
    for words in ('make lab VARIANTS=daruma', 'Balancer 1.0 &lt;beta&gt;', 'a &amp; b',
                  '503: target_connect_timeout', 'target 1: workers 8', 'unhealthy', '97.5 %'):
        assert words in text, words


def test_variants_of_a_shape_are_equally_wide():
    assert padded('ok', [3], 3) == [3, 0, 0]
    assert padded('p50', [0.5], 2) == [0.5, None]  # no answer takes no time


def test_round_tops_and_stretches():
    assert [nice_top(value) for value in (0, 1, 7, 65, 101, 999)] == [1, 1, 8, 80, 120, 1000]
    assert list(runs_of('aab')) == [(0, 2, 'a'), (2, 3, 'b')]


def test_a_new_section_replaces_the_old_one_of_its_shape():
    first = results.replaced('', {'default': '## default\n\none\n', 'fast': '## fast\n\ntwo\n'})
    second = results.replaced(first, {'default': '## default\n\nthree\n', 'http': '## http\n\nx\n'})
    assert re.findall(r'^## (\w+)\n\n(\w+)', second, re.M) == [
        ('default', 'three'), ('fast', 'two'), ('http', 'x')]
    assert second.count('# What the lab measured') == 1


def test_a_section_has_medians_ranges_and_the_command():
    text = results.section('default', [result(run=1), result(run=2)], 'make lab', '2 processors')
    assert '| daruma | **97.5 %** (97.5–97.5) |' in text
    assert '2 runs: `make lab`' in text and 'Balancer 1.0' in text
