# SPDX-License-Identifier: Apache-2.0
"""Counts allocations and system calls of an event, in runs of their own: counting slows down."""
import mmap
import re
import shutil
import struct
import subprocess

import load
from paths import DRIVER, WORK
from server import Server, free_port

LIBRARY = WORK / "liballocations.so"


def build_library():
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", LIBRARY,
                    DRIVER.parent / "allocations.c"], check=True)


class AllocationCount:
    """The count that the library keeps in a file, for a process that is started with it."""

    def __init__(self, name):
        self.path = WORK / f"allocations-{name}"
        self.path.write_bytes(bytes(8))
        with open(self.path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), 8)
        # Python would hide its objects in pools of its own.
        self.environment = {"LD_PRELOAD": str(LIBRARY), "ALLOCATIONS_FILE": str(self.path),
                            "PYTHONMALLOC": "malloc"}

    def value(self):
        return struct.unpack("<Q", self._page[:8])[0]


def allocations(contender, message, connections):
    """Calls of malloc and its kin for each event.

    None when nothing was answered, and of a program that does without the C library's malloc.
    """
    if not contender.uses_malloc:
        return None
    count = AllocationCount("server")
    server = Server(contender, free_port(), environment=count.environment)
    try:
        load.run(server, message, 1, connections)
        before = count.value()
        outcome = load.run(server, message, 1, connections)
        return (count.value() - before) / outcome.requests if outcome.requests else None
    finally:
        server.stop()


def system_calls(contender, message, connections):
    """System calls for each event, from strace; None without it."""
    if not shutil.which("strace"):
        return None
    summary = WORK / "strace.txt"
    server = Server(contender, free_port(), ["strace", "-f", "-c", "-o", str(summary)])
    try:
        outcome = load.run(server, message, 1, connections)
        # strace writes its summary when the program ends.
        for pid in reversed(server.pids()[1:]):
            subprocess.run(["kill", "-TERM", str(pid)], check=False)
        server.process.wait(timeout=20)
    finally:
        server.stop()
    total = re.search(r"^100\.00\s+\S+\s+(?:\S+\s+)?(\d+)\s+(?:\d+\s+)?total", summary.read_text(),
                      re.MULTILINE)
    return int(total[1]) / outcome.requests if total and outcome.requests else None
