# SPDX-License-Identifier: Apache-2.0
"""The dispatcher as a process of its own, and what kcat sees of the topics."""

import json
import subprocess

import pytest
import yaml
from conftest import MANIFESTS, Platform, Program, wait_until
from test_exam import check_exam, pdf, result_of


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A platform without sources, and the manifest of the source."""
    folder = tmp_path_factory.mktemp("parts")
    documents = [d for d in yaml.safe_load_all(MANIFESTS.read_text()) if d]
    source = folder / "source.yaml"
    rest = folder / "rest.yaml"
    source.write_text(yaml.dump_all(d for d in documents if d["kind"] == "KafkaSource"))
    rest.write_text(yaml.dump_all(d for d in documents if d["kind"] != "KafkaSource"))
    platform = Platform(folder / "state", "--idle", "2s", manifests=(rest,))
    yield platform, source
    assert platform.stop() == 0


def dispatcher(platform, source):
    program = Program(
        "dispatch", "-f", source, "--kafka", platform.bootstrap, "--activator", platform.url,
        "--admin-port", 0, "--output", "json",
    )
    program.ready_line()
    return program


def test_a_killed_dispatcher_loses_nothing(parts):
    platform, source = parts
    client = platform.s3()
    first = dispatcher(platform, source)
    for number in range(5):
        client.put_object(Bucket="exams", Key=f"d/{number}.pdf", Body=pdf(f"D {number}"))
    first.process.kill()
    first.process.wait()
    for number in range(5, 8):
        client.put_object(Bucket="exams", Key=f"d/{number}.pdf", Body=pdf(f"D {number}"))
    second = dispatcher(platform, source)
    try:
        for number in range(8):
            check_exam(result_of(platform, f"d/{number}.pdf"))
    finally:
        assert second.stop() == 0


def records(platform, topic):
    """All records of a topic, as kcat reads them."""
    done = subprocess.run(
        ["kcat", "-b", platform.bootstrap, "-C", "-t", topic, "-e", "-q", "-J", "-o", "beginning"],
        capture_output=True, text=True, check=True, timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_kcat_reads_minios_notification(platform):
    key = "kcat/term 1+é.pdf"
    client = platform.s3()
    client.put_object(Bucket="exams", Key=key, Body=pdf("Kcat"), ContentType="application/pdf")
    found = [
        record for record in records(platform, "exam-generator-topic")
        if record["key"] == f"exams/{key}"
    ]
    assert len(found) == 1, "the notification is there before the upload is answered"
    value = json.loads(found[0]["payload"])
    assert list(value) == ["EventName", "Key", "Records"]
    assert value["EventName"] == "s3:ObjectCreated:Put"
    assert value["Key"] == f"exams/{key}"
    record = value["Records"][0]
    assert record["eventSource"] == "minio:s3"
    assert record["s3"]["object"]["key"] == "kcat%2Fterm+1%2B%C3%A9.pdf"
    assert record["s3"]["object"]["contentType"] == "application/pdf"
    assert record["s3"]["bucket"]["name"] == "exams"
    assert not found[0].get("headers")


def test_the_completion_event_is_a_cloudevent(platform):
    key = "completion.pdf"
    platform.s3().put_object(Bucket="exams", Key=key, Body=pdf("Completion"))
    result_of(platform, key)

    def completion():
        return [r for r in records(platform, "exam-generated") if r["key"] == f"exams/{key}"]

    (record,) = wait_until(completion, "the completion event")
    headers = dict(zip(record["headers"][::2], record["headers"][1::2]))
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_type"] == "dev.swiftlet.exam.generated"
    assert headers["content-type"] == "application/json"
    data = json.loads(record["payload"])
    assert data["key"] == key and data["questions"] > 0
