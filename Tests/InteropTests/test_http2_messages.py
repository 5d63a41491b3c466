# SPDX-License-Identifier: Apache-2.0
"""RFC 9113 section 8, and RFC 7541: requests that are malformed, and blocks that do not decode."""

import pytest

from http2_cases import (
    Case, answered, any_of, connection_error, parameters, served, servers, stream_error,
)
from http2_peer import (
    EVENT, EVENT_BODY, WHOLE, Error, Flag, Kind, Peer, Setting, block, frame, integer, literal,
    number, request, settings,
)

PROTOCOL = connection_error(Error.PROTOCOL_ERROR)
MALFORMED = stream_error(Error.PROTOCOL_ERROR)
COMPRESSION = connection_error(Error.COMPRESSION_ERROR)
GET = block(*request())
# The size of the table until somebody asks for another (section 6.5.2).
TABLE = 4096


def asks(*more, **changes):
    """An act: one whole request."""
    return lambda peer: peer.get(*more, **changes)


def lines(*all_lines):
    """An act: one whole request of exactly these lines."""
    return lambda peer: peer.begin(all_lines, WHOLE)


def body(*parts, length=None, trailers=None, flags=WHOLE):
    """An act: an event whose body comes in parts, and then its trailers."""

    def act(peer):
        more = [] if length is None else [("content-length", length)]
        stream = peer.begin([*EVENT, *more])
        for index, part in enumerate(parts):
            is_last = index == len(parts) - 1 and trailers is None
            peer.send(frame(Kind.DATA, Flag.END_STREAM if is_last else 0, stream, part))
        if trailers is not None:
            peer.send(frame(Kind.HEADERS, flags, stream, block(*trailers)))
        return stream

    return act


def encoded(*parts):
    """An act: a request whose block is made of bytes."""

    def act(peer):
        stream = peer.new()
        peer.send(frame(Kind.HEADERS, WHOLE, stream, b"".join(parts)))
        return stream

    return act


PSEUDO = [(name, value) for name, value in request() if name != ":path"]
HALF = len(EVENT_BODY) // 2

