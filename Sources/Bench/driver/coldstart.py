# SPDX-License-Identifier: Apache-2.0
"""How long a request waits where no instance runs: from zero, from a pause, and with a spare."""
import http.client
import json
import os
import socket
import time

import contenders
import report
import sample
import startup
from paths import RELEASE
from proxy import Gateway, manifest
from server import LOAD_CORE, free_port

STATE_SECONDS = 30


def measure(results, starts):
    """The part `coldstart`."""
    report.heading(f"A request that finds no running instance, {starts} times each")
    # An event that nobody handles is answered, and needs neither bucket nor broker.
    event = sample.binary()
    event.headers["ce-type"] = "bench.unknown"
    rows = []
    for name in ("hello", "exam-generator"):
        _cold(results, rows, name, event, starts)
        _paused(results, rows, name, event, starts)
        _spare(results, rows, name, event, starts)
    report.table(["function", "p50 ms", "p99 ms", "times"], rows)


class Activator(Gateway):
    """`swiftlet activate` with one function, which is at zero a millisecond after a request."""

    def __init__(self, name, annotations=None, concurrency=0):
        path = manifest(name, annotations, variables(), concurrency)
        self.admin = free_port()
        self.host = f"{name}.bench.localhost"
        super().__init__(contenders.Contender("activator", lambda port: [
            RELEASE / "swiftlet", "activate", "-f", path, "--port", port, "--admin-port",
            self.admin, "--idle", "1ms", "--functions", RELEASE]), free_port())

    def instances(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.admin, timeout=STATE_SECONDS)
        connection.request("GET", "/admin/functions")
        functions = json.loads(connection.getresponse().read())
        connection.close()
        return [instance for function in functions for instance in function["instances"]]

    def wait(self, is_wanted, what):
        deadline = time.monotonic() + STATE_SECONDS
        while not is_wanted(self.instances()):
            if time.monotonic() > deadline:
                raise RuntimeError(f"not within {STATE_SECONDS} s: {what}")
            time.sleep(0.002)

    def request(self, message, host=None):
        fields = {**message.headers, "Host": host or self.host, "Content-Length": len(message.body)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + message.body

    def first_answer(self, message, is_cold):
        """Milliseconds from the first byte of a request to the first of its answer."""
        request = self.request(message)
        os.sched_setaffinity(0, {int(LOAD_CORE)})
        with self.connect() as connection:
            start = time.perf_counter()
            connection.sendall(request)
            answer = connection.recv(65536)
            taken = (time.perf_counter() - start) * 1000
        if (b"X-Swiftlet-Cold-Start: true" in answer) != is_cold:
            raise RuntimeError(f"cold where it should not be, or not: {answer[:500]}")
        return taken

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), STATE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def _tell(results, rows, name, how, times, bares=None):
    rows.append([f"{name}, {how}", f"{startup.median(times):.2f}",
                 f"{startup.percentile(times, 0.99):.2f}", len(times)])
    for label, value in (("p50", startup.median), ("p99", lambda v: startup.percentile(v, 0.99))):
        results.add(f"{name}, {how}, {label}", value(times), "ms", bares and "bare exec",
                    bares and value(bares), more_is_better=False)


def _cold(results, rows, name, event, starts):
    bare = contenders.Contender(
        name, lambda _: [RELEASE / name],
        lambda port: {"LISTEN_ADDRESS": f"127.0.0.1:{port}", **variables()})
    activator = Activator(name)
    times, bares = [], []
    try:
        for _ in range(starts):
            activator.wait(lambda instances: not instances, "zero instances")
            times.append(activator.first_answer(event, True))
            bares.append(startup.first_answer_milliseconds(bare, event))
    finally:
        activator.stop()
    _tell(results, rows, name, "from zero through the activator", times, bares)
    rows.append([f"{name}, exec of the bare one", f"{startup.median(bares):.2f}",
                 f"{startup.percentile(bares, 0.99):.2f}", len(bares)])


def _paused(results, rows, name, event, starts):
    activator = Activator(name, {"swiftlet.dev/idle": "pause"})
    times = []
    try:
        # The first request is the cold one.
        activator.first_answer(event, True)
        for _ in range(starts):
            activator.wait(lambda instances: [i["state"] for i in instances] == ["paused"],
                           "a paused instance")
            times.append(activator.first_answer(event, False))
    finally:
        activator.stop()
    _tell(results, rows, name, "paused", times)


def _spare(results, rows, name, event, starts):
    """One request occupies an instance; the next one finds a spare that has answered nobody."""
    activator = Activator(name, {"swiftlet.dev/spare": "1"}, concurrency=1)
    times = []
    try:
        for _ in range(starts):
            with activator.connect() as occupying:
                occupying.sendall(activator.request(event)[:-1])
                activator.wait(lambda instances: _has_spare(instances), "a spare")
                times.append(activator.first_answer(event, False))
            activator.wait(lambda instances: len(instances) == 1, "one instance")
    finally:
        activator.stop()
    _tell(results, rows, name, "a spare", times)


def _has_spare(instances):
    return [(i["state"], i["inFlight"]) for i in instances] == [("ready", 1), ("ready", 0)]


def variables():
    """What exam-generator wants to be told before it starts; it is used by no request here."""
    return {"LOG_LEVEL": "error", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-bench",
            "AWS_REGION": "us-east-1", "EXAM_GENERATOR": "cloze", "RESULT_TOPIC": ""}
