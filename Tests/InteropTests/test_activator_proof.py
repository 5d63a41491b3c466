# SPDX-License-Identifier: Apache-2.0
"""What the activator promises, with the real programs under more than they will ever see."""

import asyncio
import collections
import contextlib
import hashlib
import os
import pathlib
import re
import resource
import signal
import sys
from random import Random

import pytest
from activator_program import Activator, Answer, event, exchange, request, service, write
from conftest import DEADLINE, wait_until

CLIENTS = 8
# Turns from zero to one and back; more of them by hand, `SWIFTLET_PROOF_CYCLES=1000`.
CYCLES = int(os.environ.get("SWIFTLET_PROOF_CYCLES", 40))
DISPLAY = service("event-display", "event-display")
# What the test and the program may each open, but for some that they need themselves.
MANY = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500)

HELD_BYTES_MAX = 48 << 20
THOUSAND_BYTES_MAX = 64 << 20


@pytest.fixture
def start(tmp_path):
    programs = []

    def begin(documents, *arguments, port=0, descriptors=None):
        manifest = write(tmp_path / "functions.yaml", *documents)
        programs.append(Activator(manifest, *arguments, port=port, descriptors=descriptors))
        return programs[-1]

    yield begin
    for program in programs:
        assert program.stop() in (0, -signal.SIGKILL)


def shown(*programs):
    """How often the function showed each event."""
    lines = (line for program in programs for line in list(program.log))
    return collections.Counter(
        match[1] for line in lines if (match := re.search(r": +id: (\S+)$", line)))


def descriptors_at_zero(program):
    """How many the program has open when it has served one request and is at zero again."""
    assert asyncio.run(request(program.port)).status == 200
    wait_until(program.is_at_zero, "it is at zero")
    return program.descriptors()


def test_from_zero_to_one_and_back_no_event_fails_or_comes_twice(start):
    program = start([DISPLAY], "--idle", "1ms")

    async def turn(number):
        answers = await asyncio.gather(*(
            request(program.port, fields=event(f"{number}-{client}"), body=b"")
            for client in range(CLIENTS)))
        assert [answer.status for answer in answers] == [200] * CLIENTS

    asyncio.run(turn("first"))
    wait_until(program.is_at_zero, "it is at zero")
    before = program.descriptors()
    for number in range(CYCLES):
        asyncio.run(turn(number))
        wait_until(program.is_at_zero, "it is at zero again")
    wait_until(lambda: program.descriptors() <= before, "all descriptors are closed")
    (state,) = program.functions()
    assert state["crashes"] == 0 and state["requests"] == CLIENTS * (CYCLES + 1)
    assert state["started"] > CYCLES
    counts = wait_until(lambda: (c := shown(program)) and len(c) == CLIENTS * (CYCLES + 1) and c,
                        "each event was shown")
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("concurrency", [1, 10])
def test_a_burst_at_zero_is_served_or_refused_by_the_bound(start, concurrency):
    program = start([service("hello", "hello", containerConcurrency=concurrency)], "--idle", "1s")
    before = descriptors_at_zero(program)

    async def burst():
        return await asyncio.gather(*(request(program.port) for _ in range(MANY)))

    answers = collections.Counter()
    for answer in asyncio.run(burst()):
        answers[answer.status] += 1
        assert answer.status == 200 and answer.body == b"Hello, World!\n" \
            or answer.status == 503 and b"\r\nretry-after: " in answer.head, answer.head
    # As many may wait as there are.
    assert answers == {200: MANY}
    wait_until(program.is_at_zero, "it is at zero again")
    wait_until(lambda: program.descriptors() <= before, "all descriptors are closed")
    (state,) = program.functions()
    assert state["crashes"] == 0 and state["requests"] == MANY + 1


def test_clients_leave_descriptors_to_the_instances(start):
    """Clients that hold all they can get do not keep the others' requests from an instance."""
    program = start([service("hello", "hello")], "--idle", "1s", descriptors=64)

    async def crowd():
        first = await asyncio.open_connection("127.0.0.1", program.port)
        others = [await asyncio.open_connection("127.0.0.1", program.port) for _ in range(100)]
        assert (await exchange(first)).status == 200
        for _, writer in others:
            writer.close()
        # Room again for those that come.
        assert (await request(program.port)).status == 200

    asyncio.run(crowd())
    assert not [line for line in program.log if "Too many open files" in line]


