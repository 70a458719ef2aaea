# SPDX-License-Identifier: Apache-2.0
"""Target groups of ProtocolVersion HTTP2: targets that do as they are told, and real servers."""
import tempfile
from pathlib import Path

import pytest
import requests

from apache import Apache
from frames import CANCEL, INTERNAL_ERROR, NO_ERROR, REFUSED_STREAM, Http2
from h2_target import H2Target
from harness import (Configuration, Daruma, Target, letters, make_certificate, program, run,
                     target_group, wait_until)
from processes import Ports, Process

pytestmark = pytest.mark.threads

SOON = [{'Type': 'fixed-response', 'FixedResponseConfig': {'StatusCode': '503'}}]


def configuration_for(folder, groups, **options):
    """An HTTP listener cannot forward to HTTP/2."""
    configuration = Configuration(folder, groups, **options)
    configuration.load_balancer['Listeners'][0]['DefaultActions'] = SOON
    configuration.load_balancer['Listeners'][0]['Rules'] = []
    configuration.write()
    return configuration


@pytest.fixture
def before(tmp_path, processes):
    """before(targets): a daruma with a group of HTTP2 that has them."""
    def start(targets, workers=1, attributes=None, healthy=True, **members):
        group = target_group(targets, ProtocolVersion='HTTP2', **members)
        configuration = configuration_for(tmp_path / 'daruma', [group], attributes=attributes)
        daruma = processes.enter_context(Daruma(configuration, workers=workers))
        if healthy:
            daruma.wait_for_health({target.name: 'healthy' for target in targets})
        return daruma
    return start


@pytest.fixture
def start_target(tmp_path, processes):
    def start(**options):
        return processes.enter_context(H2Target(tmp_path, **options))
    return start


@pytest.fixture
def connect(processes):
    def start(daruma, **options):
        return processes.enter_context(Http2(daruma.configuration.https_port, **options))
    return start


@pytest.mark.parametrize('tls', [True, False], ids=['tls', 'prior-knowledge'])
def test_requests_of_one_client_share_a_connection(before, start_target, connect, tls):
    target = start_target(tls=tls)
    daruma = before([target])
    client = connect(daruma)
    streams = [client.request(f'/{i}', more=[('cookie', 'a=1'), ('cookie', 'b=2')])
               for i in range(50)]
    streams += [client.request('/echo', 'POST', body=letters(300_000)) for _ in range(3)]
    for i, stream in enumerate(streams[:50]):
        answer = client.answer(stream)
        assert (answer.status, answer.body) == (200, f'/{i}'.encode())
        assert answer.head['content-type'] == 'text/plain'
    for stream in streams[50:]:
        assert client.answer(stream).body == letters(300_000)
    assert len(target.carrying()) == 1
    request = target.asked('/0')[0]
    assert request.head[':scheme'] == ('https' if tls else 'http')
    assert request.head[':authority'] == f'localhost:{daruma.configuration.https_port}'
    assert request.head['cookie'] == 'a=1; b=2'
    assert request.head['x-forwarded-proto'] == 'https'
    assert 'host' not in request.head and 'connection' not in request.head
    assert target.problems == []
    line = log_line(daruma, '/7 HTTP/2.0')
    assert line.startswith('h2 ') and target.name in line


def log_line(daruma, text):
    wait_until(f'a line with {text}', lambda: any(text in line for line in daruma.log_lines()))
    return next(line for line in daruma.log_lines() if text in line)


def hold(target):
    """From now on requests wait in the list that this returns, but for health checks."""
    held = []

    def end(request):
        target.echo(request) if request.path == '/health' else held.append(request)
    target.end = end
    return held