FIELDS = [
    # 8.1: the form of a message
    Case("8.1", "a body in one frame", served, body(EVENT_BODY)),
    Case("8.1", "trailers", served, body(EVENT_BODY, trailers=[("x-sum", "1")])),
    Case("8.1", "no trailer in the last block", served, body(EVENT_BODY, trailers=[])),
    Case("8.1", "a second HEADERS that does not end the stream", MALFORMED, body(
        EVENT_BODY, trailers=[("x-sum", "1")], flags=Flag.END_HEADERS)),
    Case("8.1", "a pseudo-header in the trailers", MALFORMED, body(
        EVENT_BODY, trailers=[(":path", "/x")])),
    Case("8.1", "a field of a connection in the trailers", MALFORMED, body(
        EVENT_BODY, trailers=[("connection", "close")])),
    Case("8.1", "an upper-case name in the trailers", MALFORMED, body(
        EVENT_BODY, trailers=[("X-Sum", "1")])),
    # 8.1.1: the announced length
    Case("8.1.1", "the right length", served, body(EVENT_BODY, length=str(len(EVENT_BODY)))),
    Case("8.1.1", "the right length in several frames", served, body(
        EVENT_BODY[:HALF], b"", EVENT_BODY[HALF:], length=str(len(EVENT_BODY)))),
    Case("8.1.1", "a length one too small", MALFORMED, body(
        EVENT_BODY, length=str(len(EVENT_BODY) - 1))),
    Case("8.1.1", "a length one too large", MALFORMED, body(
        EVENT_BODY, length=str(len(EVENT_BODY) + 1))),
    Case("8.1.1", "a length too small for several frames", MALFORMED, body(
        EVENT_BODY[:HALF], EVENT_BODY[HALF:], length=str(len(EVENT_BODY) - 1))),
    Case("8.1.1", "a length too large for several frames", MALFORMED, body(
        EVENT_BODY[:HALF], EVENT_BODY[HALF:], length=str(len(EVENT_BODY) + 1))),
    Case("8.1.1", "a length too large, with trailers", MALFORMED, body(
        EVENT_BODY, length=str(len(EVENT_BODY) + 1), trailers=[("x", "y")])),
    Case("8.1.1", "a length and no body", MALFORMED, asks(("content-length", "1"))),
    Case("8.1.1", "a length of 0 and no body", served, asks(("content-length", "0"))),
    *[Case("8.1.1", f"a length of {text!r}", MALFORMED, body(EVENT_BODY, length=text))
      for text in ["", "+14", "-1", "0x0e", "14, 14", "14 14", "1" * 30, "14a"]],
    Case("8.1.1", "two lengths", MALFORMED, lambda p: (
        s := p.begin([*EVENT, ("content-length", "14"), ("content-length", "14")]),
        p.send(frame(Kind.DATA, Flag.END_STREAM, s, EVENT_BODY)))[0]),
    # 8.2.1: names and values
    *[Case("8.2.1", f"the name {name!r}", MALFORMED, asks((name, "x"))) for name in [
        "X-Upper", "x-uppeR", "x y", "x\0", "x\ty", "x\x7f", b"x\xe4", "x:y", "x(", "", "x\n",
        "x\r\ny"]],
    *[Case("8.2.1", f"the value {value!r}", MALFORMED, asks(("x", value))) for value in [
        "a\0b", "a\nb", "a\rb", "a\r\nx: y", " a", "a ", "\ta", "a\t", "\x01", "\x7f"]],
    *[Case("8.2.1", f"the value {value!r} is fine", served, asks(("x", value))) for value in [
        "", "a b", "a\tb", b"\xff\x80", "a;b=\"c\"", ":"]],
    # 8.2.2: what belongs to a connection of HTTP/1.1
    *[Case("8.2.2", f"{name}: {value}", MALFORMED, asks((name, value))) for name, value in [
        ("connection", "keep-alive"), ("connection", ""), ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"), ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"), ("te", "gzip"), ("te", "trailers, deflate"), ("te", "")]],
    Case("8.2.2", "te: trailers", served, asks(("te", "trailers"))),
    # 8.2.3: cookies in crumbs
    Case("8.2.3", "cookies in several fields", served, asks(("cookie", "a=b"), ("cookie", "c=d"))),
]

