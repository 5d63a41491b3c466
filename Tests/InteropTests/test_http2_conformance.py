# SPDX-License-Identifier: Apache-2.0
"""RFC 9113, sections 3 to 7: what a client may get wrong with frames, and what has to follow."""

import pytest

from http2_cases import (
    Case, connection_error, parameters, sends, served, servers, stream_error,
)
from http2_peer import (
    EVENT, EVENT_BODY, PREFACE, WHOLE, Error, Flag, Kind, Peer, Setting, block, frame, number,
    request, settings,
)

PROTOCOL = connection_error(Error.PROTOCOL_ERROR)
SIZE = connection_error(Error.FRAME_SIZE_ERROR)
FLOW = connection_error(Error.FLOW_CONTROL_ERROR)
CLOSED = connection_error(Error.STREAM_CLOSED)
STREAM_CLOSED = stream_error(Error.STREAM_CLOSED)
STREAM_SIZE = stream_error(Error.FRAME_SIZE_ERROR)
GET = block(*request())
MOST = (1 << 31) - 1


def data(stream, payload=EVENT_BODY, flags=Flag.END_STREAM):
    return frame(Kind.DATA, flags, stream, payload)


def priority(stream, depends=0, weight=15):
    return frame(Kind.PRIORITY, 0, stream, number(depends) + bytes([weight]))


def reset(stream, code=Error.CANCEL):
    return frame(Kind.RST_STREAM, 0, stream, number(code))


def window(stream, increment=1):
    return frame(Kind.WINDOW_UPDATE, 0, stream, number(increment))


def headers(stream, text=GET, flags=WHOLE):
    return frame(Kind.HEADERS, flags, stream, text)


def continuation(stream, text=GET, flags=Flag.END_HEADERS):
    return frame(Kind.CONTINUATION, flags, stream, text)


def goaway(stream=0, code=Error.NO_ERROR, more=b""):
    return frame(Kind.GOAWAY, 0, stream, number(0) + number(code) + more)


def on(state, *makers):
    """An act that sends frames on a stream of a state."""

    def act(peer):
        stream = getattr(peer, state)()
        peer.send(*(make(stream) for make in makers))
        return stream

    return act


def event(*makers):
    """An act that sends frames within a request, and then its body."""
    return on("begin", *makers, data)


FRAMES = [
    # 4.1: the format of frames
    Case("4.1", "a frame of an unknown type", served, sends(frame(0x16, 0, 0, b"what"))),
    Case("4.1", "flags that mean nothing", served, sends(frame(Kind.PING, 0x16, 0, b"flagfull"))),
    Case("4.1", "all flags of an unknown type", served, sends(frame(0xEE, 0xFF, 0, b""))),
    Case("4.1", "the reserved bit", served,
         sends(frame(Kind.PING, 0, 1 << 31, b"reserved"))),
    Case("4.1", "the reserved bit of WINDOW_UPDATE", served,
         event(lambda s: window(s, 1 << 31 | 1))),
    # 4.2: their size
    Case("4.2", "DATA of the maximum", served,
         event(lambda s: data(s, b" " * 16_384, 0))),
    Case("4.2", "HEADERS of the maximum", served, lambda p: p.get(
        ("x", "y" * (16_384 - len(GET) - len(block(("x", ""))) - 2)))),
    Case("4.2", "DATA beyond it", STREAM_SIZE, on("begin", lambda s: data(s, b" " * 16_385))),
    Case("4.2", "HEADERS beyond it", SIZE,
         lambda p: p.send(headers(p.new(), block(*request(("x", "y" * 16_384)))))),
    Case("4.2", "SETTINGS beyond it", SIZE, sends(settings(*[(99, 0)] * 2731))),
    Case("4.2", "an unknown frame beyond it", SIZE, sends(frame(0x16, 0, 0, b" " * 16_385))),
    Case("4.2", "a length beyond it, of which nothing follows", SIZE,
         sends(frame(Kind.PING, 0, 0, b"", length=(1 << 24) - 1))),
    # 5.1.1: numbers of streams
    Case("5.1.1", "an even number", PROTOCOL, sends(headers(2))),
    Case("5.1.1", "a number below the last", connection_error(
        Error.PROTOCOL_ERROR, Error.STREAM_CLOSED),
        lambda p: p.send(headers(105), headers(103))),
    Case("5.1.1", "numbers may be left out", served, lambda p: (p.send(headers(11)), setattr(
        p, "_next", 13))[0] or 11),
    # 5.1.2: many at once
    Case("5.1.2", "one stream more than announced", stream_error(
        Error.PROTOCOL_ERROR, Error.REFUSED_STREAM), lambda p: [p.begin() for _ in range(129)][-1]),
    Case("5.1.2", "all streams that are announced", served,
         lambda p: [p.begin() for _ in range(128)] and [
             p.send(data(s)) for s in range(p._next - 256, p._next, 2)] and p._next - 2),
    # 5.3.1: priority, which is to be read and may be forgotten
    Case("5.3.1", "HEADERS that depend on themselves", stream_error(Error.PROTOCOL_ERROR),
         lambda p: (s := p.new(), p.send(headers(
             s, number(s) + b"\x0f" + GET, WHOLE | Flag.PRIORITY)))[0]),
    Case("5.3.1", "PRIORITY that depends on itself", stream_error(Error.PROTOCOL_ERROR),
         on("begin", lambda s: priority(s, s))),
    # 5.4.1: the end of a connection
    Case("5.4.1", "GOAWAY is sent before the end", PROTOCOL, sends(frame(
        Kind.PING, 0, 1, b"12345678"))),
    # 5.5: what is not known
    Case("5.5", "an unknown frame on a stream", served, event(lambda s: frame(0x16, 0, s, b"?"))),
    Case("5.5", "an unknown frame on an idle stream", served, sends(frame(0x16, 0, 77, b"?"))),
    Case("5.5", "an unknown frame within a header block", PROTOCOL,
         on("new", lambda s: headers(s, GET[:3], Flag.END_STREAM), lambda s: frame(0x16, 0, s),
            lambda s: continuation(s, GET[3:]))),
    Case("5.5", "an unknown setting", served, sends(settings((0x77, 1), (0xFFFF, 1 << 31)))),
]

