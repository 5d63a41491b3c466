# SPDX-License-Identifier: Apache-2.0
"""Members of a consumer group that freeze, and members that keep their place."""

import signal

import confluent_kafka
import pytest
import requests
from conftest import wait_until
from dispatching import Answer, Sink, bootstrap_of, dispatch, make_broker, produce, source

PARTITIONS = 4
TOPICS = {name: PARTITIONS for name in ("frozen", "static", "dynamic")}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    platform = make_broker(tmp_path_factory.mktemp("broker"), TOPICS)
    yield bootstrap_of(platform)
    assert platform.stop() == 0


def committed(broker, group, topic):
    """Where the group goes on, by partition."""
    client = confluent_kafka.Consumer({"bootstrap.servers": broker, "group.id": group})
    try:
        places = [confluent_kafka.TopicPartition(topic, number) for number in range(PARTITIONS)]
        return [place.offset for place in client.committed(places, timeout=30)]
    finally:
        client.close()


def ends(broker, topic):
    """One past the last record, by partition."""
    client = confluent_kafka.Consumer({"bootstrap.servers": broker, "group.id": "ends"})
    try:
        return [client.get_watermark_offsets(confluent_kafka.TopicPartition(topic, number),
                                             timeout=30)[1] for number in range(PARTITIONS)]
    finally:
        client.close()


def assigned(program, topic):
    """How many partitions the program was given and did not give back, by its log."""
    count = 0
    for line in program.log:
        of = line.count(f"{topic}[")
        if "Partitions were assigned" in line:
            count += of
        elif "Partitions were revoked" in line or "Partitions were lost" in line:
            count -= of
    return count


def test_who_was_frozen_commits_nothing_that_is_no_longer_its_own(broker, tmp_path):
    records = [(f"k{n % 40}", str(n)) for n in range(2_000)]
    produce(broker, "frozen", records)
    sink = Sink(lambda event: Answer(delay=0.002))
    rate = 200
    manifest = source(tmp_path, "frozen", "frozen", sink.url, {"rate": rate, "max-in-flight": 16},
                      ordering="unordered")
    first = dispatch(broker, "-f", manifest)
    second = dispatch(broker, "-f", manifest)
    wait_until(lambda: assigned(second, "frozen") and assigned(first, "frozen") < PARTITIONS,
               "partitions of both")
    first.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: assigned(second, "frozen") == PARTITIONS, "all partitions of the second")
    wait_until(lambda: set(sink.bodies()) >= {value for _, value in records}, "all events")
    wait_until(lambda: committed(broker, "frozen", "frozen") == ends(broker, "frozen"),
               "everything is committed")
    places = committed(broker, "frozen", "frozen")
    first.process.send_signal(signal.SIGCONT)
    wait_until(lambda: assigned(first, "frozen") and assigned(second, "frozen") < PARTITIONS,
               "partitions of the first once more")
    # What it had under way when it froze must not have moved the group back.
    assert all(now >= before for now, before in
               zip(committed(broker, "frozen", "frozen"), places))
    produce(broker, "frozen", [(f"k{n}", f"late{n}") for n in range(40)])
    wait_until(lambda: set(sink.bodies()) >= {f"late{n}" for n in range(40)}, "the late events")
    wait_until(lambda: committed(broker, "frozen", "frozen") == ends(broker, "frozen"),
               "everything is committed once more")
    assert first.stop() == 0
    assert second.stop() == 0
    duplicates = len(sink.accepted) - len(records) - 40
    print(f"{duplicates} duplicates")
    # What was with the sink or answered since the last commit: of the first when it froze, and of
    # both at the moves of a rebalance.
    assert duplicates <= 4 * 6 * rate


def rebalances(program):
    """How often partitions came or went, as the metrics have it."""
    text = requests.get(program.addresses["admin"] + "/metrics", timeout=10).text
    return sum(float(line.split()[-1]) for line in text.splitlines()
               if line.startswith("swiftlet_kafkasource_rebalances_total"))


@pytest.mark.parametrize("name", ["static", "dynamic"])
def test_who_stops_for_a_restart_keeps_its_partitions_if_it_is_static(broker, tmp_path, name):
    sink = Sink()
    annotations = {
        "kafka-properties": "session.timeout.ms=6000,heartbeat.interval.ms=200",
        **({"static-member": "true"} if name == "static" else {}),
    }
    manifest = source(tmp_path, name, name, sink.url, annotations, ordering="unordered")
    first = dispatch(broker, "-f", manifest, environment={"HOSTNAME": "pod-0"})
    second = dispatch(broker, "-f", manifest, environment={"HOSTNAME": "pod-1"})
    wait_until(lambda: assigned(first, name) == assigned(second, name) == PARTITIONS // 2,
               "half of the partitions each")
    before = rebalances(second)
    assert first.stop(signal.SIGTERM) == 0
    produce(broker, name, [(f"k{n}", str(n)) for n in range(100)])
    if name == "static":
        # The second is served as before, and nobody took the place of the first.
        wait_until(lambda: len(sink.accepted) > 10, "events of the second")
        assert rebalances(second) == before
        assert len(set(sink.bodies())) < 100
        first = dispatch(broker, "-f", manifest, environment={"HOSTNAME": "pod-0"})
    wait_until(lambda: len(set(sink.bodies())) == 100, "all events")
    if name == "dynamic":
        assert rebalances(second) > before
    else:
        assert first.stop() == 0
    assert second.stop() == 0
