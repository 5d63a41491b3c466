# SPDX-License-Identifier: Apache-2.0
"""An API server with one Deployment, whose pods are processes of a function on loopback."""

import http.server
import json
import os
import queue
import signal
import socket
import ssl
import subprocess
import threading
import urllib.parse
import urllib.request

from conftest import BIN, clean_environment, wait_until

NAMESPACE, NAME = "exam", "hello"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
SCALE = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}/scale"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Pod:
    """One process; ready when it says so, as a kubelet would find out."""

    def __init__(self, name):
        self.name, self.port = name, free_port()
        self.ready = self.terminating = False
        self.process = subprocess.Popen(
            [str(BIN / NAME)],
            env={**clean_environment(), "PORT": str(self.port), "TARGET": name},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def wait_until_ready(self):
        def answers():
            try:
                url = f"http://127.0.0.1:{self.port}/health/readiness"
                return urllib.request.urlopen(url, timeout=5).status == 200
            except OSError:
                return self.process.poll() is not None
        wait_until(answers, f"{self.name} is ready")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)

    def slice(self, version):
        conditions = {
            "ready": self.ready, "serving": self.ready or self.terminating,
            "terminating": self.terminating,
        }
        return {
            "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1",
            "metadata": {
                "name": f"{NAME}-pods-{self.name}", "namespace": NAMESPACE,
                "resourceVersion": str(version),
                "labels": {"kubernetes.io/service-name": f"{NAME}-pods"},
            },
            "addressType": "IPv4",
            "endpoints": [{
                "addresses": ["127.0.0.1"], "conditions": conditions,
                "targetRef": {"kind": "Pod", "name": self.name, "uid": f"uid-{self.name}"},
            }],
            "ports": [{"name": "http1", "port": self.port, "protocol": "TCP"}],
        }


class ApiServer:
    """Speaks TLS to whoever shows the token; `close` and `listen` restart it."""

    def __init__(self, folder):
        self.folder, self.token = folder, "first"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=kubernetes",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(folder / "tls.key"),
             "-out", str(folder / "ca.crt")], check=True, capture_output=True,
        )
        self.write_token("first")
        self.lock = threading.RLock()
        self.version, self.forgotten, self.events = 1000, 0, []
        self.watchers, self.pods, self.threads, self.connections = [], [], [], []
        self.replicas, self.pod_count, self.scales = 1, 0, []
        self.port, self.server = 0, None
        self.listen()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def write_token(self, token):
        (self.folder / "token.next").write_text(token + "\n")
        os.replace(self.folder / "token.next", self.folder / "token")

    def listen(self):
        api = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with api.lock:
                    api.connections.append(self.connection)

            def log_message(self, *arguments):
                pass

            def do_GET(self):
                api.answer(self)

            do_PATCH = do_GET

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "ca.crt", self.folder / "tls.key")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.end_watches()
        with self.lock:
            for connection in self.connections:
                try:
                    # Not TLS's own, after which what comes would be read as plain text.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
                except OSError:
                    pass
            self.connections = []

    def end(self):
        self.close()
        for thread in list(self.threads):
            thread.join(timeout=60)
        for pod in self.pods:
            pod.process.kill()
            pod.process.wait()

    def end_watches(self):
        with self.lock:
            for watcher in self.watchers:
                watcher.put(None)
            self.watchers = []

    def forget(self):
        """Compaction: watches from before now are answered with 410."""
        with self.lock:
            self.version += 1
            self.forgotten, self.events = self.version, []
        self.end_watches()

    # Requests.

    def answer(self, request):
        path, _, text = request.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text))
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            self.refuse(request, 401, "Unauthorized")
        elif path == SLICES and query.get("labelSelector") == (
            f"kubernetes.io/service-name={NAME}-pods"
        ):
            if query.get("watch") == "1":
                self.watch(request, query)
            else:
                with self.lock:
                    self.reply(request, 200, {
                        "kind": "EndpointSliceList", "apiVersion": "discovery.k8s.io/v1",
                        "metadata": {"resourceVersion": str(self.version)},
                        "items": [pod.slice(self.version) for pod in self.pods],
                    })
        elif path == SCALE and request.command == "PATCH" and (
            request.headers["Content-Type"] == "application/merge-patch+json"
        ):
            self.scale(json.loads(body)["spec"]["replicas"])
            self.reply(request, 200, {
                "kind": "Scale", "apiVersion": "autoscaling/v1",
                "metadata": {"name": NAME, "namespace": NAMESPACE},
                "spec": {"replicas": self.replicas}, "status": {"replicas": len(self.pods)},
            })
        else:
            self.refuse(request, 404, f"not found: {request.command} {request.path}")

    def reply(self, request, status, value):
        data = json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def refuse(self, request, status, message):
        self.reply(request, status, {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message,
            "code": status,
        })

    def watch(self, request, query):
        since, inbox = int(query["resourceVersion"]), queue.Queue()
        assert query["allowWatchBookmarks"] == "true"
        with self.lock:
            if since < self.forgotten:
                return self.refuse(request, 410, "too old resource version")
            for version, event in self.events:
                if version > since:
                    inbox.put(event)
            bookmark = {"metadata": {"resourceVersion": str(self.version)}}
            inbox.put({"type": "BOOKMARK", "object": bookmark})
            self.watchers.append(inbox)
        request.send_response(200)
        request.send_header("Content-Type", "application/json")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        try:
            end = float(query["timeoutSeconds"])
            while (event := inbox.get(timeout=end)) is not None:
                data = json.dumps(event).encode() + b"\n"
                for part in (data[:7], data[7:]):
                    request.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    request.wfile.flush()
            request.wfile.write(b"0\r\n\r\n")
        except (OSError, queue.Empty):
            request.close_connection = True

    # The Deployment.

    def tell(self, kind, pod):
        with self.lock:
            self.version += 1
            event = {"type": kind, "object": pod.slice(self.version)}
            self.events.append((self.version, event))
            for watcher in self.watchers:
                watcher.put(event)

    def scale(self, replicas):
        with self.lock:
            self.scales.append(replicas)
            self.replicas = replicas
            live = [pod for pod in self.pods if not pod.terminating]
            for _ in range(len(live), replicas):
                self.pod_count += 1
                pod = Pod(f"pod-{self.pod_count}")
                self.pods.append(pod)
                self.tell("ADDED", pod)
                self.later(self.become_ready, pod)
            for pod in live[replicas:]:
                pod.terminating, pod.ready = True, False
                self.tell("MODIFIED", pod)
                self.later(self.remove, pod)

    def later(self, work, pod):
        thread = threading.Thread(target=work, args=(pod,), daemon=True)
        self.threads.append(thread)
        thread.start()

    def become_ready(self, pod):
        pod.wait_until_ready()
        with self.lock:
            if not pod.terminating:
                pod.ready = True
                self.tell("MODIFIED", pod)

    def remove(self, pod):
        pod.end()
        with self.lock:
            self.pods.remove(pod)
            self.tell("DELETED", pod)
