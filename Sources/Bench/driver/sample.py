# SPDX-License-Identifier: Apache-2.0
"""The event that is sent: MinIO's notification as Knative's KafkaSource posts it."""
import json

from paths import ROOT

FIXTURE = ROOT / "Tests/Fixtures/minio-event.json"
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "partition:0/offset:42",
    "source": "/apis/v1/namespaces/exam/kafkasources/exam-source#exam-generator-topic",
    "type": "dev.knative.kafka.event",
    "subject": "partition:0#42",
    "time": "2026-11-20T10:17:28.123Z",
    "key": "bkt2/syllabus/week%201.pdf",
    "partitionkey": "bkt2/syllabus/week%201.pdf",
    "knativekafkapartition": "0",
    "knativekafkaoffset": "42",
}


def minio_body():
    return FIXTURE.read_bytes().strip()


def body_of(length):
    """JSON of exactly that many bytes."""
    return b'{"data":"' + b"x" * (length - 11) + b'"}'


class Message:
    """Headers and a body, in the forms that the tools want."""

    def __init__(self, headers, body):
        self.headers, self.body = headers, body

    def request(self, port):
        """The bytes of an HTTP/1.1 request."""
        fields = {"Host": f"127.0.0.1:{port}", **self.headers, "Content-Length": len(self.body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + self.body

    def lua(self):
        """A script for wrk that sends it, and prints what came out as one line of JSON."""
        fields = "".join(f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}\n"
                         for n, v in self.headers.items())
        quoted = self.body.decode()
        return f"""wrk.method = "POST"
wrk.path = "/"
wrk.body = [==[{quoted}]==]
{fields}
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"errors":%d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def binary(body=None):
    headers = {"Content-Type": "application/json"}
    headers.update({f"ce-{name}": value for name, value in ATTRIBUTES.items()})
    headers.update({"Prefer": "reply", "Kn-Namespace": "exam"})
    return Message(headers, body or minio_body())


def structured():
    event = {**ATTRIBUTES, "datacontenttype": "application/json", "data": json.loads(minio_body())}
    body = json.dumps(event, separators=(",", ":")).encode()
    return Message({"Content-Type": "application/cloudevents+json"}, body)
