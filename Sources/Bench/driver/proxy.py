# SPDX-License-Identifier: Apache-2.0
"""The activator's proxy beside nginx and HAProxy, and how long a start behind it takes.

The proxy has one core; the upstream, which parses nothing, and the load share the other one. Of
requests/s and CPU time for each the second is the steadier, and says more when that other core is
the one that is full.
"""
import http.client
import json
import os
import shutil
import socket
import statistics
import time

import contenders
import load
import report
import sample
import startup
from paths import RELEASE, WORK
from server import LOAD_CORE, Server, free_port

CONNECTIONS = 64
ANSWER_BYTES = 1700
HOST = "echo.bench.localhost"
ZERO_SECONDS = 30

SERVICE = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {{name: {name}, namespace: bench}}
spec:
  template:
    metadata: {{annotations: {annotations}}}
    spec: {{containers: [{{image: dev.local/{name}, env: {environment}}}]}}
"""


def manifest(name, annotations=None, environment=None):
    """The path of a manifest; JSON is YAML."""
    path = WORK / f"{name}.yaml"
    variables = [{"name": key, "value": value} for key, value in (environment or {}).items()]
    path.write_text(SERVICE.format(
        name=name, annotations=json.dumps(annotations or {}), environment=json.dumps(variables)))
    return path


class Gateway(Server):
    """A proxy under test, whose instances are not counted with it."""

    def pids(self):
        return [self.process.pid]


def activator():
    loop = f"exec taskset -c {LOAD_CORE} {RELEASE / 'BenchLoop'} $PORT {ANSWER_BYTES}"
    path = manifest("echo", {
        "swiftlet.dev/command": json.dumps(["sh", "-c", loop]),
        "autoscaling.knative.dev/min-scale": "1", "autoscaling.knative.dev/max-scale": "1"})
    return contenders.Contender(
        "Swiftlet's activator",
        lambda port: [RELEASE / "swiftlet", "activate", "-f", path, "--port", port,
                      "--admin-port", "0"],
        lambda _: {"LOG_LEVEL": "error"})


def nginx(upstream):
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        raise contenders.Missing("nginx is not installed")

    def command(port):
        folder = WORK / f"nginx-{port}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log /dev/null crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  upstream echo {{
    server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://echo; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
""")
        return [program, "-p", folder, "-c", folder / "nginx.conf", "-e", "/dev/null"]

    return contenders.Contender("nginx, proxy_pass", command)


def haproxy(upstream):
    program = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
    if not program:
        raise contenders.Missing("HAProxy is not installed")

    def command(port):
        path = WORK / f"haproxy-{port}.cfg"
        path.write_text(f"""
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
listen echo
  bind 127.0.0.1:{port}
  server loop 127.0.0.1:{upstream}
""")
        return [program, "-db", "-q", "-f", path]

    return contenders.Contender("HAProxy", command)


class Rounds:
    """What was found of one gateway."""

    def __init__(self):
        self.full, self.single = [], []

    def median(self, value):
        return statistics.median(value(outcome) for outcome in self.full)


def warm(results, seconds, rounds):
    """The part `proxy`."""
    report.heading(f"An event of 1.1 KB through a proxy, {CONNECTIONS} connections, one core")
    message = sample.binary()
    message.headers["Host"] = HOST
    upstream = Server(contenders.bare(ANSWER_BYTES), free_port(), ["taskset", "-c", LOAD_CORE])
    try:
        gateways = [activator()]
        for make in (nginx, haproxy):
            try:
                gateways.append(make(upstream.port))
            except contenders.Missing as missing:
                report.note(f"{make.__name__}: skipped, {missing}")
        found = {gateway.name: Rounds() for gateway in gateways}
        direct = []
        for _ in range(rounds):
            direct.append(load.run(upstream, message, seconds, 1).p50)
            for gateway in gateways:
                server = Gateway(gateway, free_port())
                try:
                    # The first request waits for an instance, and is not what is measured.
                    load.run(server, message, 1, CONNECTIONS)
                    found[gateway.name].full.append(
                        load.run(server, message, seconds, CONNECTIONS))
                    found[gateway.name].single.append(load.run(server, message, seconds, 1).p50)
                finally:
                    server.stop()
    finally:
        upstream.stop()
    _tell(results, found, statistics.median(direct))