class Browser:
    """A client of HTTP/2 that keeps the cookies it is given."""

    def __init__(self, client):
        self.client = client
        self.cookies = {}
        self.set = []  # by the last answer

    def ask(self, path='/', **options):
        # Each in a field of its own (RFC 9113 8.2.3).
        more = [('cookie', f'{name}={value}') for name, value in self.cookies.items()]
        answer = self.client.answer(self.client.request(path, more=more, **options))
        self.set = [value for name, value in answer.lines if name == 'set-cookie']
        self.cookies.update(line.split(';')[0].split('=', 1) for line in self.set)
        return answer


LB = {'stickiness.enabled': 'true'}
APP = {**LB, 'stickiness.type': 'app_cookie', 'stickiness.app_cookie.cookie_name': 'session'}


@pytest.fixture
def three_targets(start_target):
    return [start_target(address=f'127.0.0.{host}') for host in (6, 7, 8)]


def counts(targets):
    return [len(target.asked()) for target in targets]


def test_a_client_stays_with_its_target(before, three_targets, connect):
    """Also where its requests are under way at once, and where it moves on because it must."""
    daruma = before(three_targets, Attributes=LB)
    browsers = [Browser(connect(daruma)) for _ in range(6)]
    for browser in browsers:
        assert browser.ask().status == 200
        assert [line.split('=')[0] for line in browser.set] == ['AWSALB', 'AWSALBCORS']
    assert counts(three_targets) == [2, 2, 2]  # without a cookie they take turns
    browser = browsers[0]
    cookie = ('cookie', f'AWSALB={browser.cookies["AWSALB"]}')
    assert browser.ask('/mine').status == 200
    (own,) = [target for target in three_targets if target.asked('/mine')]
    before_it = counts(three_targets)
    streams = [browser.client.request(f'/{i}', more=[cookie]) for i in range(30)]
    streams += [browser.client.request('/echo', 'POST', body=letters(100_000), more=[cookie])]
    assert all(browser.client.answer(stream).status == 200 for stream in streams)
    assert [after - earlier for after, earlier in zip(counts(three_targets), before_it)] == \
        [31 if target is own else 0 for target in three_targets]
    own.end = lambda request: request.send(500)
    daruma.wait_for_health({target.name: 'unhealthy' if target is own else 'healthy'
                            for target in three_targets})
    assert browser.ask('/moved').status == 200
    (new,) = [target for target in three_targets if target.asked('/moved')]
    assert all(browser.ask('/moved').status == 200 for _ in range(5))
    assert len(new.asked('/moved')) == 6


def test_the_application_begins_a_session(before, three_targets, connect):
    def end(request):
        session = [('set-cookie', 'session=1')] if request.path == '/login' else []
        request.send(200, session, request.path.encode())
    for target in three_targets:
        target.end = end
    daruma = before(three_targets, Attributes=APP)
    browser = Browser(connect(daruma))
    for _ in range(6):
        assert browser.ask('/before').status == 200
    assert browser.set == [] and [len(t.asked('/before')) for t in three_targets] == [2, 2, 2]
    assert browser.ask('/login').status == 200
    assert {'session', 'AWSALBAPP-0', 'AWSALBAPP-3'} <= browser.cookies.keys()
    for _ in range(6):
        assert browser.ask('/after').status == 200
    assert sorted(len(t.asked('/after')) for t in three_targets) == [0, 0, 6]


def test_a_client_stays_with_its_group(three_targets, connect, processes, tmp_path):
    """One of HTTP/2 and one of HTTP/1.1 have a share each."""
    old = processes.enter_context(Target(tmp_path, '127.0.0.2'))
    groups = [target_group(three_targets[:2], 'new', ProtocolVersion='HTTP2'),
              target_group([old], 'old')]
    forward = [{'Type': 'forward', 'ForwardConfig': {
        'TargetGroups': [{'TargetGroup': name, 'Weight': 1} for name in ('new', 'old')],
        'TargetGroupStickinessConfig': {'Enabled': True, 'DurationSeconds': 600}}}]
    configuration = configuration_for(tmp_path / 'daruma', groups)
    configuration.load_balancer['Listeners'][1]['DefaultActions'] = forward
    configuration.write()
    daruma = processes.enter_context(Daruma(configuration, workers=1))
    daruma.wait_for_health({target.name: 'healthy' for target in [*three_targets[:2], old]})

    def group_of(answer):
        return 'old' if 'x-target' in answer.head else 'new'
    seen = set()
    for _ in range(12):
        browser = Browser(connect(daruma))
        group = group_of(browser.ask())
        assert {'AWSALBTG', 'AWSALBTGCORS'} <= browser.cookies.keys()
        assert {group_of(browser.ask()) for _ in range(10)} == {group}
        seen.add(group)
    assert seen == {'old', 'new'}


