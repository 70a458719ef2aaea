# SPDX-License-Identifier: Apache-2.0
"""WebSocket from clients of HTTP/2 (RFC 8441) to targets of HTTP/1.1, frame by frame."""
import contextlib
import functools
import os
import random
import re
import struct

import pytest

from frames import CANCEL, NO_ERROR, Http2, SettingsFrame, WindowUpdateFrame
from harness import (Configuration, Daruma, forward_to, read_until, resident_kilobytes,
                     target_group, wait_until)
from websocket_targets import Echo, RawWebSocketTarget, break_off

pytestmark = pytest.mark.threads

TEXT, BINARY, CLOSE = 1, 2, 8


@pytest.fixture
def serve(serve):
    """As ever, but nobody waits for health checks: until then requests go to every target."""
    return functools.partial(serve, wait_healthy=False)


@pytest.fixture
def raw_target(processes):
    return lambda *answer, **options: processes.enter_context(
        RawWebSocketTarget(*answer, **options))


@pytest.fixture
def connect(processes):
    def start(daruma, **options):
        client = processes.enter_context(Http2(daruma.configuration.https_port, **options))
        client.until(lambda: client.server_settings)
        return client
    return start


def ask(client, path='/chat', protocol='websocket', more=(), end=False):
    """Asks for a tunnel; its stream."""
    return client.headers(
        [(':method', 'CONNECT'), (':protocol', protocol), (':scheme', 'https'), (':path', path),
         (':authority', 'chat.example'), ('sec-websocket-version', '13'),
         ('origin', 'https://chat.example'), *more], end=end)


def final_head(client, stream):
    response = client.responses[stream]
    client.until(lambda: response.heads or response.reset is not None)
    return response.head


def open_tunnel(client, **options):
    """A stream that the target has switched."""
    stream = ask(client, **options)
    assert final_head(client, stream)[':status'] == '200'
    return stream


def hear(client, stream, expected):
    """Until exactly this has come on the stream."""
    response = client.responses[stream]
    client.until(lambda: len(response.body) >= len(expected))
    assert response.body == expected
    response.body = b''


def message(payload, kind=BINARY):
    """A client's frame, masked with zeros (RFC 6455 5.2)."""
    size = len(payload)
    length = (struct.pack('!B', 0x80 | size) if size < 126 else
              struct.pack('!BH', 0xfe, size) if size < 65536 else struct.pack('!BQ', 0xff, size))
    return bytes([0x80 | kind]) + length + bytes(4) + payload


def of_server(payload, kind=BINARY):
    size = len(payload)
    length = (bytes([size]) if size < 126 else
              struct.pack('!BH', 126, size) if size < 65536 else struct.pack('!BQ', 127, size))
    return bytes([0x80 | kind]) + length + payload


def log_line(daruma, kind='wss'):
    def lines():
        return [line for line in daruma.log_lines() if line.startswith(kind + ' ')]
    return wait_until('the log line', lines)[0]


def open_tunnels(daruma):
    return daruma.metric('daruma_listener_upgraded_connections_active')


def reason(daruma, name):
    return daruma.metric('daruma_listener_reasons_total', reason=name)


@pytest.mark.parametrize('target_tls', [False, True], ids=['http', 'https'])
def test_messages_of_every_size_come_back(tmp_path, processes, serve, connect, target_tls):
    daruma = serve([processes.enter_context(Echo(tmp_path, tls=target_tls))])
    client = connect(daruma)
    assert client.server_settings[SettingsFrame.ENABLE_CONNECT_PROTOCOL] == 1
    stream = open_tunnel(client)
    sizes = [0, 1, 125, 126, 65535, 65536, 3_000_000]
    for size in sizes:
        payload = os.urandom(size)
        client.data(stream, message(payload), end=False)
        hear(client, stream, of_server(payload))
    assert open_tunnels(daruma) == 1
    assert not [line for line in daruma.log_lines() if line.startswith('wss')]
    client.data(stream, message(b'\x03\xe8', CLOSE), end=False)
    response = client.answer(stream)
    assert (response.body, response.reset) == (of_server(b'\x03\xe8', CLOSE), None)
    client.put(stream, b'', end=True)

    fields = log_line(daruma).split()
    assert fields[8:10] == ['200', '101']
    assert int(fields[10]) > sum(sizes) and int(fields[11]) > sum(sizes)
    port = daruma.configuration.https_port
    assert f'"GET https://chat.example:{port}/chat HTTP/2.0"' in log_line(daruma)
    wait_until('none is open', lambda: open_tunnels(daruma) == 0)
    daruma.wait_for_metric('daruma_target_requests_in_flight', equal=0)
    daruma.wait_for_metric('daruma_listener_upgrades_total', equal=1)
    daruma.wait_for_metric('daruma_listener_upgraded_received_bytes_total', at_least=sum(sizes) + 1)
    assert client.get('/health').status == 200  # the connection goes on


