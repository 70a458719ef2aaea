# SPDX-License-Identifier: Apache-2.0
"""WebSocket and other upgrades: real clients and servers, and what only a raw socket says."""
import asyncio
import contextlib
import functools
import os
import re
import ssl

import pytest
import websockets

from harness import (ROOT, Configuration, Daruma, forward_to, read_all, read_until,
                     resident_kilobytes, run, target_group, wait_until)
from websocket_targets import Echo, RawWebSocketTarget

pytestmark = pytest.mark.threads

# The sample target's protocol: each byte comes back.
UPGRADE = (b'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n'
           b'Upgrade: h2c, echo\r\n\r\n')


@pytest.fixture
def serve(serve):
    """As ever, but nobody waits for health checks: until then requests go to every target."""
    return functools.partial(serve, wait_healthy=False)


@pytest.fixture
def echo(tmp_path, processes):
    def start(tls=False, address='127.0.0.2'):
        return processes.enter_context(Echo(tmp_path, address, tls))
    return start


def connect(daruma, tls=False, path='/chat', **options):
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    address = (daruma.https if tls else daruma.http).replace('http', 'ws', 1)
    options.setdefault('ping_interval', None)
    return websockets.connect(address + path, ssl=context, max_size=None, **options)


def log_line(daruma):
    """The one line of an upgraded connection, as fields."""
    def lines():
        return [line.split() for line in daruma.log_lines() if line.startswith('ws')]
    return wait_until('the log line', lines)[0]


def open_tunnels(daruma):
    return daruma.metric('daruma_listener_upgraded_connections_active')


def open_raw(daruma, tls=False):
    """A raw connection that the target has switched; what comes next is the target's."""
    raw = daruma.connect(tls)
    raw.sendall(UPGRADE)
    head = read_until(raw, b'\r\n\r\n')
    assert head.startswith(b'HTTP/1.1 101 '), head
    return raw


@pytest.mark.parametrize('target_tls', [False, True], ids=['http', 'https'])
@pytest.mark.parametrize('tls', [False, True], ids=['ws', 'wss'])
def test_messages_of_every_size_come_back(echo, serve, tls, target_tls):
    daruma = serve([echo(target_tls)])
    sizes = [0, 1, 125, 126, 65535, 65536, 3_000_000]

    async def talk():
        async with connect(daruma, tls) as socket:
            for size in sizes:
                message = os.urandom(size)
                await socket.send(message)
                assert await asyncio.wait_for(socket.recv(), 30) == message
            assert open_tunnels(daruma) == 1
            assert not [line for line in daruma.log_lines() if line.startswith('ws')]
            await socket.send('text too')
            assert await socket.recv() == 'text too'
    asyncio.run(talk())

    line = log_line(daruma)
    assert line[0] == ('wss' if tls else 'ws')
    assert line[8:10] == ['101', '101']
    assert int(line[10]) > sum(sizes) and int(line[11]) > sum(sizes)
    assert line[13].startswith(('https://' if tls else 'http://'))
    wait_until('none is open', lambda: open_tunnels(daruma) == 0)
    daruma.wait_for_metric('daruma_target_requests_in_flight', equal=0)
    daruma.wait_for_metric('daruma_listener_upgrades_total', equal=1)
    daruma.wait_for_metric('daruma_listener_upgraded_received_bytes_total', at_least=sum(sizes) + 1)
    daruma.wait_for_metric('daruma_listener_received_bytes_total', at_least=sum(sizes) + 1)


def test_a_hundred_at_once_while_the_configuration_changes(echo, serve):
    daruma = serve([echo()])

    async def one(number, reloads):
        async with connect(daruma, tls=number % 2 == 1) as socket:
            count = 0
            while not reloads.done() or count < 3:
                message = f'{number} {count}' * 50
                await socket.send(message)
                assert await asyncio.wait_for(socket.recv(), 30) == message
                count += 1

    async def change():
        for i in range(10):
            daruma.configuration.load_balancer['Attributes']['idle_timeout.timeout_seconds'] = \
                100 + i
            daruma.configuration.write()
            answer = await asyncio.to_thread(daruma.reload)
            assert answer.returncode == 0, answer.stdout + answer.stderr

    async def all_of_it():
        reloads = asyncio.ensure_future(change())
        await asyncio.gather(reloads, *(one(i, reloads) for i in range(100)))
    asyncio.run(all_of_it())
    wait_until('all lines', lambda: sum(
        line.startswith('ws') for line in daruma.log_lines()) == 100)


