# SPDX-License-Identifier: Apache-2.0
"""Sticky sessions: of targets by the load balancer's cookie or by the application's, and of the
groups of a weighted forward action."""
import base64
import collections
import contextlib
import json
import re
import secrets
import stat
import types

import pytest
import requests

from harness import (DARUMA, ROOT, Configuration, Daruma, Ports, Target, run, target_group,
                     wait_until)
from metrics import samples

pytestmark = pytest.mark.threads

LB = {'stickiness.enabled': True}
APP = {'stickiness.enabled': True, 'stickiness.type': 'app_cookie',
       'stickiness.app_cookie.cookie_name': 'session'}
SET_COOKIE = re.compile(r'(AWSALB\w*(?:-\d)?)=([\w-]+); '
                        r'Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT; '
                        r'Path=/(; SameSite=None; Secure)?')


class Client:
    """Keeps what cookies it is given as a browser does, but for where and until when."""

    def __init__(self, daruma, tls=False):
        self.daruma = daruma
        self.tls = tls
        self.cookies = {}
        self.set = []  # by the last answer

    def get(self, path='/', **options):
        pairs = '; '.join(f'{name}={value}' for name, value in self.cookies.items())
        headers = {**({'Cookie': pairs} if pairs else {}), **options.pop('headers', {})}
        answer = self.daruma.get(path, tls=self.tls, headers=headers, **options)
        self.set = answer.raw.headers.getlist('Set-Cookie')
        for line in self.set:
            name, value = line.split(';')[0].split('=', 1)
            self.cookies[name] = value
        return answer

    def target(self, path='/', **options):
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.headers['X-Target']

    def names_set(self):
        return [line.split('=')[0] for line in self.set]


def weighted(stickiness=None, **weights):
    config = {'TargetGroups': [{'TargetGroup': name, 'Weight': weight}
                               for name, weight in weights.items()]}
    if stickiness:
        config['TargetGroupStickinessConfig'] = stickiness
    return [{'Type': 'forward', 'ForwardConfig': config}]


def rule(priority, path, actions):
    return {'Priority': priority, 'Conditions': [{'Field': 'path-pattern', 'Values': [path]}],
            'Actions': actions}


def one(name):
    return [{'Type': 'forward', 'TargetGroup': name}]


@pytest.fixture(scope='module')
def targets(tmp_path_factory):
    folder = tmp_path_factory.mktemp('targets')
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Target(folder, f'127.0.0.{host}')) for host in range(2, 6)]


@pytest.fixture(scope='module')
def balancer(targets, tmp_path_factory):
    group_config = {'Enabled': True, 'DurationSeconds': 600}
    groups = [target_group(targets, 'lb', Attributes=LB),
              target_group(targets, 'lb2', Attributes=LB),
              target_group(targets, 'app', Attributes=APP),
              target_group(targets, 'plain'),
              target_group(targets, 'brief', Attributes={
                  **LB, 'stickiness.lb_cookie.duration_seconds': 1}),
              target_group(targets[:2], 'blue', Attributes=LB),
              target_group(targets[2:], 'green', Attributes=LB),
              target_group(targets[:2], 'b'), target_group(targets[2:], 'g')]
    rules = [rule(1, '/lb2*', one('lb2')), rule(2, '/cookie/*', one('app')),
             rule(3, '/app*', one('app')), rule(4, '/plain*', one('plain')),
             rule(5, '/brief', one('brief')),
             rule(6, '/colours', weighted(group_config, blue=50, green=50)),
             rule(7, '/groups', weighted(group_config, b=50, g=50)),
             rule(8, '/new', weighted(group_config, b=0, g=1)),
             rule(9, '/other', weighted(group_config, app=1))]
    configuration = Configuration(tmp_path_factory.mktemp('sticky') / 'daruma', groups, one('lb'),
                                  rules)
    with Daruma(configuration) as daruma:
        everywhere(daruma, ['/', '/lb2', '/app', '/plain', '/brief'])
        yield daruma


