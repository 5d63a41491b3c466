# SPDX-License-Identifier: Apache-2.0
"""What a receiver built on the Python SDK gets from the dispatcher."""

import datetime
import http.server
import json
import queue
import threading

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.bindings.kafka import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer
from conftest import Program

MANIFEST = """
apiVersion: sources.knative.dev/v1
kind: KafkaSource
metadata: {{name: orders, namespace: shop}}
spec:
  bootstrapServers: ["kafka.example:9092"]
  topics: [orders]
  consumerGroup: receivers
  initialOffset: earliest
  delivery: {{retry: 3, backoffDelay: PT0.05S}}
  ceOverrides: {{extensions: {{region: eu}}}}
  sink: {{uri: "http://127.0.0.1:{port}/events"}}
"""


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what comes; refuses the first delivery of everything."""

    protocol_version = "HTTP/1.1"
    requests = queue.Queue()
    seen = set()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        first = self.headers["ce-id"] not in self.seen
        self.seen.add(self.headers["ce-id"])
        if not first:
            self.requests.put((self.path, dict(self.headers), body))
        self.send_response(503 if first else 202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def received(tmp_path_factory):
    """The bootstrap servers of a running source, and the queue of what it delivers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    folder = tmp_path_factory.mktemp("orders")
    manifest = folder / "source.yaml"
    manifest.write_text(MANIFEST.format(port=server.server_port))
    program = Program(
        "up", "-f", manifest, "--bucket-port", 0, "--admin-port", 0, "--state", folder / "state",
        "--output", "json",
    )
    yield program.ready_line()["kafka"], Receiver.requests
    assert program.stop() == 0
    server.shutdown()


def test_a_plain_record_is_a_cloudevent(received):
    bootstrap, requests = received
    key = "exams/term 1+é 100% 😀.pdf"
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(
        "orders", key=key.encode(), value=b'{"n":1}', timestamp=1767366245678,
        headers=[("content-type", b"application/json"), ("X-Course", b"cs")],
    )
    assert producer.flush(30) == 0
    path, headers, body = requests.get(timeout=60)
    assert path == "/events"
    assert headers["Prefer"] == "reply"
    assert headers["Kn-Namespace"] == "shop"
    event = from_http_event(HTTPMessage(headers=headers, body=body))
    assert event.get_type() == "dev.knative.kafka.event"
    assert event.get_id() == "partition:0/offset:0"
    assert event.get_subject() == "partition:0#0"
    assert event.get_source() == "/apis/v1/namespaces/shop/kafkasources/orders#orders"
    assert event.get_time().isoformat() == "2026-01-02T15:04:05.678000+00:00"
    extensions = event.get_attributes()
    assert extensions["key"] == key
    assert extensions["partitionkey"] == key
    assert extensions["kafkaheaderxcourse"] == "cs"
    assert extensions["region"] == "eu"
    assert extensions["knativekafkapartition"] == "0"
    assert extensions["knativekafkaoffset"] == "0"
    assert event.get_data() == {"n": 1}


def test_a_cloudevent_in_a_record_passes(received):
    bootstrap, requests = received
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(
        "orders", value=b"hi",
        headers=[
            ("ce_specversion", b"1.0"), ("ce_id", b"7"), ("ce_type", b"t"), ("ce_source", b"/s"),
            ("content-type", b"text/plain"),
        ],
    )
    assert producer.flush(30) == 0
    _, headers, body = requests.get(timeout=60)
    event = from_http_event(HTTPMessage(headers=headers, body=body))
    assert (event.get_id(), event.get_type(), event.get_source()) == ("7", "t", "/s")
    assert body == b"hi"


@pytest.mark.parametrize("encode", [to_binary_event, to_structured_event])
@pytest.mark.parametrize("data_type, data", [
    ("application/json", {"text": "né", "list": [1, None]}), ("text/plain", "né 😀"),
])
def test_events_of_the_sdk_pass(received, encode, data_type, data):
    bootstrap, requests = received
    attributes = {
        "type": "order.placed", "source": "/shop?x#y", "subject": "Euro € 100%",
        "id": f"{encode.__name__} {data_type}", "dataschema": "urn:order:1",
        "time": datetime.datetime(2026, 1, 2, 15, 4, 5, 678000, tzinfo=datetime.timezone.utc),
        "datacontenttype": data_type, "partitionkey": "k%41", "empty": "",
    }
    message = encode(CloudEvent(attributes=attributes, data=data))
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(
        "orders", key=message.key, value=message.value, headers=list(message.headers.items())
    )
    assert producer.flush(30) == 0
    _, headers, body = requests.get(timeout=60)
    event = from_http_event(HTTPMessage(headers=headers, body=body))
    seen = event.get_attributes()
    assert {name: seen[name] for name in attributes} == attributes
    assert seen["region"] == "eu"
    assert (json.loads(body) if data_type == "application/json" else body.decode()) == data


def test_data_that_is_an_event_is_not_taken_for_it(received):
    bootstrap, requests = received
    forged = {"specversion": "1.0", "id": "forged", "source": "/x", "type": "x"}
    event = {
        "specversion": "1.0", "id": "real", "source": "/s", "type": "t",
        "datacontenttype": "application/cloudevents+json", "data": forged,
    }
    producer = Producer({"bootstrap.servers": bootstrap})
    producer.produce(
        "orders", value=json.dumps(event).encode(),
        headers=[("content-type", b"application/cloudevents+json")],
    )
    assert producer.flush(30) == 0
    _, headers, body = requests.get(timeout=60)
    received_event = from_http_event(HTTPMessage(headers=headers, body=body))
    assert received_event.get_id() == "real"
    assert received_event.get_data() == forged
