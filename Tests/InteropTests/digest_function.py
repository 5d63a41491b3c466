# SPDX-License-Identifier: Apache-2.0
"""A function that answers with the SHA-256 of a chunked body, and goes in one of two ways.

Killed it is gone at once; told by SIGUSR1 it refuses connections for a moment before it ends. Each
request has a connection of its own, so that many meet that moment.
"""

import hashlib
import os
import signal
import socketserver
import threading

PATIENCE = 0.1


class Digest(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            text = self.digest()
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            self.wfile.write(head % len(text) + text)
        except (OSError, ValueError):
            pass

    def digest(self):
        """The digest of a body that came whole; ValueError for any other."""
        digest = hashlib.sha256()
        while length := int(self.rfile.readline(), 16):
            digest.update(self.rfile.read(length))
            if self.rfile.readline() != b"\r\n":
                raise ValueError
        self.rfile.readline()
        return digest.hexdigest().encode()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def leave(self, *_):
        self.socket.close()
        threading.Timer(PATIENCE, os._exit, [1]).start()


server = Server(("127.0.0.1", int(os.environ["PORT"])), Digest)
signal.signal(signal.SIGUSR1, server.leave)
threading.Thread(target=server.serve_forever).start()
signal.pause()
threading.Event().wait()
