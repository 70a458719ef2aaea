# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 between clients and HTTPS listeners: real clients, and frames by hand."""
import hashlib
import http.server
import os
import re
import signal
import socket
import threading

import pytest

from frames import (CANCEL, COMPRESSION_ERROR, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR,
                    INTERNAL_ERROR, LAST_STREAM, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM,
                    DataFrame, Frame, Http2, PingFrame, PriorityFrame, RstStreamFrame,
                    SettingsFrame, WindowUpdateFrame)
from harness import (Configuration, Daruma, chromium, letters, program, resident_kilobytes, run,
                     target_group, wait_until)
from processes import Ports

pytestmark = pytest.mark.threads


@pytest.fixture
def connect(site, processes):
    """connect(…): a client of the site's HTTPS listener."""
    def start(daruma=site, **options):
        return processes.enter_context(Http2(daruma.configuration.https_port, **options))
    return start


class ListeningTarget:
    """A socket where a target would be."""

    def __init__(self, receive_buffer=None):
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.port = Ports.take('127.0.0.4')
        self.listener.bind(('127.0.0.4', self.port))
        self.listener.listen()

    def description(self):
        return {'Id': '127.0.0.4', 'Port': self.port}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


class RawTarget(ListeningTarget):
    """Answers each request with bytes as given, and keeps what it was sent."""

    def __init__(self, answer, ending=b'\r\n\r\n'):
        super().__init__()
        self.answer = answer
        self.ending = ending
        self.seen = b''
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        received = b''
        while self.ending not in received:
            part = connection.recv(65536)
            if not part:
                return
            received += part
            if received.startswith(b'GET /health'):
                connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
                received = b''
        self.seen = received
        connection.sendall(self.answer)


@pytest.fixture
def before_raw(tmp_path, processes):
    """before_raw(answer): a RawTarget and a daruma in front of it."""
    def start(answer, attributes=None, **options):
        target = processes.enter_context(RawTarget(answer, **options))
        configuration = Configuration(tmp_path / 'daruma', [target_group([target])],
                                      attributes=attributes)
        return target, processes.enter_context(Daruma(configuration, workers=1))
    return start


# Real clients

def test_curl(site, tmp_path):
    body = tmp_path / 'body'
    body.write_bytes(letters(3_000_000))
    digest = hashlib.sha256(body.read_bytes()).hexdigest()
    for option in (['--data-binary', f'@{body}'],
                   ['--upload-file', str(body), '--header', 'Content-Length:']):
        answer = run([program('curl'), '-sk', '-D', '-', '-o', tmp_path / 'echo', *option,
                      site.https + '/upload'])
        assert answer.stdout.startswith('HTTP/2 200'), answer
        assert f'x-body-sha256: {digest}' in answer.stdout
    answer = run([program('curl'), '-sk', '-o', tmp_path / 'down', '-w', '%{http_version}',
                  site.https + '/bytes/3000000'])
    assert answer.stdout == '2'
    assert (tmp_path / 'down').read_bytes() == letters(3_000_000)


def test_curl_without_http2_is_served_as_before(site):
    answer = run([program('curl'), '-sk', '--http1.1', '-w', '%{http_version}', '-o', '/dev/null',
                  site.https + '/'])
    assert answer.stdout == '1.1'


def test_h2load(site):
    before = site.metric('daruma_listener_http2_requests_total')
    answer = run([program('h2load'), '-n', '5000', '-c', '10', '-m', '20',
                  site.https + '/bytes/5000'])
    assert '5000 succeeded, 0 failed, 0 errored, 0 timeout' in answer.stdout, answer.stdout
    assert 'status codes: 5000 2xx' in answer.stdout
    site.wait_for_metric('daruma_listener_http2_requests_total', equal=before + 5000)


def test_nghttp(site):
    answer = run([program('nghttp'), '-v', '--no-dep', site.https + '/chunked/10'])
    assert '; Trailing headers' in answer.stdout or 'x-sha256' in answer.stdout, answer.stdout
    assert 'SETTINGS_MAX_CONCURRENT_STREAMS(0x03):128' in answer.stdout


