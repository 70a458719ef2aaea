# SPDX-License-Identifier: Apache-2.0
"""The console's server: who gets in, what he may do, what he sees. docs/console.md."""
import contextlib
import itertools
import os
import pty
import re
import select
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aws import KEY, READER, READER_SECRET, SECRET
from console_client import PASSWORD, Console
from harness import (DARUMA, Configuration, Daruma, Target, load, run, target_group,
                     wait_until)


@pytest.fixture(scope='module')
def password_hash():
    made = subprocess.run([DARUMA, 'keys', 'password'], input=PASSWORD + '\n', text=True,
                          capture_output=True, timeout=60, check=True)
    return made.stdout.strip()


def configure(folder, targets, password_hash=None, **admin):
    configuration = Configuration(folder, [target_group(targets, name='apache')])
    configuration.value['Admin'].update({
        'AccessKeys': [{'Id': KEY, 'Secret': SECRET},
                       {'Id': READER, 'Secret': READER_SECRET, 'Role': 'read-only'}], **admin})
    if password_hash:
        configuration.value['Admin']['Users'] = [
            {'Name': 'ada', 'PasswordHash': password_hash},
            {'Name': 'bob', 'PasswordHash': password_hash, 'Role': 'read-only'}]
    configuration.write()
    return configuration


@pytest.fixture(scope='module')
def node(tmp_path_factory, password_hash):
    folder = tmp_path_factory.mktemp('console')
    with Target(folder) as target, Daruma(configure(folder, [target], password_hash)) as daruma:
        daruma.wait_for_health({target.name: 'healthy'})
        daruma.target = target
        yield daruma


@pytest.fixture
def visitor(node):
    with contextlib.closing(Console(node)) as console:
        yield console


@pytest.fixture
def admin(visitor):
    assert visitor.log_in(access_key_id=KEY, secret=SECRET).status_code == 200
    return visitor


@pytest.fixture
def reader(node):
    with contextlib.closing(Console(node)) as console:
        assert console.log_in(user='bob', password=PASSWORD).json()['role'] == 'read-only'
        yield console


# ---- the page ----

def test_the_page_loads_nothing_from_elsewhere(visitor):
    page = visitor.get('/console/')
    assert page.status_code == 200
    assert page.headers['Content-Encoding'] == 'gzip'
    policy = page.headers['Content-Security-Policy']
    assert policy == ("default-src 'none'; script-src 'self'; style-src 'self'; "
                      "img-src 'self' data:; connect-src 'self'; form-action 'self'; "
                      "frame-ancestors 'none'; base-uri 'none'")
    assert page.headers['X-Content-Type-Options'] == 'nosniff'
    assert page.headers['Referrer-Policy'] == 'no-referrer'
    assert visitor.get('/console', allow_redirects=False).headers['Location'] == '/console/'
    for name in ('app.js', 'app.css', 'licenses.txt'):
        first = visitor.get(f'/console/{name}')
        assert first.status_code == 200 and first.content
        again = visitor.get(f'/console/{name}', headers={'If-None-Match': first.headers['ETag']})
        assert again.status_code == 304 and not again.content


# ---- who gets in ----

def test_nobody_sees_anything_without_a_session(visitor):
    for path in ('/console/session', '/console/live', '/console/explain?last_errors=1',
                 '/console/changes'):
        answer = visitor.get(path)
        assert answer.status_code == 401, path
        assert answer.json()['error']['code'] == 'NoSession'
    assert visitor.elbv2('DescribeLoadBalancers').status_code == 401
    for path in ('reload', 'zonal-shifts/start', 'zonal-shifts/extend', 'zonal-shifts/cancel'):
        assert visitor.ask('POST', f'/console/{path}').status_code == 401, path


def test_keys_and_passwords_log_in(node, visitor):
    session = visitor.log_in(access_key_id=KEY, secret=SECRET)
    assert session.json()['name'] == KEY and session.json()['role'] == 'admin'
    cookie = session.headers['Set-Cookie']
    assert cookie.startswith(f'daruma_session_{node.configuration.admin_port}=')
    assert cookie.endswith('; Path=/console; HttpOnly; SameSite=Strict')
    assert visitor.get('/console/session').json() == session.json()
    assert visitor.ask('DELETE', '/console/session').status_code == 204
    assert visitor.get('/console/session').status_code == 401
    assert visitor.log_in(user='ada', password=PASSWORD).json()['role'] == 'admin'