def test_held_connections_cost_little_memory(start):
    program = start([service("hello", "hello")], "--idle", "1s")
    before = descriptors_at_zero(program)

    async def hold():
        connections = []
        for _ in range(MANY):
            connections.append(await asyncio.open_connection("127.0.0.1", program.port))
            assert (await exchange(connections[-1])).status == 200
        held = program.descriptors() - before, program.resident_bytes()
        # They are all still of use.
        assert (await exchange(connections[0])).status == 200
        for _, writer in connections:
            writer.close()
        return held

    count, held = asyncio.run(hold())
    print(f"{MANY} connections: {held / 1e6:.1f} MB")
    assert count >= MANY and held <= HELD_BYTES_MAX
    wait_until(program.is_at_zero, "it is at zero again")
    wait_until(lambda: program.descriptors() <= before, "all descriptors are closed")


def test_a_thousand_functions_at_zero(start):
    program = start([service(f"hello-{number}", "hello") for number in range(1000)])
    assert program.is_at_zero() and len(program.functions()) == 1000
    at_zero = program.resident_bytes()
    print(f"1 000 functions: {at_zero / 1e6:.1f} MB")
    assert at_zero <= THOUSAND_BYTES_MAX and program.descriptors() < 64
    answer = asyncio.run(request(program.port, host="hello-777.default.localhost"))
    assert answer.status == 200


def test_manifests_change_under_load_without_a_failed_request(start, tmp_path):
    def version(number):
        changed = service("event-display", "event-display")
        container = changed["spec"]["template"]["spec"]["containers"][0]
        container["env"] = [{"name": "VERSION", "value": str(number)}]
        return changed

    program = start([version(0)])
    sent = []
    is_over = asyncio.Event()

    async def client(name):
        while not is_over.is_set():
            identity = f"{name}-{len(sent)}"
            sent.append(identity)
            answer = await request(program.port, fields=event(identity), body=b"")
            assert answer.status == 200, (answer.head, answer.body)

    async def change():
        for number in range(1, 6):
            count = len(sent)
            await asyncio.to_thread(write, tmp_path / "functions.yaml", version(number))
            revision = f"event-display-0000{number + 1}"
            await asyncio.to_thread(
                wait_until, lambda: any(
                    one["revision"] == revision and one["instances"] and one["isReachable"]
                    for one in program.functions()), f"{revision} is up")
            while len(sent) < count + 50:
                await asyncio.sleep(0.01)
        is_over.set()

    async def run():
        await asyncio.gather(change(), *(client(number) for number in range(CLIENTS)))

    asyncio.run(run())
    counts = wait_until(lambda: (c := shown(program)) and len(c) == len(sent) and c,
                        "each event was shown")
    assert set(counts.values()) == {1}
    # What nothing names any more ends by itself.
    wait_until(lambda: sum(len(one["instances"]) for one in program.functions()) <= 1,
               "only the newest revision has an instance")


def signal_one_instance(program, number, random):
    """Sends a signal to one of the ready instances, if there are any."""
    ready = [instance["pid"] for function in program.functions()
             for instance in function["instances"] if instance["state"] == "ready"]
    if ready:
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(ready), number)


def test_instances_killed_under_load_fail_only_what_they_had(start):
    concurrency, kills = 4, 20
    display = service(
        "event-display", "event-display", {"autoscaling.knative.dev/max-scale": "3"},
        containerConcurrency=concurrency)
    program = start([display], "--idle", "5s")
    answered, failed = [], []
    is_over = asyncio.Event()
    random = Random(7)

    async def client(name):
        count = 0
        while not is_over.is_set():
            count += 1
            identity = f"{name}-{count}"
            answer = await request(program.port, fields=event(identity), body=b"{}" * 500)
            if answer.status == 503 and b"\r\nretry-after: " in answer.head:
                # Several in a row ended before they answered anything, so that starts rest.
                await asyncio.sleep(0.1)
                continue
            (answered if answer.status == 200 else failed).append(identity)
            assert answer.status == 200 or answer.status == 502 \
                and b"default/event-display" in answer.body, (answer.head, answer.body)

    async def kill():
        for _ in range(kills):
            count = len(answered)
            while len(answered) < count + 50:
                await asyncio.sleep(0.005)
            signal_one_instance(program, signal.SIGKILL, random)
        is_over.set()

    async def run():
        await asyncio.gather(kill(), *(client(number) for number in range(12)))

    asyncio.run(run())
    assert len(failed) <= kills * concurrency, f"{len(failed)} failed"
    counts = wait_until(lambda: (c := shown(program)) and set(answered) <= set(c) and c,
                        "each answered event was shown")
    # What failed may have been done, for its instance had it; nothing was done twice.
    assert set(counts.values()) == {1} and set(counts) <= {*answered, *failed}


