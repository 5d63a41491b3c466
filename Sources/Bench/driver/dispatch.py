# SPDX-License-Identifier: Apache-2.0
"""From a topic to a sink: the dispatcher beside a C program that keeps no promise.

The dispatcher has one core; the broker and the sink share the other.
"""
import contextlib
import ctypes
import json
import mmap
import os
import statistics
import subprocess
import time

import report
import sample
from paths import RELEASE, WORK
from server import LOAD_CORE, SERVER_CORE, TICKS, free_port

PROGRAM = RELEASE / "BenchDispatch"
TOPIC = "bench"
IN_FLIGHT = 100
START_SECONDS = 60
LATENCY_RECORDS = 3000
# The first events meet connections and caches that are not there yet.
LATENCY_WARM = 500
STALL_SECONDS = 10
LAG_RECORDS = 1_000_000
OURS, PEER = "Swiftlet", "C: librdkafka, curl multi"


class Counts(ctypes.Structure):
    """As `struct bench_counts` of BenchDispatch has it."""
    _fields_ = [("received", ctypes.c_uint64), ("answered", ctypes.c_uint64),
                ("waiting_max", ctypes.c_uint64), ("latencies_count", ctypes.c_uint64),
                ("latencies", ctypes.c_uint64 * (1 << 16))]


def start(core, *command, **options):
    return subprocess.Popen(["taskset", "-c", core, *map(str, command)],
                            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)


@contextlib.contextmanager
def running(*arguments, **options):
    process = start(*arguments, **options)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def value():
    """The file with the value of the records."""
    path = WORK / "dispatch.body"
    path.write_bytes(sample.minio_body())
    return path


@contextlib.contextmanager
def broker(partitions, records, keys, codec="none"):
    """Its address, and how many records it holds."""
    with running(LOAD_CORE, PROGRAM, "broker", TOPIC, partitions, records, keys, value(), codec,
                 stdout=subprocess.PIPE, text=True) as process:
        words = process.stdout.readline().split()
        if len(words) != 2:
            raise RuntimeError("the broker did not start")
        yield words[0], int(words[1])


@contextlib.contextmanager
def sink(delay_microseconds):
    """Its URL and its counts, while it runs."""
    port, path = free_port(), WORK / "dispatch.counts"
    path.write_bytes(bytes(ctypes.sizeof(Counts)))
    with open(path, "r+b") as file:
        counts = Counts.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(Counts)))
    with running(LOAD_CORE, PROGRAM, "sink", port, delay_microseconds, path):
        yield f"http://127.0.0.1:{port}/", counts


def manifest(url, group, ordering):
    path = WORK / "dispatch.yaml"
    path.write_text(json.dumps({
        "apiVersion": "sources.knative.dev/v1", "kind": "KafkaSource",
        "metadata": {"name": "bench", "namespace": "bench", "annotations": {
            "swiftlet.dev/ordering": ordering, "swiftlet.dev/max-in-flight": str(IN_FLIGHT)}},
        "spec": {"bootstrapServers": ["unused:1"], "topics": [TOPIC], "consumerGroup": group,
                 "initialOffset": "earliest", "sink": {"uri": url}},
    }))
    return path


def command(name, servers, url, ordering="unordered"):
    # A group of its own: it starts at the first record.
    group = f"bench-{time.time_ns()}"
    if name == PEER:
        return [PROGRAM, "dispatch", servers, TOPIC, group, url, IN_FLIGHT]
    return [RELEASE / "swiftlet", "dispatch", "-f", manifest(url, group, ordering), "--kafka",
            servers, "--admin-port", 0]