def test_the_target_sees_an_upgrade_of_http_1_1(raw_target, serve, connect):
    target = raw_target()
    daruma = serve([target])
    client = connect(daruma)
    stream = ask(client, '/chat?room=1', more=[
        ('sec-websocket-protocol', 'talk'), ('sec-websocket-extensions', 'permessage-deflate'),
        ('sec-websocket-key', 'the client has no say in it'), ('cookie', 'a=1')])
    head, _ = target.next()
    text = head.decode()
    assert text.startswith('GET /chat?room=1 HTTP/1.1\r\n')
    host = f'Host: chat.example:{daruma.configuration.https_port}'
    for line in (host, 'Upgrade: websocket', 'Connection: Upgrade',
                 'sec-websocket-version: 13', 'sec-websocket-protocol: talk', 'cookie: a=1',
                 'sec-websocket-extensions: permessage-deflate', 'origin: https://chat.example',
                 'X-Forwarded-Proto: https'):
        assert f'\r\n{line}\r\n' in text, line
    keys = re.findall(r'\r\n(sec-websocket-key: .*)\r\n', text, re.I)
    assert len(keys) == 1 and re.fullmatch('Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==', keys[0])
    assert not re.search('^:|protocol: websocket|content-length|transfer-encoding', text,
                         re.M | re.I)
    answer = final_head(client, stream)
    assert answer == {':status': '200', 'x-mine': 'kept'}


def test_each_asks_with_a_key_of_its_own(raw_target, serve, connect):
    target = raw_target()
    client = connect(serve([target]))
    keys = set()
    for _ in range(3):
        open_tunnel(client)
        keys.add(re.search(b'Sec-WebSocket-Key: (.*)\r\n', target.next()[0]).group(1))
    assert len(keys) == 3


@pytest.mark.parametrize('protocol', ['connect-udp', 'webtransport', 'websocket, h2c'])
def test_other_protocols_are_not_implemented(raw_target, serve, connect, protocol):
    daruma = serve([raw_target()])
    client = connect(daruma)
    stream = ask(client, protocol=protocol)
    assert client.answer(stream).status == 501
    assert reason(daruma, 'request_protocol_unsupported') == 1
    assert open_tunnel(client)


ANSWERS = {
    'refused': (lambda _: b'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Said: no\r\n\r\nno',
                403, None),
    'no_websocket': (lambda _: b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', 502,
                     'target_response_malformed'),
    'wrong_key': (lambda _: b'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                            b'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n', 502,
                  'target_response_malformed'),
    'no_key': (lambda _: b'HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
               502, 'target_response_malformed'),
    'other_protocol': (lambda accept: b'HTTP/1.1 101 x\r\nUpgrade: echo\r\nConnection: Upgrade\r\n'
                                      b'Sec-WebSocket-Accept: ' + accept + b'\r\n\r\n', 502,
                       'target_response_malformed'),
}


@pytest.mark.parametrize('case', ANSWERS)
def test_a_target_that_does_not_switch(raw_target, serve, connect, case):
    answer, status, why = ANSWERS[case]
    daruma = serve([raw_target(answer)])
    client = connect(daruma)
    response = client.answer(ask(client))
    assert response.status == status
    if why is None:
        assert (response.head['x-said'], response.body) == ('no', b'no')
    else:
        assert reason(daruma, why) == 1
    assert response.reset in (None, NO_ERROR)
    assert not [line for line in daruma.log_lines() if line.startswith('wss')]


