# SPDX-License-Identifier: Apache-2.0
"""What tests of the dispatcher share: a sink that writes down, topics, sources."""

import asyncio
import json
import os
import subprocess
import threading

import confluent_kafka.admin
import yaml
from conftest import Program


class Answer:
    """What the sink does with a request: a status, or None to break the connection."""

    def __init__(self, status=200, delay=0.0, fields=()):
        self.status, self.delay, self.fields = status, delay, fields


class Sink:
    """A small HTTP server on a thread of its own; `decide` says what it answers."""

    def __init__(self, decide=lambda event: Answer()):
        self.decide = decide
        self.events = []
        self.accepted = []
        self.inflight = 0
        self.most = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    def _run(self):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(
                self._serve, "127.0.0.1", 0, backlog=1024, limit=4 * 1024 * 1024))
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        self._ready.set()
        self.loop.run_forever()

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                fields = {}
                for line in head.split(b"\r\n")[1:-2]:
                    name, _, value = line.partition(b":")
                    fields[name.decode().lower()] = value.strip().decode("utf-8", "replace")
                body = await reader.readexactly(int(fields.get("content-length", 0)))
                event = {"fields": fields, "body": body.decode("utf-8", "replace")}
                self.events.append(event)
                answer = self.decide(event)
                self.inflight += 1
                self.most = max(self.most, self.inflight)
                if answer is not None and answer.delay:
                    await asyncio.sleep(answer.delay)
                self.inflight -= 1
                if answer is None:
                    writer.transport.abort()
                    return
                if answer.status < 300:
                    self.accepted.append(event)
                extra = "".join(f"{name}: {value}\r\n" for name, value in answer.fields)
                writer.write(
                    f"HTTP/1.1 {answer.status} X\r\nContent-Length: 0\r\n{extra}\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def bodies(self):
        """What was accepted, in its order."""
        return [event["body"] for event in self.accepted]


def make_broker(folder, topics):
    """A broker with these topics in a process of its own.

    KAFKA_BOOTSTRAP_SERVERS names another one instead, where the topics are made.
    """
    path = folder / "topics.yaml"
    path.write_text(yaml.dump_all(
        {"apiVersion": "kafka.strimzi.io/v1beta2", "kind": "KafkaTopic",
         "metadata": {"name": name}, "spec": {"partitions": count}}
        for name, count in topics.items()))
    program = Program("up", "-f", path, "--bucket-port", 0, "--admin-port", 0,
                      "--state", folder / "state", "--output", "json")
    program.bootstrap = program.ready_line()["kafka"]
    if other := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        make_topics(other, topics)
    return program


def make_topics(bootstrap, topics):
    """Makes topics on somebody's broker; one that is there already is left alone, and told."""
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": bootstrap})
    present = sorted(set(topics) & set(admin.list_topics(timeout=30).topics))
    assert not present, f"{bootstrap} has topics of the tests' names; remove them: {present}"
    made = admin.create_topics(
        [confluent_kafka.admin.NewTopic(name, count) for name, count in topics.items()])
    for done in made.values():
        done.result()


def bootstrap_of(platform):
    """Where the tests' broker is."""
    return os.environ.get("KAFKA_BOOTSTRAP_SERVERS", platform.bootstrap)


def source(folder, name, topic, sink, annotations=None, **spec):
    """The manifest of a source, in a file; `sink` is an address or a whole destination."""
    document = {
        "apiVersion": "sources.knative.dev/v1", "kind": "KafkaSource",
        "metadata": {"name": name, "annotations": {
            # Only makes this broker's rebalances short.
            "swiftlet.dev/kafka-properties": "session.timeout.ms=4000,heartbeat.interval.ms=200",
            **{f"swiftlet.dev/{key}": str(value) for key, value in (annotations or {}).items()}}},
        "spec": {"bootstrapServers": ["unused:1"], "topics": [topic], "consumerGroup": name,
                 "initialOffset": "earliest",
                 "sink": {"uri": sink} if isinstance(sink, str) else sink, **spec},
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.dump(document))
    return path


def produce(bootstrap, topic, records):
    """Appends (key, value) pairs, in their order."""
    text = "".join(f"{key}|{value}\n" for key, value in records)
    subprocess.run(["kcat", "-b", bootstrap, "-P", "-t", topic, "-K", "|", "-X",
                    "queue.buffering.max.messages=200000"],
                   input=text, text=True, check=True, timeout=120)


def consume(bootstrap, topic):
    """All records of a topic."""
    done = subprocess.run(
        ["kcat", "-b", bootstrap, "-C", "-t", topic, "-e", "-q", "-J", "-o", "beginning"],
        capture_output=True, text=True, check=True, timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def dispatch(bootstrap, *arguments, environment=None, wait=True):
    """A dispatcher as a process; ready when it is given back, unless nobody waits."""
    program = Program("dispatch", *arguments, "--kafka", bootstrap, "--admin-port", 0,
                      "--output", "json", environment=environment)
    if wait:
        program.addresses = program.ready_line()
    return program


def check_order(bodies):
    """The first delivery of each record comes after those of all earlier ones of its key."""
    last, seen = {}, set()
    for body in bodies:
        if body in seen:
            continue
        seen.add(body)
        key, number = body.split(":")
        assert int(number) > last.get(key, -1), f"{body} came after {last[key]}"
        last[key] = int(number)
