# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 sections 5.2 and 6.9: windows both ways, many streams at once, and clients on TLS."""

import base64
import json
import re
import struct
import subprocess

import pytest

from http2_cases import connection_error, servers
from http2_peer import Error, Flag, Kind, Peer, Setting, frame, number, settings
from http_support import running

TRANSPORTS = pytest.mark.parametrize("transport", ["h2c", "upgrade", "tls"])
HELLO = b"Hello, World!\n"
FRAME = 16_384


def window(stream, increment):
    return frame(Kind.WINDOW_UPDATE, 0, stream, number(increment))


def got(peer, stream):
    """What came of an answer's body until now."""
    peer.ping()
    peer.ping()
    return peer.streams[stream].body


@TRANSPORTS
def test_a_window_of_one_byte(servers, transport):
    with Peer(servers[transport], transport) as peer:
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 1)))
        stream = peer.get()
        for count in range(1, len(HELLO) + 1):
            came = peer.read_until(lambda f: f.kind == Kind.DATA and f.stream == stream)
            assert came.payload == HELLO[count - 1:count]
            peer.send(window(stream, 1))
        assert peer.answer(stream).body == HELLO


@TRANSPORTS
def test_a_setting_changes_the_windows_of_open_streams(servers, transport):
    """Section 6.9.2: also to less than nothing, which has to be made up for first."""
    with Peer(servers[transport], transport, first=((Setting.INITIAL_WINDOW_SIZE, 0),),
              awaits=False) as peer:
        stream = peer.get()
        peer.head(stream)
        assert got(peer, stream) == b""
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 3)))
        assert got(peer, stream) == HELLO[:3]
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 1)), window(stream, 2))
        assert got(peer, stream) == HELLO[:3]
        peer.send(window(stream, 1))
        assert got(peer, stream) == HELLO[:4]
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 100)))
        assert peer.answer(stream).body == HELLO


@TRANSPORTS
def test_the_window_of_the_connection_holds_for_all_streams(servers, transport):
    with Peer(servers[transport], transport) as peer:
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 1 << 20)))
        name = "x" * 40_000
        streams = [exchange(peer, name) for _ in range(4)]
        for _ in streams:
            peer.ping()
        wait_for_bytes(peer, streams, peer.window)
        assert sum(len(got(peer, s)) for s in streams) == peer.window
        peer.send(window(0, 1 << 20))
        for stream in streams:
            assert greeting(peer, stream) == f"Hello, {name}!"


def wait_for_bytes(peer, streams, count):
    for stream in streams:
        peer.head(stream)
    while sum(len(peer.streams[s].body) for s in streams) < count:
        peer.read_until(lambda f: f.kind == Kind.DATA)


def exchange(peer, name):
    """Sends an event, a short one at that, and gives its stream."""
    stream = peer.begin()
    peer.upload(stream, json.dumps({"name": name}).encode())
    return stream


def greeting(peer, stream):
    answer = peer.answer(stream)
    assert answer.status == "200"
    return json.loads(answer.body)["text"]


@TRANSPORTS
@pytest.mark.parametrize("size", [1000, 16_385])
def test_a_large_body_both_ways_through_small_windows(servers, transport, size):
    """No window is exceeded on either side, and no frame is larger than was allowed."""
    name = "".join(chr(97 + index % 26) for index in range(1 << 20))
    with Peer(servers[transport], transport) as peer:
        peer.send(settings((Setting.INITIAL_WINDOW_SIZE, size)))
        stream = exchange(peer, name)
        stream_window, connection_window = size, peer.window
        answer = peer.streams[stream]
        while not answer.ended:
            came = peer.read_until(lambda f: f.stream == stream)
            if came.kind != Kind.DATA:
                continue
            length = len(came.payload)
            assert length <= min(stream_window, connection_window, FRAME)
            stream_window -= length
            connection_window -= length
            if stream_window < size // 2 and not answer.ended:
                peer.send(window(stream, size - stream_window), window(0, size - stream_window))
                connection_window += size - stream_window
                stream_window = size
        assert greeting(peer, stream) == f"Hello, {name}!"


def test_larger_frames_are_used_only_when_allowed(servers):
    for largest in (FRAME, 1 << 20):
        with Peer(servers["h2c"], first=((Setting.MAX_FRAME_SIZE, largest),)) as peer:
            peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 1 << 24)), window(0, 1 << 24))
            assert len(greeting(peer, exchange(peer, "x" * 500_000))) == 500_008
            lengths = [len(f.payload) for f in peer.seen]
            assert max(lengths) <= largest