def test_rules_choose_where_an_upgrade_goes(echo, start_targets, serve, tmp_path):
    server = echo(address='127.0.0.3')
    rule = {'Priority': 1, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/chat']}],
            'Actions': forward_to('chat')}
    fixed = {'Priority': 2, 'Conditions': [{'Field': 'path-pattern', 'Values': ['/closed']}],
             'Actions': [{'Type': 'fixed-response', 'FixedResponseConfig': {
                 'StatusCode': '503', 'ContentType': 'text/plain', 'MessageBody': 'closed'}}]}
    configuration = Configuration(
        tmp_path / 'daruma', [target_group(start_targets(1)), target_group([server], 'chat')],
        rules=[rule, fixed])
    with Daruma(configuration) as daruma:
        async def talk():
            async with connect(daruma) as socket:
                await socket.send('x')
                assert await socket.recv() == 'x'
            with pytest.raises(websockets.InvalidStatusCode, match='503'):
                async with connect(daruma, path='/closed'):
                    pass
        asyncio.run(talk())


def test_a_refused_upgrade_is_an_ordinary_response(echo, serve):
    daruma = serve([echo()])

    async def talk():
        with pytest.raises(websockets.InvalidStatusCode, match='403') as refusal:
            async with connect(daruma, path='/refuse'):
                pass
        assert refusal.value.headers['X-Said'] == 'no'
    asyncio.run(talk())
    assert not [line for line in daruma.log_lines() if line.startswith('ws')]


def test_a_server_that_breaks_off_is_a_client_that_is_broken_off(echo, serve):
    daruma = serve([echo()])

    async def talk():
        async with connect(daruma) as socket:
            await socket.send('rude')
            with pytest.raises(websockets.ConnectionClosedError):
                await socket.recv()
    asyncio.run(talk())
    assert log_line(daruma)[8] == '101'


def test_the_idle_timeout_ends_it(start_targets, serve):
    daruma = serve(start_targets(1), attributes={'idle_timeout.timeout_seconds': 1})
    with open_raw(daruma) as plain, open_raw(daruma, tls=True) as secure:
        assert read_all(plain) == b''
        assert read_all(secure) == b''
    wait_until('the reason is counted', lambda: daruma.metric(
        'daruma_listener_reasons_total', reason='upgrade_idle_timeout') == 2)


def test_a_half_closed_client_still_hears(start_targets, serve):
    daruma = serve(start_targets(1))
    with open_raw(daruma) as raw:
        raw.sendall(b'one')
        assert read_until(raw, b'one') == b'one'
        raw.sendall(b'two')
        raw.shutdown(1)
        assert read_all(raw) == b'two'


def test_the_command_of_the_documentation(start_targets, serve):
    daruma = serve(start_targets(1))
    text = (ROOT / 'docs/configuration.md').read_text(encoding='utf-8')
    command, = re.findall(r'^ {4}(.*Upgrade: echo.*\| nc .*)$', text, re.M)
    here = command.replace('127.0.0.1 8080', f'127.0.0.1 {daruma.configuration.http_port}')
    assert here != command
    # Text has no CR.
    assert run(['sh', '-c', here]).stdout.endswith('\n\nhello\n')


@pytest.mark.parametrize('tls', [False, True], ids=['ws', 'wss'])
def test_a_side_that_takes_nothing_stops_the_other(processes, serve, tls):
    target = processes.enter_context(RawWebSocketTarget())
    daruma = serve([target], workers=1)
    raw = processes.enter_context(daruma.connect(tls))
    raw.sendall(b'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n'
                b'Upgrade: websocket\r\nSec-WebSocket-Key: a2V5\r\n\r\n')
    read_until(raw, b'\r\n\r\n')
    _, socket = target.next()
    for source, sink in ((raw, socket), (socket, raw)):
        before = resident_kilobytes(daruma.pid)
        source.settimeout(1)
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                sent += source.send(bytes(16_384))
        # Mostly in the sockets' buffers. A write that TLS has begun may be counted in part.
        assert 16_384 < sent < 32_000_000
        # A sanitizer's own memory is no part of that.
        if not {'ASAN_OPTIONS', 'TSAN_OPTIONS'} & os.environ.keys():
            assert resident_kilobytes(daruma.pid) - before < 2_000
        sink.settimeout(20)
        received = 0
        while received < sent:
            received += len(sink.recv(65_536))


