# SPDX-License-Identifier: Apache-2.0
"""Clients of HTTP/2 that mean harm (RFC 9113 section 10.5): the connection ends, or the memory
stays as it is; a fresh client is answered in any case."""

import concurrent.futures
import contextlib
import random
import socket
import threading

import pytest

from conftest import wait_until
from http2_cases import PINGS, servers
from http2_peer import (
    EVENT, EVENT_BODY, PREFACE, WHOLE, Error, Flag, Kind, Peer, Setting, block, frame,
    integer, literal, number, request, settings,
)
from http_support import read_to_end, send_all

GET = block(*request())
MANY = 100_000
# What an allocator may keep of a flood; each flood below has at least ten times as much to keep.
KEPT_MIB = 48


@pytest.fixture
def hello(servers):
    """The function, which has to be as it was when the client is gone."""
    hello = servers["h2c"]
    descriptors, resident = hello.descriptors(), hello.resident_mib()
    yield hello
    assert hello.answers()
    wait_until(lambda: hello.is_quiet(descriptors), "all connections are closed")
    assert hello.resident_mib() < resident + KEPT_MIB


@contextlib.contextmanager
def sending(peer, data):
    """Sends in a thread of its own, while the answers are read."""
    thread = threading.Thread(target=send_all, args=(peer.socket, data))
    thread.start()
    try:
        yield
    finally:
        thread.join()


