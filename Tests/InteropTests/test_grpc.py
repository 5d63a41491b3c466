# SPDX-License-Identifier: Apache-2.0
"""gRPC through the activator, from zero: grpcio is client and function."""

import concurrent.futures
import os
import queue

import grpc
import grpc_function
import pytest
import requests
from activating import Activator, service
from conftest import wait_until

FUNCTION = grpc_function.__file__
TIMEOUT = 60

def calling(activator, name):
    return grpc_function.Client(activator.address, f"{name}.default.localhost")


@pytest.fixture(scope="module")
def activator(tmp_path_factory):
    activator = Activator(
        tmp_path_factory.mktemp("grpc"),
        service("echo", FUNCTION),
        service("narrow", FUNCTION, concurrency=2),
        service("brief", FUNCTION, timeout=1),
        service("late", f"{FUNCTION} 3", probe="{grpc: {service: test.Echo}}"),
    )
    activator.descriptors_at_first = activator.descriptor_count()
    yield activator
    assert activator.stop() == 0


@pytest.fixture
def client(activator):
    with calling(activator, "echo") as client:
        yield client


def test_unary_from_zero_with_metadata_both_ways(activator, client):
    wait_until(lambda: not activator.instances("echo"), "zero instances")
    answer, call = client.Unary.with_call(b"hello", timeout=TIMEOUT)
    assert answer == b"hello"
    assert dict(call.initial_metadata())["x-host"] == "echo.default.localhost"
    assert dict(call.initial_metadata())["x-swiftlet-cold-start"] == "true"
    assert dict(call.trailing_metadata())["x-length"] == "5"
    assert call.code() == grpc.StatusCode.OK


def test_client_streaming(client):
    assert client.Collect((b"x" * 1000 for _ in range(500)), timeout=TIMEOUT) == b"500000"


def test_server_streaming(client):
    answers = list(client.Count(b"500", timeout=TIMEOUT))
    assert answers == [str(number).encode() for number in range(500)]


def test_bidirectional_streaming_is_not_held_back(client):
    questions = queue.Queue()
    call = client.Chat(iter(questions.get, None), timeout=TIMEOUT)
    for number in range(100):
        questions.put(str(number).encode())
        assert next(call) == str(number).encode()
    questions.put(None)
    assert list(call) == []


def test_a_status_with_details(client):
    with pytest.raises(grpc.RpcError) as failure:
        client.Fail(b"", timeout=TIMEOUT)
    assert failure.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert failure.value.details() == "100 % née\nof two lines"
    assert dict(failure.value.trailing_metadata())["x-details-bin"] == b"\x00\xff\x01"


def test_a_status_while_the_client_still_sends(client):
    questions = queue.Queue()
    questions.put(b"stop")
    with pytest.raises(grpc.RpcError) as failure:
        list(client.Chat(iter(questions.get, None), timeout=TIMEOUT))
    questions.put(None)
    assert failure.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert failure.value.details() == "enough"


@pytest.mark.parametrize("size", [65_535, 65_536, 5_000_000, 32 * 1024 * 1024])
def test_large_messages(client, size):
    message = os.urandom(size)
    assert client.Unary(message, timeout=TIMEOUT) == message


def test_a_deadline_of_the_client(client):
    with pytest.raises(grpc.RpcError) as failure:
        client.Slow(b"30", timeout=0.2)
    assert failure.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_cancelled_call_is_cancelled_in_the_function(client):
    before = client.stats()["cancelled"]
    call = client.Wait(b"", timeout=TIMEOUT)
    assert next(call) == b"waiting"
    call.cancel()
    wait_until(lambda: client.stats()["cancelled"] == before + 1, "the function hears of it")


def test_64_streams_at_once(client):
    questions = [queue.Queue() for _ in range(64)]
    calls = [client.Chat(iter(each.get, None), timeout=TIMEOUT) for each in questions]
    for turn in range(3):
        for number, each in enumerate(questions):
            each.put(b"%d/%d" % (turn, number))
        for number, call in enumerate(calls):
            assert next(call) == b"%d/%d" % (turn, number)
    assert client.stats()["running"] >= 64
    for each in questions:
        each.put(None)
    assert all(list(call) == [] for call in calls)


def test_concurrency_is_honoured(activator):
    with calling(activator, "narrow") as client, concurrent.futures.ThreadPoolExecutor(12) as pool:
        def call(number):
            return client.Slow(b"0.05", timeout=TIMEOUT)
        assert list(pool.map(call, range(12))) == [b"0.05"] * 12
        assert client.stats()["most"] <= 2


def test_a_slow_reader_stops_the_writer(activator, client):
    call = client.Flood(b"65536 4000", timeout=TIMEOUT)
    assert len(next(call)) == 65536
    assert activator.resident_kilobytes() < 100_000
    assert sum(len(message) for message in call) == 65536 * 3999


def test_the_time_of_a_revision(activator):
    with calling(activator, "brief") as client, pytest.raises(grpc.RpcError) as failure:
        client.Slow(b"30", timeout=TIMEOUT)
    assert failure.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert "timeoutSeconds" in failure.value.details()


def test_a_killed_instance_is_unavailable_and_the_next_call_has_another(activator, client):
    before = client.stats()["pid"]
    call = client.Chat(iter([b"one", b"die"]), timeout=TIMEOUT)
    assert next(call) == b"one"
    with pytest.raises(grpc.RpcError) as failure:
        next(call)
    assert failure.value.code() == grpc.StatusCode.UNAVAILABLE
    assert "default/echo" in failure.value.details()
    assert client.stats()["pid"] != before


def test_an_unknown_host_is_unimplemented(activator):
    with calling(activator, "nobody") as client, pytest.raises(grpc.RpcError) as failure:
        client.Unary(b"", timeout=TIMEOUT)
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_client_of_http_1_reaches_it(activator, client):
    message = b"\x00\x00\x00\x00\x05hello"
    answer = requests.post(
        f"http://{activator.address}/{grpc_function.SERVICE}/Unary", data=message,
        headers={"Host": "echo.default.localhost", "Content-Type": "application/grpc", "TE": "trailers"},
        timeout=TIMEOUT,
    )
    assert answer.status_code == 200
    assert answer.content == message


def test_its_health_check_says_when_it_is_ready(activator):
    with calling(activator, "late") as client:
        assert client.stats()["checks"] == 4


def test_one_that_never_serves_gets_no_call(tmp_path):
    activator = Activator(tmp_path, service("ill", f"{FUNCTION} 1000000000", probe="{grpc: {}}"))
    with calling(activator, "ill") as client, pytest.raises(grpc.RpcError) as failure:
        client.Unary(b"", timeout=1)
    assert failure.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert activator.stop() == 0


def test_back_to_zero(activator, client):
    assert client.Unary(b"last", timeout=TIMEOUT) == b"last"
    for name in ("echo", "narrow", "brief"):
        wait_until(lambda name=name: not activator.instances(name), f"no instance of {name}")
    # The channel of this test is open.
    most = activator.descriptors_at_first + 1
    wait_until(lambda: activator.descriptor_count() <= most, "no descriptor is left behind")
