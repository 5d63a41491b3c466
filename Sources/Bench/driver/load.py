# SPDX-License-Identifier: Apache-2.0
"""Sends events from the other core: wrk for HTTP/1.1, h2load for HTTP/2."""
import json
import re
import subprocess

import ending
from paths import WORK
from server import LOAD_CORE

OVERTIME_SECONDS = 60


class Outcome:
    """What one round of load found."""

    def __init__(self, requests, seconds, p50, p99, errors, cpu_seconds):
        self.requests, self.errors = requests, errors
        self.rate = requests / seconds if seconds else 0
        self.p50, self.p99 = p50, p99
        self.cpu = cpu_seconds * 1e6 / requests if requests else 0


def _tool(command, seconds):
    """Runs what makes the load; it ends with the driver."""
    try:
        return subprocess.run(["taskset", "-c", LOAD_CORE, *command], capture_output=True,
                              text=True, timeout=seconds + OVERTIME_SECONDS,
                              preexec_fn=ending.die_with_driver)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{command[0]} did not end within {OVERTIME_SECONDS} s of its time")


def run(server, message, seconds, connections):
    """One round of wrk over keep-alive connections; latencies in microseconds."""
    script = WORK / "event.lua"
    script.write_text(message.lua())
    before = server.cpu_seconds()
    output = _tool(
        ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s", "-s",
         str(script), f"http://127.0.0.1:{server.port}/"], seconds)
    cpu = server.cpu_seconds() - before
    found = re.search(r"^RESULT (.*)$", output.stdout, re.MULTILINE)
    if not found:
        raise RuntimeError((output.stderr or output.stdout).strip()[-200:])
    result = json.loads(found[1])
    if result["requests"] == 0:
        raise RuntimeError("nothing was answered in time")
    return Outcome(result["requests"], result["microseconds"] / 1e6, result["p50"],
                   result["p99"], result["errors"], cpu)


def run_http2(server, message, seconds, connections, streams):
    """One round of h2load with prior knowledge."""
    body = WORK / "event.body"
    body.write_bytes(message.body)
    headers = [word for name, value in message.headers.items()
               for word in ("-H", f"{name}: {value}")]
    before = server.cpu_seconds()
    output = _tool(
        ["h2load", "-t", "1", "-c", str(connections), "-m", str(streams), "-D", str(seconds), "-d",
         str(body), *headers, f"http://127.0.0.1:{server.port}/"], seconds)
    cpu = server.cpu_seconds() - before
    rate = re.search(r"([\d.]+) req/s", output.stdout)
    good = re.search(r"(\d+) 2xx", output.stdout)
    if not rate or not good or int(good[1]) == 0:
        raise RuntimeError("HTTP/2 with prior knowledge is refused")
    mean = re.search(r"time for request:\s+\S+\s+\S+\s+([\d.]+)(us|ms|s)\b", output.stdout)
    scale = {"us": 1, "ms": 1e3, "s": 1e6}
    latency = float(mean[1]) * scale[mean[2]] if mean else 0
    return Outcome(int(good[1]), int(good[1]) / float(rate[1]), latency, latency, 0, cpu)
