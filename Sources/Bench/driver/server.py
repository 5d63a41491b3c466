# SPDX-License-Identifier: Apache-2.0
"""A server under test, pinned to one core, and what it takes of the machine."""
import os
import signal
import socket
import time

import ending

SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 20
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running contender; end it with stop()."""

    def __init__(self, contender, port, wrapper=(), environment=None):
        self.port, self.contender = port, contender
        self.process = ending.start(
            ["taskset", "-c", SERVER_CORE, *wrapper, *contender.command(port)],
            env={**os.environ, **contender.environment(port), **(environment or {})},
        )
        self._await_port()

    def _await_port(self):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError(f"it did not listen: {error}")
                time.sleep(0.02)

    def pids(self):
        """The process and those it started: a server may have workers."""
        pids = [self.process.pid]
        for pid in pids:
            try:
                with open(f"/proc/{pid}/task/{pid}/children") as children:
                    pids += [int(word) for word in children.read().split()]
            except OSError:
                continue
        return pids

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                continue
        return total / TICKS

    def resident_bytes(self):
        """Of the largest process, as the kernel counts it."""
        largest = 0
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/status") as status:
                    for line in status:
                        if line.startswith("VmRSS:"):
                            largest = max(largest, int(line.split()[1]) * 1024)
            except OSError:
                continue
        return largest

    def stop(self, number=signal.SIGKILL):
        """Ends it, and all that it started."""
        ending.stop(self.process, number)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
