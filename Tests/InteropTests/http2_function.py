# SPDX-License-Identifier: Apache-2.0
"""A function on the library `h2` that refuses, resets and goes away as its requests ask for.

    http2_function.py [streams=N] [window=N] [protocol=http1]

`streams` and `window` are what it tells in its SETTINGS.
"""

import json
import os
import socket
import sys
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings

OPTIONS = dict(word.split("=") for word in sys.argv[1:])
lock = threading.Lock()
counts = {"connections": 0, "most": 0, "resets": 0}
seen = {}


def body_of(path, request):
    if path == "/counts":
        return json.dumps(counts).encode()
    if path == "/fields":
        return json.dumps(request["fields"]).encode()
    if path.startswith("/big/"):
        return bytes(int(path[5:]))
    return request["body"]


class Connection:
    def __init__(self, connection):
        self.socket = connection
        self.peer = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        settings = {
            h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: int(OPTIONS.get("streams", 100)),
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: int(OPTIONS.get("window", 65535)),
        }
        self.peer.local_settings = h2.settings.Settings(client=False, initial_values=settings)
        self.peer.initiate_connection()
        self.requests, self.waiting, self.output = {}, [], {}

    def run(self):
        with self.socket:
            self.flush()
            while data := self.socket.recv(65536):
                for event in self.peer.receive_data(data):
                    self.handle(event)
                self.answer_waiting()
                for stream in list(self.output):
                    self.send_body(stream)
                self.flush()

    def flush(self):
        self.socket.sendall(self.peer.data_to_send())

    def handle(self, event):
        if isinstance(event, h2.events.RequestReceived):
            fields = {name.decode(): value.decode() for name, value in event.headers}
            self.requests[event.stream_id] = {"fields": fields, "body": b""}
            counts["most"] = max(counts["most"], len(self.requests))
        elif isinstance(event, h2.events.DataReceived):
            request = self.requests[event.stream_id]
            request["body"] += event.data
            if request["fields"][":path"] == "/stall":
                return
            self.peer.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self.answer(event.stream_id, self.requests.pop(event.stream_id))
        elif isinstance(event, h2.events.StreamReset):
            self.requests.pop(event.stream_id, None)
            counts["resets"] += 1

    def answer(self, stream, request):
        path = request["fields"][":path"]
        with lock:
            times = seen[path] = seen.get(path, 0) + 1
        if path.startswith("/refused/") and times <= int(path.split("/")[2]):
            return self.peer.reset_stream(stream, h2.errors.ErrorCodes.REFUSED_STREAM)
        if path == "/reset":
            return self.peer.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        if path.startswith("/leave/") and times == 1:
            # Answers what came before, gives the rest back, and says goodbye.
            self.peer.close_connection(last_stream_id=stream - 2)
            self.flush()
            return self.socket.shutdown(socket.SHUT_WR)
        if path.startswith("/together/"):
            self.waiting.append((stream, request))
            return
        headers = [(":status", "200"), ("x-times", str(times))]
        if path == "/hints":
            self.peer.send_headers(stream, [(":status", "103"), ("link", "</a>")])
        self.peer.send_headers(stream, headers)
        self.output[stream] = body_of(path, request)
        self.send_body(stream)

    def answer_waiting(self):
        """Answers requests for `/together/N` once N of them wait on this connection."""
        if not self.waiting or len(self.waiting) < int(self.waiting[0][1]["fields"][":path"][10:]):
            return
        for stream, request in self.waiting:
            self.peer.send_headers(stream, [(":status", "200")], end_stream=True)
        self.waiting = []

    def send_body(self, stream):
        """Sends what the windows let through, and trailers at the end."""
        body = self.output[stream]
        while body and (room := self.peer.local_flow_control_window(stream)):
            length = min(room, self.peer.max_outbound_frame_size, len(body))
            self.peer.send_data(stream, body[:length])
            body = body[length:]
        self.output[stream] = body
        if not body:
            del self.output[stream]
            self.peer.send_headers(stream, [("x-trailer", "at the end")], end_stream=True)


def serve_http1(connection):
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def main():
    listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        counts["connections"] += 1
        isOld = OPTIONS.get("protocol") == "http1"
        run = (lambda c=connection: serve_http1(c)) if isOld else Connection(connection).run
        threading.Thread(target=run, daemon=True).start()


if __name__ == "__main__":
    main()
