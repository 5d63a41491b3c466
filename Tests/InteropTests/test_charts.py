# SPDX-License-Identifier: Apache-2.0
"""The charts: what helm makes of them, and what Kubernetes and a shell make of that."""

import os
import pathlib
import shutil
import stat
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAM = ROOT / "charts" / "exam"
FUNCTION = ROOT / "charts" / "function"
ACTIVATOR = ROOT / "charts" / "activator"
ACTIVATOR_VALUES = (
    "--set", "image.repository=dev.local/swiftlet",
    "--set", "functions[0].name=hello",
    "--set", "functions[0].image=dev.local/hello",
    "--set", "functions[0].containerConcurrency=1",
    "--set-string", "functions[0].scaling.max-scale=3",
    "--set", "functions[0].lagTarget=50",
    "--set", "functions[0].env.MODE=fast",
    "--set", "functions[1].name=other",
)
FUNCTION_VALUES = ("--set", "image.repository=dev.local/hello")
KUBERNETES = "1.32"
CORE_GROUPS = (
    "v1", "apps/v1", "batch/v1", "networking.k8s.io/v1", "rbac.authorization.k8s.io/v1",
)

EVERYTHING = (
    "--set", "eventDisplay.enabled=true",
    "--set", "networkPolicy.enabled=true",
    "--set", "secret.create=false",
    "--set", "secret.existingSecret=bucket-keys",
    "--set", "imagePullSecrets={registry}",
    "--set", "function.serviceAccountName=exam",
    "--set", "commonLabels.team=schools",
    "--set", "kafka.topics.uploads.config.retention\\.ms=1000",
)
CHARTS = [
    (EXAM, ()), (EXAM, EVERYTHING), (FUNCTION, FUNCTION_VALUES), (ACTIVATOR, ACTIVATOR_VALUES),
]
HINT = "run: helm template exam charts/exam --namespace exam > charts/exam/rendered.yaml"


def helm(*arguments):
    beside_python = pathlib.Path(sys.executable).parent / "helm"
    program = shutil.which("helm") or str(beside_python)
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True)