def everywhere(daruma, paths, targets=4):
    """Waits until each of the targets is asked for each path: the first one found healthy is
    alone for a while, and health reaches the workers a moment after the page tells of it."""
    def seen(path):
        return {daruma.get(path).headers['X-Target'] for _ in range(40)}
    wait_until('every target is healthy', lambda: all(
        labels['state'] == 'healthy' or value == 0
        for labels, value in samples(daruma.metrics(), 'daruma_target_health_state')))
    for path in paths:
        wait_until(f'each target is asked for {path}', lambda: len(seen(path)) == targets)


def refused(daruma):
    return daruma.metric('daruma_listener_sticky_cookies_refused_total')


def test_a_client_stays_with_its_target_and_every_answer_renews_the_cookie(balancer):
    first = set()
    for _ in range(12):
        client = Client(balancer)
        target = client.target()
        first.add(target)
        assert client.names_set() == ['AWSALB', 'AWSALBCORS']
        for line, cors in zip(client.set, (None, '; SameSite=None; Secure')):
            assert SET_COOKIE.fullmatch(line).group(3) == cors, line
        assert client.cookies['AWSALB'] == client.cookies['AWSALBCORS']
        for path in ('/', '/status/404', '/bytes/100000', '/?x'):
            answer = client.get(path)
            assert answer.headers['X-Target'] == target
            assert client.names_set() == ['AWSALB', 'AWSALBCORS']
    assert len(first) > 1


def test_without_cookies_a_client_is_sent_round(balancer):
    assert len({balancer.get('/').headers['X-Target'] for _ in range(40)}) == 4
    assert 'Set-Cookie' not in balancer.get('/plain').headers


def test_the_cookie_passes_to_the_target_and_either_of_the_two_will_do(balancer):
    client = Client(balancer)
    target = client.target()
    both = dict(client.cookies)
    for keep in both:
        client.cookies = {'theme': 'dark', keep: both[keep]}
        answer = client.get('/')
        assert answer.headers['X-Target'] == target
        assert f'{keep}={both[keep]}' in answer.text


def test_awsalbcors_goes_before_awsalb(balancer):
    clients = [Client(balancer) for _ in range(40)]
    by_target = {client.target(): client for client in clients}
    one_target, other_target = list(by_target)[:2]
    client = Client(balancer)
    client.cookies = {'AWSALB': by_target[one_target].cookies['AWSALB'],
                      'AWSALBCORS': by_target[other_target].cookies['AWSALB']}
    assert client.target() == other_target


def test_one_cookie_remembers_the_targets_of_several_groups(balancer):
    for _ in range(8):
        client = Client(balancer)
        ours, theirs = client.target('/'), client.target('/lb2')
        for _ in range(3):
            assert client.target('/lb2') == theirs
            assert client.target('/') == ours


def test_a_session_ends_when_its_duration_is_over(balancer):
    before = refused(balancer)
    client = Client(balancer)
    seen = {client.target('/brief')}
    old = dict(client.cookies)

    def moved():
        client.cookies = dict(old)
        seen.add(client.target('/brief'))
        return len(seen) > 1
    wait_until('it is sent elsewhere', moved)
    assert refused(balancer) > before


def test_an_application_begins_the_session(balancer):
    client = Client(balancer)
    assert len({client.target('/app') for _ in range(40)}) == 4
    assert not client.cookies
    target = client.target('/cookie/other')
    assert client.names_set() == ['other']
    target = client.target('/cookie/session')
    assert client.names_set() == ['session'] + [f'AWSALBAPP-{i}' for i in range(4)]
    assert client.cookies['AWSALBAPP-1'] == '_remove_'
    for line in client.set[1:]:
        assert SET_COOKIE.fullmatch(line).group(3) is None, line
    for _ in range(8):
        assert client.target('/app') == target
        assert client.names_set() == [f'AWSALBAPP-{i}' for i in range(4)]
    session = client.cookies.pop('session')
    assert len({client.target('/app') for _ in range(40)}) == 4
    client.cookies['session'] = session + '-renewed'  # only its name is asked for
    assert len({client.target('/app') for _ in range(20)}) == 1


