# SPDX-License-Identifier: Apache-2.0
"""Attacks on a function: it goes on answering others, and gives back what they took."""

import contextlib
import random
import re
import shutil
import socket
import subprocess
import threading

import pytest
from conftest import DEADLINE, wait_until
from http_support import read_to_end, running, send_all, statuses

EVENT = (
    b"POST / HTTP/1.1\r\nHost: a\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: /a\r\n"
    b"ce-type: greeting.requested\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
# What an attack may leave behind in the allocator: the largest body (16 MiB) and its copies.
GROWTH_MIB = 64


@pytest.fixture(scope="module")
def hello():
    with running() as hello:
        yield hello


@pytest.fixture(autouse=True)
def unharmed(hello):
    """After each attack: others are answered, descriptors and memory are given back."""
    assert hello.answers()
    descriptors, memory = hello.descriptors(), hello.resident_mib()
    yield
    assert hello.answers()
    wait_until(lambda: hello.is_quiet(descriptors), "the descriptors are given back")
    assert hello.resident_mib() < memory + GROWTH_MIB


def answered_meanwhile(hello, is_running):
    """Asks again and again while an attack runs; gives how often that was."""
    count = 0
    while is_running():
        assert hello.answers()
        count += 1
    return count


def closed(connections):
    for connection in connections:
        connection.close()


MODES = {
    "slow headers": ["-H", "-i", "1", "-x", "24"],
    "slow body": ["-B", "-i", "1", "-x", "10", "-s", "8192"],
    "slow reading": ["-X", "-k", "5", "-w", "1", "-y", "64", "-n", "1", "-z", "8"],
    "ranges": ["-R", "-a", "10", "-b", "3000"],
}


@pytest.mark.skipif(not shutil.which("slowhttptest"), reason="slowhttptest is not installed")
@pytest.mark.parametrize("mode", MODES)
def test_slowhttptest(hello, mode):
    command = ["slowhttptest", "-c", "400", "-r", "200", "-l", "6", "-p", "5", "-u", hello.url]
    attack = subprocess.Popen(
        [*command, *MODES[mode]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    # Its pages of progress would fill the pipe.
    output = []
    reader = threading.Thread(target=lambda: output.extend(attack.stdout))
    reader.start()
    try:
        assert answered_meanwhile(hello, lambda: attack.poll() is None) > 10
    finally:
        attack.kill()
        reader.join(timeout=DEADLINE)
    text = re.sub(r"\x1b\[[0-9;]*m", "", "".join(output))
    availability = re.findall(r"service available:\s+(\w+)", text)
    assert set(availability) == {"YES"}, text[-2000:]


def test_half_a_request_from_many(hello):
    connections = [hello.connect() for _ in range(500)]
    for connection in connections:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    assert hello.answers()
    closed(connections)


def test_connections_that_say_nothing(hello):
    connections = [hello.connect() for _ in range(500)]
    assert hello.answers()
    closed(connections)


def test_half_a_body_from_many(hello):
    connections = [hello.connect() for _ in range(200)]
    for connection in connections:
        connection.sendall(EVENT + b"100\r\nhalf of it")
    assert hello.answers()
    closed(connections)


def test_garbage(hello):
    choice = random.Random(1)
    for _ in range(300):
        with hello.connect() as connection:
            send_all(connection, choice.randbytes(choice.randint(1, 2000)))
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            received = read_to_end(connection)
            assert received == b"" or statuses(received)[0] in {400, 414, 431, 501, 505}


def pour(hello, start, block, times):
    """Sends a block again and again until the server has enough, and gives its statuses."""
    with hello.connect() as connection:
        connection.sendall(start)
        try:
            for _ in range(times):
                connection.sendall(block)
        except (ConnectionResetError, BrokenPipeError):
            pass
        try:
            return statuses(connection.recv(65536))
        except ConnectionResetError:
            return "reset"


@pytest.mark.parametrize(
    "start, block, status",
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"a" * 65536, 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n" * 1000, 431),
        (b"GET /", b"a" * 65536, 414),
        (EVENT + b"5;", b"a" * 65536, 400),
        (EVENT, b"1;a=" + b"b" * 1000 + b"\r\nx\r\n", 400),
        (EVENT + b"0\r\nX: ", b"a" * 65536, 431),
        (EVENT + b"0\r\n", b"X: y\r\n" * 1000, 431),
        (EVENT, b"10000\r\n" + b"x" * 65536 + b"\r\n", 413),
    ],
    ids=["value", "fields", "target", "extension", "extensions", "trailer", "trailers", "body"],
)
def test_what_never_ends(hello, start, block, status):
    times = max(1, 20 * 2**20 // len(block))
    # Who goes on sending after the answer may lose it to the reset of the connection.
    assert pour(hello, start, block, times) in ([status], "reset")


def test_ten_thousand_requests_without_reading(hello):
    count = 10_000
    with hello.connect(receive_buffer=4096) as connection:
        sender = threading.Thread(target=send_all, args=(connection, GET * count))
        sender.start()
        assert hello.answers()
        received = b""
        while received.count(b"HTTP/1.1 200 ") < count or not received.endswith(b"\n"):
            block = connection.recv(1 << 20)
            assert block, "it ended early"
            received += block
        sender.join(timeout=DEADLINE)
        assert statuses(received) == [200] * count


def test_a_reader_that_reads_nothing(hello):
    """Back-pressure: its requests are no longer read, and its answers do not pile up."""
    memory = hello.resident_mib()
    connections = [hello.connect(timeout=1, receive_buffer=4096) for _ in range(20)]
    for connection in connections:
        with contextlib.suppress(TimeoutError):
            connection.sendall(GET * 100_000)
    assert hello.answers()
    assert hello.resident_mib() < memory + GROWTH_MIB
    closed(connections)


def test_byte_by_byte(hello):
    with hello.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(GET)):
            connection.sendall(GET[index:index + 1])
        assert statuses(connection.recv(65536)) == [200]


def test_no_descriptor_is_left():
    with running(descriptors=64) as small:
        connections = [small.connect() for _ in range(150)]
        # Those that got in are served, though nobody else gets in.
        connections[0].sendall(GET)
        assert statuses(connections[0].recv(65536)) == [200]
        closed(connections[1:])
        wait_until(small.answers, "it accepts again")
        connections[0].sendall(GET)
        assert statuses(connections[0].recv(65536)) == [200]
        connections[0].close()