FLOODS = {
    "PING": lambda s: frame(Kind.PING, payload=b"12345678"),
    "SETTINGS": lambda s: settings((Setting.INITIAL_WINDOW_SIZE, 65_535)),
    "empty SETTINGS": lambda s: settings(),
    "acknowledged PING": lambda s: frame(Kind.PING, Flag.ACK, 0, b"12345678"),
    "empty DATA": lambda s: frame(Kind.DATA, 0, s),
    "empty DATA with padding": lambda s: frame(Kind.DATA, Flag.PADDED, s, b"\0"),
    "PRIORITY": lambda s: frame(Kind.PRIORITY, 0, s, number(0) + b"\x0f"),
    "WINDOW_UPDATE": lambda s: frame(Kind.WINDOW_UPDATE, 0, s, number(1)),
    "WINDOW_UPDATE of the connection": lambda s: frame(Kind.WINDOW_UPDATE, 0, 0, number(1)),
    "an unknown kind": lambda s: frame(0x16, 0, s, b"x" * 20),
    "an unknown kind without anything": lambda s: frame(0x77),
    "PRIORITY_UPDATE": lambda s: frame(0x10, 0, 0, number(s) + b"u=3"),
    "changing tables": lambda s: settings((Setting.HEADER_TABLE_SIZE, 0))
    + settings((Setting.HEADER_TABLE_SIZE, 4096)),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_that_is_read_ends_the_connection(hello, name):
    with Peer(hello) as peer:
        flood = FLOODS[name](peer.begin()) * MANY
        with sending(peer, flood):
            peer.read_to_end()
        assert peer.goaway == Error.ENHANCE_YOUR_CALM


@pytest.mark.parametrize("name", FLOODS)
def test_as_many_as_an_honest_client_has_are_no_flood(hello, name):
    with Peer(hello) as peer:
        stream = peer.begin()
        # Fewer at once than may wait for their acknowledgement.
        for _ in range(20):
            peer.send(FLOODS[name](stream) * 40)
            peer.ping()
        peer.upload(stream, EVENT_BODY)
        assert peer.answer(stream).status == "200"


def test_priorities_of_idle_streams(hello):
    with Peer(hello) as peer:
        data = b"".join(
            frame(Kind.PRIORITY, 0, 2 * n + 1001, number(2 * n + 999) + b"\xff")
            for n in range(MANY)
        )
        with sending(peer, data):
            peer.read_to_end()
        assert peer.goaway == Error.ENHANCE_YOUR_CALM


def test_frames_of_a_stream_that_is_gone(hello):
    with Peer(hello) as peer:
        stream = peer.taken_back()
        with sending(peer, frame(Kind.WINDOW_UPDATE, 0, stream, number(1)) * MANY):
            peer.read_to_end()
        assert peer.goaway == Error.ENHANCE_YOUR_CALM


@pytest.mark.parametrize("name", ["PING", "SETTINGS", "requests"])
def test_a_flood_that_is_not_read_is_cut_off(servers, name):
    """What waits to be sent is bounded, and so is the time for which it waits."""
    data = {
        "PING": FLOODS["PING"](0) * MANY, "SETTINGS": settings() * MANY,
        "requests": b"".join(frame(Kind.HEADERS, WHOLE, 2 * n + 1, GET) for n in range(MANY)),
    }[name]
    hello = servers["h2c"]
    resident = hello.resident_mib()
    with Peer(hello, receive_buffer=4096) as peer:
        peer.socket.settimeout(240)
        while True:
            try:
                peer.socket.sendall(data)
            except ConnectionError:
                break
    assert hello.answers()
    assert hello.resident_mib() < resident + KEPT_MIB


class TestResets:
    """CVE-2023-44487 and CVE-2025-8671: requests that end before their answers."""

    def test_by_the_client(self, hello):
        with Peer(hello) as peer:
            data = b"".join(
                frame(Kind.HEADERS, Flag.END_HEADERS, 2 * n + 1, block(*EVENT))
                + frame(Kind.RST_STREAM, 0, 2 * n + 1, number(Error.CANCEL)) for n in range(5000)
            )
            with sending(peer, data):
                peer.read_to_end()
            assert peer.goaway == Error.ENHANCE_YOUR_CALM

    @pytest.mark.parametrize("fault", [
        frame(Kind.WINDOW_UPDATE, 0, 0x7FFFFFFF, number(0)),
        frame(Kind.WINDOW_UPDATE, 0, 0x7FFFFFFF, number((1 << 31) - 1)),
        frame(Kind.DATA, Flag.END_STREAM, 0x7FFFFFFF, b"more than announced"),
        frame(Kind.PRIORITY, 0, 0x7FFFFFFF, bytes(4)),
    ], ids=["increment of 0", "window too large", "wrong length", "wrong size"])
    def test_by_the_server(self, hello, fault):
        """By its own choice it may end the connection at the first fault."""
        lines = block(*EVENT, ("content-length", "3"))
        with Peer(hello) as peer:
            data = b"".join(
                frame(Kind.HEADERS, Flag.END_HEADERS, n, lines)
                + fault.replace(number(0x7FFFFFFF), number(n)) for n in range(1, 10_000, 2)
            )
            with sending(peer, data):
                peer.read_to_end()
            assert peer.goaway in (
                Error.ENHANCE_YOUR_CALM, Error.PROTOCOL_ERROR, Error.FRAME_SIZE_ERROR,
                Error.FLOW_CONTROL_ERROR,
            )


    @pytest.mark.parametrize("more, fault", [
        ((), lambda n: frame(Kind.WINDOW_UPDATE, 0, n, number((1 << 31) - 1))),
        ((), lambda n: frame(Kind.HEADERS, Flag.END_HEADERS, n, literal("x", "y"))),
        ((), lambda n: frame(Kind.HEADERS, WHOLE, n, literal(":path", "/"))),
        ((("content-length", "3"),), lambda n: frame(Kind.DATA, Flag.END_STREAM, n, b"four")),
        ((("connection", "close"),), lambda n: b""),
        ((("", "x"),), lambda n: b""),
    ], ids=["window too large", "trailers that do not end", "a pseudo-header field in trailers",
            "wrong length", "a field of connections", "a field without a name"])
    def test_by_the_server_one_by_one(self, hello, more, fault):
        """Each is noticed before the next comes: what bounds the open streams does not help."""
        lines = block(*EVENT, *more)
        with Peer(hello) as peer:
            for _ in range(1000):
                stream = peer.new()
                peer.send(frame(Kind.HEADERS, Flag.END_HEADERS, stream, lines), fault(stream))
                peer.send(frame(Kind.PING, payload=b"sentinel"))
                while came := peer.read():
                    if came.kind == Kind.PING:
                        break
                if peer.ended:
                    break
            assert peer.goaway == Error.ENHANCE_YOUR_CALM


class TestHeaders:
    """CVE-2024-27983 and its like: header blocks without an end, or with too much in them."""

    @pytest.mark.parametrize("part", [b"", literal("x", "y"), literal("x", "y" * 16_000)],
                             ids=["empty", "small", "large"])
    def test_continuation_without_end(self, hello, part):
        with Peer(hello) as peer:
            stream = peer.new()
            data = frame(Kind.HEADERS, 0, stream, GET)
            data += frame(Kind.CONTINUATION, 0, stream, part) * (MANY if len(part) < 99 else 4000)
            with sending(peer, data):
                peer.read_to_end()
            assert peer.goaway == Error.ENHANCE_YOUR_CALM

    def test_a_field_that_is_used_again_and_again(self, hello):
        """4 KB in the table, and 16,000 times a byte that stands for them, in each request."""
        with Peer(hello) as peer:
            first = peer.new()
            entry = b"\x40\x01x" + integer(4000, 7) + b"y" * 4000
            peer.send(frame(Kind.HEADERS, WHOLE, first, GET + entry))
            assert peer.answer(first).status == "200"
            for _ in range(20):
                stream = peer.new()
                peer.send(frame(Kind.HEADERS, WHOLE, stream, GET + b"\xbe" * 16_000))
                answer = peer.answer(stream)
                assert answer.reset is not None or answer.status == "431"
            assert peer.is_served()

    def test_a_field_that_is_used_again_in_all_open_streams(self, hello):
        """A few bytes a stream, which stand for 60 KB in each of them while it waits for a body."""
        with contextlib.ExitStack() as stack:
            for _ in range(10):
                peer = stack.enter_context(Peer(hello))
                entry = b"\x40\x01x" + integer(4000, 7) + b"y" * 4000
                first = peer.new()
                peer.send(frame(Kind.HEADERS, WHOLE, first, GET + entry))
                assert peer.answer(first).status == "200"
                streams = [peer.new() for _ in range(127)]
                lines = block(*EVENT) + b"\xbe" * 15
                peer.send(*(frame(Kind.HEADERS, Flag.END_HEADERS, s, lines) for s in streams))
                assert peer.answer(streams[-1]).reset == Error.REFUSED_STREAM
                peer.upload(streams[0], EVENT_BODY)
                assert peer.answer(streams[0]).status == "200"

    def test_many_fields(self, hello):
        with Peer(hello) as peer:
            stream = peer.get(*[("x", "")] * 3000)
            answer = peer.answer(stream)
            assert answer.reset is not None or answer.status == "431"
            assert peer.is_served()


def test_answers_without_a_window(hello):
    """The answers of a connection that goes are forgotten."""
    body = b'{"name":"%s"}' % (b"x" * 8000)
    for _ in range(10):
        with Peer(hello, first=((Setting.INITIAL_WINDOW_SIZE, 0),)) as peer:
            streams = [peer.begin() for _ in range(128)]
            for stream in streams:
                peer.upload(stream, body)
            for stream in streams:
                assert peer.head(stream).status == "200"


def window_stays_shut(hello):
    """The stream is given up, and the connection is not."""
    with Peer(hello, first=((Setting.INITIAL_WINDOW_SIZE, 0),)) as peer:
        stream = peer.get()
        assert peer.head(stream).status == "200"
        assert peer.answer(stream).reset == Error.CANCEL
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 65_535)))
        assert peer.is_served()