KINDS = [
    # 6.1: DATA
    Case("6.1", "DATA on stream 0", PROTOCOL, sends(data(0))),
    Case("6.1", "padding", served, on("begin", lambda s: frame(
        Kind.DATA, Flag.PADDED | Flag.END_STREAM, s, b"\x05" + EVENT_BODY + bytes(5)))),
    Case("6.1", "padding as long as the payload", PROTOCOL, on("begin", lambda s: frame(
        Kind.DATA, Flag.PADDED | Flag.END_STREAM, s, b"\x05" + bytes(4)))),
    Case("6.1", "padding longer than the payload", PROTOCOL, on("begin", lambda s: frame(
        Kind.DATA, Flag.PADDED | Flag.END_STREAM, s, b"\xff" + EVENT_BODY))),
    Case("6.1", "a padded frame without the length of it", connection_error(
        Error.PROTOCOL_ERROR, Error.FRAME_SIZE_ERROR),
        on("begin", lambda s: frame(Kind.DATA, Flag.PADDED, s))),
    Case("6.1", "many frames, some of them empty", served, event(
        lambda s: data(s, b"", 0), lambda s: data(s, b" ", 0), lambda s: data(s, b"", 0))),
    # 6.2: HEADERS
    Case("6.2", "HEADERS on stream 0", PROTOCOL, sends(headers(0))),
    Case("6.2", "padding", served, on("new", lambda s: headers(
        s, b"\x05" + GET + bytes(5), WHOLE | Flag.PADDED))),
    Case("6.2", "padding longer than the payload", PROTOCOL, on("new", lambda s: headers(
        s, b"\xff" + GET, WHOLE | Flag.PADDED))),
    Case("6.2", "a padded frame without the length of it", connection_error(
        Error.PROTOCOL_ERROR, Error.FRAME_SIZE_ERROR),
        on("new", lambda s: headers(s, b"", WHOLE | Flag.PADDED))),
    Case("6.2", "a priority", served, on("new", lambda s: headers(
        s, number(0) + b"\xff" + GET, WHOLE | Flag.PRIORITY))),
    Case("6.2", "an exclusive priority and padding", served, on("new", lambda s: headers(
        s, b"\x02" + number(1 << 31) + b"\0" + GET + bytes(2),
        WHOLE | Flag.PRIORITY | Flag.PADDED))),
    Case("6.2", "a priority that is cut short", connection_error(
        Error.PROTOCOL_ERROR, Error.FRAME_SIZE_ERROR),
        on("new", lambda s: headers(s, bytes(4), WHOLE | Flag.PRIORITY))),
    # 6.3: PRIORITY
    Case("6.3", "PRIORITY on stream 0", PROTOCOL, sends(priority(0))),
    Case("6.3", "PRIORITY of 4 bytes", STREAM_SIZE,
         on("begin", lambda s: frame(Kind.PRIORITY, 0, s, bytes(4)))),
    Case("6.3", "PRIORITY of 6 bytes", STREAM_SIZE,
         on("begin", lambda s: frame(Kind.PRIORITY, 0, s, bytes(6)))),
    Case("6.3", "of an idle stream, before a lower one is used", served,
         lambda p: p.send(priority(201), priority(203, 201, 255))),
    Case("6.3", "on a stream that does not exist", served,
         event(lambda s: priority(s, 999, 0), lambda s: priority(s, 1 << 31, 200))),
    # 6.4: RST_STREAM
    Case("6.4", "RST_STREAM on stream 0", PROTOCOL, sends(reset(0))),
    Case("6.4", "RST_STREAM of 3 bytes", SIZE,
         on("begin", lambda s: frame(Kind.RST_STREAM, 0, s, bytes(3)))),
    Case("6.4", "RST_STREAM of 5 bytes", SIZE,
         on("begin", lambda s: frame(Kind.RST_STREAM, 0, s, bytes(5)))),
    Case("6.4", "of an open stream", served, lambda p: p.taken_back() and None),
    Case("7", "RST_STREAM with an unknown code", served,
         lambda p: on("begin", lambda s: reset(s, 0xFF))(p) and None),
    # 6.5: SETTINGS
    Case("6.5", "an acknowledgement with settings", SIZE,
         sends(frame(Kind.SETTINGS, Flag.ACK, 0, bytes(6)))),
    Case("6.5", "an acknowledgement of nothing", served, lambda p: None),
    Case("6.5", "SETTINGS on a stream", PROTOCOL, sends(frame(Kind.SETTINGS, 0, 1))),
    Case("6.5", "SETTINGS of 3 bytes", SIZE, sends(frame(Kind.SETTINGS, 0, 0, bytes(3)))),
    Case("6.5", "SETTINGS of 7 bytes", SIZE, sends(frame(Kind.SETTINGS, 0, 0, bytes(7)))),
    Case("6.5.2", "ENABLE_PUSH of 2", PROTOCOL, sends(settings((Setting.ENABLE_PUSH, 2)))),
    Case("6.5.2", "ENABLE_PUSH of 1", served, sends(settings((Setting.ENABLE_PUSH, 1)))),
    Case("6.5.2", "the largest window", served,
         sends(settings((Setting.INITIAL_WINDOW_SIZE, MOST)))),
    Case("6.5.2", "a window beyond it", FLOW,
         sends(settings((Setting.INITIAL_WINDOW_SIZE, MOST + 1)))),
    Case("6.5.2", "a frame size below the least", PROTOCOL,
         sends(settings((Setting.MAX_FRAME_SIZE, 16_383)))),
    Case("6.5.2", "a frame size above the most", PROTOCOL,
         sends(settings((Setting.MAX_FRAME_SIZE, 1 << 24)))),
    Case("6.5.2", "the largest frame size", served,
         sends(settings((Setting.MAX_FRAME_SIZE, (1 << 24) - 1)))),
    Case("6.5.2", "the last of several values counts", served, sends(settings(
        (Setting.INITIAL_WINDOW_SIZE, 0), (Setting.INITIAL_WINDOW_SIZE, 65_535)))),
    # 6.7: PING
    Case("6.7", "an acknowledgement of nothing", served,
         sends(frame(Kind.PING, Flag.ACK, 0, b"12345678"))),
    Case("6.7", "PING on a stream", PROTOCOL, sends(frame(Kind.PING, 0, 1, b"12345678"))),
    Case("6.7", "PING of 6 bytes", SIZE, sends(frame(Kind.PING, 0, 0, b"123456"))),
    Case("6.7", "PING of 9 bytes", SIZE, sends(frame(Kind.PING, 0, 0, b"123456789"))),
    # 6.8: GOAWAY
    Case("6.8", "GOAWAY on a stream", PROTOCOL, sends(goaway(1))),
    Case("6.8", "GOAWAY of 7 bytes", SIZE, sends(frame(Kind.GOAWAY, 0, 0, bytes(7)))),
    # 6.9: WINDOW_UPDATE
    Case("6.9", "an increment of 0 for a stream", stream_error(Error.PROTOCOL_ERROR),
         on("begin", lambda s: window(s, 0))),
    Case("6.9", "an increment of 0 for the connection", PROTOCOL, sends(window(0, 0))),
    Case("6.9", "WINDOW_UPDATE of 3 bytes", SIZE,
         sends(frame(Kind.WINDOW_UPDATE, 0, 0, bytes(3)))),
    Case("6.9", "WINDOW_UPDATE of 5 bytes on a stream", SIZE,
         on("begin", lambda s: frame(Kind.WINDOW_UPDATE, 0, s, bytes(5)))),
    Case("6.9.1", "a stream's window too large", stream_error(Error.FLOW_CONTROL_ERROR),
         on("begin", lambda s: window(s, MOST), lambda s: window(s, MOST))),
    Case("6.9.1", "the connection's window too large", FLOW, sends(window(0, MOST))),
    Case("6.9.2", "a setting that makes a stream's window too large", FLOW, on(
        "begin", lambda s: window(s, MOST - 65_535),
        lambda _: settings((Setting.INITIAL_WINDOW_SIZE, 65_536)))),
    # 6.10: CONTINUATION
    Case("6.10", "a header block in four frames", served, on(
        "new", lambda s: headers(s, GET[:1], Flag.END_STREAM), lambda s: continuation(s, b"", 0),
        lambda s: continuation(s, GET[1:9], 0), lambda s: continuation(s, GET[9:]))),
    Case("6.10", "on stream 0", PROTOCOL, sends(continuation(0))),
    Case("6.10", "without HEADERS", PROTOCOL, on("begin", continuation)),
    Case("6.10", "after the end of the block", PROTOCOL, on("new", headers, continuation)),
    Case("6.10", "after CONTINUATION that ended the block", PROTOCOL, on(
        "new", lambda s: headers(s, GET[:3], Flag.END_STREAM),
        lambda s: continuation(s, GET[3:]), continuation)),
    Case("6.10", "after DATA", PROTOCOL, on("begin", lambda s: data(s, b"x", 0), continuation)),
    Case("6.10", "on another stream", PROTOCOL, on(
        "new", lambda s: headers(s, GET[:3], Flag.END_STREAM),
        lambda s: continuation(s + 2, GET[3:]))),
]