def test_a_client_of_another_site_may_send_the_application_cookie(balancer):
    chrome = ('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) '
              'Chrome/{} Safari/537.36')
    for tls, origin, version, expected in [(True, True, '120.0.0.0', True),
                                           (True, True, '80.0', True),
                                           (True, True, '79.0.1', False),
                                           (True, False, '120.0.0.0', False),
                                           (False, True, '120.0.0.0', False)]:
        client = Client(balancer, tls=tls)
        headers = {'User-Agent': chrome.format(version),
                   **({'Origin': 'https://other.example'} if origin else {})}
        client.get('/cookie/session', headers=headers)
        for line in client.set[1:]:
            assert line.endswith('; SameSite=None; Secure') == expected, (line, version)


def test_a_client_stays_with_its_group_and_its_target_in_it(balancer):
    groups = collections.Counter()
    for _ in range(40):
        client = Client(balancer)
        target = client.target('/colours')
        groups[target in blue_names(balancer)] += 1
        assert client.names_set() == ['AWSALBTG', 'AWSALBTGCORS', 'AWSALB', 'AWSALBCORS']
        for _ in range(4):
            assert client.target('/colours') == target
    assert min(groups[True], groups[False]) > 5, groups


def blue_names(daruma):
    group = next(g for g in daruma.configuration.value['TargetGroups'] if g['Name'] == 'blue')
    return [f"{t['Id']}:{t['Port']}" for t in group['Targets']]


def test_a_sticky_group_may_have_targets_that_are_not(balancer):
    blue = set(blue_names(balancer))
    sides = set()
    for _ in range(20):
        client = Client(balancer)
        seen = {client.target('/groups') for _ in range(12)}
        assert client.names_set() == ['AWSALBTG', 'AWSALBTGCORS']
        assert len(seen) == 2 and (seen == blue or not seen & blue), seen
        sides.add(seen == blue)
    assert sides == {True, False}


def test_a_group_whose_weight_is_0_keeps_the_clients_that_it_has(balancer):
    blue = set(blue_names(balancer))
    assert not {balancer.get('/new').headers['X-Target'] for _ in range(20)} & blue
    client = Client(balancer)
    while client.target('/groups') not in blue:
        client.cookies.clear()
    for _ in range(6):
        assert client.target('/new') in blue


def test_a_cookie_that_is_not_ours_is_a_fresh_pick_and_counted(balancer):
    client = Client(balancer)
    client.get('/')
    good = client.cookies['AWSALB']
    raw = bytearray(base64.urlsafe_b64decode(good + '=' * (-len(good) % 4)))
    raw[20] ^= 1
    forged = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip('=')
    bad = [forged, good[:-2], good + good, 'x', '%2B', '"' + good + '"',
           secrets.token_urlsafe(53), 'A' * 3000]
    for value in bad:
        before = refused(balancer)
        seen = set()
        for _ in range(8):
            client.cookies = {'AWSALB': value}
            seen.add(client.target())
            assert client.names_set() == ['AWSALB', 'AWSALBCORS']
        assert len(seen) > 1, value
        assert refused(balancer) - before == 8, value
    client.cookies = {'AWSALBTG': good}
    before = refused(balancer)
    client.target('/groups')
    assert refused(balancer) - before == 1


def test_over_http2_and_tls(balancer, tmp_path):
    jar = tmp_path / 'jar'
    url = balancer.https + '/'
    seen = set()
    for _ in range(6):
        out = run(['curl', '-sSk', '--http2', '-D', '-', '-o', '/dev/null', '-b', jar, '-c', jar,
                   url]).stdout
        assert out.startswith('HTTP/2 200')
        assert 'set-cookie: AWSALBCORS=' in out
        seen.add(re.search(r'x-target: (\S+)', out).group(1))
    assert len(seen) == 1


