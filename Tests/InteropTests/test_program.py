# SPDX-License-Identifier: Apache-2.0
"""The program itself: help, wrong use, ports, processes, and the demonstration."""

import json
import os
import pty
import signal
import socket
import subprocess

import pytest
from conftest import BIN, MANIFESTS, ROOT, SAMPLES, Platform, Program, clean_environment, wait_until


def swiftlet(*arguments, **options):
    return subprocess.run(
        [str(BIN / "swiftlet"), *map(str, arguments)],
        capture_output=True, text=True, timeout=60, env=clean_environment(), **options,
    )


@pytest.mark.parametrize("verb", ["up", "dispatch", "activate", "invoke", "put", "demo"])
def test_help_teaches(verb):
    done = swiftlet(verb, "--help")
    assert done.returncode == 0
    assert f"swiftlet {verb}" in done.stdout
    assert "Examples:" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ((), "Usage"),
        (("fly",), 'no subcommand "fly"'),
        (("up",), "-f FILE is missing"),
        (("up", "-f", "x.yaml", "--prot", "1"), "did you mean --port?"),
        (("up", "-f", "x.yaml", "--port", "70000"), "not a number of 0…65535"),
        (("up", "-f", "x.yaml", "--idle", "soon"), "not a time"),
        (("put", "only-one"), "expected FILE BUCKET/KEY"),
        (("invoke", "--mode", "smoke"), "binary, structured or batch"),
    ],
)
def test_wrong_use_gets_one_sentence_and_code_2(arguments, sentence):
    done = swiftlet(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stdout == ""


def test_a_missing_manifest_is_named():
    done = swiftlet("up", "-f", "/nonexistent/x.yaml")
    assert done.returncode == 1
    assert "/nonexistent/x.yaml" in done.stderr


def test_a_wrong_manifest_is_located(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: Bad_Name}\n")
    done = swiftlet("up", "-f", file)
    assert done.returncode == 1
    assert f"{file}:3:" in done.stderr


@pytest.mark.parametrize("flag", ["--port", "--bucket-port", "--admin-port"])
def test_a_port_in_use_gets_one_sentence(tmp_path, flag):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"--port": 0, "--bucket-port": 0, "--admin-port": 0}
        ports[flag] = taken.getsockname()[1]
        words = [word for pair in ports.items() for word in pair]
        done = swiftlet("up", "-f", MANIFESTS, "--state", tmp_path, *words)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if "in use" in line]
    assert len(lines) == 1 and flag in lines[0]


def test_one_state_directory_one_program(tmp_path):
    first = Platform(tmp_path)
    done = swiftlet(
        "up", "-f", MANIFESTS, "--state", tmp_path,
        "--port", 0, "--bucket-port", 0, "--admin-port", 0,
    )
    assert done.returncode == 1 and "in use by another process" in done.stderr
    assert first.stop() == 0


def listening_ports():
    lines = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
    return {line.split()[3].rsplit(":", 1)[1] for line in lines.splitlines()}


def test_nothing_is_left_behind(tmp_path):
    platform = Platform(tmp_path)
    ports = [value.rsplit(":", 1)[1] for value in platform.addresses.values()]
    assert set(ports) <= listening_ports()
    platform.s3().upload_file(str(SAMPLES[0]), "exams", "left.pdf")
    wait_until(lambda: platform.object("question_bank/left.json"), "the exam")
    processes = platform.functions()
    assert platform.stop() == 0
    assert not (set(ports) & listening_ports())
    for pid in processes:
        assert not os.path.exists(f"/proc/{pid}")


def test_a_killed_platform_takes_its_functions_along(tmp_path):
    platform = Platform(tmp_path, "--idle", "60s")
    platform.s3().upload_file(str(SAMPLES[0]), "exams", "orphan.pdf")
    processes = wait_until(platform.functions, "a function runs")
    platform.process.kill()
    platform.process.wait()
    wait_until(
        lambda: not any(os.path.exists(f"/proc/{pid}") for pid in processes), "functions are gone"
    )


def test_the_demonstration_works_twice(tmp_path):
    for _ in range(2):
        done = swiftlet(
            "demo", "-f", MANIFESTS, "--bucket", "exams", "--state", tmp_path, "--idle", "500ms",
            "--port", 0, "--bucket-port", 0, "--admin-port", 0, *SAMPLES,
        )
        assert done.returncode == 0, done.stderr
        for stage in ["stored", "notified", "dispatched", "started", "generated", "answered"]:
            assert stage in done.stdout
        assert "question_bank/" in done.stdout
        assert "✓" in done.stdout
        assert "zero" in done.stdout


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.3, 1.0, 4.0])
def test_an_interrupted_demonstration_leaves_nothing(tmp_path, delay):
    program = Program(
        "demo", "-f", MANIFESTS, "--bucket", "exams", "--state", tmp_path, "--idle", "30s",
        "--port", 0, "--bucket-port", 0, "--admin-port", 0, *SAMPLES,
    )
    try:
        program.process.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        pass
    before = {program.process.pid}
    program.stop()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in before)


def test_put_and_invoke(platform, tmp_path):
    done = subprocess.run(
        [str(BIN / "swiftlet"), "put", "--s3", platform.s3_url, "--output", "json",
         str(SAMPLES[0]), "exams/put/it works.pdf"],
        capture_output=True, text=True, timeout=60, env=clean_environment(),
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["size"] == SAMPLES[0].stat().st_size
    wait_until(lambda: platform.object("question_bank/put/it works.json"), "the exam")

    record = (ROOT / "Tests" / "Fixtures" / "minio-event.json").read_text()
    done = swiftlet(
        "invoke", platform.url, "--type", "dev.knative.kafka.event", "--data", record
    )
    assert done.returncode == 0, done.stderr


def test_put_with_a_wrong_secret_is_explained(platform):
    done = subprocess.run(
        [str(BIN / "swiftlet"), "put", "--s3", platform.s3_url, str(SAMPLES[0]), "exams/x.pdf"],
        capture_output=True, text=True, timeout=60,
        env={**clean_environment(), "AWS_ACCESS_KEY_ID": "minio", "AWS_SECRET_ACCESS_KEY": "nonsense9"},
    )
    assert done.returncode == 1
    assert "SignatureDoesNotMatch" in done.stderr
    assert "nonsense9" not in done.stderr


def test_the_admin_port(platform):
    import requests

    assert requests.get(platform.admin_url + "/health/readiness", timeout=10).text == "READY\n"
    assert "# TYPE" in requests.get(platform.admin_url + "/metrics", timeout=10).text
    functions = requests.get(platform.admin_url + "/admin/functions", timeout=10).json()
    assert [function["service"] for function in functions] == ["exam-generator"]
