# SPDX-License-Identifier: Apache-2.0
"""Records as nobody should write them: each ends at the sink or at the dead letter sink."""

import json

import confluent_kafka
import pytest
from conftest import wait_until
from dispatching import Sink, bootstrap_of, dispatch, make_broker, produce, source

MEGABYTE = 1_000_000
# An event of its own says by its id which record it is, as KafkaSource's do: `…offset:15`.
EVENT = [("ce_specversion", b"1.0"), ("ce_id", b"own/offset:15"), ("ce_source", b"/s"),
         ("ce_type", b"t")]

# What is odd about it: key, value, headers, and where it must end.
ODD = {
    "nothing at all": (None, None, [], "sink"),
    "no value": (b"k", None, [], "sink"),
    "no key": (None, b"v", [], "sink"),
    "an empty value": (b"k", b"", [], "sink"),
    "a large value": (b"k", b"v" * 900_000, [], "sink"),
    "a value that is no text": (b"k", bytes(range(256)), [], "sink"),
    "a key that is no text": (b"\xff\xfe\x00", b"v", [], "sink"),
    "a long key": (b"k" * 4000, b"v", [], "sink"),
    "a header that is no text": (b"k", b"v", [("h", b"\xff\xfe")], "sink"),
    "a header without a value": (b"k", b"v", [("h", None)], "sink"),
    "a header of control characters": (b"k", b"v", [("h", b"a\r\nInjected: 1\x00")], "sink"),
    "a header whose name is no attribute": (b"k", b"v", [("Ünï cödé", b"1")], "sink"),
    "a header without a name": (b"k", b"v", [("", b"1")], "sink"),
    "headers twice": (b"k", b"v", [("h", b"1"), ("h", b"2")], "sink"),
    "many headers": (b"k", b"v", [(f"h{n}", b"1") for n in range(60)], "sink"),
    "an event": (b"k", b"v", EVENT, "sink"),
    "an event without its source": (b"k", b"v", [EVENT[0], EVENT[1], EVENT[3]], "letters"),
    "an event of the future": (b"k", b"v", [("ce_specversion", b"9.0"), *EVENT[1:]], "letters"),
    "an event with an attribute twice": (
        b"k", b"v", [*EVENT, ("ce_id", b"own/offset:18")], "sink"),
    "a type that promises an event": (
        b"k", b"no event", [("content-type", b"application/cloudevents+json")], "letters"),
    "a type that is no type": (b"k", b"v", [("content-type", b"\x01\x02")], "sink"),
    "a header of a megabyte": (b"k", b"v", [("h", b"x" * MEGABYTE)], "letters"),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    platform = make_broker(tmp_path_factory.mktemp("broker"), {"odd": 1})
    yield bootstrap_of(platform)
    assert platform.stop() == 0


def offset_of(event):
    """The record that an event was made of, by its id; what fits no header comes structured."""
    identity = event["fields"].get("ce-id") or json.loads(event["body"])["id"]
    return int(identity.rpartition(":")[2])


def test_each_ends_somewhere_and_none_stops_the_others(broker, tmp_path):
    sink, letters = Sink(), Sink()
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": broker, "message.max.bytes": 4 * MEGABYTE})
    for key, value, headers, _ in ODD.values():
        producer.produce("odd", key=key, value=value, headers=headers, partition=0)
        assert producer.flush(60) == 0
    produce(broker, "odd", [("k", "last")])
    manifest = source(
        tmp_path, "odd", "odd", sink.url, {"max-record-bytes": 8 * MEGABYTE},
        delivery={"retry": 1, "backoffDelay": "PT0.1S", "deadLetterSink": {"uri": letters.url}})
    program = dispatch(broker, "-f", manifest)
    wait_until(lambda: "last" in sink.bodies(), "the last record")
    assert program.stop() == 0
    ended = {"sink": {offset_of(e) for e in sink.accepted},
             "letters": {offset_of(e) for e in letters.accepted}}
    for offset, (what, (*_, where)) in enumerate(ODD.items()):
        assert offset in ended[where], what
    assert not any("injected" in e["fields"] for e in sink.accepted)
