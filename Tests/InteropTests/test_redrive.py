# SPDX-License-Identifier: Apache-2.0
"""Replaying and redriving as people do it, between kcat's records and a plain HTTP server."""

import http.server
import json
import re
import signal
import subprocess
import threading

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from conftest import BIN, DEADLINE, Program, clean_environment, wait_until

TOPICS = {
    name: f"""
apiVersion: kafka.strimzi.io/v1beta2
kind: KafkaTopic
metadata: {{name: {name}, namespace: shop}}
spec: {{partitions: {partitions}, replicas: 1}}
"""
    for name, partitions in {"orders": 2, "dead": 1, "copies": 1}.items()
}
SOURCE = """
apiVersion: sources.knative.dev/v1
kind: KafkaSource
metadata: {{name: orders, namespace: shop}}
spec:
  bootstrapServers: ["kafka.example:9092"]
  topics: [orders]
  consumerGroup: receivers
  delivery: {{retry: 1, backoffDelay: PT0.01S}}
  sink: {{uri: "{url}"}}
"""


class Receiver(http.server.ThreadingHTTPServer):
    """A sink that keeps what comes, and refuses the bodies it is told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.events = []
        self.refused = {}
        self.open = threading.Event()
        self.open.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"

    @property
    def bodies(self):
        return [body for _, body in self.events]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.open.wait(DEADLINE)
        self.server.events.append((dict(self.headers), body))
        self.send_response(self.server.refused.get(body, 202))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def kafka(tmp_path_factory):
    """An embedded broker with empty topics."""
    folder = tmp_path_factory.mktemp("redrive")
    manifest = folder / "topics.yaml"
    manifest.write_text("---".join(TOPICS.values()))
    program = Program(
        "up", "-f", manifest, "--bucket-port", 0, "--admin-port", 0, "--state", folder / "state",
        "--output", "json",
    )
    bootstrap = program.ready_line()["kafka"]
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(60):
        producer.produce("orders", f"o{number}", key="k", partition=0)
    for number in range(20):
        producer.produce("orders", f"p{number}", partition=1)
    producer.flush(DEADLINE)
    yield bootstrap
    assert program.stop() == 0


@pytest.fixture
def sink():
    receiver = Receiver()
    yield receiver
    receiver.shutdown()


def swiftlet(*arguments):
    """Runs a command to its end."""
    return subprocess.run(
        [str(BIN / "swiftlet"), *map(str, arguments)],
        capture_output=True, text=True, timeout=DEADLINE, env=clean_environment(),
        stdin=subprocess.DEVNULL,
    )


def records(bootstrap, topic):
    """All records of a topic, as kcat reads them."""
    done = subprocess.run(
        ["kcat", "-b", bootstrap, "-C", "-t", topic, "-e", "-q", "-J", "-o", "beginning"],
        capture_output=True, text=True, check=True, timeout=DEADLINE,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_range_of_one_partition_reaches_the_sink_in_order(kafka, sink):
    done = swiftlet(
        "replay", "--kafka", kafka, "--topic", "orders", "--partitions", 0, "--from", 10,
        "--to", 20, "--sink", sink.url, "--source", "shop/orders", "-o", "json",
    )
    assert done.returncode == 0, done.stderr
    assert sink.bodies == [f"o{n}" for n in range(10, 20)]
    headers, _ = sink.events[0]
    assert headers["ce-source"] == "/apis/v1/namespaces/shop/kafkasources/orders#orders"
    assert headers["ce-id"] == "partition:0/offset:10"
    assert headers["Kn-Namespace"] == "shop"
    result = json.loads(done.stdout)
    assert result == {
        "delivered": 10, "filtered": 0, "failed": [], "remaining": 0, "interrupted": False,
    }


def test_the_source_of_a_manifest_is_replayed_and_no_group_moves(kafka, sink, tmp_path):
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "receivers"})
    place = [TopicPartition("orders", 0, 7), TopicPartition("orders", 1, 3)]
    consumer.commit(offsets=place, asynchronous=False)
    source = tmp_path / "source.yaml"
    source.write_text(SOURCE.format(url=sink.url))
    done = swiftlet("replay", "-f", source, "--kafka", kafka, "--filter", "key = 'k'")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "60 delivered, 20 filtered out, 0 failed, 0 left\n"
    assert sink.bodies == [f"o{n}" for n in range(60)]
    found = consumer.committed([TopicPartition("orders", 0), TopicPartition("orders", 1)])
    assert [p.offset for p in found] == [7, 3]
    consumer.close()


def test_a_dry_run_shows_events_and_sends_none(kafka, sink):
    done = swiftlet(
        "replay", "--kafka", kafka, "--topic", "orders", "--partitions", "1", "--sink", sink.url,
        "--dry-run", "-o", "json", "--to", 5,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["offset"] for line in lines] == list(range(5))
    assert lines[0]["event"]["id"] == "partition:1/offset:0"
    assert lines[0]["to"] == sink.url
    assert sink.events == []


def test_what_fails_is_listed_and_sent_by_the_next_run(kafka, sink, tmp_path):
    sink.refused = {"o3": 422, "p5": 400}
    command = (
        "replay", "--kafka", kafka, "--topic", "orders", "--sink", sink.url,
        "--resume", tmp_path / "state.json",
    )
    done = swiftlet(*command, "-o", "json")
    assert done.returncode == 1
    failed = {(f["partition"], f["offset"], f["status"]) for f in json.loads(done.stdout)["failed"]}
    assert failed == {(0, 3, 422), (1, 5, 400)}
    assert "orders[0]@3: 422" in done.stderr
    assert "give the same command again" in done.stderr
    sink.refused, sink.events = {}, []
    done = swiftlet(*command)
    assert done.returncode == 0, done.stderr
    assert sorted(sink.bodies) == ["o3", "p5"]
    sink.events = []
    assert swiftlet(*command).returncode == 0
    assert sink.events == [], "nothing is left"
    done = swiftlet(*command, "--to", 5)
    assert done.returncode == 1 and "belongs to another job" in done.stderr


def test_ctrl_c_awaits_what_is_under_way_and_says_how_to_go_on(kafka, sink, tmp_path):
    command = (
        "replay", "--kafka", kafka, "--topic", "orders", "--partitions", 0, "--sink", sink.url,
        "--rate", "1000", "--resume", tmp_path / "state.json",
    )
    sink.open.clear()
    program = Program(*command)
    wait_until(lambda: (tmp_path / "state.json").exists(), "the state is written first")
    program.process.send_signal(signal.SIGINT)
    wait_until(lambda: any("Stopping" in line for line in program.log), "the interrupt is heard")
    sink.open.set()
    assert program.process.wait(DEADLINE) == 1
    wait_until(lambda: any("same command again" in line for line in program.log), "a hint")
    state = json.loads((tmp_path / "state.json").read_text())
    (left,) = state["partitions"][0]["remaining"]
    assert left == [len(sink.bodies), 60] and len(sink.bodies) <= 1
    done = swiftlet(*command)
    assert done.returncode == 0, done.stderr
    assert sink.bodies == [f"o{n}" for n in range(60)], "each once, in order"


def test_a_killed_replay_goes_on_where_it_was(kafka, sink, tmp_path):
    command = (
        "replay", "--kafka", kafka, "--topic", "orders", "--partitions", 0, "--sink", sink.url,
        "--rate", "20", "--resume", tmp_path / "state.json",
    )
    program = Program(*command)
    state = tmp_path / "state.json"
    wait_until(
        lambda: state.exists()
        and json.loads(state.read_text())["partitions"][0]["remaining"][0][0] > 0,
        "something is written down",
    )
    program.process.kill()
    program.process.wait()
    done = swiftlet(*command)
    assert done.returncode == 0, done.stderr
    assert set(sink.bodies) == {f"o{n}" for n in range(60)}, "none is missing"
    assert list(dict.fromkeys(sink.bodies)) == [f"o{n}" for n in range(60)], "in order"


def dead_letter(producer, topic, partition, offset, code):
    producer.produce(
        "dead", f"letter {partition}/{offset}", key="k",
        headers={
            "own": "header", "knativeerrordest": "http://sink/", "knativeerrorcode": str(code),
            "swiftlet-dead-letter-topic": topic,
            "swiftlet-dead-letter-partition": str(partition),
            "swiftlet-dead-letter-offset": str(offset),
            "swiftlet-dead-letter-reason": "refused",
        },
    )


def test_dead_letters_go_back_to_their_partition(kafka, sink):
    producer = Producer({"bootstrap.servers": kafka})
    dead_letter(producer, "orders", 1, 2, 503)
    dead_letter(producer, "orders", 0, 9, 400)
    producer.flush(DEADLINE)
    dry = swiftlet("redrive", "--kafka", kafka, "--topic", "dead", "--dry-run")
    assert dry.returncode == 0 and "orders[1]@2" in dry.stdout and "orders[0]@9" in dry.stdout
    before = len(records(kafka, "orders"))
    done = swiftlet(
        "redrive", "--kafka", kafka, "--topic", "dead", "--filter", "knativeerrorcode = '503'",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 delivered, 1 filtered out, 0 failed, 0 left\n"
    orders = records(kafka, "orders")
    assert len(orders) == before + 1
    (back,) = [r for r in orders if r["payload"].startswith("letter")]
    assert (back["partition"], back["key"], back["payload"]) == (1, "k", "letter 1/2")
    assert back["headers"] == ["own", "header"]
    # And to a sink, with the identity they had.
    done = swiftlet("redrive", "--kafka", kafka, "--topic", "dead", "--sink", sink.url)
    assert done.returncode == 0, done.stderr
    ids = [headers["ce-id"] for headers, _ in sink.events]
    assert ids == ["partition:1/offset:2", "partition:0/offset:9"]
    assert "ce-knativeerrorcode" not in sink.events[0][0]
    done = swiftlet("redrive", "--kafka", kafka, "--topic", "dead", "--sink", "kafka:copies")
    assert done.returncode == 0, done.stderr
    assert [r["payload"] for r in records(kafka, "copies")] == ["letter 1/2", "letter 0/9"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay",), "--kafka HOST:PORT"),
        (("replay", "--kafka", "a:1", "--topic", "t"), "--sink"),
        (("replay", "--kafka", "a:1", "--sink", "http://a/"), "--topic"),
        (("replay", "--kafka", "a:1", "--from", "noon"), "beginning, end, an offset"),
        (("replay", "--kafka", "a:1", "--filter", "key ="), "--filter"),
        (("replay", "--kafka", "a:1", "--partitions", "3-1"), "0,3-5"),
        (("replay", "--kafka", "a:1", "--rate", "0"), "--rate"),
        (("redrive", "--kafka", "a:1"), "--topic"),
        (("redrive", "--kafka", "a:1", "--topic", "t", "--to-sink"), "-f FILE"),
        (("redrive", "--kafka", "a:1", "--topic", "t", "--sink", "ftp://a"), "http://"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments, words):
    done = swiftlet(*arguments)
    assert done.returncode == 2
    assert words in done.stderr and len(done.stderr.splitlines()) == 1


def test_an_unknown_topic_is_one_sentence(kafka, sink):
    done = swiftlet(
        "replay", "--kafka", kafka, "--topic", "orders", "--partitions", 7, "--sink", sink.url,
    )
    assert done.returncode == 1
    assert "has no partition 7" in done.stderr


def test_help_teaches():
    for verb in ("replay", "redrive"):
        done = swiftlet(verb, "--help")
        assert done.returncode == 0
        assert re.search(rf"swiftlet {verb} .*--resume", done.stdout)
