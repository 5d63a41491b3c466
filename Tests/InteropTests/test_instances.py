# SPDX-License-Identifier: Apache-2.0
"""How instances are run: as whom, and from when on."""

import concurrent.futures
import json
import os

import pytest
import requests
from conftest import Program, wait_until

PYTHON = "/usr/bin/python3"
# Answers who it is.
SERVER = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments): pass
    def do_GET(self):
        body = f"{os.getuid()} {os.getgid()} {os.getgroups()} {os.getcwd()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def start(tmp_path):
    programs = []

    def begin(verb, **container):
        manifest = tmp_path / "service.yaml"
        manifest.write_text(json.dumps({
            "apiVersion": "serving.knative.dev/v1", "kind": "Service",
            "metadata": {
                "name": "probe",
                "annotations": {"swiftlet.dev/command": json.dumps([PYTHON, "-c", SERVER])},
            },
            "spec": {"template": {"spec": {"containers": [
                {"image": "dev.local/probe:1", **container},
            ]}}},
        }))
        arguments = ["--state", tmp_path, "--bucket-port", 0] if verb == "up" else []
        programs.append(Program(
            verb, "-f", manifest, "--port", 0, "--admin-port", 0, "--output", "json", *arguments))
        return programs[-1]

    yield begin
    for program in programs:
        program.stop()


def get(addresses):
    answer = requests.get(addresses["activator"], timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as another user")
def test_a_program_runs_as_its_user_and_gets_requests_when_its_probe_says_so(start, tmp_path):
    asked, ready = tmp_path / "asked", tmp_path / "ready"
    asked.touch()
    asked.chmod(0o666)
    for folder in [tmp_path, *tmp_path.parents]:
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    program = start(
        "activate",
        securityContext={"runAsUser": 65534, "runAsGroup": 65534, "runAsNonRoot": True},
        readinessProbe={"exec": {"command": [
            "sh", "-c", f"id -u > {asked}; test -e {ready}"]}, "timeoutSeconds": 30},
        resources={"limits": {"memory": "256Mi"}},
    )
    addresses = program.ready_line()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        answer = pool.submit(get, addresses)
        wait_until(lambda: asked.read_text() == "65534\n", "the probe was run")
        functions = requests.get(addresses["admin"] + "/admin/functions", timeout=10).json()
        assert [i["state"] for i in functions[0]["instances"]] == ["starting"]
        assert not answer.done()
        ready.touch()
        assert answer.result().startswith("65534 65534 [")
        assert "[0" not in answer.result()


def test_a_user_that_cannot_be_had_is_refused_by_activate_and_told_by_up(start):
    context = {"runAsUser": 0, "runAsNonRoot": True}
    reason = "Service probe: runAsNonRoot is true, and runAsUser is root"
    refused = start("activate", securityContext=context)
    with pytest.raises(AssertionError):
        refused.ready_line()
    assert refused.stop() == 1
    assert any(reason in line for line in refused.log)
    told = start("up", securityContext=context)
    assert get(told.ready_line()).startswith(f"{os.geteuid()} ")
    assert any(f"{reason}; it runs as user {os.geteuid()} here" in line for line in told.log)


def test_a_probe_whose_program_is_not_there_is_refused(start):
    program = start("activate", readinessProbe={"exec": {"command": ["/nonexistent/check"]}})
    with pytest.raises(AssertionError):
        program.ready_line()
    assert program.stop() == 1
    text = "there is no program /nonexistent/check on this machine, which its readinessProbe runs"
    assert any(text in line for line in program.log)
