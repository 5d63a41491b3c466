# SPDX-License-Identifier: Apache-2.0
"""Measures Swiftlet beside its peers: `make bench`, with SECONDS= for each point.

The server has one core, the load another. Rounds of all contenders take turns, so that whatever
else the machine does meets all of them.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys

import coldstart
import contenders
import counting
import dispatch
import ending
import load
import proxy
import report
import sample
import startup
from paths import DRIVER, PEERS, RELEASE, WORK
from server import SERVER_CORE, Server, free_port

SECONDS = int(os.environ.get("SECONDS") or 2)
ROUNDS = int(os.environ.get("ROUNDS") or 3)
STARTS = int(os.environ.get("STARTS") or 100)
CONNECTIONS = 64
CODEC_STEPS = 5000
COLD_STARTS = int(os.environ.get("COLD_STARTS") or 300)
# What a server or its load has open besides its connections.
DESCRIPTORS_BESIDES = 500
DESCRIPTORS = 10_000 + DESCRIPTORS_BESIDES


class Bench:
    def __init__(self, descriptors):
        self.descriptors = descriptors
        # (what, by whom, why not)
        self.unmeasured = []
        self.results = report.Results()
        self.everyone, self.missing = contenders.all_contenders()
        self.swiftlet, self.bare = self.everyone[0], self.everyone[2]

    def rounds(self, entries, measure):
        """The outcomes of each (contender, message): one server at a time, and all in turn."""
        outcomes = {contender.name: [] for contender, _ in entries}
        resident, reasons = {}, {}
        for _ in range(ROUNDS):
            for contender, message in entries:
                try:
                    server = Server(contender, free_port())
                except RuntimeError as error:
                    reasons[contender.name] = str(error)
                    continue
                try:
                    outcomes[contender.name].append(measure(server, message))
                    resident[contender.name] = server.resident_bytes()
                except RuntimeError as error:
                    reasons[contender.name] = str(error)
                finally:
                    server.stop()
        return outcomes, resident, reasons

    def echo(self):
        report.heading(f"An event of 1.1 KB echoed, {CONNECTIONS} connections, one core")
        message = sample.binary()
        outcomes, resident, reasons = self.rounds(
            [(contender, message) for contender in self.everyone],
            lambda server, message: load.run(server, message, SECONDS, CONNECTIONS))
        rows, medians, costs = [], {}, {}
        for contender in self.everyone:
            found = outcomes[contender.name]
            if not found:
                self.missing.append((contender.name, reasons.get(contender.name, "no outcome")))
                continue
            rates = [outcome.rate for outcome in found]
            medians[contender.name] = statistics.median(rates)
            costs[contender.name] = statistics.median(o.cpu for o in found)
            rows.append([
                contender.name, f"{medians[contender.name]:,.0f}",
                f"{min(rates):,.0f}…{max(rates):,.0f}",
                f"{statistics.median(o.p50 for o in found):,.0f}",
                f"{statistics.median(o.p99 for o in found):,.0f}",
                f"{costs[contender.name]:.1f}",
                self.counted(counting.allocations, contender, message),
                self.counted(counting.system_calls, contender, message),
                f"{resident[contender.name] / 1e6:.1f}", sum(o.errors for o in found),
            ])
        report.table(["contender", "events/s", "spread", "p50 µs", "p99 µs", "CPU µs",
                      "allocations", "system calls", "RSS MB", "errors"], rows)
        for name, reason in self.missing:
            report.note(f"{name}: skipped, {reason}")
        for ours in self.everyone[:2]:
            for peer in self.everyone[2:]:
                if ours.name in medians and peer.name in medians:
                    self.results.add(f"echo, {ours.name}", medians[ours.name], "events/s",
                                     peer.name, medians[peer.name])
                    # Of the two the steadier on a machine that does other things as well.
                    self.results.add(f"echo, {ours.name}", costs[ours.name], "CPU µs/event",
                                     peer.name, costs[peer.name], more_is_better=False)

    @staticmethod
    def counted(count, contender, message):
        try:
            number = count(contender, message, CONNECTIONS)
        except (RuntimeError, subprocess.SubprocessError, OSError):
            return None
        return None if number is None else f"{number:.1f}"

    def points(self, title, points):
        """One table: each point is (name, entries, measure), Swiftlet first and its peer second."""
        report.heading(title)
        rows = []
        for name, entries, measure in points:
            outcomes, _, reasons = self.rounds(entries, measure)
            ours, peer = entries[0][0].name, entries[1][0].name
            if not outcomes[ours] or not outcomes[peer]:
                rows.append([name, None, None, None, None, None])
                self.unmeasured.append((f"{title}: {name}", ours if reasons.get(ours) else peer,
                                        reasons.get(ours) or reasons.get(peer, "no outcome")))
                continue
            mine = statistics.median(o.rate for o in outcomes[ours])
            theirs = statistics.median(o.rate for o in outcomes[peer])
            p99 = statistics.median(o.p99 for o in outcomes[ours])
            self.results.add(f"{title}: {name}", mine, "events/s", peer, theirs)
            errors = sum(o.errors for o in outcomes[ours])
            rows.append([name, f"{mine:,.0f}", f"{p99:,.0f}", f"{theirs:,.0f}",
                         f"{mine / theirs:.2f}", errors])
        report.table(["", "Swiftlet/s", "p99 µs", f"{self.bare.name}/s", "ratio", "errors"], rows)

    def loads(self):
        def wrk(connections):
            # Many connections take seconds to be made.
            seconds = SECONDS + connections // 2_000
            needed = connections + DESCRIPTORS_BESIDES

            def measure(server, message):
                if self.descriptors < needed:
                    raise RuntimeError(f"it takes {needed:,} descriptors, and this process may "
                                       f"have {self.descriptors:,}: raise ulimit -Hn")
                return load.run(server, message, seconds, connections)
            return measure

        event = sample.binary()
        pair = [(self.swiftlet, event), (self.bare, event)]
        self.points("Connections", [(f"{count:,}", pair, wrk(count))
                                    for count in (1, 64, 1_000, 10_000)])
        sizes = []
        for kilobytes in (1, 16, 128, 1024):
            message = sample.binary(sample.body_of(kilobytes * 1024))
            peer = contenders.bare(kilobytes * 1024 + 500)
            sizes.append((f"{kilobytes:,} KB", [(self.swiftlet, message), (peer, message)],
                          wrk(CONNECTIONS)))
        self.points("Bodies", sizes)
        whole = sample.structured()
        pair = [(self.swiftlet, whole), (self.bare, whole)]
        self.points("Structured mode", [("1.6 KB of JSON", pair, wrk(CONNECTIONS))])
        if shutil.which("h2load"):
            self.points("HTTP/2, 16 streams on each of 16 connections; the loop by HTTP/1.1", [(
                "h2c", [(self.swiftlet, event), (self.bare, event)],
                lambda server, message: self.http2(server, message))])
        else:
            self.unmeasured.append(("HTTP/2", self.swiftlet.name, "h2load is not installed"))

    def http2(self, server, message):
        if server.contender is self.swiftlet:
            return load.run_http2(server, message, SECONDS, 16, 16)
        return load.run(server, message, SECONDS, CONNECTIONS)

    def starts(self):
        report.heading(f"From exec to the first answered event, {STARTS} starts each")
        message = sample.binary()
        times, entries = {}, [c for c in self.everyone if "nginx" not in c.name]
        try:
            entries += contenders.plain_bares()
        except contenders.Missing as reason:
            self.unmeasured.append(("starts", "bare loop, linked otherwise", str(reason)))
        for number in range(STARTS):
            for contender in entries:
                # What takes a second is not started a hundred times.
                slow = times.get(contender.name, [0])[-1] > 50
                if slow and number >= 10:
                    continue
                try:
                    taken = startup.first_answer_milliseconds(contender, message)
                except (RuntimeError, OSError):
                    continue
                times.setdefault(contender.name, []).append(taken)
        medians = {name: startup.median(values) for name, values in times.items()}
        report.table(["contender", "p50 ms", "p99 ms", "starts"], [
            [name, f"{medians[name]:.2f}", f"{startup.percentile(values, 0.99):.2f}", len(values)]
            for name, values in times.items()])
        for name in list(medians):
            if name not in (self.swiftlet.name, self.everyone[1].name):
                self.results.add("start to first answer", medians[self.swiftlet.name], "ms", name,
                                 medians[name], more_is_better=False)
        for contender in (self.swiftlet, self.bare):
            parts = startup.breakdown(contender, message)
            shown = ", ".join(f"{name} {taken:.2f}" for name, taken in parts)
            report.note(f"{contender.name}, in ms and slowed by strace: {shown}")

    def codec(self):
        report.heading("The codec alone, one core")
        request = WORK / "request.http"
        request.write_bytes(sample.binary().request(8080))
        output = subprocess.run(
            ["taskset", "-c", SERVER_CORE, RELEASE / "Bench", "codec", request, str(CODEC_STEPS)],
            env={**os.environ, "LD_PRELOAD": str(counting.LIBRARY)},
            capture_output=True, text=True, check=True)
        rows = []
        for line in output.stdout.splitlines():
            name, nanoseconds, allocations = line.split()
            self.results.add(f"codec: {name}", float(nanoseconds), "ns")
            self.results.add(f"codec: {name}", float(allocations), "allocations")
            rows.append([name, f"{float(nanoseconds):,.0f}", allocations])
        report.table(["step", "ns", "allocations"], rows)

    def idle(self):
        report.heading("Resident memory of an idle function")
        hello = contenders.Contender("hello", lambda _: [RELEASE / "hello"], lambda port: {
            "LISTEN_ADDRESS": f"127.0.0.1:{port}", "LOG_LEVEL": "error"})
        rows = []
        for contender in [hello, *self.everyone[2:]]:
            try:
                server = Server(contender, free_port())
            except RuntimeError:
                continue
            resident = server.resident_bytes() / 1e6
            server.stop()
            rows.append([contender.name, f"{resident:.1f}"])
            if contender is hello:
                ours = resident
            else:
                self.results.add("idle memory of hello", ours, "MB", contender.name, resident,
                                 more_is_better=False)
        report.table(["program", "MB"], rows)


def prepare():
    """What is measured or measures, and is not there yet."""
    WORK.mkdir(parents=True, exist_ok=True)
    counting.build_library()
    build_go_peer()
    install_python_peers()


def build_go_peer():
    if shutil.which("go"):
        caches = {"GOCACHE": str(WORK / "go-cache"), "GO111MODULE": "off"}
        subprocess.run(["go", "build", "-o", WORK / "go_server", PEERS / "go_server.go"],
                       env={**os.environ, **caches}, check=False)


def install_python_peers():
    folder, wanted = WORK / "python", DRIVER / "requirements.txt"
    stamp = folder / "installed"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        done = subprocess.run([folder / "bin/pip", "install", "--quiet",
                               "--disable-pip-version-check", "-r", wanted], check=False)
        if done.returncode != 0:
            return shutil.rmtree(folder, ignore_errors=True)
        stamp.write_text(wanted.read_text())


def raise_descriptors():
    """Lets this process and those it starts have as many descriptors as may be; gives the number."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    try:
        # More than the hard limit is for root alone.
        wanted = max(hard, DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def main():
    for tool in ("wrk", "taskset", "cc"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is missing; .ci/prepare bench installs it")
    if os.cpu_count() < 2:
        sys.exit("two cores are needed: one for the server and one for the load")
    ending.on_signals()
    prepare()
    bench = Bench(raise_descriptors())
    parts = {"echo": bench.echo, "codec": bench.codec, "loads": bench.loads,
             "starts": bench.starts, "idle": bench.idle,
             "dispatch": lambda: dispatch.measure(bench.results, SECONDS, ROUNDS),
             "proxy": lambda: proxy.measure(bench.results, SECONDS, ROUNDS),
             "coldstart": lambda: coldstart.measure(bench.results, COLD_STARTS)}
    wanted = sys.argv[1:] or list(parts)
    for name in wanted:
        if name not in parts:
            sys.exit(f"there is no part {name}; there are {', '.join(parts)}")
    for name in wanted:
        parts[name]()
    for what, contender, reason in bench.unmeasured:
        report.note(f"not measured: {what}, {contender}: {reason}")
    path = WORK / "results.json"
    bench.results.write(path)
    report.note(f"\n{len(bench.results.rows)} results in {path}")


main()
