# SPDX-License-Identifier: Apache-2.0
"""What all tests with independent clients share: the real programs, running."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import boto3
import botocore.config
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SWIFTLET_BIN", ROOT / ".build" / "release"))
MANIFESTS = ROOT / "charts" / "exam" / "rendered.yaml"
SAMPLES = sorted((ROOT / "functions" / "exam-generator" / "samples").glob("*.pdf"))
DEADLINE = 60.0


def wait_until(condition, what, deadline=DEADLINE):
    """Waits until `condition()` is truthy and gives what it gave."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline:.0f} s: {what}")
        time.sleep(0.02)


def clean_environment():
    """The environment without what would change the programs' defaults."""
    drop = ("AWS_", "SWIFTLET_", "K_", "KAFKA_", "PORT", "LISTEN_")
    return {k: v for k, v in os.environ.items() if not k.startswith(drop)}


def children_of(pid):
    """The pids of all descendants of a process."""
    table = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    parents = [tuple(map(int, line.split())) for line in table.splitlines()]
    found, level = set(), {pid}
    while level:
        level = {child for child, parent in parents if parent in level} - found
        found |= level
    return found


class Program:
    """A running `swiftlet`, its log kept for the report of a failed test."""

    def __init__(self, *arguments, environment=None, descriptors=None):
        """Starts it, with at most so many descriptors if that is said."""
        self.log = []
        limits = ["prlimit", f"--nofile={descriptors}:{descriptors}"] if descriptors else []
        self.process = subprocess.Popen(
            [*limits, str(BIN / "swiftlet"), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**clean_environment(), **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def ready_line(self):
        """The line of JSON that says where everything is."""
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(timeout=DEADLINE)
            self._reader.join(timeout=5)
            raise AssertionError("it ended instead of starting:\n" + "\n".join(self.log[-40:]))
        return json.loads(line)

    def stop(self, number=signal.SIGINT):
        """Ends it and gives the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("it did not stop:\n" + "\n".join(self.log[-40:]))


class Platform(Program):
    """`swiftlet up` on free ports, with a state directory of its own."""

    def __init__(self, state, *arguments, manifests=(MANIFESTS,), environment=None):
        files = [word for path in manifests for word in ("-f", path)]
        super().__init__(
            "up", *files, "--port", 0, "--bucket-port", 0, "--admin-port", 0,
            "--state", state, "--output", "json", *arguments, environment=environment,
        )
        self.addresses = self.ready_line()
        self.url = self.addresses["activator"]
        self.s3_url = self.addresses.get("bucket")
        self.bootstrap = self.addresses["kafka"]
        self.admin_url = self.addresses["admin"]
        self.access_key, self.secret_key = "minio", "minio123"

    def s3(self, **overrides):
        """A boto3 client for the bucket."""
        settings = {
            "endpoint_url": self.s3_url,
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "region_name": "us-east-1",
            "config": botocore.config.Config(
                s3={"addressing_style": "path"}, retries={"max_attempts": 1},
                max_pool_connections=64,
            ),
        }
        return boto3.client("s3", **{**settings, **overrides})

    def object(self, key, bucket="exams"):
        """The body of an object, or None."""
        client = self.s3()
        try:
            return client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None

    def functions(self):
        """The running instances, as processes."""
        return children_of(self.process.pid)


@pytest.fixture(scope="session")
def platform(tmp_path_factory):
    """One platform with the exam story, for all tests that leave it as they found it."""
    platform = Platform(tmp_path_factory.mktemp("state"), "--idle", "2s")
    yield platform
    assert platform.stop() == 0


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows the end of the platform's log with a failed test."""
    outcome = yield
    report = outcome.get_result()
    shown = item.funcargs.get("platform") if hasattr(item, "funcargs") else None
    if report.failed and shown is not None:
        report.sections.append(("log of swiftlet", "\n".join(shown.log[-60:])))
