# SPDX-License-Identifier: Apache-2.0
"""How often the allocator is called for an event. Times are for `make bench`; these are exact."""
import socket
import subprocess
import sys

import pytest
from conftest import BIN, ROOT

sys.path.insert(0, str(ROOT / "Sources/Bench/driver"))

import contenders  # noqa: E402
import counting  # noqa: E402
import sample  # noqa: E402
from server import Server, free_port  # noqa: E402

WARM_UP, EVENTS = 200, 500
# What each step may cost at most; a number that falls is lowered here.
CODEC = {
    "head-parse": 2,
    "event-decode": 1,
    "event-encode": 1,
    "head-encode": 0,
    "event-encode-structured": 3,
    "event-decode-structured": 4,
}
WHOLE_EVENT = {"loop": 6.5, "pool": 13.5}


@pytest.fixture(scope="module", autouse=True)
def library():
    counting.WORK.mkdir(parents=True, exist_ok=True)
    counting.build_library()


def test_the_counter_counts():
    """A counter that sees nothing would pass every gate."""
    count = counting.AllocationCount("self-test")
    subprocess.run([sys.executable, "-c", "[object() for _ in range(10000)]"], check=True,
                   env=count.environment)
    assert count.value() > 10_000


def test_each_step_of_the_codec(tmp_path):
    request = tmp_path / "request.http"
    request.write_bytes(sample.binary().request(8080))
    output = subprocess.run([BIN / "Bench", "codec", request, "200"], check=True, text=True,
                            stdout=subprocess.PIPE, env={"LD_PRELOAD": str(counting.LIBRARY)})
    found = {}
    for line in output.stdout.splitlines():
        name, _, allocations = line.split()
        found[name] = float(allocations)
    assert found.keys() == CODEC.keys()
    assert {name: count for name, count in found.items() if count > CODEC[name]} == {}


def answers(connection, request, count):
    """Sends one event after the other, and makes sure that each comes back."""
    for _ in range(count):
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        while len(body) < len(sample.minio_body()):
            body += connection.recv(65536)
        assert body == sample.minio_body()


@pytest.mark.parametrize("placement", WHOLE_EVENT)
def test_an_event_from_the_socket_and_back(placement):
    count = counting.AllocationCount(placement)
    port = free_port()
    server = Server(contenders.swiftlet(placement), port, environment=count.environment)
    try:
        with socket.create_connection(("127.0.0.1", port), 60) as connection:
            request = sample.binary().request(port)
            answers(connection, request, WARM_UP)
            before = count.value()
            answers(connection, request, EVENTS)
            taken = count.value() - before
    finally:
        server.stop()
    found = taken / EVENTS
    print(f"{placement}: {found}")
    assert 0 < found <= WHOLE_EVENT[placement]