def render(chart, *arguments, release="exam", namespace="exam"):
    """The text that helm prints, and the objects in it."""
    place = ("--namespace", namespace) if namespace else ()
    done = helm("template", release, chart, *place, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout, [object for object in yaml.safe_load_all(done.stdout) if object]


def of_kind(objects, kind, group=""):
    return [o for o in objects if o["kind"] == kind and o["apiVersion"].startswith(group)]


@pytest.mark.parametrize("chart, values", CHARTS)
def test_helm_finds_nothing_to_complain_about(chart, values):
    done = helm("lint", "--strict", chart, *values)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_kept_copy_is_what_helm_prints():
    text, _ = render(EXAM)
    kept = (EXAM / "rendered.yaml").read_text()
    assert text == kept, HINT


@pytest.mark.parametrize("chart, values", CHARTS)
def test_objects_of_kubernetes_itself_have_its_form(chart, values):
    _, objects = render(chart, *values)
    for object in objects:
        if object["apiVersion"] in CORE_GROUPS:
            kubernetes_validate.validate(object, KUBERNETES, strict=True)


def test_the_story_is_all_there():
    _, objects = render(EXAM)
    found = [(o["kind"], o["metadata"]["namespace"], o["metadata"]["name"]) for o in objects]
    job = found.pop([kind for kind, _, _ in found].index("Job"))
    assert job[2].startswith("configure-bucket-notification-")
    assert sorted(found) == [
        ("KafkaSource", "exam", "kafka-source"),
        ("KafkaTopic", "strimzi", "exam-generated"),
        ("KafkaTopic", "strimzi", "exam-generator-topic"),
        ("Secret", "exam", "exam-generator"),
        ("Service", "exam", "exam-generator"),
    ]


def test_everything_that_is_off_can_be_turned_on():
    _, objects = render(EXAM, *EVERYTHING)
    assert len(of_kind(objects, "Service", "serving.knative.dev")) == 2
    assert len(of_kind(objects, "KafkaSource")) == 2
    assert len(of_kind(objects, "NetworkPolicy")) == 1
    assert of_kind(objects, "Secret") == []
    text = yaml.safe_dump_all(objects)
    assert "bucket-keys" in text and "minio123" not in text


@pytest.mark.parametrize(
    "namespace, values, expected",
    [
        (None, (), "exam"),
        ("default", (), "exam"),
        ("schools", (), "schools"),
        ("schools", ("--set", "namespace=default"), "default"),
    ],
)
def test_the_namespace(namespace, values, expected):
    _, objects = render(EXAM, *values, namespace=namespace)
    source = of_kind(objects, "KafkaSource")[0]
    assert source["metadata"]["namespace"] == expected
    assert source["spec"]["sink"]["ref"]["namespace"] == expected


def test_containers_have_no_rights():
    _, exam = render(EXAM, *EVERYTHING)
    _, function = render(FUNCTION, *FUNCTION_VALUES)
    _, activator = render(ACTIVATOR, *ACTIVATOR_VALUES)
    objects = exam + function + activator
    workloads = [o for o in objects if "template" in o.get("spec", {})]
    pods = [workload["spec"]["template"]["spec"] for workload in workloads]
    containers = [container for pod in pods for container in pod["containers"]]
    assert len(containers) == 6
    for container in containers:
        context = container["securityContext"]
        assert context["runAsNonRoot"] and context["readOnlyRootFilesystem"]
        assert context["runAsUser"] > 0
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize(
    "value, message",
    [
        ("function.nme=x", "nme is not allowed"),
        ("function.timeoutSeconds=601", "less than or equal to 600"),
        ("function.containerConcurrency=1001", "less than or equal to 1000"),
        ("source.ordering=random", "source.ordering"),
        ("source.delivery.timeout=5s", "source.delivery.timeout"),
        ("env.normal.PORT=80", "PORT"),
        ("secret.create=false", "existingSecret"),
        ("bucketNotification.bucket=Exams", "bucketNotification.bucket"),
        ("kafka.bootstrapServers={kafka}", "kafka.bootstrapServers"),
    ],
)
def test_values_that_cannot_be_right_are_refused(value, message):
    done = helm("template", "exam", EXAM, "--set", value)
    assert done.returncode != 0
    assert message in done.stderr


def test_the_activator_may_scale_its_functions_and_nothing_else():
    _, objects = render(ACTIVATOR, *ACTIVATOR_VALUES, release="functions")
    (role,) = of_kind(objects, "Role")
    assert role["rules"] == [
        {
            "apiGroups": ["apps"], "resources": ["deployments/scale"],
            "resourceNames": ["hello", "other"], "verbs": ["get", "patch"],
        },
        {
            "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
            "verbs": ["list", "watch"],
        },
    ]
    (binding,) = of_kind(objects, "RoleBinding")
    assert binding["subjects"][0]["name"] == "functions" == binding["roleRef"]["name"]
    pods = {o["metadata"]["name"]: o["spec"] for o in of_kind(objects, "Deployment")}
    assert sorted(pods) == ["functions", "hello"]
    assert "replicas" not in pods["hello"]
    assert pods["functions"]["template"]["spec"]["serviceAccountName"] == "functions"
    assert pods["hello"]["template"]["spec"]["automountServiceAccountToken"] is False
    services = {o["metadata"]["name"]: o["spec"] for o in of_kind(objects, "Service")}
    assert sorted(services) == ["functions", "hello", "hello-pods", "other"]
    selected = pods["functions"]["template"]["metadata"]["labels"].items()
    assert services["hello"]["selector"].items() <= selected
    labels = pods["hello"]["template"]["metadata"]["labels"].items()
    assert services["hello-pods"]["selector"].items() <= labels


@pytest.mark.parametrize(
    "values, message",
    [
        (("--set", "image.repository=a"), "functions is needed"),
        (("--set", "functions[0].name=hello"), "image.repository is needed"),
        (("--set", "image.repository=a", "--set", "functions[0].name=exam"), "another name"),
        (("--set", "functions[0].name=Hello"), "functions.0.name"),
        (("--set", "functions[0].nme=hello"), "nme is not allowed"),
    ],
)
def test_an_activator_that_cannot_be_right_is_refused(values, message):
    done = helm("template", "exam", ACTIVATOR, *values)
    assert done.returncode != 0
    assert message in done.stderr


def test_a_function_needs_an_image():
    done = helm("template", "hello", FUNCTION)
    assert done.returncode != 0
    assert "image.repository is needed" in done.stderr


def test_a_function_with_a_source():
    _, objects = render(
        FUNCTION, *FUNCTION_VALUES,
        "--set", "source.enabled=true",
        "--set", "source.bootstrapServers={kafka:9092}",
        "--set", "source.topics={orders}",
        "--set", "secretEnv.KEY.name=keys",
        "--set", "secretEnv.KEY.key=k",
        "--set", "env.MODE=fast",
        release="hello", namespace="shop",
    )
    service, source = objects
    assert service["metadata"]["name"] == "hello"
    container = service["spec"]["template"]["spec"]["containers"][0]
    assert [variable["name"] for variable in container["env"]] == ["MODE", "KEY"]
    assert source["spec"]["topics"] == ["orders"]
    assert source["spec"]["sink"]["ref"]["name"] == "hello"
    assert source["metadata"]["namespace"] == "shop"


# The Job that sets up bucket notifications.

SUFFIXES = "bucketNotification.suffixes={.pdf,.PDF,.Pdf}"
FAKE_MC = """#!/bin/sh
# Stands for mc and the server behind it: notes its arguments, keeps the settings in files.
printf '%s|' "$@" >> "$STATE/calls"; echo >> "$STATE/calls"
case "$*" in
  "alias set"*) cat > "$STATE/keys" ;;
  "admin config get"*) cat "$STATE/config" 2>/dev/null || exit 1 ;;
  "admin config set"*) shift 4; echo "notify_kafka:primary $* queue_limit=0" > "$STATE/config" ;;
  "admin service restart"*) cp "$STATE/config" "$STATE/live" ;;
  "admin info"*) [ -f "$STATE/live" ] && echo '{"sqsARN":["arn:minio:sqs::primary:kafka"]}' ;;
esac
exit 0
"""


def job_of(*values):
    _, objects = render(EXAM, *values)
    return of_kind(objects, "Job")[0]


def run_script(job, folder):
    """Runs the Job's script with a false mc; gives the calls, and what came by standard input."""
    program = folder / "mc"
    program.write_text(FAKE_MC)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (folder / "calls").write_text("")
    container = job["spec"]["template"]["spec"]["containers"][0]
    variables = {v["name"]: v.get("value", f"the {v['name']}") for v in container["env"]}
    done = subprocess.run(
        [*container["command"], *container["args"]],
        env={"PATH": f"{folder}:{os.environ['PATH']}", "STATE": str(folder), **variables},
        capture_output=True, text=True, timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return (folder / "calls").read_text().splitlines(), (folder / "keys").read_text()


def test_the_script_sets_up_notifications(tmp_path):
    calls, keys = run_script(job_of(), tmp_path)
    assert keys == "the MINIO_ACCESS_KEY\nthe MINIO_SECRET_KEY\n"
    assert not [call for call in calls if "MINIO_" in call]
    brokers = "brokers=kafka-cluster-kafka-bootstrap.strimzi.svc:9092"
    settings = f"notify_kafka:primary|{brokers}|topic=exam-generator-topic|enable=on|"
    assert f"admin|config|set|store|{settings}" in calls
    restart = calls.index("admin|service|restart|--json|store|")
    bucket = calls.index("mb|--ignore-existing|store/exams|")
    added = [call for call in calls if call.startswith("event|add")]
    assert restart < bucket < calls.index(added[0])
    start = "event|add|store/exams|arn:minio:sqs::primary:kafka|--ignore-existing|--event|put|"
    assert added == [f"{start}--prefix||--suffix|{suffix}|" for suffix in (".pdf", ".PDF")]


def test_the_script_repeats_nothing(tmp_path):
    run_script(job_of(), tmp_path)
    calls, _ = run_script(job_of(), tmp_path)
    assert not [call for call in calls if "config|set" in call or "restart" in call]
    assert len([call for call in calls if call.startswith("event|add")]) == 2


def test_the_script_restarts_a_server_that_has_not_taken_its_settings(tmp_path):
    run_script(job_of(), tmp_path)
    (tmp_path / "live").unlink()
    calls, _ = run_script(job_of(), tmp_path)
    assert "admin|service|restart|--json|store|" in calls
    assert not [call for call in calls if "config|set" in call]


def test_the_script_follows_a_change_of_topic(tmp_path):
    run_script(job_of(), tmp_path)
    calls, _ = run_script(job_of("--set", "kafka.topics.uploads.name=other"), tmp_path)
    assert [call for call in calls if "config|set" in call and "topic=other|" in call]
    assert "admin|service|restart|--json|store|" in calls


@pytest.mark.parametrize(
    "value, expected",
    [("bucketNotification.suffixes=null", [""]), (SUFFIXES, [".pdf", ".PDF", ".Pdf"])],
)
def test_one_rule_for_each_suffix(tmp_path, value, expected):
    calls, _ = run_script(job_of("--set", value), tmp_path)
    added = [call.split("|")[-2] for call in calls if call.startswith("event|add")]
    assert added == expected


def test_annotations_and_script_cannot_disagree():
    job = job_of("--set", SUFFIXES, "--set", "bucketNotification.prefix=maths/",
                 "--set", "bucketNotification.events={put,delete}")
    annotations = job["metadata"]["annotations"]
    container = job["spec"]["template"]["spec"]["containers"][0]
    variables = {v["name"]: v.get("value") for v in container["env"]}
    for name in ("bucket", "topic", "events", "prefix", "suffix"):
        assert annotations[f"swiftlet.dev/{name}"] == variables[f"NOTIFY_{name.upper()}"]
    assert annotations["swiftlet.dev/suffix"] == ".pdf,.PDF,.Pdf"
    assert annotations["swiftlet.dev/events"] == "put,delete"


def test_a_job_that_changed_has_another_name():
    names = {
        job_of(*values)["metadata"]["name"]
        for values in [
            (), ("--set", SUFFIXES), ("--set", "kafka.topics.uploads.name=other"),
            ("--set", "commonLabels.a=b"), ("--set", "imagePullSecrets={a}"),
            ("--set", "bucketNotification.resources.limits.memory=1Gi"),
            ("--set", "secret.name=other"),
        ]
    }
    assert len(names) == 7
    assert job_of() == job_of("--set", "function.timeoutSeconds=60")
