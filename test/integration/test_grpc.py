# SPDX-License-Identifier: Apache-2.0
"""gRPC through target groups of ProtocolVersion GRPC: grpcio as client and as server, over TLS.

The cases are those of the gRPC project's interoperability tests; messages are bytes as they are.
"""
import asyncio
import concurrent.futures
import itertools
import os
import threading

import grpc
import pytest

from frames import Http2
from harness import Daruma, letters, make_certificate, resident_kilobytes, target_group
from processes import Ports
from test_http2_targets import configuration_for, log_line

pytestmark = pytest.mark.threads

SERVICE = 'test.Interop'
LONG = 30  # seconds, for what should take a moment


def echo_metadata(context):
    given = dict(context.invocation_metadata())
    if 'x-initial' in given:
        context.send_initial_metadata((('x-initial', given['x-initial']),))
    if 'x-trailing-bin' in given:
        context.set_trailing_metadata((('x-trailing-bin', given['x-trailing-bin']),))


class Interop:
    """The service. Of a request, 'N' asks for N letters, 'fail CODE TEXT' for that status."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.begun = threading.Event()

    def empty(self, request, context):
        assert request == b''
        return b''

    def unary(self, request, context):
        echo_metadata(context)
        words = request[:200].decode('utf-8', 'replace').split(' ', 2)
        if words[0] == 'fail':
            context.abort(grpc.StatusCode[words[1]], words[2])
        return letters(int(words[0]))

    def collect(self, requests, context):
        self._watch(context)
        return str(sum(map(len, requests))).encode()

    def stream(self, request, context):
        self._watch(context)
        for size in request.split():
            yield letters(int(size))

    def both(self, requests, context):
        self._watch(context)
        echo_metadata(context)
        for request in requests:
            words = request.decode().split(' ', 2)
            if words[0] == 'fail':
                context.abort(grpc.StatusCode[words[1]], words[2])
            yield letters(int(words[0]))

    def first_word(self, requests, context):
        """Speaks before it is spoken to."""
        yield b'hello'
        yield from requests

    def sleep(self, requests, context):
        self._watch(context)
        self.cancelled.wait(LONG)
        yield b''

    def _watch(self, context):
        if not context.add_callback(self._over):
            self._over()  # it was over already
        self.begun.set()

    def _over(self):
        self.cancelled.set()

    def handler(self):
        return grpc.method_handlers_generic_handler(SERVICE, {
            'Empty': grpc.unary_unary_rpc_method_handler(self.empty),
            'Unary': grpc.unary_unary_rpc_method_handler(self.unary),
            'Collect': grpc.stream_unary_rpc_method_handler(self.collect),
            'Stream': grpc.unary_stream_rpc_method_handler(self.stream),
            'Both': grpc.stream_stream_rpc_method_handler(self.both),
            'FirstWord': grpc.stream_stream_rpc_method_handler(self.first_word),
            'Sleep': grpc.stream_stream_rpc_method_handler(self.sleep)})


OPTIONS = [('grpc.max_receive_message_length', -1), ('grpc.max_send_message_length', -1)]


class Server:
    """A grpcio server, over TLS or by prior knowledge."""

    def __init__(self, folder, tls=True, address='127.0.0.9', handlers=(), threads=40):
        self.tls = tls
        self.address, self.port = address, Ports.take(address)
        self.service = Interop()
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(threads),
                                  handlers=[self.service.handler(), *handlers], options=OPTIONS)
        if tls:
            files = make_certificate(folder, f'grpc-{self.port}')
            self.server.add_secure_port(self.name, grpc.ssl_server_credentials(
                [((folder / files['PrivateKeyFile']).read_bytes(),
                  (folder / files['CertificateFile']).read_bytes())]))
        else:
            self.server.add_insecure_port(self.name)
        self.server.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(0)

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}


class Client:
    def __init__(self, daruma):
        certificate = (daruma.folder / 'site.crt').read_bytes()
        self.channel = grpc.secure_channel(
            f'localhost:{daruma.configuration.https_port}',
            grpc.ssl_channel_credentials(certificate), options=OPTIONS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def __getattr__(self, name):
        kind = {'Empty': 'unary_unary', 'Unary': 'unary_unary', 'Collect': 'stream_unary',
                'Stream': 'unary_stream'}.get(name, 'stream_stream')
        return getattr(self.channel, kind)(f'/{SERVICE}/{name}')


@pytest.fixture(params=[True, False], ids=['tls', 'prior-knowledge'])
def tls(request):
    return request.param


@pytest.fixture
def server(tmp_path, processes, tls):
    return processes.enter_context(Server(tmp_path, tls))


def serve(tmp_path, processes, targets, **members):
    group = target_group(targets, ProtocolVersion='GRPC', **members)
    if 'HealthCheckPath' not in members:
        del group['HealthCheckPath']
    configuration = configuration_for(tmp_path / 'daruma', [group])
    return processes.enter_context(Daruma(configuration, workers=1))


@pytest.fixture
def daruma(tmp_path, processes, server):
    """The default health check: whatever answers UNIMPLEMENTED is healthy."""
    daruma = serve(tmp_path, processes, [server])
    daruma.wait_for_health({server.name: 'healthy'})
    return daruma


@pytest.fixture
def client(processes, daruma):
    return processes.enter_context(Client(daruma))


def status_of(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(*arguments, timeout=options.pop('timeout', LONG), **options)
        list(answer) if hasattr(answer, '__next__') else None
    return caught.value.code(), caught.value.details()


def test_empty_unary(client, daruma):
    assert client.Empty(b'', timeout=LONG) == b''
    line = log_line(daruma, f'/{SERVICE}/Empty')
    assert line.startswith('grpcs ') and ' 200 200 ' in line


def test_large_unary(client):
    request = b'314159 ' + letters(271_828)
    assert client.Unary(request, timeout=LONG) == letters(314_159)
    assert client.Unary(b'8000000 ' + letters(8_000_000), timeout=LONG) == letters(8_000_000)


def test_client_streaming(client):
    sizes = (27_182, 8, 1_828, 45_904)
    assert client.Collect((letters(size) for size in sizes), timeout=LONG) == b'74922'


def test_server_streaming(client):
    sizes = (31_415, 9, 2_653, 58_979)
    request = ' '.join(map(str, sizes)).encode()
    assert [len(part) for part in client.Stream(request, timeout=LONG)] == list(sizes)


def test_ping_pong(client):
    turns = [threading.Semaphore(1), *(threading.Semaphore(0) for _ in range(3))]
    sizes = (31_415, 9, 2_653, 58_979)

    def requests():
        for turn, size in zip(turns, sizes):
            turn.acquire()
            yield str(size).encode()
    answers = client.Both(requests(), timeout=LONG)
    for size, turn in itertools.zip_longest(sizes, turns[1:]):
        assert len(next(answers)) == size
        if turn:
            turn.release()
    assert list(answers) == []


def test_empty_stream(client):
    assert list(client.Both(iter(()), timeout=LONG)) == []


def test_timeout_on_sleeping_server(client, server):
    assert status_of(client.Sleep, iter((b'1',)), timeout=0.5)[0] == \
        grpc.StatusCode.DEADLINE_EXCEEDED
    assert server.service.cancelled.wait(LONG)


def test_cancel_after_begin(client, server):
    gate = threading.Event()

    def requests():
        gate.wait(LONG)
        yield from ()
    call = client.channel.stream_unary(f'/{SERVICE}/Collect').future(requests(), timeout=LONG)
    assert server.service.begun.wait(LONG)
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    assert server.service.cancelled.wait(LONG)
    gate.set()


def test_cancel_after_first_response(client, server):
    gate = threading.Event()

    def requests():
        yield b'31415'
        gate.wait(LONG)
    call = client.Both(requests(), timeout=LONG)
    assert len(next(call)) == 31_415
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED
    assert server.service.cancelled.wait(LONG)
    gate.set()


def test_status_code_and_message(client):
    wanted = (grpc.StatusCode.UNKNOWN, 'test status message')
    assert status_of(client.Unary, b'fail UNKNOWN test status message') == wanted
    assert status_of(client.Both, iter((b'fail UNKNOWN test status message',))) == wanted


def test_special_status_message(client):
    message = '\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n'
    assert status_of(client.Unary, f'fail UNKNOWN {message}'.encode()) == \
        (grpc.StatusCode.UNKNOWN, message)


def test_custom_metadata(client):
    metadata = (('x-initial', 'test_initial_metadata_value'), ('x-trailing-bin', b'\xab\xab\x00'))
    _, call = client.Unary.with_call(b'10', timeout=LONG, metadata=metadata)
    assert ('x-initial', 'test_initial_metadata_value') in call.initial_metadata()
    assert ('x-trailing-bin', b'\xab\xab\x00') in call.trailing_metadata()
    call = client.Both(iter((b'10',)), timeout=LONG, metadata=metadata)
    assert [len(part) for part in call] == [10]
    assert ('x-initial', 'test_initial_metadata_value') in call.initial_metadata()
    assert ('x-trailing-bin', b'\xab\xab\x00') in call.trailing_metadata()


def test_unimplemented_method(client):
    assert status_of(client.channel.unary_unary(f'/{SERVICE}/None'), b'')[0] == \
        grpc.StatusCode.UNIMPLEMENTED


def test_unimplemented_service(client):
    assert status_of(client.channel.unary_unary('/test.None/Call'), b'')[0] == \
        grpc.StatusCode.UNIMPLEMENTED


# Beyond the fourteen

def test_a_server_that_speaks_first(client):
    gate = threading.Event()

    def requests():
        gate.wait(LONG)
        yield b'bye'
    answers = client.FirstWord(requests(), timeout=LONG)
    assert next(answers) == b'hello'
    gate.set()
    assert list(answers) == [b'bye']


def test_a_server_that_stops_in_the_middle(client, server):
    call = client.Sleep(iter(()), timeout=LONG)
    assert server.service.begun.wait(LONG)
    server.server.stop(0)
    assert status_of(lambda timeout: call)[0] in (grpc.StatusCode.UNAVAILABLE,
                                                  grpc.StatusCode.INTERNAL,
                                                  grpc.StatusCode.CANCELLED)


def test_what_daruma_answers_itself(tmp_path, processes):
    with Server(tmp_path) as server:
        daruma = serve(tmp_path, processes, [server])
        daruma.wait_for_health({server.name: 'healthy'})
    client = processes.enter_context(Client(daruma))
    code, details = status_of(client.Empty, b'')
    assert (code, details) == (grpc.StatusCode.UNAVAILABLE, 'unavailable')
    raw = processes.enter_context(Http2(daruma.configuration.https_port))
    fields = [('content-type', 'application/grpc'), ('te', 'trailers')]
    answer = raw.answer(raw.request('/a.B/C', 'POST', more=fields, body=bytes(5)))
    assert (answer.status, answer.head['grpc-status']) == (502, '14')
    assert raw.get('/').status == 464


class AsyncServer(threading.Thread):
    """Echoes every message of a call, thousands of calls at once."""

    def __init__(self, folder, address='127.0.0.9'):
        super().__init__(daemon=True)
        self.address, self.port = address, Ports.take(address)
        files = make_certificate(folder, f'grpc-{self.port}')
        self.credentials = grpc.ssl_server_credentials(
            [((folder / files['PrivateKeyFile']).read_bytes(),
              (folder / files['CertificateFile']).read_bytes())])
        self.loop = asyncio.new_event_loop()
        self.most = self.open = 0
        self.tls = True

    @property
    def name(self):
        return f'{self.address}:{self.port}'

    def description(self):
        return {'Id': self.address, 'Port': self.port}

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())

    async def _serve(self):
        self.over = asyncio.Event()
        server = grpc.aio.server(handlers=[grpc.method_handlers_generic_handler(SERVICE, {
            'Echo': grpc.stream_stream_rpc_method_handler(self._echo)})])
        server.add_secure_port(self.name, self.credentials)
        await server.start()
        await self.over.wait()
        await server.stop(0)

    async def _echo(self, requests, context):
        self.open += 1
        self.most = max(self.most, self.open)
        async for request in requests:
            yield request
        self.open -= 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.over.set)
        self.join(20)


def test_a_thousand_streams_of_a_hundred_messages(tmp_path, processes):
    """All open at once over a few connections: each gets its messages, whole and in order."""
    server = processes.enter_context(AsyncServer(tmp_path))
    daruma = serve(tmp_path, processes, [server])
    daruma.wait_for_health({server.name: 'healthy'})
    certificate = (daruma.folder / 'site.crt').read_bytes()
    at_first = resident_kilobytes(daruma.pid)

    async def call(channel, number, everybody, all_open):
        stream = channel.stream_stream(f'/{SERVICE}/Echo')(timeout=120)
        await stream.write(b'first')
        assert await stream.read() == b'first'
        everybody.append(number)
        if len(everybody) == 1000:
            all_open.set()
        await all_open.wait()
        for i in range(100):
            message = f'{number} {i} '.encode() + letters((number + i) % 300)
            await stream.write(message)
            assert await stream.read() == message
        await stream.done_writing()
        assert await stream.read() is grpc.aio.EOF

    async def all_of_them():
        channels = [grpc.aio.secure_channel(
            f'localhost:{daruma.configuration.https_port}',
            grpc.ssl_channel_credentials(certificate),
            options=[('grpc.use_local_subchannel_pool', 1)]) for _ in range(10)]
        everybody, all_open = [], asyncio.Event()
        await asyncio.gather(*(call(channels[i % 10], i, everybody, all_open)
                               for i in range(1000)))
        for channel in channels:
            await channel.close()
    asyncio.run(all_of_them())
    assert server.most == 1000
    # A hundred streams go by one connection.
    assert daruma.metric('daruma_target_connections_total', target=server.name) <= 12
    # A sanitizer's own memory is no part of that.
    if not {'ASAN_OPTIONS', 'TSAN_OPTIONS'} & os.environ.keys():
        grown = resident_kilobytes(daruma.pid) - at_first
        print(f'KB of memory for a thousand streams: {grown}')
        assert grown < 24_000


def health_service(status):
    """grpc.health.v1: a HealthCheckResponse with that status (1: SERVING)."""
    return grpc.method_handlers_generic_handler('grpc.health.v1.Health', {
        'Check': grpc.unary_unary_rpc_method_handler(lambda request, context: b'\x08' + status)})


def test_health_by_the_health_service(tmp_path, processes):
    good = processes.enter_context(
        Server(tmp_path, address='127.0.0.9', handlers=[health_service(b'\x01')]))
    bad = processes.enter_context(
        Server(tmp_path, address='127.0.0.10', handlers=[health_service(b'\x02')]))
    without = processes.enter_context(Server(tmp_path, address='127.0.0.11'))
    daruma = serve(tmp_path, processes, [good, bad, without], Matcher={'GrpcCode': '0'},
                   HealthCheckPath='/grpc.health.v1.Health/Check')
    daruma.wait_for_health({good.name: 'healthy', bad.name: 'unhealthy',
                            without.name: 'unhealthy'})
    assert ' FAIL 12 ' in next(line for line in daruma.log_lines('health_check_log')
                               if without.name in line)