def test_an_upgrade_goes_to_the_clients_target_and_its_101_renews_the_cookie(balancer):
    client = Client(balancer)
    target = client.target()
    for _ in range(6):
        with balancer.connect() as connection:
            cookie = f"AWSALB={client.cookies['AWSALB']}"
            connection.sendall(f'GET / HTTP/1.1\r\nHost: a\r\nCookie: {cookie}\r\n'
                               'Connection: Upgrade\r\nUpgrade: echo\r\n\r\nhello'.encode())
            received = b''
            while not received.endswith(b'hello'):
                received += connection.recv(4096)
            assert received.startswith(b'HTTP/1.1 101')
            assert b'Set-Cookie: AWSALB=' in received and b'SameSite=None; Secure' in received
        lines = balancer.log_lines
        wait_until('it is logged', lambda: any(
            line.startswith('ws ') and f' {target} ' in line for line in lines()))
    others = [line for line in balancer.log_lines() if line.startswith('ws ')
              and f' {target} ' not in line]
    assert not others


def start(tmp_path, groups, actions=None, attributes=None, **options):
    configuration = Configuration(tmp_path / 'daruma', groups, actions)
    if attributes:
        configuration.load_balancer['Listeners'][0]['Attributes'] = attributes
        configuration.write()
    return Daruma(configuration, **options)


def test_a_client_moves_when_its_target_is_unhealthy_and_does_not_come_back(targets, tmp_path):
    with Target(tmp_path, '127.0.0.6') as fragile:
        group = target_group([targets[0], fragile], Attributes=LB)
        with start(tmp_path, [group], workers=1) as daruma:
            daruma.wait_for_health({targets[0].name: 'healthy', fragile.name: 'healthy'})
            client = Client(daruma)
            while client.target() != fragile.name:
                client.cookies.clear()
            assert client.target() == fragile.name
            fragile.stop()
            assert client.target() == targets[0].name  # at once: nothing of it had left
            daruma.wait_for_health({targets[0].name: 'healthy', fragile.name: 'unhealthy'})
            assert client.target() == targets[0].name
            with fragile.again():
                daruma.wait_for_health({targets[0].name: 'healthy', fragile.name: 'healthy'})
                assert {client.target() for _ in range(6)} == {targets[0].name}


def test_a_client_moves_when_its_target_is_taken_out(targets, tmp_path):
    group = target_group(targets[:2], Attributes=LB)
    with start(tmp_path, [group]) as daruma:
        clients = [Client(daruma) for _ in range(10)]
        for client in clients:
            client.target()
        group['Targets'] = [targets[1].description()]
        daruma.configuration.write()
        daruma.reload()
        for client in clients:
            assert client.target() == targets[1].name


def test_cookies_are_good_after_a_restart_and_the_keys_are_for_the_owner_alone(targets, tmp_path):
    group = target_group(targets, Attributes=LB)
    with start(tmp_path, [group]) as daruma:
        clients = [Client(daruma) for _ in range(12)]
        before = [client.target() for client in clients]
        configuration = daruma.configuration
    keys = configuration.folder / 'data/cookie_keys'
    assert stat.S_IMODE(keys.stat().st_mode) == 0o600
    with Daruma(configuration) as daruma:
        for client in clients:
            client.daruma = daruma
        assert [client.target() for client in clients] == before


def test_damaged_keys_are_told_at_the_start(targets, tmp_path):
    configuration = Configuration(tmp_path / 'daruma', [target_group(targets)])
    (configuration.folder / 'data').mkdir()
    (configuration.folder / 'data/cookie_keys').write_text('nothing\n')
    with pytest.raises(AssertionError, match='cookie_keys is damaged; remove it'):
        Daruma(configuration)


