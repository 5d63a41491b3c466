# SPDX-License-Identifier: Apache-2.0
"""A function that speaks gRPC: run as a program it serves `PORT`, as a module it is its client."""

import json
import os
import signal
import sys
import threading
from concurrent import futures

import grpc

SERVICE = "test.Echo"
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Servicer:
    """What each call does; messages are bytes."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = self.most = self.cancelled = self.calls = self.checks = 0

    def __enter__(self):
        with self.lock:
            self.calls += 1
            self.running += 1
            self.most = max(self.most, self.running)

    def __exit__(self, *_):
        with self.lock:
            self.running -= 1

    def Unary(self, request, context):
        with self:
            metadata = dict(context.invocation_metadata())
            context.send_initial_metadata((("x-host", metadata.get("x-forwarded-host", "")),))
            context.set_trailing_metadata((("x-length", str(len(request))),))
            return request

    def Slow(self, request, context):
        with self:
            ended = threading.Event()
            context.add_callback(ended.set)
            ended.wait(float(request))
            return request

    def Stats(self, request, context):
        names = ("most", "cancelled", "calls", "running", "checks")
        numbers = {name: getattr(self, name) for name in names}
        return json.dumps({**numbers, "pid": os.getpid()}).encode()

    def Fail(self, request, context):
        with self:
            context.set_trailing_metadata((("x-details-bin", b"\x00\xff\x01"),))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "100 % née\nof two lines")

    def Collect(self, requests, context):
        with self:
            return str(sum(len(request) for request in requests)).encode()

    def Count(self, request, context):
        with self:
            for number in range(int(request)):
                yield str(number).encode()

    def Chat(self, requests, context):
        with self:
            for request in requests:
                if request == b"stop":
                    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "enough")
                if request == b"die":
                    os.kill(os.getpid(), signal.SIGKILL)
                yield request

    def Wait(self, request, context):
        with self:
            ended = threading.Event()
            context.add_callback(ended.set)
            yield b"waiting"
            ended.wait(60)
            with self.lock:
                self.cancelled += 1

    def Flood(self, request, context):
        with self:
            size, count = map(int, request.split())
            for _ in range(count):
                yield bytes(size)


def handlers(servicer):
    """The service's methods by name, without generated code."""
    unary, stream_in = grpc.unary_unary_rpc_method_handler, grpc.stream_unary_rpc_method_handler
    stream_out, both = grpc.unary_stream_rpc_method_handler, grpc.stream_stream_rpc_method_handler
    kinds = {
        "Unary": unary, "Slow": unary, "Stats": unary, "Fail": unary, "Collect": stream_in,
        "Count": stream_out, "Chat": both, "Wait": stream_out, "Flood": stream_out,
    }
    return {name: kind(getattr(servicer, name)) for name, kind in kinds.items()}


class Health:
    """grpc.health.v1.Health by hand: not serving at first, as a program that still loads."""

    def __init__(self, servicer, unready_times):
        self.servicer, self.left = servicer, unready_times

    def Check(self, request, context):
        if request and request != b"\x0a\x09" + SERVICE.encode():
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        self.servicer.checks += 1
        self.left -= 1
        return b"\x08\x02" if self.left >= 0 else b"\x08\x01"


def serve(port, unready_times=0):
    server = grpc.server(futures.ThreadPoolExecutor(200), options=OPTIONS)
    servicer = Servicer()
    health = grpc.unary_unary_rpc_method_handler(Health(servicer, unready_times).Check)
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler(SERVICE, handlers(servicer)),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": health}),
    ))
    assert server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(10))
    server.wait_for_termination()


class Client:
    """Calls the function through a channel."""

    def __init__(self, address, authority):
        options = [*OPTIONS, ("grpc.default_authority", authority), ("grpc.enable_retries", 0)]
        self.channel = grpc.insecure_channel(address, options=options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def __getattr__(self, name):
        kind = {"Collect": "stream_unary", "Chat": "stream_stream"}.get(name)
        kind = kind or ("unary_stream" if name in ("Count", "Wait", "Flood") else "unary_unary")
        return getattr(self.channel, kind)(f"/{SERVICE}/{name}")

    def stats(self):
        return json.loads(self.Stats(b"", timeout=60))


if __name__ == "__main__":
    serve(os.environ["PORT"], int(sys.argv[1]) if len(sys.argv) > 1 else 0)