def test_rules_apply(tmp_path, raw_target, processes, connect):
    def fixed(priority, path, status):
        return {'Priority': priority,
                'Conditions': [{'Field': 'path-pattern', 'Values': [path]}],
                'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
                    'StatusCode': status, 'ContentType': 'text/plain', 'MessageBody': 'fixed'}}]}
    chat, other = raw_target(), raw_target(address='127.0.0.6')
    by_field = {'Priority': 1, 'Conditions': [{'Field': 'http-header', 'HttpHeaderConfig': {
        'HttpHeaderName': 'Upgrade', 'Values': ['websocket']}},
        {'Field': 'http-request-method', 'HttpRequestMethodConfig': {'Values': ['GET']}},
        {'Field': 'path-pattern', 'Values': ['/chat']}], 'Actions': forward_to('chat')}
    groups = [target_group([other]), target_group([chat], 'chat'),
              target_group([raw_target(address='127.0.0.7')], 'two', ProtocolVersion='HTTP2')]
    to_http2 = {'Priority': 4, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/two']}],
                'Actions': forward_to('two')}
    configuration = Configuration(tmp_path / 'daruma', groups)
    configuration.load_balancer['Listeners'][1]['Rules'] = [
        by_field, fixed(2, '/success', '200'), fixed(3, '/closed', '503'), to_http2]
    configuration.write()
    daruma = processes.enter_context(Daruma(configuration, workers=1))
    client = connect(daruma)
    open_tunnel(client)
    assert b'/chat' in chat.next()[0]
    assert client.answer(ask(client, '/closed')).body == b'fixed'
    # Success would be an open tunnel.
    assert client.answer(ask(client, '/success')).status == 501
    assert client.answer(ask(client, '/two')).status == 464


def test_stickiness_applies(raw_target, serve, connect):
    targets = [raw_target(), raw_target(address='127.0.0.6')]
    daruma = serve(targets, workers=1, group={'Attributes': {
        'stickiness.enabled': 'true', 'stickiness.type': 'lb_cookie'}})
    client = connect(daruma)
    stream = ask(client)
    cookie = final_head(client, stream)['set-cookie'].split(';')[0]
    for _ in range(4):
        open_tunnel(client, more=[('cookie', cookie)])
    wait_until('all have come to one', lambda: sorted(
        target.switched.qsize() for target in targets) == [0, 5])


def test_each_side_ends_its_own(raw_target, serve, connect):
    target = raw_target()
    daruma = serve([target])
    client = connect(daruma)
    # The client first.
    stream = open_tunnel(client)
    _, socket = target.next()
    client.data(stream, b'last words of the client', end=True)
    assert read_until(socket, b'client') == b'last words of the client'
    assert socket.recv(100) == b''
    socket.sendall(b'one more')
    hear(client, stream, b'one more')
    socket.close()
    assert client.answer(stream).reset is None
    # The target first.
    stream = open_tunnel(client)
    _, socket = target.next()
    socket.sendall(b'last words of the target')
    socket.shutdown(1)
    response = client.answer(stream)
    assert (response.body, response.ended, response.reset) == (
        b'last words of the target', True, None)
    client.data(stream, b'one more', end=False)
    assert read_until(socket, b'more') == b'one more'
    client.data(stream, b'!', end=True)
    assert read_until(socket, b'!') == b'!'
    assert socket.recv(100) == b''
    wait_until('both are over', lambda: open_tunnels(daruma) == 0)
    assert response.reset is None
    assert not client.goaways


def test_a_reset_of_one_side_is_one_for_the_other(raw_target, serve, connect):
    target = raw_target()
    daruma = serve([target])
    client = connect(daruma)
    stream = open_tunnel(client)
    break_off(target.next()[1])
    assert client.answer(stream).reset == CANCEL
    stream = open_tunnel(client)
    _, socket = target.next()
    client.send_reset(stream, CANCEL)
    with pytest.raises(ConnectionResetError):
        socket.recv(100)
    wait_until('both are over', lambda: open_tunnels(daruma) == 0)
    client.ping()
    # And with the whole connection.
    stream = open_tunnel(client)
    _, socket = target.next()
    client.socket.close()
    with pytest.raises(ConnectionResetError):
        socket.recv(100)