def test_as_many_streams_as_the_target_allows(before, start_target, connect):
    target = start_target(settings={3: 2})
    daruma = before([target])
    held = hold(target)
    client = connect(daruma)
    streams = [client.request(f'/{i}') for i in range(10)]
    wait_until('all are under way', lambda: len(held) == 10)
    by_connection = [sum(request.connection is connection for request in held)
                     for connection in target.connections]
    assert max(by_connection) <= 2
    for request in held:
        target.echo(request)
    for i, stream in enumerate(streams):
        assert client.answer(stream).body == f'/{i}'.encode()
    assert target.problems == []


def test_a_refused_request_is_sent_again_with_its_body(before, start_target, connect):
    target = start_target()
    daruma = before([target], **{'Attributes': {'daruma.saturation_guard.enabled': False}})
    refused = []

    def end(request):
        often = {'/once': 1, '/five-times': 5, '/never': 1000}.get(request.path, 0)
        if refused.count(request.path) < often:
            refused.append(request.path)
            return request.connection.reset(request.stream, REFUSED_STREAM)
        return target.echo(request)
    target.end = end
    client = connect(daruma)
    answer = client.answer(client.request('/once', 'POST', body=letters(10_000)))
    assert (answer.status, answer.body) == (200, letters(10_000))
    assert [request.body for request in target.asked('/once')] == [letters(10_000)] * 2
    assert f' {target.name} {target.name} ' in log_line(daruma, '/once').replace('"', ' ')
    assert client.get('/five-times').status == 200
    answer = client.answer(client.request('/never', 'POST', body=b'x'))
    assert answer.status == 502
    assert len(target.asked('/never')) == 6
    assert '"target_refused_stream"' in log_line(daruma, '/never')


def test_goaway_moves_what_was_not_looked_at(before, start_target, connect):
    target = start_target()
    daruma = before([target])
    held = hold(target)
    client = connect(daruma)
    streams = [client.request(f'/{i}', 'POST', body=b'body') for i in range(4)]
    wait_until('all are under way', lambda: len(held) == 4)
    first = held[0].connection
    looked_at = sorted(held, key=lambda request: request.stream)[:2]
    first.leave(looked_at[-1].stream)
    wait_until('the others come again', lambda: len(held) == 6)
    assert all(request.connection is not first for request in held[4:])
    for request in [*looked_at, *held[4:]]:
        target.echo(request)
    for stream in streams:
        answer = client.answer(stream)
        assert (answer.status, answer.body) == (200, b'body')
    target.end = target.echo
    assert client.get('/after').status == 200
    assert target.asked('/after')[0].connection is not first
    daruma.wait_for_metric('daruma_target_group_requests_total', equal=5, target_group='group')


def test_a_lost_connection_loses_what_cannot_be_repeated(before, start_target, connect):
    target = start_target()
    daruma = before([target])
    client = connect(daruma)
    assert client.get('/first').status == 200
    held = hold(target)
    streams = {method: client.request('/' + method, method, body=None if method == 'GET' else b'x')
               for method in ('GET', 'POST')}
    wait_until('both are under way', lambda: len(held) == 2)
    target.end = target.echo
    held[0].connection.close()
    assert client.answer(streams['GET']).status == 200
    assert client.answer(streams['POST']).status == 502
    assert len(target.asked('/GET')) == 2 and len(target.asked('/POST')) == 1