# 4.3 and 6.2: nothing may come between the parts of a header block.
BETWEEN = [
    Case("4.3", f"{name} between the parts of a header block", PROTOCOL, on(
        "new", lambda s: headers(s, GET[:3], Flag.END_STREAM), make,
        lambda s: continuation(s, GET[3:])))
    for name, make in {
        "DATA": data, "HEADERS": headers, "HEADERS of another": lambda s: headers(s + 2),
        "PRIORITY": priority, "RST_STREAM": reset, "SETTINGS": lambda _: settings(),
        "PING": lambda _: frame(Kind.PING, payload=b"12345678"), "GOAWAY": lambda _: goaway(),
        "WINDOW_UPDATE": window,
    }.items()
]

# 5.1: what each state takes. A stream that was reset may be forgotten, or not.
STATES = {
    "new": {
        "DATA": (data, PROTOCOL), "RST_STREAM": (reset, PROTOCOL),
        "WINDOW_UPDATE": (window, PROTOCOL), "CONTINUATION": (continuation, PROTOCOL),
        "PRIORITY": (priority, None),
    },
    "half_closed": {
        "DATA": (data, STREAM_CLOSED), "HEADERS": (headers, STREAM_CLOSED),
        "CONTINUATION": (continuation, connection_error(
            Error.PROTOCOL_ERROR, Error.STREAM_CLOSED)),
        "WINDOW_UPDATE": (window, served), "PRIORITY": (priority, served),
        "RST_STREAM": (reset, None),
    },
    "closed": {
        "DATA": (data, STREAM_CLOSED), "HEADERS": (headers, CLOSED),
        "CONTINUATION": (continuation, connection_error(
            Error.PROTOCOL_ERROR, Error.STREAM_CLOSED)),
        "WINDOW_UPDATE": (window, None), "PRIORITY": (priority, None), "RST_STREAM": (reset, None),
    },
    "taken_back": {
        "DATA": (data, STREAM_CLOSED), "HEADERS": (headers, STREAM_CLOSED),
        "CONTINUATION": (continuation, connection_error(
            Error.PROTOCOL_ERROR, Error.STREAM_CLOSED)),
        "WINDOW_UPDATE": (window, None), "PRIORITY": (priority, None), "RST_STREAM": (reset, None),
    },
}


