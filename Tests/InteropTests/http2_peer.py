# SPDX-License-Identifier: Apache-2.0
"""A client of HTTP/2 that sends any frame, right or wrong, and tells what came back (RFC 9113)."""

import base64
import enum
import socket
import ssl
import struct
import subprocess

import hpack

from http_support import Hello

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class Kind(enum.IntEnum):
    """Section 6."""

    DATA = 0
    HEADERS = 1
    PRIORITY = 2
    RST_STREAM = 3
    SETTINGS = 4
    PUSH_PROMISE = 5
    PING = 6
    GOAWAY = 7
    WINDOW_UPDATE = 8
    CONTINUATION = 9


class Flag(enum.IntFlag):
    """Section 6; one bit has two meanings."""

    NONE = 0
    ACK = 0x1
    END_STREAM = 0x1
    END_HEADERS = 0x4
    PADDED = 0x8
    PRIORITY = 0x20


class Setting(enum.IntEnum):
    """Section 6.5.2."""

    HEADER_TABLE_SIZE = 1
    ENABLE_PUSH = 2
    MAX_CONCURRENT_STREAMS = 3
    INITIAL_WINDOW_SIZE = 4
    MAX_FRAME_SIZE = 5
    MAX_HEADER_LIST_SIZE = 6


class Error(enum.IntEnum):
    """Section 7."""

    NO_ERROR = 0
    PROTOCOL_ERROR = 1
    INTERNAL_ERROR = 2
    FLOW_CONTROL_ERROR = 3
    STREAM_CLOSED = 5
    FRAME_SIZE_ERROR = 6
    REFUSED_STREAM = 7
    CANCEL = 8
    COMPRESSION_ERROR = 9
    ENHANCE_YOUR_CALM = 11


WHOLE = Flag.END_STREAM | Flag.END_HEADERS


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """The bytes of a frame (section 4.1); `length` lies about the payload's."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def number(value):
    """32 bits, as in WINDOW_UPDATE and RST_STREAM."""
    return struct.pack(">I", value)


def settings(*pairs):
    """A SETTINGS frame."""
    return frame(Kind.SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def integer(value, bits, pattern=0):
    """RFC 7541 section 5.1, behind the bits of `pattern`."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([pattern | value])
    out, value = bytearray([pattern | most]), value - most
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes(out + bytes([value]))


def literal(name, value):
    """A field line in plain sight: not indexed, not Huffman-coded (RFC 7541 section 6.2.2)."""
    text = b"\x00"
    for part in (name, value):
        part = part.encode("latin-1") if isinstance(part, str) else part
        text += integer(len(part), 7) + part
    return text


def block(*lines):
    """A header block of literals."""
    return b"".join(literal(name, value) for name, value in lines)


def request(*more, drop=(), method="GET", **changes):
    """The lines of a request that is right but for what is said."""
    lines = {"method": method, "scheme": "http", "authority": "a", "path": "/", **changes}
    return [(f":{name}", value) for name, value in lines.items() if name not in drop] + list(more)


# A request that waits for its body before it is answered.
EVENT = request(
    ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/x"),
    ("ce-type", "greeting.requested"), ("content-type", "application/json"),
    ("te", "trailers"), method="POST",
)
EVENT_BODY = b'{"name":"Ann"}'


class Frame:
    """A frame that came."""

    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    @property
    def ends(self):
        """Whether it is the last of its stream."""
        return self.kind in (Kind.DATA, Kind.HEADERS) and bool(self.flags & Flag.END_STREAM)

    @property
    def code(self):
        """What RST_STREAM or GOAWAY gives as the reason."""
        offset = 4 if self.kind == Kind.GOAWAY else 0
        return struct.unpack_from(">I", self.payload, offset)[0]

    def __repr__(self):
        return f"{Kind(self.kind).name}({self.flags:#x}, {self.stream}, {self.payload[:40]!r})"


class Answer:
    """What came of a stream."""

    def __init__(self):
        self.status, self.fields, self.body, self.reset, self.ended = None, {}, b"", None, False