class Page(http.server.BaseHTTPRequestHandler):
    """A page of a hundred pictures that tells how many came."""
    protocol_version = 'HTTP/1.1'
    script = ('<script>onload = () => document.title = "loaded " + [...document.images]'
              '.filter(i => i.naturalWidth == 3).length</script>')
    picture = (b'<svg xmlns="http://www.w3.org/2000/svg" width="3" height="3">'
               b'<rect width="3" height="3"/></svg>')

    def do_GET(self):
        pictures = ''.join(f'<img src="/picture/{i}">' for i in range(100))
        body = (self.picture if self.path.startswith('/picture') else
                f'<title>not yet</title>{self.script}{pictures}'.encode())
        self.send_response(200)
        self.send_header('Content-Type', 'image/svg+xml' if body is self.picture else 'text/html')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_chromium_loads_a_page_of_a_hundred_pictures(tmp_path, processes):
    server = processes.enter_context(
        http.server.ThreadingHTTPServer(('127.0.0.4', Ports.take('127.0.0.4')), Page))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    processes.callback(server.shutdown)
    target = {'Id': '127.0.0.4', 'Port': server.server_address[1]}
    configuration = Configuration(tmp_path / 'daruma', [target_group([target])])
    daruma = processes.enter_context(Daruma(configuration, workers=1))
    page = run(chromium(tmp_path / 'profile', '--dump-dom', daruma.https + '/'), seconds=120)
    assert '<title>loaded 100</title>' in page.stdout, page.stdout + page.stderr
    daruma.wait_for_metric('daruma_listener_http2_requests_total', at_least=101)
    lines = [line for line in daruma.log_lines() if '/picture/' in line]
    assert len({line.split()[3] for line in lines}) == 1, 'one connection'


def test_a_hundred_streams_at_once_get_their_own_answers(connect):
    client = connect()
    streams = {client.request(f'/bytes/{1000 + i}'): 1000 + i for i in range(100)}
    for stream, size in streams.items():
        response = client.answer(stream)
        assert (response.status, response.body) == (200, letters(size))


# Conversion

def test_a_target_sees_a_request_of_http_1_1(site, connect):
    response = connect().get('/some/path?q=%2F', authority='Shop.Example:8443', more=[
        ('x-mine', 'kept'), ('cookie', 'a=1'), ('te', 'trailers'), ('cookie', 'b=2')])
    seen = response.body.decode()
    port = site.configuration.https_port
    assert seen.startswith('GET /some/path?q=%2F HTTP/1.1\r\n')
    assert 'x-mine: kept\r\n' in seen
    assert 'cookie: a=1; b=2\r\n' in seen and seen.lower().count('cookie:') == 1
    assert '\r\nHost: shop.example:8443\r\n' in seen
    assert 'X-Forwarded-For: 127.0.0.1\r\n' in seen
    assert 'X-Forwarded-Proto: https\r\n' in seen
    assert f'X-Forwarded-Port: {port}\r\n' in seen
    assert '\r\nTE: trailers\r\n' in seen and '\r\nConnection: TE\r\n' in seen
    assert not re.search('^:|transfer-encoding|content-length', seen, re.M | re.I)


def test_rules_redirects_and_fixed_responses(connect):
    client = connect()
    assert (client.get('/soon').status, client.get('/soon').body) == (503, b'soon')
    response = client.get('/old/page?a=b', authority='shop.example.org')
    assert response.head['location'] == (
        'https://new.example.com:443/old/page?from=shop.example.org&a=b')
    assert not {'connection', 'transfer-encoding', 'keep-alive'} & set(response.head)


def test_bodies_of_known_and_unknown_length(connect):
    client = connect()
    body = letters(200_000)
    for more in ([('content-length', str(len(body)))], []):
        response = client.answer(client.request('/', 'POST', more=more, body=body))
        assert response.head['x-body-sha256'] == hashlib.sha256(body).hexdigest()
    assert client.get('/until-close/100000').body == letters(100_000)
    assert client.get('/chunked/100000').body == letters(100_000)
    head = client.answer(client.request('/bytes/10', 'HEAD'))
    assert (head.head['content-length'], head.body, head.ended) == ('10', b'', True)


def test_trailers_go_both_ways(before_raw, connect):
    target, daruma = before_raw(
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n'
        b'5\r\nhello\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n', ending=b'\r\n0\r\n')
    client = connect(daruma)
    stream = client.request('/', 'POST', end=False)
    client.data(stream, b'some', end=False)
    client.trailers(stream, [('x-check', '3'), ('host', 'evil.example')])
    response = client.answer(stream)
    assert (response.body, response.heads[-1]) == (b'hello', {'x-sum': '7'})
    assert b'Transfer-Encoding: chunked\r\n' in target.seen
    assert target.seen.endswith(b'4\r\nsome\r\n0\r\nx-check: 3\r\n\r\n'), target.seen


