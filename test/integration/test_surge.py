# SPDX-License-Identifier: Apache-2.0
"""The lab's load generator: an open loop, one line per request, every way to fail named."""
import csv

import pytest

from harness import DARUMA, Ports, run

SURGE = DARUMA.parent / 'lab/surge/daruma_surge'


@pytest.fixture
def surge(tmp_path):
    """surge(address, port, …): the records, as dictionaries, in order of number and attempt."""
    def send(address, port, *options):
        file = tmp_path / 'records.csv'
        answer = run([SURGE, '--ip', address, '--port', port, '--records', file, *options])
        assert answer.returncode == 0, answer.stderr
        lines = file.read_text().splitlines()
        assert lines[0].startswith('# start_unix_us=')
        return sorted(csv.DictReader(lines[1:]),
                      key=lambda row: (int(row['number']), int(row['attempt'])))
    return send


def outcomes(records):
    return {(row['status'], row['outcome']) for row in records}


def test_each_request_is_sent_when_it_is_due_and_recorded(start_targets, surge):
    target, = start_targets(1, tls=True, options=['--delay', '30'])
    records = surge(target.address, target.port, '--tls', '--profile', '0:100,1:100')
    assert [int(row['number']) for row in records] == list(range(100))
    assert [int(row['intended_us']) for row in records] == [n * 10_000 for n in range(100)]
    assert outcomes(records) == {('200', 'answered')}
    for row in records:
        sent, first, done = (int(row[name]) for name in ('sent_us', 'first_byte_us', 'done_us'))
        assert int(row['intended_us']) <= sent <= first <= done
        assert first - sent >= 30_000
    assert sum(row['reused'] == '1' for row in records) > 50


def test_who_does_not_wait_for_answers_has_many_requests_under_way(start_targets, surge):
    target, = start_targets(1, options=['--delay', '500'])
    records = surge(target.address, target.port, '--profile', '0:100,0.4:100')
    assert outcomes(records) == {('200', 'answered')}
    assert sum(row['reused'] == '1' for row in records) == 0


def test_patience_ends_and_is_counted_from_the_intended_moment(start_targets, surge):
    target, = start_targets(1, options=['--delay', '2000'])
    records = surge(target.address, target.port, '--profile', '0:10,0.5:10', '--patience', '0.3',
                    '--retries', '2')
    assert outcomes(records) == {('0', 'timed_out')}
    assert [int(row['attempt']) for row in records] == [0, 1, 2] * 5
    for row in records:
        assert int(row['done_us']) - int(row['intended_us']) >= 300_000


def test_no_more_are_under_way_than_allowed(start_targets, surge):
    target, = start_targets(1, options=['--delay', '1000'])
    records = surge(target.address, target.port, '--profile', '0:10,0.5:10', '--outstanding', '3')
    assert [row['outcome'] for row in records] == ['answered'] * 3 + ['not_sent'] * 2


@pytest.mark.parametrize('tls, outcome', [(False, 'connect'), (True, 'connect')])
def test_where_nobody_listens(surge, tls, outcome):
    records = surge('127.0.0.1', Ports.take(), '--profile', '0:10,0.2:10',
                    *(['--tls'] if tls else []))
    assert outcomes(records) == {('0', outcome)}


def test_plain_http_is_no_tls(start_targets, surge):
    target, = start_targets(1)
    assert outcomes(surge(target.address, target.port, '--tls', '--profile', '0:10,0.2:10')) == {
        ('0', 'tls')}


def test_a_body_that_is_not_the_one_asked_for(start_targets, surge):
    target, = start_targets(1)
    assert outcomes(surge(target.address, target.port, '--profile', '0:10,0.2:10',
                          '--letters', '10')) == {('200', 'wrong_body')}


@pytest.mark.parametrize('option, value', [
    ('--profile', '0:20'), ('--profile', '5:20,0:20'), ('--ip', 'localhost'),
    ('--records', '/no/such/folder/records')])
def test_what_makes_no_sense_is_refused_by_name(tmp_path, option, value):
    options = {'--ip': '127.0.0.1', '--profile': '0:1,1:1', '--records': tmp_path / 'r',
               option: value}
    answer = run([SURGE, *(word for pair in options.items() for word in pair)])
    assert answer.returncode == 2
    assert option in answer.stderr