def without_stream(act):
    """An act after which only the connection is looked at."""
    return lambda peer: act(peer) and None


STREAMS = [
    Case("5.1", f"{name} on a stream that is {state.replace('_', ' ')}",
         expect or served, on(state, make) if expect else without_stream(on(state, make)))
    for state, kinds in STATES.items() for name, (make, expect) in kinds.items()
]


@pytest.mark.parametrize("transport", ["h2c", "upgrade", "tls"])
@parameters([*FRAMES, *KINDS, *BETWEEN, *STREAMS])
def test_frames(servers, transport, case):
    with Peer(servers[transport], transport) as peer:
        case.expect(peer, case.act(peer))


@pytest.mark.parametrize("transport", ["h2c", "upgrade", "tls"])
class TestPreface:
    """Section 3.4."""

    def test_settings_are_the_first_frame(self, servers, transport):
        with Peer(servers[transport], transport, greets=False) as peer:
            peer.send(PREFACE + settings())
            first = peer.read()
            assert (first.kind, first.flags & Flag.ACK, first.stream) == (Kind.SETTINGS, 0, 0)

    def test_it_comes_byte_by_byte(self, servers, transport):
        with Peer(servers[transport], transport, greets=False) as peer:
            for byte in PREFACE + settings() + frame(Kind.PING, payload=b"sentinel"):
                peer.send(bytes([byte]))
            peer.read_until(lambda f: f.kind == Kind.PING and f.flags & Flag.ACK)

    @pytest.mark.parametrize("text", [
        b"INVALID CONNECTION PREFACE\r\n\r\n", PREFACE[:-3] + b"X\r\n",
        PREFACE.replace(b"SM", b"MS"),
    ])
    def test_another_one_ends_the_connection(self, servers, transport, text):
        with Peer(servers[transport], transport, greets=False) as peer:
            peer.send(text + settings())
            while peer._receive():
                pass

    @pytest.mark.parametrize("other", [
        frame(Kind.PING, payload=b"12345678"), headers(101), window(0), goaway(),
        frame(Kind.SETTINGS, Flag.ACK),
    ])
    def test_something_else_than_settings_follows(self, servers, transport, other):
        with Peer(servers[transport], transport, greets=False) as peer:
            peer.send(PREFACE + other)
            PROTOCOL(peer, None)


