# SPDX-License-Identifier: Apache-2.0
"""`swiftlet activate` with functions that speak HTTP/2 alone."""

import pathlib
import sys
import urllib.parse

import requests
from conftest import Program

MANIFEST = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: {name}
  annotations: {annotations}
spec:
  template:
    spec:
      containerConcurrency: {concurrency}
      timeoutSeconds: {timeout}
      containers:
      - image: dev.local/{name}:1
        ports: [{{name: h2c, containerPort: 8080}}]
        readinessProbe: {probe}
---
"""


def service(name, function=None, concurrency=0, timeout=60, probe="{tcpSocket: {}}"):
    """A Service whose instances are a Python program, with its arguments, or one of its name."""
    annotations = f"{{swiftlet.dev/command: {sys.executable} {function}}}" if function else "{}"
    return MANIFEST.format(
        name=name, annotations=annotations, concurrency=concurrency, timeout=timeout, probe=probe,
    )


class Activator(Program):
    """`swiftlet activate` with some services."""

    def __init__(self, folder, *services):
        file = folder / "services.yaml"
        file.write_text("".join(services))
        super().__init__(
            "activate", "-f", file, "--port", 0, "--admin-port", 0, "--idle", "1s",
            "--output", "json",
        )
        self.addresses = self.ready_line()
        self.url = self.addresses["activator"]
        self.address = urllib.parse.urlsplit(self.url).netloc

    def instances(self, name):
        """The instances of a service that there are now."""
        functions = requests.get(self.addresses["admin"] + "/admin/functions", timeout=10).json()
        return [f for f in functions if f["service"] == name][0]["instances"]

    def resident_kilobytes(self):
        """How much memory the activator has."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def descriptor_count(self):
        """How many descriptors the activator has."""
        return len(list(pathlib.Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def request(self, name, path="/", **options):
        """A request of HTTP/1.1 to a service."""
        headers = {"Host": f"{name}.default.localhost", **options.pop("headers", {})}
        method = "POST" if "data" in options else "GET"
        return requests.request(method, self.url + path, headers=headers, timeout=60, **options)
