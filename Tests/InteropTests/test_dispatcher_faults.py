# SPDX-License-Identifier: Apache-2.0
"""The dispatcher against processes that die, sinks that fail and contracts that change."""

import json
import random
import subprocess
import threading

import pytest
from conftest import BIN, clean_environment, wait_until
from dispatching import (
    Answer, Sink, bootstrap_of, check_order, consume, dispatch, make_broker, produce, source)

TOPICS = {name: 4 for name in ("kills", "moves")} | {
    name: 1 for name in (
        "faults", "dead", "letters", "contract-a", "contract-b", "contract-moved", "again")}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    platform = make_broker(tmp_path_factory.mktemp("broker"), TOPICS)
    yield bootstrap_of(platform)
    assert platform.stop() == 0


def numbered(count, keys):
    return [(f"k{n % keys}", f"k{n % keys}:{n}") for n in range(count)]


def test_ten_kills_lose_nothing_and_keep_the_order(broker, tmp_path):
    random.seed(7)
    records = numbered(10_000, 50)
    produce(broker, "kills", records)
    sink = Sink(lambda event: Answer(delay=0.002))
    rate = 2500
    manifest = source(tmp_path, "kills", "kills", sink.url,
                      {"ordering": "key", "max-in-flight": 32, "rate": rate})
    wanted = {value for _, value in records}
    kills = 10
    for _ in range(kills):
        before = len(sink.accepted)
        program = dispatch(broker, "-f", manifest, wait=False)
        enough = before + random.randint(1, 900)
        wait_until(lambda: len(sink.accepted) >= enough, f"{enough} events")
        program.process.kill()
        program.process.wait()
    program = dispatch(broker, "-f", manifest, wait=False)
    wait_until(lambda: set(sink.bodies()) >= wanted, "all events")
    assert program.stop() == 0
    bodies = sink.bodies()
    assert set(bodies) == wanted
    check_order(bodies)
    duplicates = len(bodies) - len(wanted)
    print(f"{kills} kills, {duplicates} duplicates")
    # What was answered in the second before the last commit, and what was under way.
    assert duplicates <= kills * (2 * rate + 32)


def test_dispatchers_come_and_go(broker, tmp_path):
    records = numbered(4_000, 40)
    produce(broker, "moves", records)
    sink = Sink(lambda event: Answer(delay=0.002))
    rate = 200
    manifest = source(tmp_path, "moves", "moves", sink.url, {"rate": rate}, ordering="unordered")
    wanted = {value for _, value in records}
    first = dispatch(broker, "-f", manifest)
    wait_until(lambda: len(sink.accepted) > 200, "the first events")
    second = dispatch(broker, "-f", manifest, wait=False)
    wait_until(lambda: any("Partitions were assigned" in line and "moves[" in line
                           for line in second.log), "partitions of the second")
    # Time for both to commit: this broker takes no commit while a rebalance is under way.
    enough = len(sink.accepted) + 4 * rate
    wait_until(lambda: len(sink.accepted) >= enough, "more events")
    assert first.stop() == 0
    wait_until(lambda: set(sink.bodies()) >= wanted, "all events")
    assert second.stop() == 0
    duplicates = len(sink.accepted) - len(wanted)
    print(f"{duplicates} duplicates")
    # What was answered while two rebalances were under way, of six seconds at most.
    assert duplicates <= 2 * 6 * rate