def test_interim_responses(before_raw, connect):
    _, daruma = before_raw(b'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'
                           b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', ending=b'body')
    client = connect(daruma)
    stream = client.request('/', 'POST', more=[('expect', '100-continue'),
                                               ('content-length', '4')], end=False)
    response = client.responses[stream]
    client.until(lambda: response.heads)
    assert response.heads == [{':status': '100'}]
    client.data(stream, b'body')
    client.answer(stream)
    assert [head[':status'] for head in response.heads] == ['100', '103', '200']
    assert response.heads[1]['link'] == '</a.css>'


def test_an_early_answer_stops_the_request_without_an_error(connect):
    client = connect()
    stream = client.request('/soon', 'POST', end=False)
    response = client.responses[stream]
    client.until(lambda: response.reset is not None)
    assert (response.status, response.body, response.reset) == (503, b'soon', NO_ERROR)
    assert client.get('/soon').status == 503  # the connection goes on


def test_an_answer_that_breaks_off_is_reset(connect):
    client = connect()
    response = client.get('/truncated/100000')
    assert (response.ended, response.reset) == (False, INTERNAL_ERROR)
    assert client.get('/bytes/10').body == letters(10)


def test_the_guard_judges_what_leaves_as_http_1(connect):
    client = connect()
    # A look-alike of a framing field, and a GET with a body: ambiguous, and allowed by default.
    assert client.get('/', more=[('content_length', '5')]).status == 200
    assert client.answer(client.request('/', 'GET', body=b'body')).status == 200
    # Severe: a coding that nobody knows.
    assert client.get('/', more=[('transfer_encoding', 'x')]).status == 400
    assert client.get('/').status == 200


def test_connect_and_trace_are_not_allowed(connect):
    client = connect()
    for stream in (client.headers([(':method', 'CONNECT'), (':authority', 'localhost:80')]),
                   client.request('/', 'TRACE')):
        response = client.answer(stream)
        assert (response.status, response.head['allow']) == (
            405, 'GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH')


def test_heads_over_the_limits_are_answered(connect):
    client = connect()
    assert client.get('/' + 'x' * 16_400).status == 414
    assert client.get('/', more=[('x-long', 'x' * 10)]).status == 200


def test_heads_that_are_too_much_together_may_come_again(connect):
    """Of all streams, 304 KB at once."""
    client = connect()
    streams = [client.request('/slow/60000', more=[(f'x-{i}', 'x' * 15_000)]) for i in range(60)]
    client.ping()
    refused = [client.responses[stream].reset == REFUSED_STREAM for stream in streams]
    # 20 heads are 303 KB. On a slow machine some may be answered meanwhile, which makes room.
    assert not any(refused[:20]) and any(refused[20:])
    client.send(*[RstStreamFrame(stream, CANCEL) for stream in streams[:20]])
    client.ping()  # they are gone at the end of a turn, which a request right behind them may share
    assert client.get('/', more=[('x-long', 'x' * 15_000)]).status == 200


def test_trailers_over_the_limit_are_answered(connect):
    client = connect()
    stream = client.request('/', 'POST', end=False)
    client.put(stream, b'some')
    client.trailers(stream, [('x-long', 'x' * 9_000)])
    assert client.answer(stream).status == 400
    assert client.get('/').status == 200


def test_the_access_log_says_h2(site, connect):
    connect().get('/logged-by-h2')
    line = wait_until('the line is written', lambda: next(
        (line for line in site.log_lines() if '/logged-by-h2' in line), None))
    port = site.configuration.https_port
    assert line.startswith('h2 ')
    assert f'"GET https://localhost:{port}/logged-by-h2 HTTP/2.0"' in line
    assert ' TLSv1.3 ' in line


def test_it_can_be_switched_off(start_targets, serve):
    daruma = serve(start_targets(1), attributes={'routing.http2.enabled': False})
    answer = run([program('curl'), '-sk', '--http2', '-w', '%{http_version}', '-o', '/dev/null',
                  daruma.https + '/'])
    assert answer.stdout == '1.1'


# Requests that are none (RFC 9113 8)

GET = [(':method', 'GET'), (':scheme', 'https'), (':path', '/'), (':authority', 'localhost')]


@pytest.mark.parametrize('fields', [
    GET[1:], GET[:1] + GET[2:], GET[:2] + GET[3:], GET[:3],
    GET + [(':path', '/again')], GET[:3] + [('x', 'y')] + GET[3:],
    GET + [('connection', 'close')], GET + [('transfer-encoding', 'chunked')],
    GET + [('upgrade', 'websocket')], GET + [('te', 'gzip')], GET + [('X-Upper', 'x')],
    GET + [('x', 'a\r\nb: c')], GET + [('x\r\ny', 'a')], GET + [('x y', 'a')],
    GET + [('host', 'other.example')], GET + [(':status', '200')],
    GET + [('content-length', '5')], GET + [('content-length', '1'), ('content-length', '2')],
])
def test_a_malformed_request_is_reset_and_the_connection_goes_on(connect, fields):
    client = connect()
    client.encoder.header_table_size = 0
    response = client.answer(client.headers(fields))
    assert (response.heads, response.reset) == ([], PROTOCOL_ERROR)
    assert client.get('/soon').status == 503


def test_a_body_that_is_not_what_was_declared(connect):
    client = connect()
    stream = client.request('/', 'POST', more=[('content-length', '5')], end=False)
    client.put(stream, b'123456', end=True)
    assert client.answer(stream).reset == PROTOCOL_ERROR


# Abuse, and errors of the connection

def ping_flood(client):
    client.send(*[PingFrame(0, opaque_data=b'........')] * 2000)


def settings_flood(client):
    client.send(*[SettingsFrame(0)] * 2000)


def priority_flood(client):
    client.send(*[PriorityFrame(3, depends_on=0, stream_weight=1)] * 2000)


def window_flood(client):
    client.send(*[WindowUpdateFrame(0, window_increment=1)] * 2000)


def empty_data_flood(client):
    stream = client.request('/', 'POST', end=False)
    client.send(*[DataFrame(stream)] * 2000)


def tiny_data_flood(client):
    stream = client.request('/', 'POST', end=False)
    client.send(*[DataFrame(stream, data=b'x')] * 2000)


def rapid_reset(client):
    for _ in range(500):
        client.send(RstStreamFrame(client.request('/slow/1000'), CANCEL))


def provoke(client, request, frame):
    """Each stream is reset by the server, and makes room for another."""
    for _ in range(10):
        streams = [request() for _ in range(100)]
        client.send(*map(frame, streams))
        client.until(lambda: client.goaways or all(
            client.responses[stream].reset is not None for stream in streams))
        if client.goaways:
            break


def overflowing_windows(client):
    provoke(client, lambda: client.request('/slow/1000', 'POST', end=False),
            lambda stream: WindowUpdateFrame(stream, window_increment=2**31 - 1))


def bodies_too_long(client):
    declared = [('content-length', '1')]
    provoke(client, lambda: client.request('/slow/1000', 'POST', more=declared, end=False),
            lambda stream: DataFrame(stream, data=b'123456'))


def continuation_flood(client):
    head = client.encoder.encode(GET)
    frames = [b'\x00\x00\x00\x09\x00\x00\x00\x00\x01'] * 100
    first = len(head).to_bytes(3, 'big') + b'\x01\x01\x00\x00\x00\x01' + head
    client.socket.sendall(first + b''.join(frames))


def header_bomb(client):
    entry = client.encoder.encode(GET + [('x-bomb', 'x' * 3500)])
    block = entry + b'\xbe' * 200  # the newest entry of the table, again and again
    client.socket.sendall(len(block).to_bytes(3, 'big') + b'\x01\x05\x00\x00\x00\x01' + block)


@pytest.mark.parametrize('attack, reason', [
    (ping_flood, 'http2_frames'), (settings_flood, 'http2_frames'),
    (priority_flood, 'http2_frames'), (window_flood, 'http2_frames'),
    (empty_data_flood, 'http2_frames'), (tiny_data_flood, 'http2_frames'),
    (rapid_reset, 'http2_resets'), (overflowing_windows, 'http2_resets'),
    (bodies_too_long, 'http2_resets'), (continuation_flood, 'http2_head_flood'),
    (header_bomb, 'http2_head_flood')])
def test_abuse_ends_the_connection_and_no_other(site, connect, attack, reason):
    before = site.metric('daruma_listener_reasons_total', reason=reason)
    other, attacker = connect(), connect()
    slow = other.request('/slow/300')
    try:
        attack(attacker)
    except OSError:  # it was told already
        pass
    assert attacker.until_closed()[1] == ENHANCE_YOUR_CALM
    site.wait_for_metric('daruma_listener_reasons_total', equal=before + 1, reason=reason)
    assert other.answer(slow).status == 200


@pytest.mark.parametrize('bytes_sent, error', [
    (Frame.serialize(DataFrame(1, data=b'x')), PROTOCOL_ERROR),          # on an idle stream
    (WindowUpdateFrame(0, window_increment=2**31 - 1).serialize(), FLOW_CONTROL_ERROR),
    (b'\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00', PROTOCOL_ERROR),  # a window of 0
    (b'\x00\x00\x06\x01\x05\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff', COMPRESSION_ERROR),
    (b'\x00\x00\x01\x06\x00\x00\x00\x00\x00\x00', 6),                   # FRAME_SIZE_ERROR
    (b'\x00\x00\x00\x09\x04\x00\x00\x00\x01', PROTOCOL_ERROR),           # nothing to continue
])
def test_errors_of_the_connection_end_it(site, connect, bytes_sent, error):
    before = site.metric('daruma_listener_reasons_total', reason='http2_protocol_error')
    client = connect()
    client.ping()
    client.socket.sendall(bytes_sent)
    assert client.until_closed()[1] == error
    site.wait_for_metric('daruma_listener_reasons_total', equal=before + 1,
                         reason='http2_protocol_error')


def test_without_alpn_it_is_http_1(site):
    with site.connect(tls=True) as connection:
        connection.sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
        assert connection.recv(100).startswith(b'HTTP/1.1 505')


# Windows

def test_a_client_that_takes_nothing_holds_up_nobody(start_targets, serve, connect):
    """200 streams' worth of answers against closed windows: bounded memory, and an end."""
    daruma = serve(start_targets(1), attributes={'idle_timeout.timeout_seconds': 2})
    client = connect(daruma, windows=False)
    before = resident_kilobytes(daruma.pid)
    streams = [client.request('/bytes/10000000') for _ in range(100)]
    client.until(lambda: sum(len(client.responses[s].body) for s in streams) == 65_535)
    others = [connect(daruma) for _ in range(5)]
    for other in others:
        assert other.get('/bytes/100000').body == letters(100_000)
    # 1 MB of the connection, and what each exchange holds of its target's answer. A sanitizer's own
    # memory is no part of that.
    if not {'ASAN_OPTIONS', 'TSAN_OPTIONS'} & os.environ.keys():
        assert resident_kilobytes(daruma.pid) - before < 100 * 160
    for stream in streams:
        response = client.responses[stream]
        client.until(lambda r=response: r.reset is not None)
        assert response.reset == INTERNAL_ERROR


class DeafTarget(ListeningTarget):
    """Accepts connections, as far as the kernel does that by itself, and reads nothing."""

    def __init__(self):
        super().__init__(receive_buffer=4096)


def send_until_held_up(client, streams):
    """Sends on the streams until ten pings in a row bring no more room; how much."""
    sent = quiet = 0
    while quiet < 10:
        room = {stream: min(client.credit[0], client.credit[stream], 16_384)
                for stream in streams}
        stream = max(room, key=room.get)
        if room[stream] > 0:
            client.put(stream, b'x' * room[stream])
            sent += room[stream]
            quiet = 0
        else:
            client.ping()
            quiet += 1
    return sent


def test_a_target_that_takes_nothing_stops_the_client(tmp_path, processes, connect):
    target = processes.enter_context(DeafTarget())
    daruma = processes.enter_context(
        Daruma(Configuration(tmp_path / 'daruma', [target_group([target])]), workers=1))
    client = connect(daruma)
    stream = client.request('/', 'POST', end=False)
    assert 65_535 <= send_until_held_up(client, [stream]) < 8_000_000
    client.send(RstStreamFrame(stream, CANCEL))
    client.ping()
    wait_until('the request is given up', lambda: daruma.metric(
        'daruma_target_requests_in_flight') == 0)


def test_an_upload_that_others_hold_up_is_not_too_slow(tmp_path, processes, connect):
    """They leave its connection no room (flow control): for longer than a body may take to begin
    (20 s) it can't send anything."""
    deaf = processes.enter_context(DeafTarget())
    quick = processes.enter_context(
        RawTarget(b'HTTP/1.1 204 No Content\r\n\r\n', ending=b'y' * 1000))
    rules = [{'Priority': 1, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/quick']}],
              'Actions': [{'Type': 'forward', 'TargetGroup': 'quick'}]}]
    configuration = Configuration(
        tmp_path / 'daruma', [target_group([deaf]), target_group([quick], name='quick')],
        rules=rules)
    client = connect(processes.enter_context(Daruma(configuration, workers=1)))
    streams = [client.request('/', 'POST', end=False) for _ in range(9)]
    send_until_held_up(client, streams)
    assert client.credit[0] < 1_000
    stream = client.request('/quick', 'POST', more=[('content-length', '1000')], end=False)
    client.socket.settimeout(22)
    with pytest.raises(TimeoutError):
        client.hear()
    client.send(*(RstStreamFrame(each, CANCEL) for each in streams))
    client.data(stream, b'y' * 1000)
    assert client.answer(stream).status == 204


# The life of a connection

def test_a_stream_that_is_cancelled_leaves_its_target_at_once(start_targets, serve, connect):
    daruma = serve(start_targets(1))
    client = connect(daruma)
    stream = client.request('/slow/60000')
    wait_until('the target has it',
               lambda: daruma.metric('daruma_target_requests_in_flight') == 1)
    client.send(RstStreamFrame(stream, CANCEL))
    wait_until('it is given up',
               lambda: daruma.metric('daruma_target_requests_in_flight') == 0)
    line = wait_until('the line is written', lambda: next(
        (line for line in daruma.log_lines() if '/slow/60000' in line), None))
    assert ' 460 - ' in line and '"client_closed"' in line


def test_a_ping_does_not_keep_a_connection(start_targets, serve, connect):
    daruma = serve(start_targets(1), attributes={'idle_timeout.timeout_seconds': 1})
    client = connect(daruma)
    assert client.get('/').status == 200
    pings = 0
    while not client.closed:
        try:
            client.send(PingFrame(0, opaque_data=b'........'))
        except OSError:
            break
        pings += 1
        client.hear()
    assert client.goaways == [] or client.goaways[-1][1] in (NO_ERROR, ENHANCE_YOUR_CALM)


def test_goaway_after_ten_thousand_requests(site, connect):
    client = connect()
    served = 0
    while not client.goaways:
        for stream in [client.request('/soon') for _ in range(100)]:
            assert client.answer(stream).status == 503
            served += 1
    assert served == 10_000
    assert client.goaways[0] == (LAST_STREAM, NO_ERROR)
    assert client.until_closed() == (2 * served - 1, NO_ERROR)


def test_draining_ends_in_two_steps_and_loses_nothing(start_targets, serve, connect):
    daruma = serve(start_targets(1))
    client, idle = connect(daruma), connect(daruma)
    client.answers_pings = False
    assert idle.get('/').status == 200
    slow = client.request('/slow/1000')
    client.ping()
    daruma.send(signal.SIGTERM)
    client.until(lambda: client.goaways)
    assert client.goaways == [(LAST_STREAM, NO_ERROR)]
    late = client.request('/bytes/10')  # before it could have heard
    client.send(PingFrame(0, opaque_data=b'\0' * 8, flags=['ACK']))
    assert client.answer(late).body == letters(10)
    assert client.answer(slow).status == 200
    assert client.until_closed() == (late, NO_ERROR)
    assert idle.until_closed() == (1, NO_ERROR)
    assert daruma.wait() == 0


def test_a_reload_disturbs_no_connection(start_targets, serve, connect):
    daruma = serve(start_targets(1))
    client = connect(daruma)
    for i in range(10):
        daruma.configuration.load_balancer['Attributes'][
            'routing.http.xff_client_port.enabled'] = bool(i % 2)
        daruma.configuration.write()
        slow = client.request('/slow/50')
        assert daruma.reload().returncode == 0
        assert client.answer(slow).status == 200
        seen = client.get('/').body.decode()
        assert bool(re.search(r'X-Forwarded-For: 127.0.0.1:\d+', seen)) == bool(i % 2)
    assert client.goaways == []