def test_an_answer_before_the_whole_request(before, start_target, connect):
    target = start_target()
    target.takes_bodies = False

    def begin(request):
        if request.path == '/large':
            request.send(413, [('content-length', '3')], b'no!')
            request.connection.reset(request.stream, NO_ERROR)
    target.begin = begin
    daruma = before([target])
    client = connect(daruma)
    stream = client.request('/large', 'POST', end=False)
    client.put(stream, letters(10_000))
    answer = client.answer(stream)
    assert (answer.status, answer.body) == (413, b'no!')
    assert answer.reset in (None, NO_ERROR)
    assert client.get('/next').status == 200


def test_messages_of_every_shape(before, start_target, connect):
    target = start_target()

    def end(request):
        if request.path == '/trailers':
            assert request.trailers == {'x-sum': '7'}
            return request.send(200, [('trailer', 'x-check')], b'body', trailers=[('x-check', '1')])
        if request.path == '/early':
            request.connection.headers(request.stream, [(':status', '103'), ('link', '</a>')])
            return request.send(200, body=b'late')
        if request.path == '/empty':
            return request.send(200)
        if request.path in ('/204', '/304'):
            return request.send(int(request.path[1:]))
        if request.path == '/head':
            return request.send(200, [('content-length', '1234')])
        return target.echo(request)
    target.end = end
    daruma = before([target])
    client = connect(daruma)
    stream = client.request('/trailers', 'POST', end=False, more=[('te', 'trailers')])
    client.put(stream, b'hello')
    client.trailers(stream, [('x-sum', '7')])
    answer = client.answer(stream)
    assert answer.body == b'body' and answer.heads[-1] == {'x-check': '1'}
    assert target.asked('/trailers')[0].head['te'] == 'trailers'
    answer = client.get('/early')
    assert answer.heads[0] == {':status': '103', 'link': '</a>'} and answer.body == b'late'
    assert client.get('/empty').body == b''
    assert client.get('/204').status == 204
    assert client.get('/304').status == 304
    answer = client.answer(client.request('/head', 'HEAD'))
    assert answer.head['content-length'] == '1234' and answer.body == b''
    answer = client.answer(client.request('*', 'OPTIONS'))
    assert answer.body == b'*'


def test_who_gives_up_is_heard_on_the_other_side(before, start_target, connect):
    target = start_target()
    daruma = before([target])
    held = hold(target)
    client = connect(daruma)
    streams = [client.request(f'/{i}') for i in range(3)]
    wait_until('all are under way', lambda: len(held) == 3)
    by_path = {request.path: request for request in held}
    client.send_reset(streams[0], CANCEL)
    wait_until('the target hears it', lambda: by_path['/0'].reset == CANCEL)
    by_path['/1'].send(200, body=b'half', end=False)
    client.until(lambda: client.responses[streams[1]].body == b'half')
    by_path['/1'].connection.reset(by_path['/1'].stream, INTERNAL_ERROR)
    assert client.answer(streams[1]).reset == INTERNAL_ERROR
    target.echo(by_path['/2'])
    assert client.answer(streams[2]).body == b'/2'
    assert '"target_response_truncated"' in log_line(daruma, '/1 HTTP')
    assert len(target.carrying()) == 1


def test_a_bad_answer_is_its_streams_alone(before, start_target, connect):
    target = start_target()
    daruma = before([target])
    held = hold(target)
    client = connect(daruma)
    streams = [client.request(f'/{i}') for i in range(2)]
    wait_until('both are under way', lambda: len(held) == 2)
    bad = next(request for request in held if request.path == '/0')
    # HEADERS: :status 200 (indexed 8), and a literal field with a name in capitals.
    section = b'\x88' + b'\x00\x01A\x01b'
    bad.connection.wire_raw(len(section).to_bytes(3, 'big') + b'\x01\x05'
                            + bad.stream.to_bytes(4, 'big') + section)
    answer = client.answer(streams[0])
    assert answer.status == 502
    assert '"target_response_malformed"' in log_line(daruma, '/0 HTTP')
    target.echo(next(request for request in held if request.path == '/1'))
    assert client.answer(streams[1]).body == b'/1'


