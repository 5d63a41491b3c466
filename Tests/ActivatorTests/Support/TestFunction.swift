// SPDX-License-Identifier: Apache-2.0

import Activator
import Glibc

/// A function in Python that does what its request's path says.
enum TestFunction {
    /// The interpreter; the tests need one.
    static let python: String = {
        let places = ["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"]
        return places.first { access($0, X_OK) == 0 } ?? "/usr/bin/python3"
    }()

    /// The command line; `mode` says how it behaves as a process.
    static func command(_ mode: String = "serve") -> [String] {
        [self.python, "-S", "-E", "-c", self.source, mode]
    }

    /// A revision of it, with times that suit a test.
    static func spec(
        _ service: String = "probe",
        mode: String = "serve",
        _ change: (inout RevisionSpec) -> Void = { _ in }
    ) -> RevisionSpec {
        var spec = RevisionSpec(
            namespace: "test",
            service: service,
            revision: "\(service)-00001",
            command: self.command(mode)
        )
        spec.idleWindow = .seconds(600)
        spec.stopGrace = .seconds(20)
        change(&spec)
        return spec
    }

    private static let source = #"""
        import os, signal, socket, sys, threading

        mode = sys.argv[1]
        if mode.startswith("exit"):
            sys.stderr.write("going down\n")
            sys.stderr.flush()
            os._exit(int(mode[4:]))
        if mode == "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        if mode == "stubborn":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        elif mode == "family":
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                signal.pause()
        if mode == "deaf":
            signal.pause()
        if mode == "port":
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", int(os.environ["PORT"])))
            listener.listen(64)
        else:
            assert os.environ["LISTEN_FDS"] == "1" and os.environ["LISTEN_PID"] == str(os.getpid())
            listener = socket.socket(fileno=3)
            assert listener.getsockname()[1] == int(os.environ["PORT"])
        listener.setblocking(True)
        lock = threading.Lock()
        count = running = running_max = connections = 0

        class Request:
            pass

        def read_request(stream):
            request = Request()
            line = stream.readline()
            if not line:
                return None
            request.raw = line
            request.method, request.target, _ = line.decode().split(" ", 2)
            request.fields = {}
            while True:
                line = stream.readline()
                request.raw += line
                if line in (b"\r\n", b""):
                    break
                name, value = line.decode("latin-1").split(":", 1)
                request.fields[name.lower()] = value.strip()
            return request

        def body_of(request, stream):
            if request.fields.get("transfer-encoding") == "chunked":
                while True:
                    size = int(stream.readline().split(b";")[0], 16)
                    if size == 0:
                        request.trailers = b""
                        while True:
                            line = stream.readline()
                            if line == b"\r\n":
                                return
                            request.trailers += line
                    yield stream.read(size)
                    stream.readline()
            left = int(request.fields.get("content-length", "0"))
            while left > 0:
                data = stream.read1(min(left, 65536))
                if not data:
                    return
                left -= len(data)
                yield data

        def answer(connection, body, status="200 OK", extra=""):
            if isinstance(body, str):
                body = body.encode()
            head = "HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), extra)
            connection.sendall(head.encode() + body)

        def act(request, connection, stream, number):
            global running_max
            path = request.target
            if path == "/hello":
                answer(connection, "hello")
            elif path == "/pid":
                answer(connection, str(os.getpid()))
            elif path == "/connection":
                answer(connection, str(number))
            elif path == "/count":
                answer(connection, str(count))
            elif path == "/most":
                answer(connection, str(running_max))
            elif path == "/environment":
                text = "\n".join("%s=%s" % pair for pair in sorted(os.environ.items()))
                answer(connection, text + "\n" + os.getcwd())
            elif path == "/raw":
                answer(connection, request.raw)
            elif path == "/length":
                answer(connection, str(sum(len(part) for part in body_of(request, stream))))
            elif path == "/echo":
                data = b"".join(body_of(request, stream))
                extra = "X-Trailers: %s\r\n" % getattr(request, "trailers", b"").decode().strip()
                answer(connection, data, extra=extra)
            elif path == "/stream":
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for part in body_of(request, stream):
                    connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
                connection.sendall(b"0\r\n\r\n")
            elif path.startswith("/big/"):
                left = int(path[5:])
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % left)
                block = bytes(65536)
                while left > 0:
                    connection.sendall(block[:left])
                    left -= len(block[:left])
            elif path == "/trailers":
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n"
                    b"5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n"
                )
            elif path == "/close":
                connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end")
                return False
            elif path == "/interim":
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                answer(connection, "final")
            elif path == "/head":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
            elif path.startswith("/status/"):
                status = path[8:]
                extra = "X-Hop: 1\r\nConnection: x-hop\r\nKeep-Alive: timeout=5\r\n"
                if status in ("204", "304"):
                    connection.sendall(("HTTP/1.1 %s Some\r\n%s\r\n" % (status, extra)).encode())
                else:
                    answer(connection, "status", status + " Some", extra)
            elif path == "/date":
                answer(connection, "old", extra="Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n")
            elif path == "/garbage":
                connection.sendall(b"this is not HTTP at all\r\n\r\n")
                return False
            elif path == "/upgrade":
                connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
                return False
            elif path == "/early":
                answer(connection, "too much", "413 Content Too Large", "Connection: close\r\n")
                return False
            elif path == "/crash":
                for part in body_of(request, stream):
                    pass
                os._exit(3)
            elif path == "/kill":
                os.kill(os.getpid(), signal.SIGKILL)
            elif path == "/midway":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
                os._exit(4)
            elif path == "/quit-after":
                answer(connection, "last words")
                os._exit(0)
            elif path == "/drop":
                return False
            elif path.startswith("/gate/"):
                with open(path[5:], "rb", 0) as gate:
                    gate.read(1)
                answer(connection, "through")
            elif path == "/log":
                for stream_name in (sys.stdout, sys.stderr):
                    stream_name.write("to %s\n" % stream_name.name)
                    stream_name.flush()
                answer(connection, "logged")
            elif path.startswith("/flood/"):
                for _ in range(int(path[7:])):
                    os.write(1, b"x" * 1000 + b"\n")
                answer(connection, "flooded")
            else:
                answer(connection, "unknown path", "404 Not Found")
            return True

        def serve(connection, number):
            global count, running, running_max
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            stream = connection.makefile("rb")
            try:
                while True:
                    request = read_request(stream)
                    if request is None:
                        break
                    with lock:
                        count += 1
                        running += 1
                        running_max = max(running_max, running)
                    try:
                        goes_on = act(request, connection, stream, number)
                    finally:
                        with lock:
                            running -= 1
                    if not goes_on:
                        break
            except OSError:
                pass
            stream.close()
            connection.close()

        while True:
            connection, _ = listener.accept()
            connections += 1
            threading.Thread(target=serve, args=(connection, connections), daemon=True).start()
        """#
}