def test_nodes_that_share_a_key_read_each_others_cookies_and_change_it_step_by_step(
        targets, tmp_path):
    group = target_group(targets, Attributes=LB)
    old, new = secrets.token_hex(32), secrets.token_hex(32)

    def node(name):
        configuration = Configuration(tmp_path / name, [group])
        configuration.value['Node']['CookieKeyFile'] = 'cookie.key'
        (configuration.folder / 'cookie.key').write_text(f'# both have it\n{old}\n')
        configuration.write()
        return Daruma(configuration, workers=1)

    def give(daruma, *keys):
        (daruma.configuration.folder / 'cookie.key').write_text('\n'.join(keys))
        daruma.reload()

    with node('one') as a, node('two') as b:
        clients = [Client(a) for _ in range(8)]
        where = [client.target() for client in clients]

        def all_stay():
            for daruma in (b, a):
                for client in clients:
                    client.daruma = daruma
                assert [client.target() for client in clients] == where
        all_stay()
        for keys in ((old, new), (new, old), (new,)):
            for daruma in (a, b):
                give(daruma, *keys)
                all_stay()
        assert refused(a) == refused(b) == 0
        give(b, secrets.token_hex(32))
        for client in clients:
            client.daruma = b
            client.target()
        assert refused(b) == len(clients)


def test_a_key_file_that_is_wrong_is_told_by_line_and_changes_nothing(targets, tmp_path):
    configuration = Configuration(tmp_path / 'daruma', [target_group(targets, Attributes=LB)])
    configuration.value['Node']['CookieKeyFile'] = 'cookie.key'
    (configuration.folder / 'cookie.key').write_text('abc\n')
    configuration.write()
    checked = run([DARUMA, 'check', configuration.file], check=False)
    assert checked.returncode == 1
    assert 'cookie.key: line 1 is not a key of 64 hexadecimal digits' in checked.stderr
    (configuration.folder / 'cookie.key').write_text(secrets.token_hex(32))
    with Daruma(configuration) as daruma:
        client = Client(daruma)
        target = client.target()
        (configuration.folder / 'cookie.key').write_text('secret\n')
        answer = requests.post(f'http://127.0.0.1:{configuration.admin_port}/reload', timeout=10)
        assert 'line 1 is not a key of 64 hexadecimal digits' in answer.text
        assert 'secret' not in answer.text
        assert {client.target() for _ in range(6)} == {target}


def test_a_full_target_keeps_its_clients_who_wait_for_it_and_nobody_else(targets, tmp_path):
    options = ['--workers', '1', '--backlog', '1']
    with Target(tmp_path, '127.0.0.6', tls=True, options=options) as full:
        other = Target(tmp_path, '127.0.0.7', tls=True)
        with other, start(tmp_path, [target_group([full, other], Attributes=LB)],
                          workers=1) as daruma:
            daruma.wait_for_health({full.name: 'healthy', other.name: 'healthy'})
            client = Client(daruma)
            while client.target() != full.name:
                client.cookies.clear()
            cookie = {'Cookie': f"AWSALB={client.cookies['AWSALB']}"}
            with contextlib.ExitStack() as stack:
                load = [stack.enter_context(daruma.connect()) for _ in range(24)]
                for connection in load:
                    connection.sendall(f'GET /slow/400 HTTP/1.1\r\nHost: a\r\nCookie: '
                                       f"{cookie['Cookie']}\r\nConnection: close\r\n\r\n".encode())
                answers = collections.Counter()
                for connection in load:
                    answer = b''
                    while part := connection.recv(65536):
                        answer += part
                    status = int(answer.split()[1])
                    answers[status] += 1
                    if status == 200:
                        assert f'X-Target: {full.name}'.encode() in answer
                    else:
                        assert b'Retry-After: 1' in answer
            assert set(answers) == {200, 503}, answers
            assert client.target() == full.name


