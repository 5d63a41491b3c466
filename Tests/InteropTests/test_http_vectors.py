# SPDX-License-Identifier: Apache-2.0
"""The vectors of HTTP/1.1, played to a running function over bare sockets."""

import json
import time

import pytest
from conftest import ROOT
from http_support import read_to_end, running, send_all, statuses

VECTORS = json.loads((ROOT / "Tests" / "Fixtures" / "http" / "requests.json").read_text())
NEXT = b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def hello():
    with running() as hello:
        yield hello
        assert hello.answers()


def played(hello, pieces):
    """What the server says to bytes that come in these pieces."""
    with hello.connect() as connection:
        for piece in pieces:
            send_all(connection, piece)
            if piece is not pieces[-1]:
                time.sleep(0.001)
        received = read_to_end(connection)
    # The last answer may be that to `NEXT`, which has a length and no body.
    last = received.rfind(b"HTTP/1.1 ", 0, received.rfind(b"\r\n\r\n"))
    assert last >= 0, "no answer"
    return statuses(received[:last]) + [int(received[last + 9:last + 12])]


@pytest.mark.parametrize("way", ["whole", "split"])
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vector(hello, vector, way):
    message = vector["input"].encode("latin-1")
    if vector.get("method") == "HEAD":
        pytest.skip("its answer cannot be told from the next one by length")
    middle = len(message) // 2
    pieces = [message + NEXT] if way == "whole" else [message[:middle], message[middle:] + NEXT]
    found = played(hello, pieces)
    if "status" in vector:
        assert found == [vector["status"]]
    elif vector["keepAlive"]:
        *interim, status, last = found
        assert set(interim) <= {100}
        assert status in {200, 204, 400, 404, 405, 415, 501}, "an answer of the function's"
        assert last == 200, "and one to the next request"
    else:
        *interim, status = found
        assert set(interim) <= {100}
        assert status in {200, 204, 400, 404, 405, 415, 501}
