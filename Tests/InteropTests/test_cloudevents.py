# SPDX-License-Identifier: Apache-2.0
"""Events as others see them: a schema of the JSON format, and the Python SDK, both ways."""

import http.server
import json
import os
import queue
import subprocess
import threading

import jsonschema
import pytest
import requests
from cloudevents.core.bindings.http import (
    HTTPMessage, from_http_event, to_binary_event, to_structured_event,
)
from cloudevents.core.v1.event import CloudEvent
from conftest import BIN, DEADLINE, ROOT, clean_environment
from test_function import hello  # noqa: F401

SCHEMA = json.loads((ROOT / "Tests/Fixtures/CloudEvents/cloudevent.schema.json").read_text())
EVENT = jsonschema.Draft202012Validator(SCHEMA)
STRUCTURED = "application/cloudevents+json; charset=UTF-8"
REQUIRED = {"specversion": "1.0", "id": "1", "source": "/s", "type": "exam.opened"}


class Recorder(http.server.BaseHTTPRequestHandler):
    """Keeps what comes, and answers with what the test put in."""

    protocol_version = "HTTP/1.1"
    received = queue.Queue()
    answers = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.put((dict(self.headers), body))
        headers, answer = self.answers.get() if not self.answers.empty() else ({}, b"")
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def recorder():
    """The address of a server that keeps what comes."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def invoke(*arguments, stdin=None):
    """Runs `swiftlet invoke` to its end."""
    return subprocess.run(
        [str(BIN / "swiftlet"), "invoke", *map(str, arguments)],
        input=stdin, capture_output=True, timeout=DEADLINE, env=clean_environment(), check=False,
    )


def sent(recorder, *arguments, stdin=None):
    """What `swiftlet invoke` sends: headers and body."""
    done = invoke(recorder, *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return Recorder.received.get(timeout=DEADLINE)


ATTRIBUTES = [
    "--type", "exam.graded", "--source", "/exams/na%C3%AFve?x#y", "--subject", "Euro € 😀 100%",
    "-e", "course=Größe \"1\"", "-e", "empty=", "-e", "n1=7",
]
PAYLOADS = {
    "JSON": (["-d", '{"a": [1, null, "é"]}'], {"data": {"a": [1, None, "é"]}}),
    "JSON text": (["-d", '"{}"'], {"data": "{}"}),
    "no JSON": (["-d", "{no"], {"data_base64": "e25v"}),
    "JSON with a charset": (
        ["-d", "[1]", "--content-type", "application/json; charset=utf-8"], {"data": [1]},
    ),
    "JSON of another kind": (["-d", "1", "--content-type", "x/y+json"], {"data": 1}),
    "text": (["-d", "a\t\"é\"\n", "--content-type", "text/plain"], {"data": "a\t\"é\"\n"}),
    "XML": (["-d", "<a/>", "--content-type", "application/xml"], {"data": "<a/>"}),
    "nothing": (["-d", "", "--content-type", "text/plain"], {"data": ""}),
    "no flags": ([], {"data": {"message": "Hello World"}}),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_structured_events_fit_the_schema(recorder, name):
    arguments, data = PAYLOADS[name]
    headers, body = sent(recorder, *ATTRIBUTES, *arguments, "-m", "structured")
    assert headers["content-type"] == STRUCTURED
    event = json.loads(body)
    EVENT.validate(event)
    assert {k: v for k, v in event.items() if k.startswith("data_") or k == "data"} == data
    assert event["subject"] == "Euro € 😀 100%"
    assert event["course"] == 'Größe "1"'
    assert event["empty"] == ""
    assert event["n1"] == "7"


@pytest.mark.parametrize("name", ["JSON", "JSON with a charset", "text", "XML"])
def test_the_sdk_reads_the_same_from_every_mode(recorder, name):
    arguments = [*ATTRIBUTES, *PAYLOADS[name][0], "--id", "7"]
    messages = [sent(recorder, *arguments, "-m", mode) for mode in ("binary", "structured")]
    events = [from_http_event(HTTPMessage(headers=h, body=b)) for h, b in messages]
    binary, structured = ({**e.get_attributes(), "time": None} for e in events)
    assert binary == structured
    assert binary["subject"] == "Euro € 😀 100%"
    assert binary["course"] == 'Größe "1"'
    assert events[0].get_data() == events[1].get_data()


def test_a_batch_fits_the_schema(recorder, tmp_path):
    (tmp_path / "b.json").write_text('{"b":1}')
    headers, body = sent(
        recorder, *ATTRIBUTES, "-m", "batch", "--id", "x", "-d", '{"a":1}', "-d", "no",
        "-f", tmp_path / "b.json", "-f", "-", stdin=b"[]",
    )
    assert headers["content-type"] == "application/cloudevents-batch+json; charset=UTF-8"
    events = json.loads(body)
    for event in events:
        EVENT.validate(event)
    assert [e["id"] for e in events] == ["x-1", "x-2", "x-3", "x-4"]
    data = [e.get("data", e.get("data_base64")) for e in events]
    assert data == [{"a": 1}, "bm8=", {"b": 1}, []]
    for event in events:
        message = HTTPMessage(headers={"content-type": STRUCTURED}, body=json.dumps(event).encode())
        assert from_http_event(message).get_subject() == "Euro € 😀 100%"


def test_a_batch_has_ids_of_its_own(recorder):
    _, body = sent(recorder, "-m", "batch", "-d", "1", "-d", "2")
    assert len({e["id"] for e in json.loads(body)}) == 2
    _, body = sent(recorder, "-m", "batch", "--id", "only")
    assert [e["id"] for e in json.loads(body)] == ["only"]


def test_bytes_of_files(recorder, tmp_path):
    (tmp_path / "x.bin").write_bytes(bytes(range(256)))
    binary = ["-f", tmp_path / "x.bin", "--content-type", "application/octet-stream"]
    headers, body = sent(recorder, *binary)
    assert headers["content-type"] == "application/octet-stream"
    assert body == bytes(range(256))
    _, body = sent(recorder, *binary, "-m", "structured")
    event = json.loads(body)
    EVENT.validate(event)
    assert len(event["data_base64"]) == 344
    (tmp_path / "x.txt").write_text("né")
    text = ["-f", tmp_path / "x.txt", "--content-type", "text/x"]
    _, body = sent(recorder, *text, "-m", "structured")
    assert json.loads(body)["data"] == "né"


def test_a_dry_run_prints_what_would_be_sent(recorder):
    done = invoke(recorder, "-d", "hi", "--content-type", "text/plain", "--id", "1", "--dry-run")
    assert done.returncode == 0
    head, body = done.stdout.decode().split("\n\n")
    lines = head.split("\n")
    assert lines[0] == f"POST {recorder}"
    assert "ce-id: 1" in lines and "content-type: text/plain" in lines
    assert body == "hi\n"
    assert Recorder.received.empty()


@pytest.mark.parametrize("arguments, reason", [
    (["-d", "1", "-d", "2"], "--mode batch"),
    (["-d", "1", "-f", "x"], "x: "),
    (["-d", "1", "-f", os.devnull, "-m", "structured"], "--mode batch"),
    (["-m", "batched"], "binary, structured or batch"),
    (["-m", "batch", "-f", "-", "-f", "-"], "stdin"),
    (["-e", "A=1"], "a-z"), (["-e", "x"], "NAME=VALUE"), (["--type", ""], "type"),
    (["--source", "a b"], "source"), (["--content-type", "json"], "datacontenttype"),
])
def test_what_invoke_refuses(arguments, reason):
    done = invoke("http://127.0.0.1:1/", *arguments)
    assert done.returncode in (1, 2)
    assert reason in done.stderr.decode()


def answer_event(data, **attributes):
    return CloudEvent(
        attributes={
            "type": "exam.answered", "source": "/sdk", "id": "a1", "subject": "Euro € 😀",
            "datacontenttype": "application/json", "course": "maths 1", **attributes,
        },
        data=data,
    )


@pytest.mark.parametrize("encode", [to_binary_event, to_structured_event])
def test_replies_of_the_sdk_are_read(recorder, encode):
    message = encode(answer_event({"text": "né"}))
    Recorder.answers.put((message.headers, message.body))
    done = invoke(recorder, "-o", "json")
    assert done.returncode == 0
    Recorder.received.get(timeout=DEADLINE)
    event = json.loads(done.stdout)
    EVENT.validate(event)
    assert event["id"] == "a1"
    assert event["subject"] == "Euro € 😀"
    assert event["course"] == "maths 1"
    assert event["data"] == {"text": "né"}


def test_replies_in_batches_are_read(recorder):
    events = [json.loads(to_structured_event(answer_event({"n": n}, id=f"a{n}")).body)
              for n in (1, 2)]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    Recorder.answers.put((headers, json.dumps(events).encode()))
    done = invoke(recorder, "-o", "json")
    Recorder.received.get(timeout=DEADLINE)
    replies = json.loads(done.stdout)
    for reply in replies:
        EVENT.validate(reply)
    assert [reply["data"] for reply in replies] == [{"n": 1}, {"n": 2}]
    Recorder.answers.put((headers, json.dumps(events).encode()))
    done = invoke(recorder)
    Recorder.received.get(timeout=DEADLINE)
    assert done.stderr.decode().count("type: exam.answered") == 2
    assert json.loads(done.stdout) == events


def test_structured_replies_of_a_function_fit_the_schema(hello):  # noqa: F811
    message = to_structured_event(
        CloudEvent(attributes={"type": "greeting.requested", "source": "/s", "id": "1"},
                   data={"name": "Ada \"😀\"\u2028"}))
    answer = requests.post(hello.url, headers=message.headers, data=message.body, timeout=DEADLINE)
    assert answer.headers["Content-Type"] == STRUCTURED
    event = answer.json()
    EVENT.validate(event)
    assert event["data"] == {"text": "Hello, Ada \"😀\"\u2028!"}


GOOD = {
    "least": {}, "subject": {"subject": "s"}, "absent subject": {"subject": None},
    "time": {"time": "2026-01-02T15:04:05.678+01:00"}, "schema": {"dataschema": "urn:x:y"},
    "truth": {"x": True}, "number": {"x": -2147483648}, "text": {"x": ""},
    "long name": {"x" * 30: "1"}, "any source": {"source": "//h/a?b#c"},
    "data": {"data": {"name": "Ada"}}, "null data": {"data": None},
    "text data": {"datacontenttype": "text/plain", "data": "x"},
    "bytes": {"data_base64": "AP8="}, "JSON data": {"datacontenttype": "a/b+json; c=d", "data": 1},
}
BAD = {
    "no id": {"id": ...}, "no source": {"source": ...}, "no type": {"type": ...},
    "no version": {"specversion": ...}, "another version": {"specversion": "0.3"},
    "empty id": {"id": ""}, "empty source": {"source": ""}, "empty type": {"type": ""},
    "null id": {"id": None}, "number as id": {"id": 1}, "source with a space": {"source": "a b"},
    "source with an umlaut": {"source": "/ä"}, "source with half an escape": {"source": "/%4"},
    "source with two fragments": {"source": "#a#b"},
    "control character": {"type": "a\u0001"}, "C1 character": {"type": "a\u0085"},
    "noncharacter": {"x": "\ufdd0"}, "empty subject": {"subject": ""}, "no time": {"time": "noon"},
    "time without a zone": {"time": "2026-01-02T15:04:05"},
    "month 13": {"time": "2026-13-02T15:04:05Z"}, "hour 24": {"time": "2026-12-02T24:00:00Z"},
    "relative schema": {"dataschema": "/s"}, "no media type": {"datacontenttype": "json"},
    "fraction": {"x": 1.5}, "too large a number": {"x": 2147483648}, "list": {"x": [1]},
    "object": {"x": {}}, "name in capitals": {"X": "1"}, "name with an underscore": {"x_y": "1"},
    "data twice": {"data": 1, "data_base64": "MQ=="}, "no base64": {"data_base64": "M"},
    "base64 for URLs": {"data_base64": "_w=="}, "number as base64": {"data_base64": 1},
    "JSON data of another type": {"datacontenttype": "text/plain", "data": {"a": 1}},
}


def structured(members):
    event = {**REQUIRED, **members}
    return {name: value for name, value in event.items() if value is not ...}


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_schema_and_function_agree(hello, name):  # noqa: F811
    event = structured({**GOOD, **BAD}[name])
    assert EVENT.is_valid(event) == (name in GOOD)
    answer = requests.post(
        hello.url, headers={"Content-Type": STRUCTURED}, data=json.dumps(event), timeout=DEADLINE,
    )
    # An event that is valid gets as far as the search for a handler, which there is not.
    assert answer.status_code == (422 if name in GOOD else 400), answer.text
