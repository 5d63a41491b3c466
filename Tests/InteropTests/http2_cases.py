# SPDX-License-Identifier: Apache-2.0
"""How a case of conformance is written, and the reactions that RFC 9113 allows (section 5.4)."""

import dataclasses
import typing

import pytest

from http2_peer import Error, Kind, SecureHello, Setting, frame, settings
from http_support import running

# How often the other side has to answer a PING before its silence counts as having noticed nothing:
# the answer may leave before what was queued ahead of it.
PINGS = 3


@dataclasses.dataclass(frozen=True)
class Case:
    """What is sent, and what has to happen; `act` gives the stream that it is about, if any."""

    section: str
    name: str
    expect: typing.Callable
    act: typing.Callable

    @property
    def id(self):
        return f"{self.section} {self.name}"


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """The function `hello`, by the transport that a ``Peer`` may have."""
    with running() as plain:
        secure = SecureHello(tmp_path_factory.mktemp("identity"))
        yield {"h2c": plain, "upgrade": plain, "tls": secure}
        assert secure.stop() == 0


def parameters(cases):
    """The cases, as a parameter of a test."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.id)


def sends(*frames):
    """An act of frames that need no stream."""
    return lambda peer: peer.send(*frames)


def _react(peer, is_over):
    """Reads until the reaction is there, or until it is clear that none will come."""
    for count in range(PINGS):
        text = b"react%03d" % count
        peer.send(frame(Kind.PING, payload=text))
        while not is_over():
            came = peer.read()
            if came is None:
                return
            if came.kind == Kind.PING and came.payload == text:
                break
        else:
            return
    raise AssertionError(f"it noticed nothing; it sent {peer.seen[-8:]}")


def connection_error(*codes):
    """GOAWAY with one of the codes, and the end of the connection (section 5.4.1)."""

    def check(peer, _):
        _react(peer, lambda: peer.goaway is not None)
        assert peer.goaway is not None, f"it closed without a word; it sent {peer.seen[-8:]}"
        assert peer.goaway in codes, Error(peer.goaway).name
        peer.read_to_end()

    return check


def stream_error(*codes):
    """RST_STREAM with one of the codes, after which other streams go on; or a connection error,
    which an endpoint may make of any stream error (section 5.4.2)."""

    def check(peer, stream):
        _react(
            peer,
            lambda: peer.goaway is not None
            or stream in peer.streams and peer.streams[stream].reset is not None,
        )
        if peer.goaway is not None:
            return connection_error(*codes)(peer, stream)
        answer = peer.streams[stream]
        assert answer.reset in codes, Error(answer.reset).name
        served(peer, None)

    return check


def answered(status):
    """An answer with this status."""

    def check(peer, stream):
        assert peer.answer(stream).status == status, peer.seen[-8:]
        served(peer, None)

    return check


def served(peer, stream):
    """Nothing: the stream is answered, and the next one is."""
    peer.send(settings((Setting.INITIAL_WINDOW_SIZE, 65_535)))
    if stream is not None:
        assert peer.answer(stream).status == "200", peer.seen[-8:]
    assert peer.is_served()
    assert peer.goaway is None


def any_of(*checks):
    """One of several reactions, where the standard leaves a choice."""

    def check(peer, stream):
        failures = []
        for one in checks:
            try:
                return one(peer, stream)
            except AssertionError as failure:
                failures.append(str(failure))
        raise AssertionError(" / ".join(failures))

    return check