def test_with_failover_a_client_leaves_a_group_without_healthy_targets(targets, tmp_path):
    with Target(tmp_path, '127.0.0.6') as fragile:
        groups = [target_group([targets[0]], 'blue'), target_group([fragile], 'green')]
        with start(tmp_path, groups, weighted({'Enabled': True, 'DurationSeconds': 60}, blue=1,
                                              green=1),
                   {'daruma.forward.failover': True}, workers=1) as daruma:
            daruma.wait_for_health({targets[0].name: 'healthy', fragile.name: 'healthy'})
            client = Client(daruma)
            while client.target() != fragile.name:
                client.cookies.clear()
            fragile.stop()
            daruma.wait_for_health({targets[0].name: 'healthy', fragile.name: 'unhealthy'})
            assert client.target() == targets[0].name
            with fragile.again():
                daruma.wait_for_health({targets[0].name: 'healthy', fragile.name: 'healthy'})
                assert {client.target() for _ in range(8)} == {targets[0].name}


def test_with_failover_a_group_that_is_not_checked_yet_keeps_its_clients(targets, tmp_path):
    """As after a restart, where the other group's health is known sooner."""
    with Target(tmp_path, '127.0.0.6', options=['--health-delay', '1500']) as late:
        groups = [target_group([targets[0]], 'blue'), target_group([late], 'green')]
        healthy = {targets[0].name: 'healthy', late.name: 'healthy'}
        with start(tmp_path, groups, weighted({'Enabled': True, 'DurationSeconds': 60}, blue=9,
                                              green=1),
                   {'daruma.forward.failover': True}, workers=1) as daruma:
            daruma.wait_for_health(healthy)
            client = Client(daruma)
            while client.target() != late.name:
                client.cookies.clear()
        with Daruma(daruma.configuration, workers=1) as daruma:
            client.daruma = daruma
            daruma.wait_for_health({targets[0].name: 'healthy', late.name: 'initial'})
            assert client.target() == late.name
            daruma.wait_for_health(healthy)
            assert client.target() == late.name


def test_what_it_counts(balancer):
    def counts():
        return [balancer.metric(f'daruma_target_group_{name}_total', target_group='lb')
                for name in ('sticky_requests', 'non_sticky_requests')]
    before = counts()
    client = Client(balancer)
    for _ in range(5):
        client.target()
    assert [b - a for a, b in zip(before, counts())] == [4, 1]


def test_the_configuration_page_holds_no_key(balancer):
    text = balancer.ask_admin('/config').text
    json.loads(text)
    keys = (balancer.configuration.folder / 'data/cookie_keys').read_text().split('\n')
    assert all(key not in text for key in keys if len(key) == 64)


def test_the_example_of_sticky_sessions(tmp_path):
    """As it stands, but for its ports: with the sample targets that it asks for."""
    text = (ROOT / 'examples/sticky-sessions.yaml').read_text(encoding='utf-8')
    example = types.SimpleNamespace(folder=tmp_path, file=tmp_path / 'sticky.yaml',
                                    admin_port=Ports.take(), http_port=Ports.take(), https_port=0)
    target_port = Ports.take('127.0.0.2')
    for port, free in (('8080', example.http_port), ('9090', example.admin_port),
                       ('8000', target_port)):
        assert f'Port: {port}' in text
        text = text.replace(f'Port: {port}', f'Port: {free}')
    example.file.write_text(text)
    assert run([DARUMA, 'check', example.file]).stderr == ''
    with contextlib.ExitStack() as stack:
        names = [stack.enter_context(Target(tmp_path, f'127.0.0.{host}', target_port)).name
                 for host in range(2, 6)]
        daruma = stack.enter_context(Daruma(example, workers=1))
        daruma.wait_for_health({name: 'healthy' for name in names})
        client = Client(daruma)
        assert len({client.target('/') for _ in range(8)}) == 1
        wait_until('without a session it is sent round', lambda: len(
            {client.target('/shop') for _ in range(8)}) > 1)
        target = client.target('/cookie/basket')
        assert {client.target('/shop') for _ in range(8)} == {target}
        sides = set()
        for _ in range(60):
            client = Client(daruma)
            seen = {client.target('/new') for _ in range(4)}
            sides.add(seen <= set(names[:2]))
            assert seen <= set(names[:2]) or seen <= set(names[2:]), seen
        assert True in sides
