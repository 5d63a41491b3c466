# SPDX-License-Identifier: Apache-2.0
"""What tests of the activator share: the program with its functions, and many clients at once."""

import asyncio
import json
import os
import resource
import urllib.request

import yaml
from conftest import Program, children_of


def service(name, image, annotations=None, **spec):
    """A Knative Service of a function that lies beside the program."""
    return {
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": name},
        "spec": {"template": {
            "metadata": {"annotations": annotations or {}},
            "spec": {**spec, "containers": [{"image": f"dev.local/{image}:1"}]},
        }},
    }


def write(path, *documents):
    """Puts manifests in the place of others, as editors do."""
    beside = path.with_suffix(".new")
    beside.write_text(yaml.dump_all(documents))
    beside.rename(path)
    return path


class Activator(Program):
    """`swiftlet activate` on free ports, or on that of one before it."""

    def __init__(self, manifest, *arguments, port=0, descriptors=None):
        super().__init__(
            "activate", "-f", manifest, "--port", port, "--admin-port", 0, "--output", "json",
            *arguments, environment={"LOG_LEVEL": "info"}, descriptors=descriptors,
        )
        self.addresses = self.ready_line()
        self.port = int(self.addresses["activator"].rpartition(":")[2])

    def functions(self):
        with urllib.request.urlopen(self.addresses["admin"] + "/admin/functions") as answer:
            return json.load(answer)

    def is_at_zero(self):
        return not children_of(self.process.pid) and all(
            not function["instances"] and not function["inFlight"] for function in self.functions())

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()


class Answer:
    """A status and what came with it."""

    def __init__(self, head, body):
        self.status = int(head.split(b" ", 2)[1])
        self.head, self.body = head.lower(), body


async def exchange(connection, target="/", host="localhost", fields=(), body=None):
    """One request on a connection; raises OSError or IncompleteReadError where it breaks."""
    reader, writer = connection
    lines = [f"{'GET' if body is None else 'POST'} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode() + (body or b""))
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return Answer(head, await reader.readexactly(length))


async def request(port, *arguments, **options):
    """One request on a connection of its own."""
    connection = await asyncio.open_connection("127.0.0.1", port)
    try:
        return await exchange(connection, *arguments, **options)
    finally:
        connection[1].close()


def event(identity):
    """The fields of an event without data."""
    return [("ce-specversion", "1.0"), ("ce-type", "t"), ("ce-source", "/s"), ("ce-id", identity)]
