// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import FoundationEssentials
internal import Manifests

/// `swiftlet simulate`: what the autoscaler would have done with a recorded load.
enum SimulateCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "simulate",
        summary: "try autoscaling settings on a recorded load",
        operands: "TRACE",
        operandCount: 1...1,
        flags: [
            FlagSyntax(
                "container-concurrency",
                value: "N",
                help: "most requests at one instance (0: no limit)"
            ),
            FlagSyntax("start-time", value: "TIME", help: "how long an instance needs (1s)"),
            FlagSyntax("svg", value: "FILE", help: "also draw it into this file"),
            PlatformOptions.outputFlag,
        ] + Self.annotationFlags,
        examples: [
            ("swiftlet simulate load.csv", "The defaults of Knative, as a plot"),
            (
                "swiftlet simulate load.csv --target 10 --window 30s --svg load.svg",
                "Ten requests an instance and a shorter window, drawn into a file"
            ),
            (
                "printf 'time,rps,lag\\n0,2,0\\n60,0,9\\n' | swiftlet simulate - --lag-target 1",
                "A trace whose first line names its columns; without one they are time and load"
            ),
        ]
    )

    private static let annotationFlags = ScalingAnnotations.names.map { name in
        FlagSyntax(
            name,
            value: "VALUE",
            environment: "SWIFTLET_SIMULATE_"
                + String(name.map { $0 == "-" ? "_" : $0 }).uppercased(),
            help: "as the annotation \(ScalingAnnotations.annotation(name))"
        )
    }

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        let name = arguments.operands[0]
        let bytes = try Files.read(name, bytesMax: TraceReader.bytesMax)
        let recorded = try TraceReader.read(bytes, name: name)
        var configuration = try Self.configuration(arguments)
        if arguments["metric"] == nil, let metric = recorded.metric {
            configuration.metric = metric
        }
        guard recorded.hasLag || arguments["lag-target"] == nil else {
            throw CommandError(
                "\(name): there is no lag for --lag-target; name a column \"lag\" in its first line"
            )
        }
        let startTime = try arguments.duration("start-time") ?? .seconds(1)
        let simulation = ScalingSimulation(
            recorded.trace,
            configuration: configuration,
            startTime: startTime
        )
        if let path = arguments["svg"] {
            let drawing = SimulationDrawing(
                frames: simulation.frames,
                metric: configuration.metric
            )
            try Files.write(Array(drawing.svg.utf8), to: path)
            Terminal.note("Drawn into \(path).")
        }
        Terminal.result(
            try arguments.wantsJSON
                ? Self.json(simulation) : Self.text(simulation, configuration.metric)
        )
        return .ok
    }

    private static func configuration(
        _ arguments: CommandArguments
    ) throws -> ScalingConfiguration {
        var texts: [String: String] = [:]
        for name in ScalingAnnotations.names { texts[name] = arguments[name] }
        let limit = ManifestLimits().containerConcurrencyMax
        let concurrency = try arguments.number("container-concurrency", in: 0...limit) ?? 0
        do throws(ManifestError) {
            return ScalingConfiguration(
                try ScalingAnnotations(texts: texts),
                containerConcurrency: concurrency
            )
        } catch {
            throw UsageError("--" + error.errors.map(\.message).joined(separator: "; --"))
        }
    }

    // MARK: Results

    /// Two plots and the sum of it all.
    static func text(
        _ simulation: ScalingSimulation,
        _ metric: ScalingConfiguration.Metric
    ) -> String {
        let frames = simulation.frames
        let plot = TextPlot(width: 72, height: 6)
        let unit = metric == .rps ? "requests per second" : "requests under way"
        let loads = frames.map(\.load)
        let desired = frames.map { Double($0.desired) }
        let ready = frames.map { Double($0.ready) }
        let most = max(desired.max() ?? 0, ready.max() ?? 0)
        var lines = plot.lines(title: "load, \(unit)", values: loads, maximum: loads.max() ?? 0)
        let lags = frames.map { Double($0.lag) }
        if let lagMax = lags.max(), lagMax > 0 {
            lines += plot.lines(title: "lag, records", values: lags, maximum: lagMax)
        }
        lines += plot.lines(title: "desired instances", values: desired, maximum: most)
        lines += plot.lines(title: "ready instances", values: ready, maximum: most)
        let summary = simulation.summary
        let panics =
            zip(frames, frames.dropFirst()).count { !$0.isPanicking && $1.isPanicking }
            + (frames.first?.isPanicking == true ? 1 : 0)
        lines += [
            "",
            "duration           \(SimulationDrawing.clock(Double(frames.last?.second ?? 0)))",
            "most ready         \(summary.readyMax)",
            "starts             \(summary.starts), \(summary.coldStarts) of them from zero",
            "instance time      \(SimulationDrawing.clock(Double(summary.instanceSeconds)))",
            "at zero            \(SimulationDrawing.clock(Double(summary.secondsAtZero)))",
            "too few instances  \(SimulationDrawing.clock(Double(summary.overloadedSeconds)))",
            "panics             \(panics)",
        ]
        return lines.joined(separator: "\n")
    }

    private struct Report: Encodable {
        struct Frame: Encodable {
            var second: Int
            var load: Double
            var lag: Int
            var stable: Double
            var panic: Double
            var desired: Int
            var ready: Int
            var isPanicking: Bool
            var mode: String
        }

        var readyMax: Int
        var starts: Int
        var coldStarts: Int
        var instanceSeconds: Int
        var overloadedSeconds: Int
        var secondsAtZero: Int
        var frames: [Frame]
    }

    static func json(_ simulation: ScalingSimulation) throws -> String {
        let summary = simulation.summary
        let report = Report(
            readyMax: summary.readyMax,
            starts: summary.starts,
            coldStarts: summary.coldStarts,
            instanceSeconds: summary.instanceSeconds,
            overloadedSeconds: summary.overloadedSeconds,
            secondsAtZero: summary.secondsAtZero,
            frames: simulation.frames.map { frame in
                Report.Frame(
                    second: frame.second,
                    load: frame.load,
                    lag: frame.lag,
                    stable: frame.stable,
                    panic: frame.panic,
                    desired: frame.desired,
                    ready: frame.ready,
                    isPanicking: frame.isPanicking,
                    mode: frame.mode.rawValue
                )
            }
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }
}