def test_a_target_that_breaks_the_rules_loses_its_connection(before, start_target, connect):
    target = start_target()
    daruma = before([target])
    held = hold(target)
    client = connect(daruma)
    stream = client.request('/0', 'POST', body=b'x')
    wait_until('it is under way', lambda: len(held) == 1)
    held[0].connection.wire_raw(b'\x00\x00\x01\x00\x00\x00\x00\x00\x00x')  # DATA on stream 0
    assert client.answer(stream).status == 502
    assert '"target_http2_error"' in log_line(daruma, '/0 HTTP')
    wait_until('the target hears GOAWAY', lambda: held[0].connection.goaway)
    target.end = target.echo
    assert client.get('/next').status == 200


def test_a_slow_side_pauses_the_other(before, start_target, connect):
    """What a stream sends without being taken stops at the windows, on either side."""
    target = start_target()
    target.takes_bodies = False
    daruma = before([target])
    client = connect(daruma, windows=False)
    stream = client.request('/up', 'POST', end=False)
    sent = 0
    while client.credit[stream] > 0 and client.credit[0] > 0:
        piece = letters(min(16_000, client.credit[stream], client.credit[0]))
        client.put(stream, piece)
        sent += len(piece)
        client.ping()
    # The target's window, 64 KB for a stream that waits here, and what is on its way in between.
    assert sent <= 5 * 65_535
    assert client.get('/other').status == 200

    body = letters(2_000_000)
    target.end = lambda request: request.send(200, body=body)
    stream = client.request('/down')
    client.until(lambda: len(client.responses[stream].body) >= 60_000)
    request = target.asked('/down')[0]
    taken, quiet = 0, 0
    # Until ten pings in a row, each a turn in which more could have been taken, bring nothing more.
    while quiet < 10:
        client.ping()
        before_it, taken = taken, len(body) - len(request.connection.unsent[request.stream][0])
        quiet = quiet + 1 if taken == before_it else 0
    assert taken <= 5 * 65_535


def test_what_cannot_go_by_http2_is_a_464(before, start_target, connect):
    target = start_target()
    daruma = before([target])
    answer = requests.get(daruma.https, verify=False, timeout=20)
    assert answer.status_code == 464
    assert '"request_protocol_mismatch"' in log_line(daruma, ' 464 ')
    assert target.asked() == []


def test_grpc_to_a_group_of_http1_is_a_464_that_grpc_understands(site, connect):
    client = connect(site)
    answer = client.answer(client.request('/a.B/C', 'POST', body=b'\0' * 5,
                                          more=[('content-type', 'application/grpc')]))
    assert answer.status == 464
    assert answer.head['grpc-status'] == '2' and answer.head['grpc-message'] == 'unknown'
    assert answer.body == b''


def test_a_target_without_http2(before, start_target, connect):
    target = start_target(alpn=('http/1.1',))
    daruma = before([target], healthy=False)
    answer = connect(daruma).get('/')
    assert answer.status == 502
    assert '"target_not_http2"' in log_line(daruma, ' 502 ')
    wait_until('its health check fails', lambda: 'unhealthy' in daruma.health().values(), 30)


def test_health_is_asked_by_http2(before, start_target):
    target = start_target()
    daruma = before([target])
    check = target.asked('/health')[0]
    assert check.head['user-agent'] == 'ELB-HealthChecker/2.0'
    assert check.head[':authority'] == target.name
    target.end = lambda request: request.send(500)
    daruma.wait_for_health({target.name: 'unhealthy'})