def test_a_client_that_takes_nothing_stops_the_target(raw_target, serve, connect):
    target = raw_target()
    daruma = serve([target], workers=1)
    client = connect(daruma, windows=False)
    stream = open_tunnel(client)
    _, socket = target.next()
    before = resident_kilobytes(daruma.pid)
    socket.settimeout(1)
    sent = 0
    with pytest.raises(TimeoutError):
        while True:
            sent += socket.send(bytes(65_536))
    assert sent < 16_000_000  # mostly in the sockets' buffers
    # A sanitizer's own memory is no part of that.
    if not {'ASAN_OPTIONS', 'TSAN_OPTIONS'} & os.environ.keys():
        assert resident_kilobytes(daruma.pid) - before < 2_000
    response = client.responses[stream]
    client.until(lambda: len(response.body) == 65_535)
    client.ping()
    assert len(response.body) == 65_535
    client.windows = True
    client.send(WindowUpdateFrame(0, window_increment=65_535),
                WindowUpdateFrame(stream, window_increment=65_535))
    client.until(lambda: len(response.body) == sent)
    assert client.get('/health').status == 200


def fill(client, stream):
    """Sends until no window is given for a ping's time; how much that was."""
    sent = 0
    while True:
        room = min(client.credit[0], client.credit[stream], 16_384)
        if room > 0:
            client.put(stream, bytes(room))
            sent += room
            continue
        client.ping()
        if client.credit[stream] <= 0:
            return sent


def test_a_target_that_takes_nothing_stops_the_client(raw_target, serve, connect):
    target = raw_target(receive_buffer=4_096)
    daruma = serve([target], workers=1)
    client = connect(daruma)
    stream = open_tunnel(client)
    _, socket = target.next()
    before = resident_kilobytes(daruma.pid)
    sent = fill(client, stream)
    # A sanitizer's own memory is no part of that.
    if not {'ASAN_OPTIONS', 'TSAN_OPTIONS'} & os.environ.keys():
        assert resident_kilobytes(daruma.pid) - before < 2_000
    assert client.get('/health').status == 200  # others of the connection are not held up
    received = 0
    while received < sent:
        received += len(socket.recv(65_536))
    client.data(stream, b'and on', end=False)
    assert read_until(socket, b'and on') == b'and on'


def test_all_of_it_reaches_a_slow_target_though_the_stream_is_over(raw_target, serve, connect):
    target = raw_target(receive_buffer=4_096)
    daruma = serve([target], workers=1)
    client = connect(daruma)
    stream = open_tunnel(client)
    _, socket = target.next()
    socket.shutdown(1)
    assert client.answer(stream).ended
    sent = fill(client, stream)
    client.put(stream, b'', end=True)
    client.ping()
    assert open_tunnels(daruma) == 1  # here, if not between Daruma and the client
    received = 0
    while part := socket.recv(65_536):
        received += len(part)
    assert received == sent
    wait_until('it is over', lambda: open_tunnels(daruma) == 0)
    assert client.responses[stream].reset is None


def test_the_idle_timeout_ends_it(raw_target, serve, connect):
    target = raw_target()
    daruma = serve([target], attributes={'idle_timeout.timeout_seconds': 1})
    client = connect(daruma)
    stream = open_tunnel(client)
    _, socket = target.next()
    response = client.responses[stream]
    client.until(lambda: response.ended and response.reset is not None)
    assert (response.body, response.reset) == (b'', NO_ERROR)
    assert socket.recv(100) == b''
    assert '"upgrade_idle_timeout"' in log_line(daruma)


def test_a_drain_gives_it_the_time_that_requests_have(raw_target, serve, connect):
    target = raw_target()
    daruma = serve([target])
    client = connect(daruma, seconds=40)
    stream = open_tunnel(client)
    _, socket = target.next()
    socket.settimeout(40)
    daruma.send(15)
    client.until(lambda: len(client.goaways) == 2)  # both steps; the stream goes on
    assert client.goaways[-1] == (stream, NO_ERROR)
    client.data(stream, b'still', end=False)
    assert read_until(socket, b'still') == b'still'
    socket.sendall(b'there')
    hear(client, stream, b'there')
    assert client.answer(stream).ended
    assert socket.recv(100) == b''
    assert daruma.wait(20) == 0
    assert '"node_stopping"' in log_line(daruma)


