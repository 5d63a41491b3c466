# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 to instances: what a function on the library `h2` may do to its connections."""

import concurrent.futures
import os
import pathlib
import socket
import struct
import subprocess

import pytest
from activating import Activator, service
from conftest import wait_until

FUNCTION = pathlib.Path(__file__).parent / "http2_function.py"


@pytest.fixture(scope="module")
def activator(tmp_path_factory):
    activator = Activator(
        tmp_path_factory.mktemp("http2"),
        service("plain", FUNCTION),
        service("few", f"{FUNCTION} streams=2"),
        service("tiny", f"{FUNCTION} window=7"),
        service("old", f"{FUNCTION} protocol=http1"),
        service("hello"),
    )
    yield activator
    assert activator.stop() == 0


@pytest.mark.parametrize("version", ["--http1.1", "--http2-prior-knowledge"])
def test_a_function_in_swift_from_zero(activator, version):
    """Its socket is there before it is, so that the connection waits for its settings."""
    wait_until(lambda: not activator.instances("hello"), "zero instances")
    done = subprocess.run(
        ["curl", "-sS", version, "-H", "Host: hello.default.localhost", activator.url],
        capture_output=True, text=True, timeout=60, check=True,
    )
    assert done.stdout.startswith("Hello")


def test_what_the_function_sees(activator):
    fields = activator.request("plain", "/fields", headers={"X-Mixed": "Case", "TE": "trailers"}).json()
    assert fields[":authority"] == "plain.default.localhost"
    assert fields[":scheme"] == "http"
    assert fields["x-mixed"] == "Case"
    assert fields["te"] == "trailers"
    assert fields["x-forwarded-for"] == "127.0.0.1"
    assert fields["traceparent"]
    assert not {"connection", "host", "transfer-encoding", "keep-alive"} & set(fields)


def test_an_interim_head_and_trailers_reach_a_client_of_http_1(activator):
    done = subprocess.run(
        ["curl", "-sS", "-i", "--raw", "-H", "Host: plain.default.localhost", activator.url + "/hints"],
        capture_output=True, text=True, timeout=60, check=True,
    )
    assert "HTTP/1.1 103" in done.stdout and "link: </a>" in done.stdout.lower()
    assert "x-trailer: at the end" in done.stdout.lower()


def test_requests_share_a_connection(activator):
    before = activator.request("plain", "/counts").json()["connections"]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda _: activator.request("plain", "/together/20"), range(20))
        assert [answer.status_code for answer in answers] == [200] * 20
    assert activator.request("plain", "/counts").json()["connections"] <= before + 1


def test_no_connection_has_more_streams_than_it_allows(activator):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda n: activator.request("few", f"/{n}"), range(100))
        assert [answer.status_code for answer in answers] == [200] * 100
    assert activator.request("few", "/counts").json()["most"] <= 2


@pytest.mark.parametrize("body", [b"", b"x" * 1000])
def test_a_refused_request_is_sent_again(activator, body):
    answer = activator.request("plain", f"/refused/3/{len(body)}", data=body)
    assert answer.status_code == 200
    assert answer.headers["x-times"] == "4"
    assert answer.content == body


def test_a_request_is_not_sent_again_for_ever(activator):
    answer = activator.request("plain", "/refused/1000")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "default/plain never began the request" in answer.json()["detail"]


def test_a_body_that_is_too_long_to_keep_is_sent_once(activator):
    answer = activator.request("plain", "/refused/1/long", data=os.urandom(1_000_000))
    assert answer.status_code == 503


def test_a_reset_request_is_sent_once(activator):
    answer = activator.request("plain", "/reset", data=b"once")
    assert answer.status_code == 502
    assert "INTERNAL_ERROR" in answer.json()["detail"]


def test_a_request_behind_a_goaway_goes_over_another_connection(activator):
    for number in range(5):
        answer = activator.request("plain", f"/leave/{number}", data=b"again")
        assert answer.status_code == 200
        assert answer.headers["x-times"] == "2"
        assert answer.content == b"again"


@pytest.mark.parametrize("size", [0, 1, 7, 8, 5000])
def test_tiny_windows(activator, size):
    body = os.urandom(size)
    assert activator.request("tiny", "/echo", data=body).content == body


def test_large_bodies_both_ways(activator):
    body = os.urandom(3_000_000)
    assert activator.request("plain", "/echo", data=body).content == body
    assert len(activator.request("plain", "/big/20000000").content) == 20_000_000


def test_a_function_that_takes_nothing_stops_the_client(activator):
    before = activator.request("plain", "/counts").json()["resets"]
    host, port = activator.address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=2) as client:
        client.sendall(
            b"POST /stall HTTP/1.1\r\nHost: plain.default.localhost\r\nContent-Length: 1000000000\r\n\r\n")
        sent, block = 0, bytes(65536)
        try:
            while sent < 1_000_000_000:
                sent += client.send(block)
        except TimeoutError:
            pass
        assert sent < 32_000_000
        assert activator.resident_kilobytes() < 100_000
        # Gone at once: an orderly end would stand behind what nobody reads.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_until(
        lambda: activator.request("plain", "/counts").json()["resets"] == before + 1,
        "the function hears that its client has gone",
    )


def test_a_function_of_http_1_is_told_apart(activator):
    answer = activator.request("old")
    assert answer.status_code == 502
    assert "default/old does not speak HTTP/2" in answer.json()["detail"]


def test_no_upgrade_goes_through(activator):
    answer = activator.request("plain", "/fields", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert answer.status_code == 200
    assert "upgrade" not in answer.json()
