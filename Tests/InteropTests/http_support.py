# SPDX-License-Identifier: Apache-2.0
"""A function of its own process, and bare sockets to it: what the tests of HTTP share."""

import contextlib
import os
import pathlib
import resource
import signal
import socket
import subprocess

from conftest import BIN, DEADLINE, clean_environment, wait_until


class Hello:
    """The function `hello` on a free port, started without any platform."""

    def __init__(self, descriptors=None, **environment):
        def limit():
            if descriptors:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [str(BIN / "hello")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={
                **clean_environment(),
                "LISTEN_ADDRESS": f"127.0.0.1:{self.port}",
                **{name: str(value) for name, value in environment.items()},
            },
            preexec_fn=limit,
        )
        wait_until(self.answers, "hello answers")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def connect(self, timeout=DEADLINE, receive_buffer=None):
        """A new connection."""
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(timeout)
        connection.connect(("127.0.0.1", self.port))
        return connection

    def answers(self):
        """Whether a fresh client gets its answer."""
        try:
            with self.connect() as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return read_to_end(connection).startswith(b"HTTP/1.1 200 ")
        except ConnectionRefusedError:
            assert self.process.poll() is None, "hello ended"
            return False

    def descriptors(self):
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_mib(self):
        """What it has in memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def is_quiet(self, before):
        """Whether no more descriptors are open than before, give or take one being closed."""
        return self.descriptors() <= before + 1

    def stop(self):
        """Ends it, and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


@contextlib.contextmanager
def running(**settings):
    """A `Hello` that has to end in order."""
    hello = Hello(**settings)
    try:
        yield hello
    finally:
        code = hello.stop()
    assert code == 0


def read_to_end(connection):
    """All that comes until the peer closes or resets."""
    received = b""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        while block := connection.recv(65536):
            received += block
    return received


def send_all(connection, data):
    """Sends as much as the peer takes before it breaks the connection."""
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(data)


def statuses(received):
    """The statuses of the answers in a stream, each with its length in `Content-Length`."""
    found = []
    while received:
        head, separator, rest = received.partition(b"\r\n\r\n")
        assert separator, f"half an answer: {received[:200]}"
        lines = head.split(b"\r\n")
        status = int(lines[0].split(b" ")[1])
        found.append(status)
        names = dict(line.lower().split(b": ", 1) for line in lines[1:] if b": " in line)
        received = rest[int(names.get(b"content-length", 0)):] if status >= 200 else rest
    return found
