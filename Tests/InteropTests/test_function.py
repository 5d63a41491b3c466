# SPDX-License-Identifier: Apache-2.0
"""CloudEvents by HTTP, with curl and the Python SDK."""

import json
import subprocess
import uuid

import pytest
import requests
from cloudevents.core.bindings.http import from_http_event, to_binary_event, to_structured_event
from cloudevents.core.bindings.http import HTTPMessage
from cloudevents.core.v1.event import CloudEvent
from conftest import Platform

MANIFEST = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello}
spec:
  template:
    spec:
      containers:
      - image: dev.local/hello:1
        env: [{name: TARGET, value: interop}]
"""


@pytest.fixture(scope="module")
def hello(tmp_path_factory):
    """A platform with one function and no sources."""
    folder = tmp_path_factory.mktemp("hello")
    manifest = folder / "hello.yaml"
    manifest.write_text(MANIFEST)
    platform = Platform(folder / "state", "--idle", "2s", manifests=(manifest,))
    yield platform
    assert platform.stop() == 0


def event(name):
    return CloudEvent(
        attributes={
            "type": "greeting.requested",
            "source": "/tests/na%C3%AFve",
            "id": str(uuid.uuid4()),
            "subject": "Euro € 😀",
        },
        data={"name": name},
    )


@pytest.mark.parametrize("encode", [to_binary_event, to_structured_event])
def test_the_python_sdk_understands_the_reply(hello, encode):
    message = encode(event("Ada"))
    answer = requests.post(hello.url, headers=message.headers, data=message.body, timeout=30)
    assert answer.status_code == 200, answer.text
    reply = from_http_event(HTTPMessage(headers=dict(answer.headers), body=answer.content))
    assert reply.get_type() == "greeting.made"
    assert reply.get_specversion() == "1.0"
    data = reply.get_data()
    assert (data if isinstance(data, dict) else json.loads(data)) == {"text": "Hello, Ada!"}


def test_a_plain_route(hello):
    answer = requests.get(hello.url + "/", timeout=30)
    assert answer.text == "Hello, interop!\n"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_by_host_name(hello):
    headers = {"Host": "hello.default.localhost:8080"}
    assert requests.get(hello.url + "/", headers=headers, timeout=30).status_code == 200


def test_a_bad_event_is_explained(hello):
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/x"}
    answer = requests.post(hello.url, headers=headers, data="{}", timeout=30)
    assert answer.status_code == 400
    assert "type is missing" in answer.text


def test_curl_as_the_readme_says(hello):
    done = subprocess.run(
        [
            "curl", "-sS", hello.url, "-H", "Content-Type: application/json", "-H", "ce-id: 1",
            "-H", "ce-specversion: 1.0", "-H", "ce-type: greeting.requested",
            "-H", "ce-source: /me", "-d", '{"name":"Ada"}',
        ],
        capture_output=True, text=True, check=True,
    )
    assert json.loads(done.stdout) == {"text": "Hello, Ada!"}
