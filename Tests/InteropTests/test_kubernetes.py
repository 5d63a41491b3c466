# SPDX-License-Identifier: Apache-2.0
"""`swiftlet activate --backend kubernetes`, as the chart runs it, against an API server."""

import concurrent.futures
import signal
import urllib.request

import pytest
import yaml
from conftest import Program, wait_until
from kubernetes_api import ApiServer
from test_charts import ACTIVATOR, ACTIVATOR_VALUES, of_kind, render


@pytest.fixture
def api(tmp_path):
    server = ApiServer(tmp_path)
    server.programs = []
    yield server
    for program in server.programs:
        program.stop()
    server.end()


def activate(api, *arguments):
    """The activator with the chart's manifests and flags, but for what belongs to a pod."""
    _, objects = render(ACTIVATOR, *ACTIVATOR_VALUES, release="functions")
    (configuration,) = of_kind(objects, "ConfigMap")
    services = [
        manifest for manifest in yaml.safe_load_all(configuration["data"]["functions.yaml"])
        if manifest and manifest["metadata"]["name"] == "hello"
    ]
    manifest = api.folder / "functions.yaml"
    manifest.write_text(yaml.safe_dump_all(services))
    program = Program(
        "activate", "--backend=kubernetes", f"--file={manifest}", "--host=127.0.0.1",
        "--port=0", "--admin-port=0", f"--kubernetes={api.url}",
        f"--service-account={api.folder}", "--output=json", *arguments,
    )
    api.programs.append(program)
    program.addresses = program.ready_line()
    return program


def ask(program):
    request = urllib.request.Request(
        program.addresses["activator"], headers={"Host": "hello.exam.svc.cluster.local"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read().decode()


def pod_number(answer):
    return int(answer.removeprefix("Hello, pod-").removesuffix("!\n"))


def metrics(program):
    url = program.addresses["admin"] + "/metrics"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def test_from_zero_to_three_and_back(api):
    program = activate(api, "--idle", "500ms")
    # The Deployment was made with one replica.
    wait_until(lambda: api.scales == [0], "it begins at zero")
    for _ in range(3):
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: ask(program), range(60)))
        assert all(answer.startswith("Hello, pod-") for answer in answers)
        wait_until(lambda: api.scales[-1] == 0 and not api.pods, "it is back at zero")
    assert 1 <= max(api.scales) <= 3
    assert program.stop() == 0


def test_restart_of_the_api_server_and_another_token(api):
    program = activate(api)
    assert ask(program) == "Hello, pod-1!\n"
    api.close()
    assert ask(program) == "Hello, pod-1!\n"
    wait_until(lambda: 'reason="unreachable"' in metrics(program), "it is missed")
    api.token = "second"
    api.listen()
    wait_until(lambda: 'reason="unauthorized"' in metrics(program), "the token is refused")
    api.write_token("second")
    api.scale(0)
    wait_until(lambda: "pod-1" not in [pod.name for pod in api.pods], "somebody ended the pod")
    assert ask(program).startswith("Hello, pod-")
    api.forget()
    count = api.pod_count
    api.scale(0)
    wait_until(lambda: pod_number(ask(program)) > count, "another one answers")
    assert program.stop() == 0
    log = "\n".join(program.log)
    assert "it works again to watch" in log
    assert "second" not in log.replace("seconds", "")


def test_the_pods_outlive_the_activator(api):
    program = activate(api)
    assert ask(program) == "Hello, pod-1!\n"
    assert program.stop(signal.SIGTERM) == 0
    assert [pod.name for pod in api.pods] == ["pod-1"] and api.scales[-1] == 1
    program = activate(api)
    assert ask(program) == "Hello, pod-1!\n"
    assert program.stop() == 0


@pytest.mark.parametrize(
    "arguments, code, message",
    [
        (["--backend", "podman"], 2, "expected processes or kubernetes"),
        (["--backend", "kubernetes"], 1, "no pod of a cluster: KUBERNETES_SERVICE_HOST"),
        (
            ["--backend", "kubernetes", "--kubernetes", "https://127.0.0.1:1",
             "--service-account", "/nowhere"],
            1, "/nowhere/token cannot be read",
        ),
        (["--host", "everywhere"], 2, "expected an IP address"),
    ],
)
def test_what_cannot_be_is_said(tmp_path, arguments, code, message):
    manifest = tmp_path / "hello.yaml"
    manifest.write_text(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: hello}\n"
        "spec: {template: {spec: {containers: [{image: hello}]}}}\n"
    )
    program = Program(
        "activate", "-f", manifest, "--port", 0, "--admin-port", 0, *arguments
    )
    assert program.process.wait(timeout=60) == code
    program._reader.join(timeout=60)
    assert message in "\n".join(program.log)