REQUESTS = [
    # 8.3: pseudo-header fields
    Case("8.3", "an unknown pseudo-header", MALFORMED, asks((":x", "y"))),
    Case("8.3", "an unknown pseudo-header among the others", MALFORMED,
         lines((":x", "y"), *request())),
    Case("8.3", "the pseudo-header of an answer", MALFORMED, lines(*request(), (":status", "200"))),
    Case("8.3", "a pseudo-header behind a field", MALFORMED,
         lines(*PSEUDO, ("x", "y"), (":path", "/"))),
    Case("8.3", "an upper-case pseudo-header", MALFORMED, lines(*PSEUDO, (":Path", "/"))),
    Case("8.3", ":protocol that was not offered", MALFORMED,
         asks((":protocol", "websocket"), method="CONNECT")),
    *[Case("8.3.1", f"no :{name}", MALFORMED, asks(drop=(name,)))
      for name in ["method", "scheme", "path"]],
    *[Case("8.3.1", f"two of :{name}", MALFORMED, lines(*request(), (f":{name}", value)))
      for name, value in [
          ("method", "GET"), ("scheme", "http"), ("path", "/"), ("authority", "a")]],
    *[Case("8.3.1", f"the path {path!r}", any_of(MALFORMED, answered("400")), asks(path=path))
      for path in ["", "x", "*", "/ x", "/\0", "/#x", "http://a/", "/\x7f", "/ä"]],
    Case("8.3.1", "OPTIONS of everything", any_of(
        served, answered("204"), answered("404"), answered("405")),
        asks(method="OPTIONS", path="*")),
    *[Case("8.3.1", f"the method {method!r}", any_of(MALFORMED, answered("400")),
           asks(method=method)) for method in ["", "G T", "GET ", "G\0T", "GET/"]],
    *[Case("8.3.1", f"the scheme {scheme!r}", any_of(MALFORMED, answered("400")),
           asks(scheme=scheme)) for scheme in ["", "ht tp", "1", "ftp"]],
    *[Case("8.3.1", f"the authority {name!r}", any_of(MALFORMED, answered("400")),
           asks(authority=name)) for name in ["user@a", "a b", "a/b", "a:x", "a,b", "[::1"]],
    Case("8.3.1", "neither authority nor host", any_of(MALFORMED, answered("400")),
         asks(drop=("authority",))),
    Case("8.3.1", "a host and no authority", served, asks(("host", "a"), drop=("authority",))),
    Case("8.3.1", "a host that is the authority", served, asks(("host", "A"))),
    Case("8.3.1", "a host that is not the authority", any_of(MALFORMED, answered("400")),
         asks(("host", "b"))),
    Case("8.3.1", "two hosts", any_of(MALFORMED, answered("400")),
         asks(("host", "a"), ("host", "a"))),
    Case("8.5", "CONNECT", any_of(MALFORMED, answered("501"), answered("405")),
         lines((":method", "CONNECT"), (":authority", "a:1"))),
    Case("8.5", "CONNECT with a path", MALFORMED, asks(method="CONNECT")),
    Case("8.5", "CONNECT without an authority", MALFORMED, lines((":method", "CONNECT"))),
    # 8.4: only a server pushes
    Case("8.4", "PUSH_PROMISE of a client", PROTOCOL, lambda p: p.send(frame(
        Kind.PUSH_PROMISE, Flag.END_HEADERS, p.begin(), number(2) + GET))),
    Case("8.4", "PUSH_PROMISE on stream 0", PROTOCOL, lambda p: p.send(frame(
        Kind.PUSH_PROMISE, Flag.END_HEADERS, 0, number(2) + GET))),
]


def huffman(text):
    """A literal `x` whose value is Huffman-coded bytes."""
    return b"\x00\x01x" + integer(len(text), 7, 0x80) + text


HPACK = [
    # RFC 7541; section 4.3 of RFC 9113 makes each fault one of the connection.
    Case("H2.3.3", "an index that no table has", COMPRESSION, encoded(GET, integer(200, 7, 0x80))),
    Case("H2.3.3", "the first index beyond the static table", COMPRESSION,
         encoded(GET, integer(62, 7, 0x80))),
    Case("H2.3.3", "a name that no table has", COMPRESSION,
         encoded(GET, integer(200, 4) + b"\x01y")),
    Case("H2.3.3", "the last of the static table", MALFORMED,
         encoded(GET, b"\xbd", literal("te", ""))),
    Case("H4.2", "a size of the table within a block", COMPRESSION, encoded(GET, b"\x20")),
    Case("H4.2", "sizes at the start of a block", served, encoded(b"\x20", b"\x3f\xe1\x1f", GET)),
    Case("H5.1", "an integer beyond 32 bits", COMPRESSION,
         encoded(GET, b"\xff" + b"\xff" * 10 + b"\x7f")),
    Case("H5.1", "an integer without its end", COMPRESSION, encoded(GET, b"\xff\x80")),
    Case("H5.2", "a string without its end", COMPRESSION, encoded(GET, b"\x00\x05ab")),
    Case("H5.2", "a name without a value", COMPRESSION, encoded(GET, b"\x00\x01x")),
    Case("H5.2", "Huffman code", served, encoded(GET, huffman(b"\x1f"))),
    Case("H5.2", "padding of eight bits", COMPRESSION, encoded(GET, huffman(b"\x1f\xff"))),
    Case("H5.2", "padding of many bits", COMPRESSION, encoded(GET, huffman(b"\x1f\xff\xff"))),
    Case("H5.2", "padding of zeros", COMPRESSION, encoded(GET, huffman(b"\x18"))),
    Case("H5.2", "the end-of-string symbol", COMPRESSION,
         encoded(GET, huffman(b"\xff\xff\xff\xff"))),
    Case("H5.2", "the end-of-string symbol behind another", COMPRESSION,
         encoded(GET, huffman(b"\x1f\xff\xff\xff\xff"))),
    Case("H6.1", "the index 0", COMPRESSION, encoded(GET, b"\x80")),
    Case("H6.1", "fields of the static table", served,
         encoded(b"\x82\x86\x84", literal(":authority", "a"))),
    Case("H6.2.1", "a field that is indexed and used again", served, encoded(
        GET, b"\x40\x01x\x01y", b"\xbe", b"\x7e\x01z")),
    Case("H6.2.2", "a name of the static table", served, encoded(GET, b"\x0f\x04\x01b")),
    Case("H6.2.3", "a field that is never indexed", served, encoded(GET, b"\x10\x01x\x01y")),
    Case("H6.3", "the largest table", served, encoded(integer(TABLE, 5, 0x20), GET)),
    Case("H6.3", "a table one byte larger", COMPRESSION,
         encoded(integer(TABLE + 1, 5, 0x20), GET)),
    Case("H6.3", "a table of 4 GiB", COMPRESSION,
         encoded(integer((1 << 32) - 1, 5, 0x20), GET)),
    Case("4.3", "a fault within a refused request", COMPRESSION, encoded(
        block(*request(("X", "y"))), b"\x80")),
    Case("4.3", "a fault in trailers", COMPRESSION, lambda p: p.send(frame(
        Kind.HEADERS, WHOLE, p.begin(), b"\x80"))),
]