def cpu_seconds(process):
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_bytes(process):
    with open(f"/proc/{process.pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


class Flow:
    """What went through between a twentieth of the records and all but one."""

    def __init__(self, process, counts, records, seconds=None):
        self._await(process, lambda: counts.answered > min(records // 20, 50), START_SECONDS)
        begin, first, cpu = time.monotonic(), counts.answered, cpu_seconds(process)
        self._await(process, lambda: counts.answered >= records * 19 // 20,
                    seconds or START_SECONDS, isRequired=False)
        events = counts.answered - first
        if events == 0:
            raise RuntimeError("nothing arrived at the sink")
        self.rate = events / (time.monotonic() - begin)
        self.cpu = (cpu_seconds(process) - cpu) / events * 1e6
        self.peak = peak_bytes(process)

    @staticmethod
    def _await(process, condition, seconds, isRequired=True):
        deadline = time.monotonic() + seconds
        while not condition():
            if process.poll() is not None:
                raise RuntimeError("the dispatcher ended")
            if time.monotonic() > deadline:
                if isRequired:
                    raise RuntimeError("nothing arrived at the sink")
                return
            time.sleep(0.005)


def flow(name, at, delay, ordering="unordered", seconds=None):
    servers, records = at
    with sink(delay) as (url, counts):
        with running(SERVER_CORE, *command(name, servers, url, ordering)) as process:
            return Flow(process, counts, records, seconds)


def throughput(results, rounds):
    report.heading(f"Topic to sink, 1.1 KB, {IN_FLIGHT} in flight, dispatcher on one core")
    found = {OURS: [], PEER: []}
    with broker(32, 112_000, 100) as at:
        for _ in range(rounds):
            for name in found:
                found[name].append(flow(name, at, 0))
    rate = {name: statistics.median(f.rate for f in flows) for name, flows in found.items()}
    cpu = {name: statistics.median(f.cpu for f in flows) for name, flows in found.items()}
    report.table(["dispatcher", "events/s", "spread", "CPU µs", "peak MB"], [
        [name, f"{rate[name]:,.0f}",
         f"{min(f.rate for f in flows):,.0f}…{max(f.rate for f in flows):,.0f}",
         f"{cpu[name]:.1f}", f"{max(f.peak for f in flows) / 1e6:.0f}"]
        for name, flows in found.items()])
    report.note(f"ratio {rate[OURS] / rate[PEER]:.2f}, by CPU {cpu[PEER] / cpu[OURS]:.2f}")
    results.add("dispatch", rate[OURS], "events/s", PEER, rate[PEER])
    # Of the two the steadier on a machine that does other things as well.
    results.add("dispatch", cpu[OURS], "CPU µs/event", PEER, cpu[PEER], more_is_better=False)


def slow_sinks(results, seconds):
    partitions, keys = 10, 5
    report.heading(f"Slow sinks, {partitions} partitions, {keys} keys in each, {IN_FLIGHT} in "
                   "flight; bound: events at a time / latency")
    at_a_time = {"ordered": partitions, "key": min(partitions * keys, IN_FLIGHT),
                 "unordered": IN_FLIGHT}
    rows = []
    with broker(partitions, 35_000, keys) as at:
        for ordering, count in at_a_time.items():
            for milliseconds in (1, 10, 100):
                rate = flow(OURS, at, milliseconds * 1000, ordering, max(seconds, 3)).rate
                bound = count * 1000 / milliseconds
                results.add(f"dispatch, {ordering}, sink takes {milliseconds} ms", rate,
                            "events/s", "bound", bound)
                rows.append([f"{ordering}, {milliseconds} ms", f"{rate:,.0f}", f"{bound:,.0f}",
                             f"{rate / bound:.2f}"])
    report.table(["ordering, sink", "events/s", "bound", "ratio"], rows)


def latency(results):
    report.heading("Record appended to request at the sink, embedded broker, 500 records/s")
    topics = WORK / "dispatch-topics.yaml"
    topics.write_text(json.dumps({
        "apiVersion": "kafka.strimzi.io/v1beta2", "kind": "KafkaTopic",
        "metadata": {"name": TOPIC}, "spec": {"partitions": 4}}))
    with sink(0) as (url, counts):
        arguments = [RELEASE / "swiftlet", "up", "-f", topics, "-f",
                     manifest(url, "bench", "ordered"), "--port", 0, "--bucket-port", 0,
                     "--admin-port", 0, "--state", WORK / "dispatch-state", "--output", "json"]
        with running(SERVER_CORE, *arguments, stdout=subprocess.PIPE, text=True) as process:
            servers = json.loads(process.stdout.readline())["kafka"]
            subprocess.run(["taskset", "-c", LOAD_CORE, PROGRAM, "produce", servers, TOPIC,
                            str(LATENCY_RECORDS), "2000", value()], check=True)
            deadline = time.monotonic() + START_SECONDS
            while counts.latencies_count < LATENCY_RECORDS and time.monotonic() < deadline:
                time.sleep(0.05)
        times = sorted(counts.latencies[LATENCY_WARM:counts.latencies_count])
    if not times:
        raise RuntimeError("no event arrived")
    shown = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        taken = times[int(len(times) * share)] / 1e6
        results.add(f"record to request, {name}", taken, "ms")
        shown.append([name, f"{taken:.2f}"])
    report.table(["", "ms"], shown)


def memory(results):
    report.heading("Peak memory of the dispatcher behind a large lag")
    rows = []
    with broker(32, LAG_RECORDS, 100, codec="lz4") as at:
        with sink("never") as (url, _):
            with running(SERVER_CORE, *command(OURS, at[0], url)) as process:
                time.sleep(STALL_SECONDS)
                rows.append(("the sink never answers", peak_bytes(process)))
        rows.append(("the sink answers at once", flow(OURS, at, 0).peak))
    for name, peak in rows:
        results.add(f"dispatch, {at[1]:,} records of lag, {name}", peak / 1e6, "MB")
    report.table([f"{at[1]:,} records", "MB"], [[n, f"{peak / 1e6:.0f}"] for n, peak in rows])


def measure(results, seconds, rounds):
    """Every table of this part."""
    if not PROGRAM.exists() or not os.access(RELEASE / "swiftlet", os.X_OK):
        return report.note("dispatch: skipped, swiftlet and BenchDispatch are not built")
    for table in (lambda: throughput(results, rounds), lambda: slow_sinks(results, seconds),
                  lambda: latency(results), lambda: memory(results)):
        try:
            table()
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
            report.note(f"not measured: {error}")
