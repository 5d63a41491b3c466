# SPDX-License-Identifier: Apache-2.0
"""Functions that are scaled by the lag of their source."""

import collections
import re
import shutil
import subprocess
import sys

import pytest
import requests
import yaml
from conftest import Platform, Program, wait_until
from dispatching import dispatch, make_broker, produce

EVENTS = 320
PARTITIONS = 4
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

# Answers slowly, and tells which of its processes had which event.
SLOW = """
import http.server, os, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *arguments): pass
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(0.1)
        print("done", os.getpid(), self.headers["ce-id"], flush=True)
        self.send_response(204)
        self.end_headers()
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def manifests(tmp_path):
    program = tmp_path / "slow.py"
    program.write_text(SLOW)
    annotations = {
        "autoscaling.knative.dev/max-scale": "3", "autoscaling.knative.dev/window": "6s",
        "swiftlet.dev/lag-target": "20", "swiftlet.dev/command": f"{sys.executable} {program}",
    }
    documents = [
        {"apiVersion": "kafka.strimzi.io/v1beta2", "kind": "KafkaTopic",
         "metadata": {"name": "work"}, "spec": {"partitions": PARTITIONS}},
        {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "slow"},
         "spec": {"template": {"metadata": {"annotations": annotations},
                               "spec": {"containers": [{"image": "dev.local/slow"}]}}}},
        {"apiVersion": "sources.knative.dev/v1", "kind": "KafkaSource", "metadata": {"name": "work"},
         "spec": {"topics": ["work"], "bootstrapServers": ["unused:1"],
                  "initialOffset": "earliest", "ordering": "ordered",
                  "sink": {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service",
                                   "name": "slow"}}}},
    ]
    file = tmp_path / "work.yaml"
    file.write_text(yaml.dump_all(documents))
    return file


def function(platform):
    (only,) = requests.get(platform.admin_url + "/admin/functions", timeout=10).json()
    return only


def done(platform):
    """The events that were worked on, each with its process."""
    found = (re.search(r"done (\d+) (\S+)", line) for line in list(platform.log))
    return [(match[2], match[1]) for match in found if match]


@pytest.fixture
def backlog(tmp_path):
    platform = Platform(tmp_path / "state", manifests=(manifests(tmp_path),))
    try:
        wait_until(lambda: not platform.functions(), "the function is at zero")
        # Requests alone, one of each partition at a time, never want a second instance.
        produce(platform.bootstrap, "work", [(f"k{n}", n) for n in range(EVENTS)])
        yield platform
    finally:
        assert platform.stop() == 0


def test_a_backlog_scales_out_keeps_awake_and_lets_sleep(backlog):
    state = wait_until(lambda: (f := function(backlog)) and len(f["instances"]) == 3 and f,
                       "as many instances as max-scale")
    assert state["lag"] > 0
    assert "lag" in [why["kind"] for why in state["whyUp"]], state["whyUp"]
    assert state["nextDecisionSeconds"] <= 2
    assert state["autoscaler"]["lag"] > 0 and state["autoscaler"]["desired"] == 3
    wait_until(lambda: len(done(backlog)) >= EVENTS, "all events")
    events = done(backlog)
    assert collections.Counter(id for id, _ in events).most_common(1)[0][1] == 1
    assert len(events) == EVENTS and len({process for _, process in events}) == 3
    wait_until(lambda: function(backlog)["lag"] == 0, "no lag")
    wait_until(lambda: not backlog.functions(), "it sleeps again")
    assert max(function(backlog)["history"]["lag"]) > EVENTS // 2


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
# Chromium makes no window narrower than the first.
@pytest.mark.parametrize("width", [500, 1280])
def test_the_page_shows_lag_in_a_browser(backlog, tmp_path, width):
    wait_until(lambda: function(backlog).get("lag"), "lag")
    page = subprocess.run(
        [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-background-networking", "--no-first-run", f"--user-data-dir={tmp_path}/browser",
         f"--window-size={width},900", "--virtual-time-budget=1500", "--dump-dom",
         backlog.admin_url + "/admin"],
        capture_output=True, text=True, timeout=60, check=True,
    ).stdout
    assert "1 of 1 functions up" in page
    assert "Why is it up?" in page and "records that its sources have left" in page
    assert re.search(r'<path[^>]* class="lag"|<path class="lag"', page)


def test_a_dispatcher_of_its_own_tells_the_activator(tmp_path):
    file = manifests(tmp_path)
    broker = make_broker(tmp_path, {"work": PARTITIONS})
    activator = Program("activate", "-f", file, "--port", 0, "--admin-port", 0, "--output", "json",
                        environment={"LOG_LEVEL": "info"})
    programs = [broker, activator]
    try:
        addresses = activator.ready_line()
        activator.admin_url = addresses["admin"]
        produce(broker.bootstrap, "work", [(f"k{n}", n) for n in range(EVENTS)])
        programs.append(dispatch(
            broker.bootstrap, "-f", file, "--activator", addresses["activator"],
            "--activator-admin", addresses["admin"]))
        state = wait_until(lambda: (f := function(activator)) and len(f["instances"]) == 3 and f,
                           "as many instances as max-scale")
        assert state["lag"] > 0 and "lag" in [why["kind"] for why in state["whyUp"]]
        wait_until(lambda: len(done(activator)) >= EVENTS, "all events")
        wait_until(lambda: function(activator)["lag"] == 0, "no lag")
        # What is no report is refused in one sentence, and changes nothing.
        url = addresses["admin"] + "/admin/lag"
        assert requests.post(url, data=b"{}", timeout=10).status_code == 400
        assert requests.post(url, data=b"x" * 4097, timeout=10).status_code == 413
        assert requests.get(url, timeout=10).headers["Allow"] == "POST"
        report = {"source": "s", "namespace": "no", "service": "body", "records": 1,
                  "parallelMax": 1}
        answer = requests.post(url, json=report, timeout=10)
        assert (answer.status_code, answer.text) == (404, "no function no/body is served here\n")
        assert function(activator)["lag"] == 0
    finally:
        for program in reversed(programs):
            assert program.stop() == 0