@pytest.mark.parametrize("transport", ["h2c", "upgrade", "tls"])
@parameters([*FIELDS, *REQUESTS, *HPACK])
def test_messages(servers, transport, case):
    with Peer(servers[transport], transport) as peer:
        case.expect(peer, case.act(peer))


def test_the_table_lives_on_after_a_refused_request(servers):
    """RFC 9113 section 4.3: what a refused block put into the table is there for the next one."""
    with Peer(servers["h2c"]) as peer:
        refused = peer.new()
        text = block(*request(("X-Bad", "1"))) + b"\x40\x02te\x08trailers"
        peer.send(frame(Kind.HEADERS, WHOLE, refused, text))
        assert peer.answer(refused).reset == Error.PROTOCOL_ERROR
        next_one = peer.new()
        peer.send(frame(Kind.HEADERS, WHOLE, next_one, GET + b"\xbe"))
        assert peer.answer(next_one).status == "200"


def test_a_client_without_a_table_is_answered(servers):
    """RFC 7541 section 4.2: the answers heed the size that was acknowledged."""
    with Peer(servers["h2c"], first=((Setting.HEADER_TABLE_SIZE, 0),)) as peer:
        peer.decoder.max_allowed_table_size = 0
        assert all(peer.is_served() for _ in range(3))
        assert peer.decoder.header_table_size == 0
        peer.send(settings((Setting.HEADER_TABLE_SIZE, 1 << 20)))
        peer.decoder.max_allowed_table_size = 1 << 20
        assert all(peer.is_served() for _ in range(3))


def test_answers_are_of_the_right_form(servers):
    """Sections 8.1, 8.2.2 and 8.3.2, for GET, HEAD and an event."""
    with Peer(servers["h2c"]) as peer:
        get = peer.answer(peer.get())
        head = peer.answer(peer.get(method="HEAD"))
        event = peer.begin()
        peer.send(frame(Kind.DATA, Flag.END_STREAM, event, EVENT_BODY))
        answers = [get, head, peer.answer(event)]
        for answer in answers:
            assert answer.status == "200"
            names = list(answer.fields)
            assert names[0] == ":status" and not [n for n in names[1:] if n.startswith(":")]
            assert all(name == name.lower() for name in names)
            assert not {"connection", "keep-alive", "transfer-encoding", "upgrade"} & set(names)
        assert get.body == b"Hello, World!\n" and head.body == b""
        assert head.fields["content-length"] == get.fields["content-length"] == "14"
        assert answers[2].body == b'{"text":"Hello, Ann!"}'