def test_a_deregistered_target_keeps_it_for_its_delay(raw_target, serve, connect):
    target = raw_target()
    daruma = serve([target, raw_target(address='127.0.0.6')], workers=1, wait_healthy=True,
                   group={'Attributes': {'deregistration_delay.timeout_seconds': '2'}})
    client = connect(daruma)
    streams = [open_tunnel(client) for _ in range(2)]
    daruma.configuration.value['TargetGroups'][0]['Targets'].pop(0)
    daruma.configuration.write()
    assert daruma.reload().returncode == 0
    _, socket = target.next()
    assert socket.recv(100) == b''
    client.until(lambda: any(client.responses[stream].ended for stream in streams))
    assert '"target_deregistered"' in log_line(daruma)
    assert open_tunnels(daruma) == 1


def test_a_hundred_on_one_connection_while_the_configuration_changes(tmp_path, processes, serve,
                                                                     connect):
    daruma = serve([processes.enter_context(Echo(tmp_path))])
    client = connect(daruma)
    streams = [open_tunnel(client) for _ in range(100)]
    for i in range(10):
        daruma.configuration.load_balancer['Attributes']['idle_timeout.timeout_seconds'] = 100 + i
        daruma.configuration.write()
        assert daruma.reload().returncode == 0
        for stream in streams:
            client.data(stream, message(b'%d %d' % (i, stream), TEXT), end=False)
        for stream in streams:
            hear(client, stream, of_server(b'%d %d' % (i, stream), TEXT))
    for stream in streams:
        client.data(stream, message(b'', CLOSE), end=True)
    for stream in streams:
        assert client.answer(stream).reset is None
    wait_until('all lines', lambda: sum(
        line.startswith('wss') for line in daruma.log_lines()) == 100)


def test_endings_in_every_order(raw_target, serve, connect):
    """Whoever ends, or breaks off, first, again, at once: nothing stays behind."""
    seed = int.from_bytes(os.urandom(4), 'big')
    print(f'seed {seed}')
    chance = random.Random(seed)
    target = raw_target()
    daruma = serve([target], workers=1)
    opened = 0
    for _ in range(12):
        client = connect(daruma)
        tunnels = []
        for _ in range(20):
            stream = open_tunnel(client)
            opened += 1
            tunnels.append((stream, target.next()[1], set()))
        for _ in range(150):
            stream, socket, over = chance.choice(tunnels)
            with contextlib.suppress(OSError):
                match chance.choice(['say', 'tell', 'end', 'finish', 'reset', 'break']):
                    case 'say' if not over & {'end', 'reset'} and client.credit[stream] > 3_000:
                        client.put(stream, bytes(chance.randrange(1, 3_000)))
                    case 'tell' if not over & {'finish', 'break'}:
                        socket.send(bytes(chance.randrange(1, 30_000)))
                    case 'end' if not over & {'end', 'reset'}:
                        client.put(stream, b'', end=True)
                        over.add('end')
                    case 'finish' if not over & {'finish', 'break'}:
                        socket.shutdown(1)
                        over.add('finish')
                    case 'reset' if 'reset' not in over:
                        client.send_reset(stream, CANCEL)
                        over |= {'end', 'reset'}
                    case 'break' if 'break' not in over:
                        break_off(socket)
                        over |= {'finish', 'break'}
        client.ping()
        assert not client.goaways
        if chance.random() < 0.5:  # else it leaves without a word
            for stream, socket, over in tunnels:
                socket.close()
                if not over & {'end', 'reset'} and client.responses[stream].reset is None:
                    client.put(stream, b'', end=True)
            client.until(lambda: all(
                client.responses[stream].ended or client.responses[stream].reset is not None
                or 'reset' in over for stream, _, over in tunnels))
        client.socket.close()
        for _, socket, _ in tunnels:
            socket.close()
    wait_until('none is open', lambda: open_tunnels(daruma) == 0)
    wait_until('all lines', lambda: sum(
        line.startswith('wss ') for line in daruma.log_lines()) == opened)
    daruma.wait_for_metric('daruma_target_requests_in_flight', equal=0)
    assert 'bug' not in daruma.output()
