# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 in strict mode: what RFC 9113 and RFC 7541 forbid a client, section by section.

Each case opens a connection, says what is wrong frame by frame, and expects the connection's or
the stream's end with the right error code; or that what only looks wrong is taken. `python3 -m
pytest -k '6_9'` runs a section.
"""
import pytest

from frames import (CANCEL, COMPRESSION_ERROR, FLOW_CONTROL_ERROR, NO_ERROR, PREFACE,
                    PROTOCOL_ERROR, REFUSED_STREAM, Http2, PingFrame, SettingsFrame,
                    WindowUpdateFrame)
from harness import letters

STREAM_CLOSED, FRAME_SIZE_ERROR = 5, 6
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, WITH_PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 4, 5
WINDOW_MOST = 2**31 - 1


def number(value, size=4):
    return value.to_bytes(size, 'big')


def frame(kind, flags, stream, payload=b''):
    return number(len(payload), 3) + bytes([kind, flags]) + number(stream) + payload


def setting(name, value):
    return number(name, 2) + number(value)


def settings(*entries):
    return frame(SETTINGS, 0, 0, b''.join(entries))


def literal(name, value):
    """A field that no table knows nor keeps, as it is on the wire."""
    def text(of):
        of = of if isinstance(of, bytes) else of.encode()
        return bytes([len(of)]) + of if len(of) < 127 else b'\x7f' + bytes([len(of) - 127]) + of
    return b'\0' + text(name) + text(value)


def section(*fields):
    return b''.join(literal(*field) for field in fields)


GET = [(':method', 'GET'), (':scheme', 'https'), (':path', '/bytes/5'), (':authority', 'a.example')]
POST = [(':method', 'POST'), *GET[1:]]
BLOCK, POST_BLOCK = section(*GET), section(*POST)


def headers(stream=1, block=BLOCK, flags=END_STREAM | END_HEADERS):
    return frame(HEADERS, flags, stream, block)


def post(stream=1, *more):
    """A request whose body follows."""
    return headers(stream, POST_BLOCK + section(*more), END_HEADERS)


def data(stream=1, payload=b'body', flags=END_STREAM):
    return frame(DATA, flags, stream, payload)


def reset(stream=1, code=CANCEL):
    return frame(RST_STREAM, 0, stream, number(code))


def window(stream, bytes_more):
    return frame(WINDOW_UPDATE, 0, stream, number(bytes_more))


def priority(stream, on=0):
    return frame(PRIORITY, 0, stream, number(on) + b'\x10')


# What is to come of it.

class Connection:
    """It ends, with one of these codes."""

    def __init__(self, *codes):
        self.codes = codes

    def check(self, client):
        ending = client.until_closed()
        assert ending is not None and ending[1] in self.codes, ending


class Stream:
    """Stream `stream` is reset with one of these codes, and the connection goes on."""

    def __init__(self, *codes, stream=1):
        self.codes = codes
        self.stream = stream

    def check(self, client):
        response = client.answer(self.stream)
        assert response.reset in self.codes, (response.heads, response.reset)
        client.ping()
        assert not client.goaways


class Answered:
    """Stream `stream` is answered, and the connection goes on."""

    def __init__(self, status=200, stream=1):
        self.status = status
        self.stream = stream

    def check(self, client):
        assert client.answer(self.stream).status == self.status
        client.ping()
        assert not client.goaways


class AnsweredAndClosed:
    """Stream 1 is answered; then the connection ends without an error."""

    def check(self, client):
        assert client.answer(1).status == 200
        assert client.until_closed() in (None, (1, NO_ERROR))


class After:
    """What is said once the answer to stream 1 has come whole, or stream 1 was reset."""

    def __init__(self, first, then):
        self.first = first
        self.then = then


def without(name, of=tuple(GET)):
    return section(*(field for field in of if field[0] != name))


def changed(name, value):
    return section(*((name, value) if field[0] == name else field for field in GET))


def malformed(*fields, block=None):
    """A request that is none (8.1.1)."""
    return headers(block=(BLOCK if block is None else block) + section(*fields))


MALFORMED = Stream(PROTOCOL_ERROR)
BROKEN = Connection(PROTOCOL_ERROR)
CLOSED = Connection(STREAM_CLOSED)
WRONG_SIZE = Connection(FRAME_SIZE_ERROR)
UNREADABLE = Connection(COMPRESSION_ERROR)
OPEN = post()  # stream 1 is open
HALF = headers(1, changed(':path', '/slow/60000'))  # half-closed (remote)

CASES = {
    # 4.1 Frame format
    '4_1 unknown_type': (frame(0x16, 0, 0, b'abc') + headers(), Answered()),
    '4_1 unknown_type_on_an_idle_stream': (frame(0xf0, 0xff, 5, b'abc') + headers(), Answered()),
    '4_1 undefined_flags': (frame(PING, 0x16, 0, b'12345678') + headers(), Answered()),
    '4_1 reserved_bit': (frame(PING, 0, 0x8000_0000, b'12345678') + headers(1 | 1 << 31),
                         Answered()),
    # 4.2 Frame size
    '4_2 data_of_16384': (post() + data(payload=bytes(16_384)), Answered()),
    '4_2 data_of_16385': (post() + data(payload=bytes(16_385)), WRONG_SIZE),
    '4_2 headers_of_16385': (headers(block=bytes(16_385)), WRONG_SIZE),
    '4_2 unknown_type_of_16385': (frame(0x16, 0, 0, bytes(16_385)), WRONG_SIZE),
    # 4.3 Field section compression and decompression
    '4_3 invalid_section': (headers(block=b'\x7f\xff\xff\xff\xff\xff\xff\xff'), UNREADABLE),
    '4_3 cut_section': (headers(block=BLOCK[:-3]), UNREADABLE),
    '4_3 unreadable_trailers': (OPEN + headers(block=b'\xff\xff\xff\xff\xff\xff\xff'), UNREADABLE),
    '4_3 priority_inside': (headers(flags=END_STREAM) + priority(3), BROKEN),
    '4_3 ping_inside': (headers(flags=END_STREAM) + frame(PING, 0, 0, b'12345678'), BROKEN),
    '4_3 headers_of_another_stream_inside': (headers(flags=END_STREAM) + headers(3), BROKEN),
    '4_3 unknown_type_inside': (headers(flags=END_STREAM) + frame(0x16, 0, 0, b'abc'), BROKEN),
    # 5.1 Stream states
    '5_1 idle_data': (data(), BROKEN),
    '5_1 idle_reset': (reset(), BROKEN),
    '5_1 idle_window_update': (window(1, 100), BROKEN),
    '5_1 idle_continuation': (frame(CONTINUATION, END_HEADERS, 1, BLOCK), BROKEN),
    '5_1 idle_priority': (priority(3) + headers(), Answered()),
    '5_1 half_closed_data': (HALF + data(), CLOSED),
    '5_1 half_closed_headers': (HALF + headers(), CLOSED),
    '5_1 half_closed_continuation': (HALF + frame(CONTINUATION, END_HEADERS, 1, BLOCK), BROKEN),
    '5_1 half_closed_window_update_and_priority': (
        headers() + window(1, 100) + priority(1, 3), Answered()),
    '5_1 reset_then_data': (OPEN + reset() + data(), CLOSED),
    '5_1 reset_then_headers': (OPEN + reset() + headers(), CLOSED),
    '5_1 reset_then_continuation': (
        OPEN + reset() + frame(CONTINUATION, END_HEADERS, 1, BLOCK), BROKEN),
    '5_1 reset_then_the_rest': (
        OPEN + reset() + reset() + window(1, 9) + priority(1) + headers(3), Answered(stream=3)),
    '5_1 answered_then_data': (After(headers(), data()), CLOSED),
    '5_1 answered_then_headers': (After(headers(), headers()), CLOSED),
    '5_1 answered_then_continuation': (
        After(headers(), frame(CONTINUATION, END_HEADERS, 1, BLOCK)), BROKEN),
    '5_1 answered_then_the_rest': (
        After(headers(), reset() + window(1, 9) + priority(1) + headers(3)), Answered(stream=3)),
    '5_1 reset_by_the_server_then_everything': (
        After(headers(1, POST_BLOCK + section(('x', '\0')), END_HEADERS),
              data() + window(1, 9) + reset() + headers(3)), Answered(stream=3)),
    # 5.1.1 Stream identifiers
    '5_1_1 even': (headers(2), BROKEN),
    '5_1_1 smaller': (headers(5) + headers(3), BROKEN),
    '5_1_1 data_below_the_newest': (headers(5) + data(3), BROKEN),
    '5_1_1 gaps': (headers(1001), Answered(stream=1001)),
    # 5.1.2 Stream concurrency
    '5_1_2 one_too_many': (b''.join(post(stream) for stream in range(1, 2 * 129, 2)),
                           Stream(REFUSED_STREAM, stream=257)),
    # 5.3 Prioritization, as RFC 7540 had it
    '5_3 headers_that_depend_on_themselves': (
        headers(block=number(1) + b'\x10' + BLOCK, flags=0x25), BROKEN),
    '5_3 priority_on_itself': (priority(1, 1), BROKEN),
    '5_3 headers_with_priority': (
        headers(block=number(11) + b'\x10' + BLOCK, flags=0x25), Answered()),
    # 6.1 DATA
    '6_1 stream_0': (data(0), BROKEN),
    '6_1 padding_of_the_whole': (OPEN + data(payload=b'\x04pad', flags=PADDED), BROKEN),
    '6_1 padding_and_no_length': (OPEN + data(payload=b'', flags=PADDED),
                                  Connection(FRAME_SIZE_ERROR, PROTOCOL_ERROR)),
    '6_1 padded': (OPEN + data(payload=b'\x03body\0\0\0', flags=PADDED | END_STREAM), Answered()),
    # 6.2 HEADERS
    '6_2 stream_0': (headers(0), BROKEN),
    '6_2 padding_of_the_whole': (headers(block=b'\xff' + BLOCK, flags=0xd), BROKEN),
    '6_2 padded': (headers(block=b'\x02' + BLOCK + b'\0\0', flags=0xd), Answered()),
    # 6.3 PRIORITY
    '6_3 stream_0': (priority(0, 1), BROKEN),
    '6_3 of_4_bytes': (OPEN + frame(PRIORITY, 0, 1, number(0)),
                       Connection(FRAME_SIZE_ERROR)),
    # 6.4 RST_STREAM
    '6_4 stream_0': (reset(0), BROKEN),
    '6_4 of_3_bytes': (OPEN + frame(RST_STREAM, 0, 1, b'\0\0\0'), WRONG_SIZE),
    '6_4 unknown_code': (OPEN + reset(code=0xabc) + headers(3), Answered(stream=3)),
    # 6.5 SETTINGS
    '6_5 acknowledgement_with_more': (frame(SETTINGS, ACK, 0, setting(1, 0)), WRONG_SIZE),
    '6_5 of_a_stream': (frame(SETTINGS, 0, 1, setting(1, 0)), BROKEN),
    '6_5 of_3_bytes': (frame(SETTINGS, 0, 0, b'\0\0\0'), WRONG_SIZE),
    '6_5_2 push_2': (settings(setting(2, 2)), BROKEN),
    '6_5_2 window_too_large': (
        settings(setting(INITIAL_WINDOW_SIZE, 2**31)), Connection(FLOW_CONTROL_ERROR)),
    '6_5_2 frame_size_too_small': (settings(setting(MAX_FRAME_SIZE, 16_383)), BROKEN),
    '6_5_2 frame_size_too_large': (settings(setting(MAX_FRAME_SIZE, 2**24)), BROKEN),
    '6_5_2 unknown': (settings(setting(0xff, 1)) + headers(), Answered()),
    # 6.6 PUSH_PROMISE
    '6_6 from_a_client': (OPEN + frame(PUSH_PROMISE, END_HEADERS, 1, number(2) + BLOCK), BROKEN),
    # 6.7 PING
    '6_7 of_a_stream': (frame(PING, 0, 1, b'12345678'), BROKEN),
    '6_7 of_6_bytes': (frame(PING, 0, 0, b'123456'), WRONG_SIZE),
    # 6.8 GOAWAY
    '6_8 of_a_stream': (frame(GOAWAY, 0, 1, number(0) + number(NO_ERROR)), BROKEN),
    '6_8 of_4_bytes': (frame(GOAWAY, 0, 0, number(0)), WRONG_SIZE),
    '6_8 while_a_request_is_under_way': (
        headers() + frame(GOAWAY, 0, 0, number(0) + number(NO_ERROR)), AnsweredAndClosed()),
    # 6.9 WINDOW_UPDATE
    '6_9 connection_by_0': (window(0, 0), BROKEN),
    '6_9 stream_by_0': (OPEN + window(1, 0), BROKEN),  # 5.4.2 allows the connection's end
    '6_9 of_3_bytes': (frame(WINDOW_UPDATE, 0, 0, b'\0\0\1'), WRONG_SIZE),
    '6_9_1 connection_past_the_most': (
        window(0, WINDOW_MOST) * 2, Connection(FLOW_CONTROL_ERROR)),
    '6_9_1 stream_past_the_most': (
        OPEN + window(1, WINDOW_MOST) * 2, Stream(FLOW_CONTROL_ERROR)),
    '6_9_2 setting_past_the_most': (
        OPEN + window(1, WINDOW_MOST - 65_535) +
        settings(setting(INITIAL_WINDOW_SIZE, 65_536)), Connection(FLOW_CONTROL_ERROR)),
    # 6.10 CONTINUATION
    '6_10 several': (headers(block=BLOCK[:10], flags=END_STREAM) +
                     frame(CONTINUATION, 0, 1, BLOCK[10:20]) +
                     frame(CONTINUATION, END_HEADERS, 1, BLOCK[20:]), Answered()),
    '6_10 stream_0': (headers(flags=END_STREAM) + frame(CONTINUATION, END_HEADERS, 0, b''), BROKEN),
    '6_10 other_stream': (headers(flags=END_STREAM) + frame(CONTINUATION, END_HEADERS, 3, b''),
                          BROKEN),
    '6_10 without_headers': (frame(CONTINUATION, END_HEADERS, 1, BLOCK), BROKEN),
    '6_10 behind_the_last': (headers() + frame(CONTINUATION, END_HEADERS, 1, b''), BROKEN),
    '6_10 behind_data': (OPEN + data(flags=0) + frame(CONTINUATION, END_HEADERS, 1, b''), BROKEN),
    # 8.1 HTTP message framing
    '8_1 trailers_that_do_not_end': (
        OPEN + data(flags=0) + headers(block=section(('x', 'y')), flags=END_HEADERS), MALFORMED),
    '8_1 trailers': (OPEN + data(flags=0) + headers(block=section(('x', 'y'))), Answered()),
    '8_1 pseudo_field_in_trailers': (
        OPEN + data(flags=0) + headers(block=section((':method', 'GET'))), MALFORMED),
    '8_1_1 more_than_declared': (post(1, ('content-length', '3')) + data(), MALFORMED),
    '8_1_1 less_than_declared': (post(1, ('content-length', '5')) + data(), MALFORMED),
    '8_1_1 less_than_declared_in_two': (
        post(1, ('content-length', '9')) + data(flags=0) + data(), MALFORMED),
    '8_1_1 declared_and_nothing': (malformed(('content-length', '5')), MALFORMED),
    # 8.2 HTTP fields
    '8_2 upper_case': (malformed(('X-Test', 'a')), MALFORMED),
    **{f'8_2_1 name_with_{text!r}': (malformed((text, 'a')), MALFORMED)
       for text in ('x y', 'x:y', 'x\0', 'x\x7f', b'x\xc3\xa4', '')},
    **{f'8_2_1 value_with_{text!r}': (malformed(('x', text)), MALFORMED)
       for text in ('a\rb', 'a\nb', 'a\0b', ' a', 'a ', '\ta', 'a\t')},
    '8_2_1 value_with_bytes_beyond_ascii': (malformed(('x', b'\xc3\xa4')), Answered()),
    **{f'8_2_2 {name}': (malformed((name, value)), MALFORMED)
       for name, value in (('connection', 'keep-alive'), ('keep-alive', 'timeout=5'),
                           ('proxy-connection', 'close'), ('transfer-encoding', 'chunked'),
                           ('upgrade', 'websocket'), ('te', 'gzip'),
                           ('te', 'trailers, deflate'))},
    '8_2_2 te_trailers': (malformed(('te', 'trailers')), Answered()),
    # 8.3 HTTP control data
    '8_3 unknown': (malformed(block=section((':x', 'y')) + BLOCK), MALFORMED),
    '8_3 of_a_response': (malformed(block=BLOCK + section((':status', '200'))), MALFORMED),
    '8_3 behind_a_field': (malformed(block=section(('x', 'y')) + BLOCK), MALFORMED),
    **{f'8_3_1 no_{name[1:]}': (malformed(block=without(name)), MALFORMED)
       for name in (':method', ':scheme', ':path')},
    **{f'8_3_1 two_{name[1:]}s': (malformed(block=BLOCK + section((name, value))), MALFORMED)
       for name, value in GET},
    **{f'8_3_1 empty_{name[1:]}': (malformed(block=changed(name, '')), MALFORMED)
       for name in (':method', ':path')},
    '8_3_1 path_that_is_none': (malformed(block=changed(':path', 'bytes/5')), MALFORMED),
    '8_3_1 path_of_another_scheme': (malformed(block=section(
        GET[0], (':scheme', 'ftp'), (':path', 'http://b.example/'), GET[3])), MALFORMED),
    '8_3_1 asterisk_of_get': (malformed(block=changed(':path', '*')), MALFORMED),
    '8_3_1 other_host': (malformed(('host', 'b.example')), MALFORMED),
    '8_3_1 same_host': (malformed(('host', 'a.example')), Answered()),
    '8_3_1 host_alone': (malformed(('host', 'a'), block=without(':authority')), Answered()),
    '8_3_1 user_in_authority': (malformed(block=changed(':authority', 'me@a.example')),
                                Answered(400)),
    # 8.5 The CONNECT method
    '8_5 with_path': (malformed(block=changed(':method', 'CONNECT')), MALFORMED),
    '8_5 without_authority': (headers(block=section((':method', 'CONNECT'))), MALFORMED),
    # RFC 8441, extended CONNECT
    '8441_4 without_path': (
        headers(block=section((':method', 'CONNECT'), (':protocol', 'websocket'),
                              (':scheme', 'https'), (':authority', 'a'))), MALFORMED),
    '8441_4 protocol_of_a_get': (malformed(block=BLOCK + section((':protocol', 'websocket'))),
                                 MALFORMED),
    '8441_4 with_a_length': (
        headers(block=section((':protocol', 'websocket')) + changed(':method', 'CONNECT') +
                section(('content-length', '5'))), MALFORMED),
    # RFC 7541
    'hpack_2_3_3 index_beyond_the_tables': (headers(block=BLOCK + b'\xc6'), UNREADABLE),
    'hpack_2_3_3 name_beyond_the_tables': (headers(block=BLOCK + b'\x7f\x80\x01\x01a'), UNREADABLE),
    'hpack_4_2 size_behind_a_field': (headers(block=BLOCK + b'\x3f\xe1\x1f'), UNREADABLE),
    'hpack_4_2 size_in_front': (headers(block=b'\x20\x3f\xe1\x1f' + BLOCK), Answered()),
    'hpack_5_1 number_too_large': (headers(block=b'\xff' + b'\xff' * 9 + b'\x7f'), UNREADABLE),
    'hpack_5_2 padding_of_8_bits': (headers(block=BLOCK + b'\0\x01x\x82\x1f\xff'), UNREADABLE),
    'hpack_5_2 padding_of_zeros': (headers(block=BLOCK + b'\0\x01x\x81\x18'), UNREADABLE),
    'hpack_5_2 end_of_string': (
        headers(block=BLOCK + b'\0\x01x\x84\xff\xff\xff\xff'), UNREADABLE),
    'hpack_5_2 text_beyond_the_section': (headers(block=BLOCK + b'\0\x01x\x7f\x20a'), UNREADABLE),
    'hpack_6_1 index_0': (headers(block=BLOCK + b'\x80'), UNREADABLE),
    'hpack_6_3 size_beyond_the_setting': (headers(block=b'\x3f\xe2\x1f' + BLOCK), UNREADABLE),
}


@pytest.fixture
def connect(site, processes):
    return lambda **options: processes.enter_context(
        Http2(site.configuration.https_port, **options))


@pytest.mark.parametrize('case', CASES)
def test_section(case, connect):
    said, expected = CASES[case]
    client = connect()
    for stream in range(1, 1002, 2):
        client.expect(stream)
    if isinstance(said, After):
        client.socket.sendall(said.first)
        client.answer(1)
        said = said.then
    client.socket.sendall(said)
    expected.check(client)


@pytest.mark.parametrize('said', [b'GET / HTTP/1.1\r\nHost: a\r\n\r\n'[:24], bytes(24)],
                         ids=['http_1', 'zeros'])
def test_3_4_something_else_than_the_preface(said, connect):
    assert connect(preface=said).until_closed() == (0, PROTOCOL_ERROR)


@pytest.mark.parametrize('first', [frame(PING, 0, 0, b'12345678'), headers(),
                                   frame(SETTINGS, ACK, 0)], ids=['ping', 'headers', 'ack'])
def test_3_4_another_frame_than_settings_comes_first(first, connect):
    client = connect(preface=PREFACE)
    client.expect(1)
    client.socket.sendall(first + settings())
    assert client.until_closed() == (0, PROTOCOL_ERROR)


def test_6_5_3_settings_are_acknowledged_and_those_of_one_frame_taken_in_order(connect):
    client = connect()
    client.until(lambda: client.acknowledged == 1)
    client.socket.sendall(settings(setting(INITIAL_WINDOW_SIZE, 100),
                                   setting(INITIAL_WINDOW_SIZE, 1)))
    client.until(lambda: client.acknowledged == 2)
    stream = client.request('/bytes/5')
    client.until(lambda: client.responses[stream].body)
    assert client.responses[stream].body == b'a'  # its window is given back by the client
    assert client.answer(stream).body == letters(5)


def test_6_7_a_ping_comes_back_and_its_answer_does_not(connect):
    client = connect()
    client.send(PingFrame(0, opaque_data=b'answered', flags=['ACK']))
    client.send(PingFrame(0, opaque_data=b'to-fro-8'))
    client.until(lambda: client.pings)
    assert client.pings == [b'to-fro-8']


def test_6_9_2_a_window_that_became_negative_opens_again(connect):
    client = connect(windows=False, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 3})
    stream = client.request('/bytes/5')
    response = client.responses[stream]
    client.until(lambda: response.body == b'abc')
    client.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 2}))
    client.send(WindowUpdateFrame(stream, window_increment=2))  # -1, and 1 again
    client.until(lambda: response.body == b'abcd')
    client.ping()
    assert response.body == b'abcd'
    client.send(SettingsFrame(0, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 5}))
    assert client.answer(stream).body == b'abcde'


def test_6_9_a_client_that_gives_no_window_gets_nothing(connect):
    client = connect(windows=False, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 0})
    stream = client.request('/bytes/5')
    response = client.responses[stream]
    client.until(lambda: response.heads)
    client.ping()
    assert (response.status, response.body) == (200, b'')
    client.send(WindowUpdateFrame(stream, window_increment=5))
    assert client.answer(stream).body == b'abcde'