async def upload(port, random):
    """Sends a body longer than is kept; the answer, if one came, and whether it is of all of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    digest, left = hashlib.sha256(), random.randrange(70_000, 300_000)
    try:
        writer.write(b"POST / HTTP/1.1\r\nHost: digest\r\nTransfer-Encoding: chunked\r\n\r\n")
        while left:
            piece = random.randbytes(min(left, random.randrange(1, 40_000)))
            left -= len(piece)
            digest.update(piece)
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.write(b"0\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"\r\ncontent-length: (\d+)", head.lower())[1])
        answer = Answer(head, await reader.readexactly(length))
        return answer, answer.body == digest.hexdigest().encode()
    except (OSError, asyncio.IncompleteReadError):
        return None, False
    finally:
        writer.close()


def test_uploads_to_instances_that_go_arrive_whole_or_fail(start):
    function = pathlib.Path(__file__).parent / "digest_function.py"
    digest = service(
        "digest", "digest", {"autoscaling.knative.dev/max-scale": "1"}, containerConcurrency=8)
    digest["metadata"]["annotations"] = {"swiftlet.dev/command": f"{sys.executable} {function}"}
    program = start([digest])
    random, whole, failed = Random(11), [], []
    is_over = asyncio.Event()

    async def client(number):
        own = Random(number)
        while not is_over.is_set():
            answer, is_whole = await upload(program.port, own)
            if answer and answer.status == 200:
                assert is_whole, "a part of a body was taken for all of it"
                whole.append(number)
                continue
            assert not answer or answer.status in (502, 503), answer.head
            failed.append(number)
            await asyncio.sleep(0.1)

    async def end_instances():
        for turn in range(20):
            count = len(whole)
            while len(whole) < count + 10:
                await asyncio.sleep(0.005)
            way = signal.SIGKILL if turn % 2 else signal.SIGUSR1
            signal_one_instance(program, way, random)
        is_over.set()

    async def run():
        async with asyncio.timeout(DEADLINE * 3), asyncio.TaskGroup() as group:
            group.create_task(end_instances())
            for number in range(CLIENTS):
                group.create_task(client(number))

    asyncio.run(run())
    print(f"{len(whole)} uploads came whole, {len(failed)} failed")
    wait_until(lambda: not any(one["inFlight"] for one in program.functions()),
               "no place of an instance stays taken")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_loses_and_repeats_nothing_that_was_answered(start, number):
    first = start([DISPLAY])
    answered, unanswered = [], []
    is_over = asyncio.Event()

    async def client(name):
        count = 0
        while not is_over.is_set():
            count += 1
            identity = f"{name}-{count}"
            try:
                answer = await request(first.port, fields=event(identity), body=b"")
            except (OSError, asyncio.IncompleteReadError):
                unanswered.append(identity)
                await asyncio.sleep(0.01)
                continue
            if answer.status == 200:
                answered.append(identity)
            else:
                # While it stops, it says so; nothing else is an answer here.
                assert answer.status == 503 and number == signal.SIGTERM, answer.head
                unanswered.append(identity)

    async def restart():
        while len(answered) < 200:
            await asyncio.sleep(0.01)
        code = await asyncio.to_thread(first.stop, number)
        assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
        second = await asyncio.to_thread(start, [DISPLAY], port=first.port)
        count = len(answered)
        while len(answered) < count + 200:
            await asyncio.sleep(0.01)
        is_over.set()
        return second

    async def run():
        second, *_ = await asyncio.gather(restart(), *(client(name) for name in range(CLIENTS)))
        return second

    second = asyncio.run(run())
    # What a killed program had not yet logged is lost with it.
    if number == signal.SIGTERM:
        counts = wait_until(lambda: (c := shown(first, second)) and set(answered) <= set(c) and c,
                            "each answered event was shown")
        assert not set(unanswered) & set(counts), "nothing was done that was not answered"
    assert set(shown(first, second).values()) == {1}
    (state,) = second.functions()
    assert state["crashes"] == 0