def test_what_is_sent_behind_the_request_belongs_to_the_tunnel(start_targets, serve):
    daruma = serve(start_targets(1, tls=True))
    with daruma.connect(tls=True) as raw:
        raw.sendall(UPGRADE + b'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n')
        received = read_until(raw, b'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n')
        assert received.startswith(b'HTTP/1.1 101 ')
    assert log_line(daruma)[0] == 'wss'


def test_h2c_is_not_passed_on(start_targets, serve):
    daruma = serve(start_targets(1))
    answer = daruma.get('/', headers={
        'Connection': 'Upgrade, HTTP2-Settings', 'Upgrade': 'h2c',
        'HTTP2-Settings': 'AAMAAABkAAQAAP__', 'X-Last': '1'})
    assert answer.status_code == 200
    assert 'X-Last: 1\r\n' in answer.text  # the request as it arrived
    assert 'h2c' not in answer.text and 'HTTP2' not in answer.text


def test_a_drain_gives_it_the_time_that_requests_have(start_targets, serve):
    daruma = serve(start_targets(1))
    with open_raw(daruma) as plain, open_raw(daruma, tls=True) as secure:
        daruma.send(15)
        wait_until('draining', lambda: 'drain' in daruma.output())
        for raw in (plain, secure):
            raw.settimeout(40)
            raw.sendall(b'still')
            assert read_until(raw, b'still') == b'still'
        assert read_all(plain) == b''  # FIN
        assert read_all(secure) == b''  # close_notify
        assert daruma.wait(20) == 0
    lines = [line for line in daruma.log_lines() if line.startswith('ws')]
    assert len(lines) == 2
    assert all('"node_stopping"' in line for line in lines)


def test_a_deregistered_target_keeps_it_for_its_delay(start_targets, serve):
    target, other = start_targets(2)
    # One worker: the two go to one target each.
    daruma = serve([target, other], workers=1,
                   group={'Attributes': {'deregistration_delay.timeout_seconds': '2'}})
    with contextlib.ExitStack() as stack:
        raws = [stack.enter_context(open_raw(daruma)) for _ in range(2)]
        daruma.configuration.value['TargetGroups'][0]['Targets'].pop()
        daruma.configuration.write()
        assert daruma.reload().returncode == 0
        for raw in raws:
            raw.sendall(b'still')
            assert read_until(raw, b'still') == b'still'
        line = log_line(daruma)
        assert line[4] == other.name
        assert '"target_deregistered"' in line
        assert open_tunnels(daruma) == 1


def test_more_than_the_descriptors_allow_are_refused(start_targets, tmp_path, processes):
    """Of 512 descriptors, 192 are for clients of one worker: 48 of them may be upgraded."""
    configuration = Configuration(tmp_path / 'daruma', [target_group(start_targets(1))])
    daruma = processes.enter_context(Daruma(
        configuration, workers=1, wrapper=['sh', '-c', 'ulimit -n 512 && exec "$@"', 'sh']))
    with contextlib.ExitStack() as stack:
        for _ in range(48):
            stack.enter_context(open_raw(daruma))
        raw = stack.enter_context(daruma.connect())
        raw.sendall(UPGRADE)
        assert read_until(raw, b'</html>\r\n').startswith(
            b'HTTP/1.1 503 ')
        daruma.wait_for_metric('daruma_listener_reasons_total', equal=1,
                               reason='node_out_of_resources')
        assert daruma.get('/bytes/3').text == 'abc'
    wait_until('all have ended', lambda: open_tunnels(daruma) == 0)
    with open_raw(daruma):
        pass
