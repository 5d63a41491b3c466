# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 without TLS, as curl, nghttp and h2load speak it to a function."""

import json
import re
import socket
import subprocess

import pytest

from conftest import BIN, clean_environment, wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def url():
    port = free_port()
    environment = {**clean_environment(), "PORT": str(port)}
    process = subprocess.Popen([str(BIN / "hello")], env=environment)
    try:
        wait_until(lambda: accepts(port), "the function listens")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(60) == 0


def run(*arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("how", ["--http2-prior-knowledge", "--http2"])
def test_curl_gets_and_posts_an_event(url, how):
    assert run("curl", "-s", how, "-w", " %{http_version}", url) == "Hello, World!\n 2"
    answer = run(
        "curl", "-s", how, "-i", url, "-H", "ce-id: 1", "-H", "ce-specversion: 1.0",
        "-H", "ce-type: greeting.requested", "-H", "ce-source: /x",
        "-H", "content-type: application/json", "-d", json.dumps({"name": "Ann"}),
    )
    assert "HTTP/2 200" in answer
    assert "ce-type: greeting.made" in answer
    assert json.loads(answer.splitlines()[-1]) == {"text": "Hello, Ann!"}


def test_curl_multiplexes(url):
    out = run("curl", "-s", "--http2", "--parallel", f"{url}/?[1-50]")
    assert out == "Hello, World!\n" * 50


def test_nghttp_upgrades_and_sees_the_limits(url):
    out = run("nghttp", "-nvu", url)
    assert "HTTP/1.1 101" in out
    assert "SETTINGS_MAX_CONCURRENT_STREAMS(0x03):128" in out
    assert ":status: 200" in out


def test_h2load_is_served_to_the_last_request(url):
    out = run("h2load", "-n", "20000", "-c", "20", "-m", "20", f"{url}/health/liveness")
    assert re.search(r"20000 succeeded, 0 failed, 0 errored, 0 timeout", out)