def test_made_keys_log_in_until_they_are_deleted(node, visitor):
    data = node.folder / 'data'
    made = run([DARUMA, 'keys', 'create', '--data', data, '--role', 'read-only'])
    words = dict(word.split('=', 1) for word in made.stdout.split()[1:])
    key, secret = words['AWS_ACCESS_KEY_ID'], words['AWS_SECRET_ACCESS_KEY']
    assert visitor.log_in(access_key_id=key, secret=secret).json()['role'] == 'read-only'
    run([DARUMA, 'keys', 'delete', key, '--data', data])
    assert visitor.get('/console/session').status_code == 401


def test_a_wrong_secret_is_refused_and_told(node, visitor):
    answers = [visitor.log_in(access_key_id=KEY, secret='wrong'),
               visitor.log_in(access_key_id='AKIDNOBODY', secret='wrong'),
               visitor.log_in(user='ada', password='wrong'),
               visitor.log_in(user='eve', password='wrong')]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert 'Set-Cookie' not in answers[0].headers
    assert 'ConsoleLogin claimed=eve' in node.output()
    assert PASSWORD not in node.output() and SECRET not in node.output()


def test_somebody_elses_page_changes_nothing(node, admin):
    for headers, status in (({'X-Daruma-Csrf': ''}, 403),
                            ({'X-Daruma-Csrf': 'a' * 64}, 403),
                            ({'Origin': 'http://evil.example'}, 403),
                            ({'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'cors'}, 403),
                            ({'Host': 'evil.example'}, 403)):
        for path in ('reload', 'zonal-shifts/cancel?load_balancer=web'):
            answer = admin.ask('POST', f'/console/{path}', headers=headers)
            assert answer.status_code == status, (path, headers)
    # What a form of another page can send is no login either.
    answer = admin.ask('POST', '/console/session', data='{"user": "ada"}',
                       headers={'Content-Type': 'text/plain'})
    assert answer.status_code == 400
    assert admin.ask('POST', '/console/reload').json()['applied']


def test_sessions_end_with_their_account(tmp_path, password_hash):
    configuration = configure(tmp_path, [], password_hash)
    with Daruma(configuration) as daruma, contextlib.closing(Console(daruma)) as console:
        console.log_in(user='ada', password=PASSWORD)
        with console.live() as events:
            events.until('state')
            configuration.value['Admin']['Users'][0]['Role'] = 'read-only'
            configuration.write()
            daruma.reload()
            assert console.get('/console/session').json()['role'] == 'read-only'
            del configuration.value['Admin']['Users']
            configuration.write()
            daruma.reload()
            assert console.get('/console/session').status_code == 401
            assert 'ended' in events.until('end')['reason']
            assert events.next() == (None, None)


def test_nobody_logs_in_where_authentication_is_none(tmp_path):
    configuration = configure(tmp_path, [], AccessKeys=[], Authentication='none')
    with Daruma(configuration) as daruma, contextlib.closing(Console(daruma)) as console:
        session = console.get('/console/session').json()
        assert session['authentication'] == 'none' and session['role'] == 'admin'
        console.token = session['csrf_token']
        assert console.elbv2('CreateLoadBalancer', Name='made').status_code == 200
        console.token = ''
        assert console.elbv2('CreateLoadBalancer', Name='forged').status_code == 403


# ---- what he may do ----

def test_changes_are_api_calls(node, admin):
    made = admin.elbv2('CreateTargetGroup', Name='made', Protocol='HTTP', Port='80')
    assert made.status_code == 200, made.text
    assert '<TargetGroupName>made</TargetGroupName>' in made.text
    assert '<Code>TargetGroupNotFound</Code>' in admin.elbv2(
        'DescribeTargetGroups', **{'Names.member.1': 'missing'}).text
    # The file's are the file's, here as everywhere.
    listed = admin.elbv2('DescribeTargetGroups', **{'Names.member.1': 'apache'}).text
    arn = listed.split('<TargetGroupArn>')[1].split('<')[0]
    assert admin.elbv2('DeleteTargetGroup', TargetGroupArn=arn).status_code != 200
    assert admin.json_api('CertificateManager.ListCertificates', {}, '1.1').json()[
        'CertificateSummaryList']
    changes = admin.get('/console/changes?limit=3').json()['changes']
    assert len(changes) == 3
    assert changes[0]['action'] == 'DeleteTargetGroup' and changes[0]['outcome'] != 'done'
    assert changes[1]['action'] == 'CreateTargetGroup' and changes[1]['outcome'] == 'done'
    assert changes[1]['caller'] == KEY and abs(changes[1]['time'] - time.time()) < 60
    assert f'CreateTargetGroup caller={KEY}' in node.output()
    assert admin.get('/console/changes?limit=0').status_code == 400


def test_who_only_reads_changes_nothing(reader):
    refused = reader.elbv2('CreateTargetGroup', Name='refused', Protocol='HTTP', Port='80')
    assert refused.status_code == 403
    assert '<Code>AccessDenied</Code>' in refused.text and ':user/bob ' in refused.text
    assert reader.elbv2('DescribeTargetGroups').status_code == 200
    for path in ('reload', 'zonal-shifts/start?load_balancer=web&zone=zone-a&expires=1h',
                 'zonal-shifts/extend?load_balancer=web&expires=1h',
                 'zonal-shifts/cancel?load_balancer=web'):
        answer = reader.ask('POST', f'/console/{path}')
        assert answer.json()['error']['code'] == 'AccessDenied', path
    alarm = reader.json_api('GraniteServiceVersion20100801.DeleteAlarms', {'AlarmNames': ['x']})
    assert alarm.status_code == 403


def test_figures_are_cloudwatchs(node, admin):
    end = int(time.time()) + 60
    answer = admin.json_api('GraniteServiceVersion20100801.GetMetricData', {
        'StartTime': end - 600, 'EndTime': end, 'MetricDataQueries': [{
            'Id': 'healthy', 'MetricStat': {'Period': 10, 'Stat': 'Maximum', 'Metric': {
                'Namespace': 'Daruma', 'MetricName': 'ConfigurationRevision', 'Dimensions': []}}}]})
    assert answer.status_code == 200
    assert answer.json()['MetricDataResults'][0]['Id'] == 'healthy'


def test_explains_requests(node, admin):
    trace = 'Root=1-67891233-abcdef012345678912345678'
    node.get('/console-trace', headers={'X-Amzn-Trace-Id': trace})
    answer = admin.get(f'/console/explain?trace_id={trace[5:]}')
    assert answer.status_code == 200
    assert answer.json()['stories'][0]['path'] == '/console-trace'
    assert admin.get('/console/explain?trace_id=1-0-0').status_code == 404
    assert admin.get('/console/explain').status_code == 400


def test_tries_a_request_without_sending_it(node, admin):
    before = node.metric('daruma_listener_requests_total')
    port = node.configuration.http_port
    answer = admin.get('/console/trial', params={
        'url': f'http://example.com:{port}/x?a=1', 'header': 'Accept: text/html'})
    assert answer.status_code == 200, answer.text
    trial = answer.json()
    assert trial['priority'] == 0 and trial['path'] == '/x'
    group, = trial['action']['target_groups']
    assert group['mode'] == 'healthy'
    assert group['targets'] == [{'key': f'apache|{node.target.name}', 'target': node.target.name,
                                 'candidate': True, 'why': 'healthy'}]
    refused = admin.get('/console/trial', params={'url': 'http://h:1/'})
    assert refused.status_code == 400
    assert 'no load balancer listens on port 1' in refused.json()['error']['message']
    assert node.metric('daruma_listener_requests_total') == before


# ---- what he sees ----

def test_live_tells_what_is_there_and_what_happens(node, admin):
    with admin.live() as events:
        name, config = events.next()
        assert name == 'config'
        web = next(b for b in config['load_balancers'] if b['name'] == 'web')
        assert web['declared'] and web['resource_id'].startswith('app/web/')
        http = web['listeners'][0]
        assert http['port'] == node.configuration.http_port
        rule = http['rules'][-1]
        assert rule['priority'] == 0
        assert rule['target_groups'] == [{'name': 'apache', 'weight': 1}]
        group = next(g for g in config['target_groups'] if g['name'] == 'apache')
        key = f'apache|{node.target.name}'
        assert [t['key'] for t in group['targets']] == [key]
        assert config['reasons']['target_group_saturated']

        before = events.until('state')
        load(node, 4, 300, '/bytes/100', 100)
        after = events.until('state', lambda s: s['load_balancers']['web']['requests_total']
                             >= before['load_balancers']['web']['requests_total'] + 300)
        gained = [after[kind][name]['requests_total'] - before[kind][name]['requests_total']
                  for kind, name in (('load_balancers', 'web'), ('target_groups', 'apache'),
                                     ('targets', key))]
        assert gained == [300, 300, 300]
        assert after['targets'][key]['state'] == 'healthy'
        assert after['targets'][key]['p50_seconds'] > 0
        assert after['load_balancers']['web']['p99_seconds'] > 0
        assert after['target_groups']['apache']['sentence'].startswith('the only target is healthy')
        assert after['node']['healthy'] and after['node']['workers_adopted'] == 2
        assert after['interval_seconds'] > 0.5


def test_live_tells_of_a_changed_configuration(node, admin):
    with admin.live() as events:
        revision = events.until('config')['revision']
        admin.elbv2('CreateTargetGroup', Name='later', Protocol='HTTP', Port='80')
        config = events.until('config', lambda c: c['revision'] > revision)
        assert 'later' in [group['name'] for group in config['target_groups']]
        assert events.until('state')['revision'] == config['revision']


def test_health_has_a_history(tmp_path):
    with Target(tmp_path) as target, Daruma(configure(tmp_path, [target])) as daruma, \
            contextlib.closing(Console(daruma)) as console:
        console.log_in(access_key_id=KEY, secret=SECRET)

        def changes():
            return console.get('/console/health?target_group=apache').json()['targets'][target.name]
        daruma.wait_for_health({target.name: 'healthy'})
        target.kill()
        daruma.wait_for_health({target.name: 'unhealthy'})
        with target.again():
            daruma.wait_for_health({target.name: 'healthy'})
            seen = changes()
        states = [state for state, _ in itertools.groupby(change['state'] for change in seen)]
        assert states == ['initial', 'healthy', 'unhealthy', 'healthy']
        died = next(change for change in seen if change['state'] == 'unhealthy')
        assert died['reason'].startswith('Target.') and died['description']
        assert seen == sorted(seen, key=lambda change: change['time'])
        assert abs(seen[-1]['time'] - time.time()) < 60
        everything = console.get('/console/health').json()
        assert everything['target_groups']['apache'][target.name] == seen
        assert everything['since'] <= seen[0]['time'] <= everything['now']
        assert console.get('/console/health?target_group=none').status_code == 404


def test_so_many_watch_and_no_more(node, admin):
    with contextlib.ExitStack() as streams:
        for _ in range(8):
            streams.enter_context(admin.live()).until('config')
        answer = admin.get('/console/live')
        assert answer.status_code == 503
        assert answer.json()['error']['code'] == 'TooManyStreams'
    # Whoever leaves makes room.
    def there_is_room():
        with contextlib.closing(admin.get('/console/live', stream=True)) as again:
            return again.status_code == 200
    wait_until('a stream is free', there_is_room)


def test_who_takes_nothing_is_cut_off(tmp_path):
    """A megabyte that nobody takes, or 20 s without a byte: then the connection is reset."""
    groups = [{'Id': f'127.1.{i // 250}.{i % 250 + 1}', 'Port': 9} for i in range(1000)]
    configuration = configure(tmp_path, groups)
    configuration.value['TargetGroups'][0]['HealthCheckEnabled'] = True
    configuration.value['TargetGroups'][0]['HealthCheckIntervalSeconds'] = 300
    configuration.write()
    with Daruma(configuration) as daruma, contextlib.closing(Console(daruma)) as console:
        console.log_in(access_key_id=KEY, secret=SECRET)
        with console.raw_stream(receive_buffer=4096) as raw:
            with console.live() as events:
                wait_until('the slow one is served', lambda: is_open(daruma, raw))
                # Others see all of it meanwhile.
                assert len(events.until('state')['targets']) == 1000
                wait_until('the slow one is cut off',
                           lambda: events.until('state') and not is_open(daruma, raw), 60)
            with pytest.raises(ConnectionResetError):
                while raw.recv(1 << 20):
                    pass


def is_open(daruma, client):
    """Whether daruma still has its end of this connection."""
    ours = f':{daruma.configuration.admin_port:04X}'
    theirs = f':{client.getsockname()[1]:04X}'
    with open('/proc/net/tcp', encoding='ascii') as table:
        rows = [line.split() for line in table][1:]
    return any(row[1].endswith(ours) and row[2].endswith(theirs) for row in rows)


# ---- daruma top ----

def top(daruma):
    return run([DARUMA, 'top', '--once', '--admin', daruma.admin[7:]])


def cells_of(frame, name):
    """The columns of what is called so in a frame of top: what stands under each word of its
    table's head. Numbers stand under the right end of the word."""
    lines = frame.splitlines()
    at = next(i for i, line in enumerate(lines) if line.split()[:1] == [name])
    head = next(line for line in reversed(lines[:at]) if line[:1].isupper())
    row = lines[at].ljust(len(head))
    return {found.group(): row[:found.end()].split()[-1]
            for found in re.finditer(r'\S+', head) if row[found.end() - 1] != ' '}


def test_top_prints_a_frame(node):
    frame = top(node)
    assert frame.returncode == 0, frame.stderr
    assert '\x1b' not in frame.stdout
    assert frame.stdout.startswith('daruma ') and ' of 2 workers' in frame.stdout
    lines = [line.split() for line in frame.stdout.splitlines()]
    assert ['apache', '1/1', 'healthy'] in [words[:3] for words in lines]
    assert [node.target.name, 'healthy'] in [words[:2] for words in lines]


def test_top_shows_the_numbers_of_the_node(node):
    """While requests are made and some are under way: the frame's own figures."""
    def live():
        return node.ask_admin('/live').json()['state']

    def one_second():
        """What the node says of a second, and the frame of that second."""
        before = live()
        frame = top(node).stdout
        return (before, frame) if live()['time'] == before['time'] else None

    def rate(value):
        return '-' if value == 0 else f'{value:.1f}' if value < 100 else f'{value:.0f}'

    def shown():
        load(node, 2, 40, '/status/503', 10)
        second = one_second()
        if not second or not second[0]['load_balancers']['web']['requests']:
            return None
        return second
    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(node.get, '/slow/8000') for _ in range(3)]
        node.wait_for_metric('daruma_target_requests_in_flight', equal=3)
        state, frame = wait_until('a second with requests', shown, 60)
        balancer, row = state['load_balancers']['web'], cells_of(frame, 'web')
        assert row['REQ/S'] == rate(balancer['requests']) != '-'
        assert row['5XX/S'] == rate(balancer['responses'][4]) != '-'
        assert row['CONNS'] == f'{balancer["connections"]:.0f}' and int(row['CONNS']) >= 3
        target = cells_of(frame, node.target.name)
        figures = state['targets'][f'apache|{node.target.name}']
        assert target['REQ/S'] == rate(figures['requests']) != '-'
        assert target['FLIGHT'] == f'{figures["in_flight"]:.0f}' and int(target['FLIGHT']) >= 3
        assert target['OPEN'] == f'{figures["open"]:.0f}'
        assert [each.result().status_code for each in under_way] == [200, 200, 200]
    wait_until('nothing is under way', lambda: 'FLIGHT' not in cells_of(
        top(node).stdout, node.target.name) or cells_of(
            top(node).stdout, node.target.name)['FLIGHT'] == '-')


def test_top_says_why_it_shows_nothing():
    answer = run([DARUMA, 'top', '--once', '--admin', '127.0.0.1:1'])
    assert answer.returncode == 1
    assert 'is a daruma running' in answer.stderr


def read_until(terminal, seen, condition, seconds=30):
    """All that was seen, with what the terminal shows until that is true."""
    deadline = time.monotonic() + seconds
    while not condition(seen):
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f'waited {seconds} s in vain; the terminal shows {seen!r}'
        seen += os.read(terminal, 65536)
    return seen


@contextlib.contextmanager
def top_on_a_terminal(admin):
    """The process, and the terminal's other end."""
    master, slave = pty.openpty()
    watcher = None
    try:
        watcher = subprocess.Popen([DARUMA, 'top', '--admin', admin[7:]], stdin=slave,
                                   stdout=slave, stderr=slave, close_fds=True)
        yield watcher, master
    finally:
        if watcher:
            watcher.kill()
            watcher.wait(10)
        os.close(slave)
        os.close(master)


def test_top_draws_on_a_terminal_and_leaves_it_as_it_was(node):
    with top_on_a_terminal(node.admin) as (watcher, terminal):
        seen = read_until(terminal, b'', lambda seen: b'TARGET GROUP' in seen)
        assert seen.startswith(b'\x1b[?1049h')
        os.write(terminal, b'q')
        read_until(terminal, seen, lambda seen: seen.rstrip().endswith(b'\x1b[?1049l'))
        assert watcher.wait(20) == 0


def test_top_counts_the_silence_and_hears_keys_meanwhile(tmp_path):
    with Daruma(configure(tmp_path, [])) as daruma, \
            top_on_a_terminal(daruma.admin) as (watcher, terminal):
        read_until(terminal, b'', lambda seen: b'TARGET GROUP' in seen)
        daruma.send(signal.SIGSTOP)
        try:
            seen = read_until(terminal, b'', lambda seen: b'no answer for ' in seen)
            assert b'this is old' in seen
            os.write(terminal, b'q')
            read_until(terminal, b'', lambda seen: seen.rstrip().endswith(b'\x1b[?1049l'))
            assert watcher.wait(20) == 0
        finally:
            daruma.send(signal.SIGCONT)