def test_goaway_of_a_client(servers):
    """Section 6.8: what was begun is finished, and the connection ends; any code is fine."""
    for code, more in [(0, b""), (0xFF, b"for no reason")]:
        with Peer(servers["h2c"]) as peer:
            stream = peer.begin()
            peer.send(goaway(0, code, more), data(stream))
            assert peer.answer(stream).status == "200"
            peer.read_to_end()


def test_ping_comes_back_as_it_was(servers):
    """Section 6.7, and that an acknowledgement is no question."""
    with Peer(servers["h2c"]) as peer:
        peer.send(frame(Kind.PING, Flag.ACK, 0, b"answered"))
        for text in [bytes(8), bytes(range(8)), b"\xff" * 8]:
            peer.ping(text)
        assert not [f for f in peer.seen if f.payload == b"answered"]


def test_every_settings_frame_is_acknowledged(servers):
    """Section 6.5.3."""
    with Peer(servers["h2c"]) as peer:
        peer.send(settings(), settings((Setting.HEADER_TABLE_SIZE, 0)), settings((0x99, 7)))
        for _ in range(3):
            peer.read_until(lambda f: f.kind == Kind.SETTINGS and f.flags & Flag.ACK)
        assert peer.is_served()


def test_streams_that_were_left_out_are_remembered(servers):
    """Section 5.1.1: the newest 16 gaps; what lies in an older one is passed over."""
    for stream, is_error in [(103, True), (99, False)]:
        with Peer(servers["h2c"]) as peer:
            peer.send(*(headers(number) for number in range(101, 101 + 4 * 17, 4)))
            peer.answer(165)
            peer._next = 167
            peer.send(headers(stream))
            (PROTOCOL if is_error else served)(peer, None)


def test_trailers_after_a_reset_by_the_server_are_passed_over(servers):
    """Section 5.1: they were on their way; nobody can hold them against the client."""
    with Peer(servers["h2c"]) as peer:
        for _ in range(150):
            stream = peer.begin([*EVENT, ("content-length", "999999999")])
            assert peer.answer(stream).status == "413"
            peer.read_until(lambda f: f.kind == Kind.RST_STREAM and f.stream == stream)
            assert peer.streams[stream].reset == Error.NO_ERROR
            peer.send(headers(stream, block(("x", "y"))))
        assert peer.is_served()