@TRANSPORTS
def test_a_hundred_streams_at_once(servers, transport):
    with Peer(servers[transport], transport) as peer:
        streams = [peer.begin() for _ in range(100)]
        bodies = [json.dumps({"name": f"number {s}"}).encode() for s in streams]
        for offset in range(0, 30, 3):
            for stream, body in zip(streams, bodies):
                flags = Flag.END_STREAM if offset == 27 else 0
                part = body[offset:] if flags else body[offset:offset + 3]
                peer.send(frame(Kind.DATA, flags, stream, part))
        for stream in reversed(streams):
            assert greeting(peer, stream) == f"Hello, number {stream}!"


def test_padding_gives_its_window_back(servers):
    """Section 6.1: padding counts, so that it must be given back like what is read."""
    with Peer(servers["h2c"]) as peer:
        stream = peer.begin()
        padded = frame(Kind.DATA, Flag.PADDED, stream, b"\xff" + b" " + bytes(255))
        for _ in range(1200):
            peer.send(padded)
            peer.ping()
        peer.upload(stream, b'{"name":"Ann"}')
        assert greeting(peer, stream) == "Hello, Ann!"


def test_more_than_the_window_is_an_error():
    """Section 6.9.1, for a stream that waits in the queue, so that nobody reads its body."""
    with running(CONTAINER_CONCURRENCY=1) as hello:
        with Peer(hello) as peer:
            peer.begin()
            peer.ping()
            stream = peer.begin()
            block = frame(Kind.DATA, 0, stream, b" " * 13_107)
            peer.send(*[block] * 5)
            peer.ping()
            assert peer.goaway is None and peer.streams.get(stream) is None
            peer.send(frame(Kind.DATA, 0, stream, b" "))
            assert peer.answer(stream).reset == Error.FLOW_CONTROL_ERROR


@pytest.mark.parametrize("size", [0, 1, 5])
def test_an_upgrade_brings_its_settings(servers, size):
    """RFC 7540 section 3.2.1."""
    text = base64.urlsafe_b64encode(struct.pack(">HI", Setting.INITIAL_WINDOW_SIZE, size))
    with Peer(servers["h2c"], "upgrade", upgrade=text.rstrip(b"="), greets=False) as peer:
        peer.head(1)
        while len(peer.streams[1].body) < size:
            peer.read()
        assert peer.streams[1].body == HELLO[:size]
        peer.greet()
        assert got(peer, 1) == HELLO[:size]
        peer.send(window(1, 100))
        assert peer.answer(1).body == HELLO


def test_an_upgrade_may_bring_a_bad_value(servers):
    """As if the settings had come in a frame; here ENABLE_PUSH of 2."""
    with Peer(servers["h2c"], "upgrade", upgrade=b"AAIAAAAC", greets=False) as peer:
        connection_error(Error.PROTOCOL_ERROR)(peer, None)


@pytest.mark.parametrize("text", [b"!", b"AAMAAABkAAQ"])
def test_an_upgrade_with_broken_settings_is_none(servers, text):
    """Not Base64, and not whole settings."""
    with servers["h2c"].connect() as connection:
        connection.sendall(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: " + text + b"\r\n\r\n"
        )
        assert re.match(rb"HTTP/1.1 (200|400) ", connection.recv(65_536))


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class TestClients:
    """Independent clients, over TLS."""

    @pytest.fixture
    def secure(self, servers):
        return servers["tls"]

    def url(self, secure):
        return f"https://localhost:{secure.port}/"

    def test_curl(self, secure):
        for option, version in [("--http2", "2"), ("--http1.1", "1.1")]:
            out = run("curl", "-s", option, "--cacert", secure.certificate, "--resolve",
                      f"localhost:{secure.port}:127.0.0.1", "-w", "%{http_version}",
                      self.url(secure))
            assert out == f"Hello, World!\n{version}"

    def test_nghttp(self, secure):
        out = run("nghttp", "-nv", self.url(secure))
        assert "The negotiated protocol: h2" in out and ":status: 200" in out

    def test_h2load(self, secure):
        out = run("h2load", "-n", "5000", "-c", "10", "-m", "50", self.url(secure))
        assert "5000 succeeded, 0 failed, 0 errored, 0 timeout" in out