def header_block_does_not_end(hello):
    with Peer(hello) as peer:
        peer.send(frame(Kind.HEADERS, 0, peer.new(), GET))
        peer.read_to_end()


def body_does_not_come(hello):
    with Peer(hello) as peer:
        assert peer.answer(peer.begin()).status == "408"
        assert peer.is_served()


def preface_stops(hello):
    with Peer(hello, greets=False) as peer:
        peer.send(PREFACE[:20])
        assert b"408" in read_to_end(peer.socket)


def test_who_stalls_is_given_up(hello):
    """Each after the time that it has for what it does not do; all at once, as it is half a
    minute."""
    stalls = [window_stays_shut, header_block_does_not_end, body_does_not_come, preface_stops]
    with concurrent.futures.ThreadPoolExecutor(len(stalls)) as pool:
        for done in [pool.submit(stall, hello) for stall in stalls]:
            done.result()


def test_garbage(hello):
    """Seeded bytes behind a good beginning: any end is fine, but of the connection alone."""
    random_bytes = random.Random(9113)
    for _ in range(200):
        with Peer(hello) as peer:
            peer.send(random_bytes.randbytes(random_bytes.randrange(1, 300)))
            for count in range(PINGS):
                peer.send(frame(random_bytes.randrange(10), random_bytes.randrange(256),
                                random_bytes.randrange(4), random_bytes.randbytes(count * 9)))
            peer.socket.shutdown(socket.SHUT_WR)
            peer.read_to_end()
