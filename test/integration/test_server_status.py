# SPDX-License-Identifier: Apache-2.0
"""A real Apache tells of its workers (mod_status, daruma.target_status_path): what is known of it
stands in /targets, `daruma explain` and `daruma advise`.
"""
import concurrent.futures
import json
import tempfile
from pathlib import Path

import pytest

from apache import Apache
from harness import DARUMA, run, wait_until

WORKERS = 4
STATUS = '/server-status'
PAGE = """
function page(r)
  r.usleep(400000)
  r:write('page')
  return apache2.OK
end
"""


@pytest.fixture
def apache(processes):
    # Not under tmp_path, which Apache's own user may not enter.
    folder = Path(processes.enter_context(tempfile.TemporaryDirectory(prefix='daruma-apache-')))
    folder.chmod(0o755)
    script = folder / 'page.lua'
    script.write_text(PAGE)
    return processes.enter_context(Apache(
        folder, '127.0.0.2', workers=WORKERS, modules=('lua', 'status'),
        more=f'LuaMapHandler ^/page$ {script} page\n'
             f'<Location {STATUS}>\n  SetHandler server-status\n  Require all granted\n'
             '</Location>\n'))


def ask(daruma, *words):
    done = run([DARUMA, *words, '--admin', f'127.0.0.1:{daruma.configuration.admin_port}'])
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def status_of(daruma):
    [group] = daruma.ask_admin('/targets').json()['TargetGroups']
    [target] = group['TargetHealthDescriptions']
    return target['ServerStatus']


def test_the_workers_of_an_apache_are_known_and_not_guessed(apache, serve):
    daruma = serve([apache], group={'Attributes': {'daruma.target_status_path': STATUS}})

    wait_until('Apache tells of itself', lambda: status_of(daruma)['Latest'])
    quiet = status_of(daruma)
    assert quiet['Latest']['BusyWorkers'] + quiet['Latest']['IdleWorkers'] == WORKERS, quiet
    assert (quiet['Latest']['Slots'], quiet['Problem']) == (WORKERS, None), quiet
    told = ask(daruma, 'explain', '--target', apache.name)
    assert f'The server of {apache.name} (target group group), ' in told, told

    with concurrent.futures.ThreadPoolExecutor(16) as clients:
        def full():
            list(clients.map(lambda _: daruma.get('/page'), range(32)))
            return 'as its scoreboard shows' in ask(daruma, 'advise')
        wait_until('more workers are advised', full, 90)
    status = status_of(daruma)
    assert status['MaxRequestWorkers'] == WORKERS, status
    assert status['LastFull']['IdleWorkers'] == 0, status
    assert sum(status['LastFull']['States'].values()) == WORKERS, status
    advice = ask(daruma, 'advise')
    assert (f'Apache at {apache.name} serves at most {WORKERS} connections at once '
            f'(MaxRequestWorkers {WORKERS}, as its scoreboard shows)') in advice, advice
    assert f'all {WORKERS} workers busy: ' in advice, advice
    [server] = json.loads(ask(daruma, 'explain', '--target', apache.name, '--json'))['servers']
    assert (server['target'], server['max_request_workers']) == (apache.name, WORKERS), server
    # It asked over the connections of health checks, and never failed one.
    assert daruma.health() == {apache.name: 'healthy'}


def test_a_status_page_of_no_use_is_told_once_and_costs_no_health(apache, serve):
    daruma = serve([apache], group={'Attributes': {'daruma.target_status_path': '/page-10'}})
    wait_until('the answer is told to be of no use', lambda: status_of(daruma)['Problem'])
    assert status_of(daruma)['Problem'] == 'its status page has no line BusyWorkers'
    assert 'its status page has no line BusyWorkers' in ask(daruma, 'explain', '--target',
                                                            apache.name)
    # Asked again, it is not told again.
    asked = f'{apache.folder}/access.log'
    wait_until('it was asked again', lambda: Path(asked).read_text().count(' /page-10\n') >= 2, 40)
    assert daruma.output().count('of no use') == 1
    assert daruma.health() == {apache.name: 'healthy'}
