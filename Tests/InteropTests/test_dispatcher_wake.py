# SPDX-License-Identifier: Apache-2.0
"""A backlog that wakes a function from zero."""

import re

import requests
import yaml
from conftest import Platform, wait_until
from dispatching import produce

EVENTS = 500


def metric(platform, name):
    """The sum of a metric over its labels; 0 before it is there."""
    text = requests.get(platform.admin_url + "/metrics", timeout=10).text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines()
               if line.startswith((name + "{", name + " ")))


def seen(platform):
    """The ids of the events that the function showed."""
    found = (re.search(r"partition:\d+/offset:\d+", line) for line in platform.log)
    return [match[0] for match in found if match]


def test_a_backlog_reaches_a_function_at_zero_without_one_error(tmp_path):
    documents = [
        {"apiVersion": "kafka.strimzi.io/v1beta2", "kind": "KafkaTopic",
         "metadata": {"name": "backlog"}, "spec": {"partitions": 4}},
        {"apiVersion": "serving.knative.dev/v1", "kind": "Service",
         "metadata": {"name": "event-display"}, "spec": {"template": {
             "metadata": {"annotations": {"autoscaling.knative.dev/max-scale": "2"}},
             "spec": {"containerConcurrency": 8,
                      "containers": [{"image": "dev.local/event-display:1"}]}}}},
        {"apiVersion": "sources.knative.dev/v1", "kind": "KafkaSource",
         "metadata": {"name": "backlog", "annotations": {"swiftlet.dev/max-in-flight": "64"}},
         "spec": {"topics": ["backlog"], "bootstrapServers": ["unused:1"],
                  "initialOffset": "earliest", "ordering": "unordered",
                  "sink": {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service",
                                   "name": "event-display"}}}},
    ]
    manifest = tmp_path / "backlog.yaml"
    manifest.write_text(yaml.dump_all(documents))
    platform = Platform(tmp_path / "state", "--idle", "1s", manifests=(manifest,))
    try:
        for round_number in range(1, 4):
            wait_until(lambda: not platform.functions(), "the function is at zero")
            produce(platform.bootstrap, "backlog", [(f"k{n}", n) for n in range(EVENTS)])
            wait_until(lambda: metric(platform, "swiftlet_kafkasource_events_delivered_total")
                       == round_number * EVENTS, "all events")
        # What the function itself saw, each event once.
        ids = wait_until(lambda: (found := seen(platform)) and len(found) >= 3 * EVENTS and found,
                         "all events on the display")
        assert len(set(ids)) == len(ids) == 3 * EVENTS
        assert metric(platform, "swiftlet_kafkasource_retries_total") == 0
        assert metric(platform, "swiftlet_kafkasource_events_held") == 0
        assert metric(platform, "swiftlet_kafkasource_events_dead_lettered_total") == 0
    finally:
        assert platform.stop() == 0
