# SPDX-License-Identifier: Apache-2.0
"""The activator's proxy beside nginx and HAProxy.

The proxy has one core; the upstream, which parses nothing, and the load share the other one. Of
requests/s and CPU time for each the second is the steadier, and says more when that other core is
the one that is full.
"""
import json
import shutil
import statistics

import contenders
import load
import report
import sample
from paths import RELEASE, WORK
from server import LOAD_CORE, Server, free_port

CONNECTIONS = 64
ANSWER_BYTES = 1700
HOST = "echo.bench.localhost"

SERVICE = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {{name: {name}, namespace: bench}}
spec:
  template:
    metadata: {{annotations: {annotations}}}
    spec:
      containerConcurrency: {concurrency}
      containers: [{{image: dev.local/{name}, env: {environment}}}]
"""


def manifest(name, annotations=None, environment=None, concurrency=0):
    """The path of a manifest; JSON is YAML."""
    path = WORK / f"{name}.yaml"
    variables = [{"name": key, "value": value} for key, value in (environment or {}).items()]
    path.write_text(SERVICE.format(
        name=name, annotations=json.dumps(annotations or {}), environment=json.dumps(variables),
        concurrency=concurrency))
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


def measure(results, seconds, rounds):
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
