# SPDX-License-Identifier: Apache-2.0
"""Sinks that speak HTTP/2, that have an authority of their own, or that ask for a token."""

import subprocess

import pytest
from conftest import wait_until
from dispatching import Answer, Sink, bootstrap_of, dispatch, make_broker, produce, source
from http2_sink import HTTP2Sink

TOPICS = {name: 1 for name in ("h2c", "h2", "stranger", "token", "no-token")}
TOGETHER = 8


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    platform = make_broker(tmp_path_factory.mktemp("broker"), TOPICS)
    yield bootstrap_of(platform)
    assert platform.stop() == 0


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """A certificate for localhost that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("identity")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True)
    return certificate, key


def test_a_sink_with_prior_knowledge_gets_all_events(broker, tmp_path):
    # Answers nobody before so many are open; libcurl 7.88 needs a connection for each of them.
    sink = HTTP2Sink(TOGETHER)
    manifest = source(tmp_path, "h2c", "h2c", sink.url,
                      {"sink-protocol": "h2c", "max-in-flight": 32}, ordering="unordered")
    wanted = [str(number) for number in range(200)]
    produce(broker, "h2c", [(f"k{number}", number) for number in wanted])
    program = dispatch(broker, "-f", manifest)
    wait_until(lambda: set(sink.bodies()) >= set(wanted), "all events")
    assert program.stop() == 0
    assert {event["fields"]["ce-specversion"] for event in sink.events} == {"1.0"}


def test_a_sink_behind_tls_is_trusted_by_its_authority_and_agrees_on_http2(
        broker, tmp_path, identity):
    sink = HTTP2Sink(1, identity)
    trusted = {"uri": sink.url, "CACerts": identity[0].read_text()}
    manifest = source(tmp_path, "h2", "h2", trusted, {"max-in-flight": 32}, ordering="unordered")
    produce(broker, "h2", [(f"k{number}", number) for number in range(200)])
    program = dispatch(broker, "-f", manifest)
    wait_until(lambda: len(set(sink.bodies())) == 200, "all events")
    assert program.stop() == 0
    # The first ones may each begin a connection before one is known to be shared.
    assert sink.connections <= 32


def test_a_sink_that_no_authority_vouches_for_gets_nothing_and_the_reason_is_told(
        broker, tmp_path, identity):
    sink = HTTP2Sink(1, identity)
    manifest = source(tmp_path, "stranger", "stranger", sink.url,
                      delivery={"retry": 1, "backoffDelay": "PT0.1S"})
    produce(broker, "stranger", [("k", "secret")])
    program = dispatch(broker, "-f", manifest)
    wait_until(lambda: any("certificate" in line and "stranger" in line
                           for line in program.log), "the reason")
    program.stop()
    assert not sink.events


def test_a_token_goes_with_each_request_and_a_new_one_is_read(broker, tmp_path):
    sink = Sink()
    token = tmp_path / "token"
    token.write_text("first-token\n")
    manifest = source(tmp_path, "token", "token", {"uri": sink.url, "audience": "exam-sink"})
    produce(broker, "token", [("k", "1")])
    program = dispatch(broker, "-f", manifest,
                       environment={"SWIFTLET_OIDC_TOKEN_FILE": str(token)})
    wait_until(lambda: "1" in sink.bodies(), "the first event")

    # What the kubelet does: a new file takes the place of the old one.
    (tmp_path / "next").write_text("second-token")
    (tmp_path / "next").rename(token)
    produce(broker, "token", [("k", "2")])
    wait_until(lambda: sink.bodies() == ["1", "2"], "the second event")
    tokens = [event["fields"]["authorization"] for event in sink.accepted]
    assert tokens == ["Bearer first-token", "Bearer second-token"]
    assert program.stop() == 0
    assert not any("first-token" in line or "second-token" in line for line in program.log)


def test_without_its_token_no_event_is_sent(broker, tmp_path):
    sink = Sink(lambda event: Answer())
    manifest = source(tmp_path, "no-token", "no-token",
                      {"uri": sink.url, "audience": "exam-sink"})
    produce(broker, "no-token", [("k", "1")])
    missing = tmp_path / "missing"
    program = dispatch(broker, "-f", manifest,
                       environment={"SWIFTLET_OIDC_TOKEN_FILE": str(missing)})
    wait_until(lambda: any(str(missing) in line for line in program.log), "the complaint")
    assert not sink.events
    missing.write_text("late-token")
    wait_until(lambda: sink.bodies() == ["1"], "the event, once there is a token")
    assert sink.accepted[0]["fields"]["authorization"] == "Bearer late-token"
    assert program.stop() == 0