class Peer:
    """A connection; `transport` is how it becomes one of HTTP/2: `h2c`, `upgrade` or `tls`."""

    def __init__(
        self, hello, transport="h2c", first=(), greets=True, awaits=True, upgrade=None,
        receive_buffer=None,
    ):
        """`first` are the client's settings; `awaits` whether stream 1 of an upgrade is read."""
        self.decoder = hpack.Decoder(max_header_list_size=1 << 24)
        self.buffer = b""
        self.streams = {}
        self.seen = []
        self.goaway = None
        self.ended = False
        self.window = 65_535
        self._next = 1
        self._sendable = {0: 65_535}
        self.socket = hello.connect(receive_buffer=receive_buffer)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if transport == "tls":
            context = ssl.create_default_context(cafile=hello.certificate)
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2"
        elif transport == "upgrade":
            self._upgrade(upgrade)
        if greets:
            self.greet(first)
            if transport == "upgrade":
                self._read_first(awaits)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _upgrade(self, text):
        """RFC 7540 section 3.2; the request becomes stream 1."""
        text = text or base64.urlsafe_b64encode(struct.pack(">HI", Setting.ENABLE_PUSH, 0))
        self.socket.sendall(
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
            b"Upgrade: h2c\r\nHTTP2-Settings: " + text.rstrip(b"=") + b"\r\n\r\n"
        )
        while b"\r\n\r\n" not in self.buffer:
            assert self._receive(), "no answer to the upgrade"
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head
        self._next = 3

    def greet(self, first=()):
        """Sends preface and settings, and waits until both sides have heard."""
        self.send(PREFACE, settings(*first))
        while not any(f.kind == Kind.SETTINGS and not f.flags for f in self.seen):
            assert self.read(), "no settings"
        self.send(frame(Kind.SETTINGS, Flag.ACK))
        self.read_until(lambda f: f.kind == Kind.SETTINGS and f.flags & Flag.ACK)

    def _read_first(self, awaits):
        """The answer to the request of an upgrade, without which its window goes uncounted."""
        if awaits:
            assert self.answer(1).status == "200"
            self.window -= len(self.streams[1].body)

    # What goes out.

    def new(self):
        """The number of a stream that was not used."""
        self._next += 2
        self._sendable[self._next - 2] = 65_535
        return self._next - 2

    def send(self, *frames):
        """Sends bytes; that the other side has closed is found out by reading."""
        try:
            self.socket.sendall(b"".join(frames))
        except (ConnectionError, ssl.SSLError):
            pass

    def begin(self, lines=EVENT, flags=Flag.END_HEADERS):
        """Sends the head of a request, and gives its stream."""
        stream = self.new()
        self.send(frame(Kind.HEADERS, flags, stream, block(*lines)))
        return stream

    def get(self, *more, **changes):
        """Sends a whole request, and gives its stream."""
        return self.begin(request(*more, **changes), WHOLE)

    def upload(self, stream, body):
        """Sends a body, within the windows that the other side has opened."""
        offset = 0
        while offset < len(body):
            count = min(self._sendable[0], self._sendable[stream], 16_384, len(body) - offset)
            if count <= 0:
                self.read_until(lambda f: f.kind == Kind.WINDOW_UPDATE)
                continue
            is_last = offset + count == len(body)
            flags = Flag.END_STREAM if is_last else 0
            self.send(frame(Kind.DATA, flags, stream, body[offset:offset + count]))
            self._sendable[0] -= count
            self._sendable[stream] -= count
            offset += count

    # What comes back.

    def _receive(self):
        try:
            data = self.socket.recv(1 << 16)
        except (ConnectionError, ssl.SSLError):
            data = b""
        self.buffer += data
        self.ended = not data
        return bool(data)

    def read(self):
        """The next frame, or `None` at the end of the connection."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + self._length():
            if not self._receive():
                return None
        end = 9 + self._length()
        kind, flags, stream = struct.unpack(">BBI", self.buffer[3:9])
        came = Frame(kind, flags, stream, self.buffer[9:end])
        self.buffer = self.buffer[end:]
        self._note(came)
        return came

    def _length(self):
        return int.from_bytes(self.buffer[:3], "big")

    def _note(self, came):
        if len(self.seen) < 1000:
            self.seen.append(came)
        answer = self.streams.setdefault(came.stream, Answer())
        if came.kind == Kind.HEADERS:
            assert came.flags & Flag.END_HEADERS, "an answer's head in one frame"
            lines = self.decoder.decode(came.payload)
            answer.fields.update(lines)
            status = dict(lines).get(":status", answer.status)
            answer.status = None if status.startswith("1") else status
        elif came.kind == Kind.DATA:
            answer.body += came.payload
        elif came.kind == Kind.RST_STREAM:
            answer.reset = came.code
        elif came.kind == Kind.GOAWAY:
            self.goaway = came.code
        elif came.kind == Kind.WINDOW_UPDATE and came.stream in self._sendable:
            self._sendable[came.stream] += struct.unpack(">I", came.payload)[0]
        answer.ended = answer.ended or came.ends

    def read_until(self, fits):
        """The first frame that fits."""
        while came := self.read():
            if fits(came):
                return came
        raise AssertionError(f"the connection ended; goaway {self.goaway}; {self.seen[-8:]}")

    def read_to_end(self):
        """Reads until the other side closes; what never comes fails by the socket's time."""
        while self.read():
            pass

    def answer(self, stream):
        """The whole answer of a stream, or its reset."""
        answer = self.streams.setdefault(stream, Answer())
        while not answer.ended and answer.reset is None:
            self.read_until(lambda f: f.stream == stream)
        return answer

    def head(self, stream):
        """Waits for the status of an answer."""
        answer = self.streams.setdefault(stream, Answer())
        while answer.status is None and answer.reset is None:
            self.read_until(lambda f: f.stream == stream)
        return answer

    def ping(self, text=b"sentinel"):
        """Waits until the other side has read all that was sent."""
        self.send(frame(Kind.PING, payload=text))
        self.read_until(lambda f: f.kind == Kind.PING and f.payload == text)

    def is_served(self):
        """Whether the connection still answers a request."""
        return self.answer(self.get()).status == "200"

    def half_closed(self):
        """A stream whose request is whole and whose answer waits for a window."""
        self.send(settings((Setting.INITIAL_WINDOW_SIZE, 0)))
        stream = self.get()
        self.head(stream)
        return stream

    def closed(self):
        """A stream whose request and answer are whole."""
        stream = self.get()
        self.answer(stream)
        return stream

    def taken_back(self):
        """A stream that this side has reset."""
        stream = self.begin()
        self.send(frame(Kind.RST_STREAM, 0, stream, number(Error.CANCEL)))
        return stream


class SecureHello(Hello):
    """The function `hello` behind TLS, with a certificate of its own making."""

    def __init__(self, folder, **environment):
        self.certificate, key = folder / "certificate.pem", folder / "key.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate],
            check=True, capture_output=True,
        )
        super().__init__(
            SWIFTLET_TLS_CERT=self.certificate, SWIFTLET_TLS_KEY=key, **environment
        )

    def answers(self):
        """Whether a fresh client gets its answer."""
        try:
            with Peer(self, "tls") as peer:
                return peer.is_served()
        except ConnectionRefusedError:
            assert self.process.poll() is None, "hello ended"
            return False
