# SPDX-License-Identifier: Apache-2.0
"""A sink that speaks HTTP/2 alone, on the library `h2`: over TLS (ALPN) or with prior knowledge."""

import asyncio
import ssl
import threading

import h2.config
import h2.connection
import h2.events


class HTTP2Sink:
    """Holds each request until `together` of them are open at once, then answers them all.

    So it can tell requests that share a connection from those that wait for one another. What
    comes after that is answered at once.
    """

    def __init__(self, together=1, identity=None):
        self.together = together
        self.events, self.connections, self.most = [], 0, 0
        self._open = []
        self._ready = threading.Event()
        self._identity = identity
        threading.Thread(target=self._run, daemon=True).start()
        assert self._ready.wait(60)
        name = "https://localhost" if identity else "http://127.0.0.1"
        self.url = f"{name}:{self.port}/"

    def _run(self):
        context = None
        if self._identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*map(str, self._identity))
            context.set_alpn_protocols(["h2"])
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader, writer):
        self.connections += 1
        peer = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        peer.initiate_connection()
        writer.write(peer.data_to_send())
        requests = {}
        while data := await reader.read(65536):
            for event in peer.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    fields = {name.decode(): value.decode() for name, value in event.headers}
                    requests[event.stream_id] = {"fields": fields, "body": b""}
                elif isinstance(event, h2.events.DataReceived):
                    requests[event.stream_id]["body"] += event.data
                    peer.acknowledge_received_data(
                        event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    self._open.append((peer, writer, event.stream_id))
                    self.events.append(requests.pop(event.stream_id))
            self.most = max(self.most, len(self._open))
            if self.most >= self.together:
                for other, stream_writer, stream in self._open:
                    other.send_headers(stream, [(":status", "202")], end_stream=True)
                    stream_writer.write(other.data_to_send())
                self._open = []
            writer.write(peer.data_to_send())
            await writer.drain()
        writer.close()

    def bodies(self):
        """What came, in its order."""
        return [event["body"].decode() for event in self.events]
