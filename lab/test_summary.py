# SPDX-License-Identifier: Apache-2.0
"""The arithmetic between records and the numbers that are reported."""
import pytest

import summary
from records import Record, RecordsFile, parse
from samples_for_test import record, sample
from series import cause, per_second, quantile
from shapes import SHAPES, Shape, Target

STEADY = Shape('steady', '', (Target(), Target()), '0:10,5:10,5:100,15:100,15:10,25:10')


def test_a_line_of_the_surge_is_a_record():
    assert parse('17,1,1,200,answered,1000000,1002000,1500000,1500100') == Record(
        17, 1, True, 200, 'answered', 1.0, 1.002, 1.5, 1.5001)
    assert parse('18,0,0,0,connect,1000000,-1,-1,1000500') == Record(
        18, 0, False, 0, 'connect', 1.0, None, None, 1.0005)


def test_a_growing_file_gives_each_record_once(tmp_path):
    path = tmp_path / 'records.csv'
    file = RecordsFile(path)
    assert file.new() == []
    with open(path, 'w') as writer:
        writer.write('# start_unix_us=5000000\nnumber,attempt\n0,0,0,200,answered,0,1,2,3\n1,0')
        writer.flush()
        assert [one.number for one in file.new()] == [0]
        writer.write(',0,200,answered,0,1,2,3\n')
        writer.flush()
        assert [one.number for one in file.new()] == [1]
    assert file.start == 5.0


@pytest.mark.parametrize('values, q, expected', [
    ([], 0.5, None), ([3], 0.99, 3), ([1, 2, 3, 4], 0.5, 2), (range(1, 101), 0.99, 99)])
def test_quantile(values, q, expected):
    assert quantile(values, q) == expected


@pytest.mark.parametrize('one, told, expected', [
    (record(), 'x', None),
    (record(status=503), 'target_group_saturated', '503: target_group_saturated'),
    (record(status=500), None, '500: answered by the target'),
    (record(status=404), None, '404: answered by the target'),
    (record(outcome='timed_out'), None, 'client gave up'),
    (record(outcome='timed_out'), 'client left in the queue',
     'client gave up: client left in the queue')])
def test_a_failure_has_its_cause_in_words(one, told, expected):
    assert cause(one, {(0, 0): told} if told else {}) == expected


def test_seconds_count_offers_when_meant_and_answers_when_they_end():
    found = per_second([record(0, 0.9, 0.2), record(1, 0.5, 10, outcome='timed_out'),
                        record(2, 1.5, 0.1, status=503), record(3, 1.6, 0.1, status=404)],
                       {(2, 0): 'full'}, 3)
    assert found['offered'][:3] == [2, 2, 0]
    assert found['ok'][:3] == [0, 1, 0]
    assert found['5xx'][1] == 1 and found['other'][1] == 1 and found['client'][10] == 1
    assert found['p50'][1] == pytest.approx(0.1) and found['p99'][1] == pytest.approx(0.2)
    assert found['p50'][0] is None
    assert {name: sum(counts) for name, counts in found['causes'].items()} == {
        '503: full': 1, '404: answered by the target': 1, 'client gave up': 1}


def test_a_user_is_served_if_any_attempt_is():
    assert summary.users_served([record(0, status=503), record(0, attempt=1), record(1, status=503),
                                 record(2)]) == (3, 2)


def test_flips_and_seconds_by_number_of_healthy_targets():
    samples = [sample(i, states) for i, states in enumerate(
        ['hh', 'hh', 'hu', 'uu', 'uu', 'uh', 'hh', 'uu'])]
    assert summary.health(samples, last=7) == (4, {'2': 3, '1': 2, '0': 2})
    assert summary.health([sample(0, '--')], last=7) == (0, {})


@pytest.mark.parametrize('fails, expected', [
    ([], 0),             # never anything wrong
    ([(10, 0.1)], 0),    # in the surge only
    ([(15.5, 0.1)], 1),
    ([(14, 3.9)], 3),    # of the surge, but it ended later
    ([(24.5, 0.1)], None)])
def test_recovered_when_everything_is_and_stays_as_before(fails, expected):
    records = [record(i, at=i / 10, took=0.05) for i in range(250)]
    records += [record(1000 + i, at=at, took=took, outcome='timed_out')
                for i, (at, took) in enumerate(fails)]
    assert summary.seconds_to_recover(records, STEADY) == expected


def test_slow_is_not_recovered():
    records = [record(i, at=i / 10, took=0.05 if i < 200 else 2.0) for i in range(230)]
    assert summary.seconds_to_recover(records, STEADY) is None


def test_processor_time_of_the_surge():
    samples = [sample(i, 'hh', idle=0.9 if i < 20 else 0.05, low=0.05) for i in range(30)]
    found = summary.processor(samples, (10, 30))
    assert found['cpu_idle'] == pytest.approx(0.475)
    assert found['cpu_free_worst'] == pytest.approx(0.1) and found['cpu_was_short']
    assert not summary.processor(samples, (0, 20))['cpu_was_short']


def test_the_worst_ten_seconds():
    assert summary.least_in_window([1, 1, 5, 5], 2) == 1
    assert summary.least_in_window([1], 2) is None


def test_a_whole_run_in_numbers():
    shape = SHAPES['default']
    records = [record(i, at=i / 50, took=0.4, status=503 if i % 4 == 0 else 200)
               for i in range(4750)]
    samples = [sample(i, 'hh', queue=i % 7, connections=i) for i in range(96)]
    series = per_second(records, {}, 95)
    found = summary.summarize(records, series, samples, shape, shape.targets)
    assert (found['users'], found['attempts'], found['served']) == (4750, 4750, 3562)
    assert found['success'] == pytest.approx(0.75, abs=0.001)
    assert found['p50_ok'] == pytest.approx(0.4)
    assert (found['seconds_without_success'], found['flips']) == (0, 0)
    assert (found['queue_most'], found['connections_most']) == (6, 95)
    assert found['worst_goodput'] == pytest.approx(37.5, abs=0.5)
    assert found['recovered_after'] is None  # a quarter fails to the end
