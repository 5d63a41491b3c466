# SPDX-License-Identifier: Apache-2.0
"""Who takes part, and how each is started."""
import shutil

from paths import PEERS, PLAIN, PLAIN_STATIC, RELEASE, WORK


class Missing(Exception):
    """Why a contender does not take part."""


class Contender:
    def __init__(self, name, command, environment=None, http2=False, uses_malloc=True):
        self.name, self.http2, self.uses_malloc = name, http2, uses_malloc
        self._command, self._environment = command, environment or (lambda _: {})

    def command(self, port):
        return self._command(port)

    def environment(self, port):
        return self._environment(port)


def swiftlet(placement):
    return Contender(
        f"Swiftlet, on the {placement}",
        lambda _: [RELEASE / "Bench", "echo", placement],
        lambda port: {"LISTEN_ADDRESS": f"127.0.0.1:{port}", "LOG_LEVEL": "error"},
        http2=True,
    )


def bare(answer_bytes=1700):
    return Contender("bare loop, parses nothing",
                     lambda port: [RELEASE / "BenchLoop", port, answer_bytes])


def plain_bares():
    """The bare loop linked as others link: how it is linked decides how it starts."""
    for name, folder in (("bare loop, --static-swift-stdlib alone", PLAIN_STATIC),
                         ("bare loop, plain swift build", PLAIN)):
        if not (folder / "BenchLoop").exists():
            raise Missing(f"{name} was not built: make bench does")
        yield _linked(name, folder / "BenchLoop")


def _linked(name, program):
    return Contender(name, lambda port: [program, port, 1700])


def nginx():
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        raise Missing("nginx is not installed")

    def command(port):
        folder = WORK / f"nginx-{port}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log /dev/null crit;
worker_rlimit_nofile 65536;
events {{ worker_connections 20000; }}
http {{
  access_log off; keepalive_requests 1000000000; client_max_body_size 16m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; return 200 "{'x' * 1500}"; }}
  }}
}}
""")
        return [program, "-p", folder, "-c", folder / "nginx.conf", "-e", "/dev/null"]

    return Contender("nginx, return 200", command)


def go():
    program = WORK / "go_server"
    if not program.exists():
        raise Missing("Go is not installed, or did not build it")
    return Contender("Go net/http, echo of the body", lambda port: [program, port],
                     uses_malloc=False)


def node():
    program = shutil.which("node") or shutil.which("nodejs")
    if not program:
        raise Missing("node is not installed")
    return Contender("Node http, echo of the body",
                     lambda port: [program, PEERS / "node_server.js", port])


def python_peer(name, command):
    program = WORK / "python/bin/python"
    if not program.exists():
        raise Missing("its packages could not be installed from PyPI")
    return Contender(name, lambda port: [program, *command(port)])


def fastapi():
    return python_peer("FastAPI and CloudEvents SDK", lambda port: [
        "-m", "uvicorn", "--app-dir", PEERS, "fastapi_app:app", "--port", port,
        "--no-access-log", "--log-level", "error"])


def aiohttp():
    return python_peer("aiohttp, echo of the body",
                       lambda port: [PEERS / "aiohttp_app.py", port])


def all_contenders():
    """Those that can take part, and (name, reason) of those that cannot."""
    present, missing = [swiftlet("loop"), swiftlet("pool"), bare()], []
    for make in (nginx, go, node, fastapi, aiohttp):
        try:
            present.append(make())
        except Missing as error:
            missing.append((make.__name__, str(error)))
    return present, missing
