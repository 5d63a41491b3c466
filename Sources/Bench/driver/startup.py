# SPDX-License-Identifier: Apache-2.0
"""From the start of a program to its first answered event."""
import os
import re
import shutil
import signal
import socket
import statistics
import time

import ending
from paths import WORK
from server import LOAD_CORE, SERVER_CORE, free_port

GIVE_UP_SECONDS = 20


def _connect(port, deadline):
    """Asks again and again without a pause: a pause would be measured as well."""
    while True:
        connection = socket.socket()
        try:
            connection.connect(("127.0.0.1", port))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        except OSError:
            connection.close()
            if time.monotonic() > deadline:
                raise RuntimeError("it did not listen")


def first_answer_milliseconds(contender, message):
    """One start, until the answer's first bytes are there."""
    port = free_port()
    request = message.request(port)
    command = [str(word) for word in contender.command(port)]
    environment = {**os.environ, **contender.environment(port)}
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
    # The child inherits the core; the loop that asks for its port must not stay there.
    os.sched_setaffinity(0, {int(SERVER_CORE)})
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, environment, file_actions=actions)
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    try:
        with _connect(port, time.monotonic() + GIVE_UP_SECONDS) as connection:
            connection.sendall(request)
            if not connection.recv(65536):
                raise RuntimeError("it closed the connection")
            return (time.perf_counter() - start) * 1000
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(null)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def median(values):
    return statistics.median(values)


# The last system call of each part of a start, in order.
PARTS = (
    ("exec", r"execve\("),
    ("dynamic linking", r"munmap\("),
    ("runtime and main", r"epoll_create1?\("),
    ("listen", r"listen\("),
    ("first connection", r"accept4?\("),
    ("first answer", r"(?:send|sendto|write|writev)\(\d+, \"HTTP"),
)

TRACED = ("execve,munmap,epoll_create,epoll_create1,listen,accept,accept4,send,sendto,write,"
          "writev")


def breakdown(contender, message):
    """(part, milliseconds) of one start, as strace sees it: relative sizes, not absolute ones."""
    if not shutil.which("strace"):
        return []
    port, log = free_port(), WORK / "startup.strace"
    process = ending.start(
        ["taskset", "-c", SERVER_CORE, "strace", "-f", "-ttt", "-o", log, "-e",
         f"trace={TRACED}", *contender.command(port)],
        env={**os.environ, **contender.environment(port)},
    )
    try:
        with _connect(port, time.monotonic() + GIVE_UP_SECONDS) as connection:
            connection.sendall(message.request(port))
            connection.recv(65536)
    finally:
        ending.stop(process)
    return _parts(log.read_text(errors="replace"))


def _parts(log):
    lines = re.findall(r"^\d+\s+(\d+\.\d+) (.*)$", log, re.MULTILINE)
    parts, place, previous = [], 0, None
    for name, pattern in PARTS:
        for index in range(place, len(lines)):
            if re.match(pattern, lines[index][1]):
                moment = float(lines[index][0])
                if previous is not None:
                    parts.append((name, (moment - previous) * 1000))
                previous, place = moment, index + 1
                break
    return parts