def test_a_sink_with_all_faults_and_a_dead_letter_sink_that_is_down(broker, tmp_path):
    count = 120
    tried, lock = {}, threading.Lock()

    def decide(event):
        number = int(event["body"])
        with lock:
            attempt = tried[number] = tried.get(number, 0) + 1
        if number % 40 == 39:
            return Answer(status=400)
        if attempt == 1:
            return {0: Answer(status=404), 1: None, 2: Answer(delay=3),
                    3: Answer(status=429, fields=[("Retry-After", "1")]),
                    4: Answer(status=503)}.get(number % 12, Answer())
        return Answer()

    is_down = threading.Event()
    is_down.set()
    letters = Sink(lambda event: Answer(status=503 if is_down.is_set() else 200))
    sink = Sink(decide)
    manifest = source(
        tmp_path, "faults", "faults", sink.url, ordering="unordered",
        delivery={"retry": 5, "backoffDelay": "PT0.1S", "timeout": "PT1S",
                  "deadLetterSink": {"uri": letters.url}})
    produce(broker, "faults", [("k", n) for n in range(count)])
    program = dispatch(broker, "-f", manifest)
    good = {str(n) for n in range(count) if n % 40 != 39}
    wait_until(lambda: set(sink.bodies()) >= good, "the good events")
    wait_until(lambda: letters.events, "an attempt with the dead letter sink")
    assert not letters.accepted
    is_down.clear()
    wait_until(lambda: len(set(letters.bodies())) == count // 40, "the dead letters")
    assert {event["fields"]["ce-knativeerrorcode"] for event in letters.accepted} == {"400"}
    assert program.stop() == 0
    # Refused once, each is tried once more; those that hang come to the sink twice as well.
    assert all(tried[n] <= 6 for n in range(count))
    assert all(tried[n] == 1 for n in range(count) if n % 40 == 39)


def test_a_contract_is_followed(broker, tmp_path):
    sinks = {name: Sink() for name in ("a", "b")}

    def contract(generation, *names):
        return json.dumps({"generation": str(generation), "resources": [
            {"uid": f"r-{name}", "topics": [f"contract-{name}"], "bootstrapServers": broker,
             "reference": {"namespace": "ns", "name": name},
             "egresses": [{"uid": f"e-{name}", "consumerGroup": f"contract-{name}",
                           "destination": sinks[name].url, "discardReply": {},
                           "deliveryOrder": "ORDERED" if name == "a" else "UNORDERED",
                           "egressConfig": {"retry": 3, "backoffDelay": "100"}}]}
            for name in names]})

    path = tmp_path / "data"
    path.write_text(contract(1, "a"))
    for name in sinks:
        produce(broker, f"contract-{name}", [("k", f"{name}{n}") for n in range(20)])
    program = dispatch(broker, "--contract", path)
    wait_until(lambda: len(sinks["a"].accepted) == 20, "the events of a")
    assert not sinks["b"].events
    path.write_text("{ broken")
    wait_until(lambda: any("not followed" in line for line in program.log), "the complaint")
    path.write_text(contract(2, "a", "b"))
    wait_until(lambda: len(sinks["b"].accepted) == 20, "the events of b")
    source_of_b = sinks["b"].accepted[0]["fields"]["ce-source"]
    assert source_of_b == "/apis/v1/namespaces/ns/kafkasources/b#contract-b"
    produce(broker, "contract-a", [("k", "later")])
    wait_until(lambda: "later" in sinks["a"].bodies(), "a goes on")
    assert sum("Partitions were assigned" in line and "contract-a" in line
               for line in program.log) == 1, "a was not disturbed"
    assert program.stop() == 0


def test_a_mounted_contract_is_exchanged_by_its_link_and_a_changed_source_moves(broker, tmp_path):
    sinks = {name: Sink() for name in ("old", "new")}

    def publish(generation, name, **more):
        """What the kubelet does: a new folder, and a link that is renamed onto the old one."""
        folder = tmp_path / f"..{generation}"
        folder.mkdir()
        (folder / "data").write_text(json.dumps({"generation": generation, "resources": [
            {"uid": "r", "topics": ["contract-moved"], "bootstrapServers": broker,
             "egresses": [{"uid": "e", "consumerGroup": "contract-moved",
                           "destination": sinks[name].url, **more}]}]}))
        (tmp_path / "..new").symlink_to(folder.name)
        (tmp_path / "..new").rename(tmp_path / "..data")

    publish(1, "old")
    (tmp_path / "data").symlink_to("..data/data")
    produce(broker, "contract-moved", [("k", f"m{n}") for n in range(20)])
    program = dispatch(broker, "--contract", tmp_path / "data")
    wait_until(lambda: len(sinks["old"].accepted) == 20, "the events before")
    publish(2, "new", egressConfig={"retry": -1})
    wait_until(
        lambda: any("resources[0].egresses[0].egressConfig.retry must be" in line
                    for line in program.log), "the place of the mistake")
    publish(3, "new")
    produce(broker, "contract-moved", [("k", f"n{n}") for n in range(20)])
    everything = {f"m{n}" for n in range(20)} | {f"n{n}" for n in range(20)}
    wait_until(
        lambda: set(sinks["old"].bodies()) | set(sinks["new"].bodies()) == everything,
        "all events at one sink or the other")
    wait_until(
        lambda: produce(broker, "contract-moved", [("k", "last")]) or
        "last" in sinks["new"].bodies(), "the new sink gets events")
    assert program.stop() == 0


def swiftlet(*arguments):
    """Runs a verb to its end and gives its line of JSON."""
    done = subprocess.run([str(BIN / "swiftlet"), *map(str, arguments), "--output", "json"],
                          capture_output=True, text=True, timeout=120, env=clean_environment())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_dead_letters_are_redriven_and_ranges_replayed(broker, tmp_path):
    is_broken = threading.Event()
    is_broken.set()

    def decide(event):
        is_odd = int(event["body"].split(":")[1]) % 2 == 1
        return Answer(status=400 if is_broken.is_set() and is_odd else 200)

    sink = Sink(decide)
    manifest = source(tmp_path, "letters", "letters", sink.url,
                      delivery={"deadLetterSink": {"uri": "kafka:dead"}})
    produce(broker, "letters", numbered(20, 4))
    program = dispatch(broker, "-f", manifest)
    wait_until(lambda: len(consume(broker, "dead")) == 10, "ten dead letters")
    wait_until(lambda: len(sink.accepted) == 10, "ten events")
    letter = consume(broker, "dead")[0]
    assert letter["key"] == "k1" and letter["payload"] == "k1:1"
    is_broken.clear()
    flags = ("-f", manifest, "--kafka", broker)
    place = tmp_path / "place.json"
    result = swiftlet("redrive", *flags, "--resume", place)
    assert result["delivered"] == 10 and result["remaining"] == 0
    wait_until(lambda: len(sink.accepted) == 20, "the redriven events")
    again = [e for e in sink.accepted if e["body"] == "k1:1"][0]
    assert "ce-knativeerrorcode" not in again["fields"]
    # The place was kept: nothing is left.
    assert swiftlet("redrive", *flags, "--resume", place)["delivered"] == 0
    before = len(sink.accepted)
    result = swiftlet("replay", *flags, "--from", 2, "--to", 7, "--rate", 50)
    assert result["delivered"] == 5
    assert [e["fields"]["ce-knativekafkaoffset"] for e in sink.accepted[before:]] == list("23456")
    result = swiftlet("replay", *flags, "--from", 0, "--to", 10,
                      "--filter", "knativekafkaoffset = '3'")
    assert result["delivered"] == 1 and result["filtered"] == 9
    assert program.stop() == 0
