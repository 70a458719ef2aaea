# SPDX-License-Identifier: Apache-2.0
"""The driver, with a handful of requests: that it measures at all, not what it finds."""
import json

import pytest

import run
from contestants import Origin, make_certificate
from measure import Length, Work, WrongAnswer, measure
from processes import ROOT, Ports, Process, program

BUILD = ROOT / 'build/release'
BINARIES = BUILD / 'bench/peers'
FEW = Length(seconds=5, warm_up=0, requests_max=20)

pytestmark = pytest.mark.skipif(not (BINARIES / 'peers_generator').exists()
                                or not (BUILD / 'daruma').exists(),
                                reason='not built: make bench')


def have(*names):
    """Whether the comparison finds them, as it looks for them itself."""
    try:
        return all(program(name, 'bench') for name in names)
    except AssertionError:
        return False


def test_a_whole_run_with_few_requests(tmp_path, capsys):
    peers = [peer for peer in run.PEERS if have(peer)]
    words = ['--rows', 'P2,P3,P5,P9', '--runs', '1', '--seconds', '5', '--requests', '50',
             '--held', '20', '--build', str(BUILD), '--out', str(tmp_path),
             '--results', str(tmp_path / 'results.md')]
    run.main(words + (['--peers', ','.join(peers)] if peers else []))
    cells = json.loads((tmp_path / 'results.json').read_text())['cells']
    assert set(cells) == {'P2', 'P3', 'P5-steady', 'P5-resumed', 'P9-plain', 'P9-tls'}
    for name in ('P2', 'P3'):
        found = cells[name]
        assert not found['refused']
        [done] = found['passes']
        assert {'daruma', 'relay', *peers} & set(run.CELLS[name].entries) == set(done)
        for measured in done.values():
            assert measured['requests'] == 50
            assert measured['cpu_us'] > 0 and measured['p50_us'] > 0
    # How many handshakes there were depends on which connections the 50 took.
    resumed = cells['P5-resumed']['passes'][0]['daruma']
    assert resumed['per_thousand'] >= 0 and resumed['requests'] == 50
    page = (tmp_path / 'results.md').read_text()
    assert '| P3 | CPU to the TLS relay |' in page
    assert 'written:' in capsys.readouterr().out


@pytest.mark.skipif(not have('h2load'), reason='h2load is missing')
def test_http2_is_measured_with_h2load(tmp_path):
    run.main(['--rows', 'P6', '--runs', '1', '--requests', '40', '--peers', 'h2o',
              '--build', str(BUILD), '--out', str(tmp_path),
              '--results', str(tmp_path / 'results.md')])
    [done] = json.loads((tmp_path / 'results.json').read_text())['cells']['P6']['passes']
    assert done['daruma']['requests'] == 40


@pytest.mark.parametrize('words, what', [
    (['--rows', 'P99'], "no row 'P99'; there are: P1,"),
    (['--peers', 'apache'], "no peer 'apache'; there are: nginx,"),
    (['--runs', '0'], 'begin at 1')])
def test_a_wrong_option_is_refused_with_what_there_is(words, what, capsys):
    with pytest.raises(SystemExit):
        run.arguments(words)
    assert what in capsys.readouterr().err


@pytest.fixture(name='relayed')
def fixture_relayed(tmp_path):
    """A relay before an origin: the generator connects to 127.0.0.1, the origin is at 127.0.0.2."""
    make_certificate(tmp_path, BUILD / 'daruma')
    origin = Origin(tmp_path, BINARIES)
    contestant = run.CONTESTANTS['relay']('relay', tmp_path, origin, BINARIES, BUILD / 'daruma')
    yield contestant
    contestant.close()
    origin.close()


@pytest.mark.parametrize('work', [
    Work('plain', connections=5), Work('tls', connections=5), Work('both', connections=5),
    Work('both', connections=3, body=1 << 20), Work('plain', connections=3, rate=500),
    Work('tls', connections=2, new_connection=True)], ids=str)
def test_generator_relay_and_origin_carry_every_kind_of_work(relayed, work):
    done = measure(relayed, work, FEW, BINARIES)
    assert done['requests'] == 20
    assert relayed.origin.stats()['requests'] >= 20


def test_sessions_are_resumed_only_where_asked(relayed):
    once = Work('tls', connections=2, new_connection=True)
    full = measure(relayed, once, FEW, BINARIES)
    assert (full['handshakes_full'], full['handshakes_resumed']) == (20, 0)
    resumed = measure(relayed, Work('tls', connections=2, new_connection=True, resume=True), FEW,
                      BINARIES)
    # Each of the two clients has to have a session first.
    assert (resumed['handshakes_full'], resumed['handshakes_resumed']) == (2, 18)


def test_a_wrong_answer_is_no_measurement(tmp_path, relayed):
    log = tmp_path / 'wrong.log'
    command = [BINARIES / 'peers_generator', '--port', relayed.ports['plain'], '--requests', 5,
               '--expect-bytes', 1023]
    with Process(command, log) as generator:  # its standard input has ended: it goes on by itself
        generator.wait()
    report = json.loads(log.read_text().splitlines()[-1])
    assert report['requests'] == 0
    assert report['failures'] == {'a body of 1024 bytes': 10}  # warming up, and measured


def test_a_contestant_that_does_not_answer_is_told(relayed):
    relayed.ports['plain'] = Ports.take()
    with pytest.raises(WrongAnswer):
        measure(relayed, Work('plain', connections=1), FEW, BINARIES)