def _tell(results, found, direct):
    rows, medians = [], {}
    for name, those in found.items():
        rates = [outcome.rate for outcome in those.full]
        medians[name] = (
            statistics.median(rates), those.median(lambda o: o.cpu),
            statistics.median(those.single) - direct)
        rows.append([
            name, f"{medians[name][0]:,.0f}", f"{min(rates):,.0f}…{max(rates):,.0f}",
            f"{those.median(lambda o: o.p50):,.0f}", f"{those.median(lambda o: o.p99):,.0f}",
            f"{medians[name][1]:.1f}", f"{medians[name][2]:,.0f}",
            sum(outcome.errors for outcome in those.full)])
    report.table(["proxy", "requests/s", "spread", "p50 µs", "p99 µs", "CPU µs",
                  "added to one µs", "errors"], rows)
    (rate, cpu, added), *peers = medians.values()
    for name, (peer_rate, peer_cpu, peer_added) in zip(list(medians)[1:], peers):
        results.add("proxy", rate, "requests/s", name, peer_rate)
        results.add("proxy", cpu, "CPU µs/request", name, peer_cpu, more_is_better=False)
        results.add("proxy, added to one request", added, "µs", name, peer_added,
                    more_is_better=False)
        report.note(f"beside {name}: {rate / peer_rate:.2f} × the requests/s, "
                    f"{peer_cpu / cpu:.2f} × by CPU time")


def cold(results, starts):
    """The part `coldstart`."""
    report.heading(f"A request at zero instances, {starts} starts each")
    rows = []
    # An event that nobody handles is answered, and needs neither bucket nor broker.
    event = sample.binary()
    event.headers["ce-type"] = "bench.unknown"
    for name in ("hello", "exam-generator"):
        bare = contenders.Contender(
            name, lambda _, name=name: [RELEASE / name],
            lambda port: {"LISTEN_ADDRESS": f"127.0.0.1:{port}", **variables()})
        path = manifest(name, environment=variables())
        admin = free_port()
        server = Gateway(contenders.Contender("activator", lambda port, path=path, admin=admin: [
            RELEASE / "swiftlet", "activate", "-f", path, "--port", port, "--admin-port",
            admin, "--idle", "1ms", "--functions", RELEASE]), free_port())
        try:
            times, bares = [], []
            for _ in range(starts):
                _await_zero(admin)
                times.append(_first_answer(server.port, f"{name}.bench.localhost", event))
                bares.append(startup.first_answer_milliseconds(bare, event))
        finally:
            server.stop()
        for label, values in (("through the activator", times), ("exec of the bare one", bares)):
            rows.append([f"{name}, {label}", f"{startup.median(values):.2f}",
                         f"{startup.percentile(values, 0.99):.2f}", len(values)])
        results.add(f"cold start of {name}, p50", startup.median(times), "ms", "bare exec",
                    startup.median(bares), more_is_better=False)
        results.add(f"cold start of {name}, p99", startup.percentile(times, 0.99), "ms",
                    "bare exec", startup.percentile(bares, 0.99), more_is_better=False)
    report.table(["function", "p50 ms", "p99 ms", "starts"], rows)


def variables():
    """What exam-generator wants to be told before it starts; it is used by no request here."""
    return {"LOG_LEVEL": "error", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
            "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-bench",
            "AWS_REGION": "us-east-1", "EXAM_GENERATOR": "cloze", "RESULT_TOPIC": ""}


def _await_zero(port):
    deadline = time.monotonic() + ZERO_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ZERO_SECONDS)
        connection.request("GET", "/admin/functions")
        functions = json.loads(connection.getresponse().read())
        connection.close()
        if not any(function["instances"] for function in functions):
            return
        time.sleep(0.002)
    raise RuntimeError("an instance stayed")


def _first_answer(port, host, message):
    """Milliseconds from the first byte of a request to the first of its answer."""
    message.headers["Host"] = host
    fields = {**message.headers, "Content-Length": len(message.body)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    request = f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + message.body
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with socket.create_connection(("127.0.0.1", port), ZERO_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.perf_counter()
        connection.sendall(request)
        answer = connection.recv(65536)
        taken = (time.perf_counter() - start) * 1000
    if b"X-Swiftlet-Cold-Start: true" not in answer:
        raise RuntimeError(f"no cold start: {answer.decode(errors='replace')}")
    return taken