def test_a_deregistered_target_finishes_what_it_has(before, start_target, connect):
    targets = [start_target(address=address) for address in ('127.0.0.6', '127.0.0.7')]
    daruma = before(targets)
    held = [hold(target) for target in targets]
    client = connect(daruma)
    streams = [client.request(f'/{i}') for i in range(4)]
    wait_until('all are under way', lambda: sum(map(len, held)) == 4)
    daruma.configuration.value['TargetGroups'][0]['Targets'].pop()
    daruma.configuration.write()
    daruma.reload()
    going = targets[1].connections[-1]
    for target, requests_held in zip(targets, held):
        for request in requests_held:
            target.echo(request)
        target.end = target.echo
    for stream in streams:
        assert client.answer(stream).status == 200
    wait_until('its connection ends', lambda: going.goaway and going.closed)
    for i in range(4):
        assert client.get('/after').status == 200
    assert targets[1].asked('/after') == []


# Real servers

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1000; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 500;
  server {{
    listen {address}:{port} {ssl} http2;
    {certificate}
    root {folder}/pages;
    location /upload {{ return 200 taken; }}
  }}
}}
"""


class Nginx(Process):
    """Serves /page-N and /health by HTTP/2; a connection takes 500 requests."""

    def __init__(self, folder, address, tls):
        self.address, self.port, self.tls = address, Ports.take(address), tls
        folder = folder / f'nginx-{self.port}'
        (folder / 'pages').mkdir(parents=True)
        for size in (10, 1000, 20_000):
            (folder / 'pages' / f'page-{size}').write_bytes(letters(size))
        (folder / 'pages' / 'health').write_text('ok')
        for parent in (folder, folder / 'pages'):
            parent.chmod(0o755)
        files = make_certificate(folder, 'nginx')
        (folder / 'nginx.conf').write_text(NGINX.format(
            folder=folder, address=address, port=self.port, ssl='ssl' if tls else '',
            certificate=f'ssl_certificate {folder}/{files["CertificateFile"]};'
                        f'ssl_certificate_key {folder}/{files["PrivateKeyFile"]};' if tls else ''))
        super().__init__([program('nginx'), '-e', folder / 'error.log', '-c',
                          folder / 'nginx.conf'], folder / 'output.log')

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}


def start_nginx(folder, address, tls):
    return Nginx(folder, address, tls)


def start_apache(folder, address, tls):
    return Apache(folder, address, tls=tls, mpm='event', modules=('http2',),
                  keepalive_requests=500, more='Protocols h2 h2c')


@pytest.mark.parametrize('tls', [True, False], ids=['tls', 'prior-knowledge'])
@pytest.mark.parametrize('start', [start_nginx, start_apache])
def test_a_real_server(before, processes, start, tls):
    # Their workers are other users where we are root.
    folder = Path(processes.enter_context(tempfile.TemporaryDirectory()))
    folder.chmod(0o755)
    target = processes.enter_context(start(folder, '127.0.0.8', tls))
    daruma = before([target], workers=2)
    for size in (10, 1000, 20_000):
        answer = run([program('curl'), '-sk', f'{daruma.https}/page-{size}', '-w', '%{http_code}'])
        assert answer.stdout.encode() == letters(size) + b'200'
    answer = run([program('h2load'), '-n', '20000', '-c', '10', '-m', '20',
                  f'{daruma.https}/page-1000'])
    assert 'requests: 20000 total, 20000 started, 20000 done, 20000 succeeded' in answer.stdout
    assert ' 0 failed, 0 errored' in answer.stdout and 'status codes: 20000 2xx' in answer.stdout
    # nginx says GOAWAY after 500 requests, Apache counts none.
    opened = daruma.metric('daruma_target_connections_total', target=target.name)
    least, most = (20_000 / 500, 2 * 20_000 / 500) if start is start_nginx else (1, 4)
    assert least <= opened <= most
