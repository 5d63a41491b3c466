// SPDX-License-Identifier: Apache-2.0

import Autoscaler
import Manifests
import Testing

@testable import SwiftletCommand

@Suite("swiftlet simulate")
struct SimulateTests {
    static func read(_ text: String) throws -> TraceReader.Trace {
        try TraceReader.read(Array(text.utf8), name: "load")
    }

    @Test(
        "CSV with and without names, and JSON lines, say the same",
        arguments: [
            "0,1\n2.5,3\n", "time,concurrency\n0,1\n2.5,3", "# a load\r\n\r\n0 , 1\r\n2.5;3\r\n",
            "concurrency,host,time\n1,a,0\n3,b,2.5\n",
            "{\"time\":0,\"concurrency\":1}\n{\"concurrency\":3,\"time\":2.5}\n",
        ]
    )
    func formats(_ text: String) throws {
        let points = try Self.read(text).trace.points
        #expect(points == [.init(time: 0, value: 1), .init(time: 2.5, value: 3)])
    }

    @Test("a trace that names its load decides what is measured")
    func metric() throws {
        #expect(try Self.read("time,rps\n0,1").metric == .rps)
        #expect(try Self.read("{\"time\":0,\"rps\":1}").metric == .rps)
        #expect(try Self.read("{\"time\":0,\"concurrency\":1}").metric == .concurrency)
        #expect(try Self.read("0,1").metric == nil)
    }

    @Test(
        "what cannot be read is told with its line",
        arguments: [
            "0,1\nx,2", "0,1\n1", "0,1\n{}", "time,load,lag\n0,1", "time,load,lag\n0,1,x",
            "0,1\n{\"time\":1,\"rps\":1,\"lag\":\"x\"}",
        ]
    )
    func mistakes(_ text: String) {
        let error = #expect(throws: CommandError.self) { try Self.read(text) }
        #expect(error?.description.hasPrefix("load, line 2: expected") == true)
    }

    @Test("a trace may have a lag, which scales out and wakes as the requests do")
    func lag() throws {
        let csv = try Self.read("lag,time,rps\n0,0,0\n400,10,0\n0,20,0\n").trace
        let lines = "{\"time\":0,\"rps\":0}\n{\"time\":10,\"rps\":0,\"lag\":400}\n20,0"
        #expect(csv.points == (try Self.read(lines).trace.points))
        let annotations = try ScalingAnnotations(texts: ["lag-target": "100", "window": "6s"])
        var configuration = ScalingConfiguration(annotations, containerConcurrency: 0)
        configuration.initialScale = 0
        let simulation = ScalingSimulation(csv, configuration: configuration)
        #expect(simulation.summary.coldStarts == 1 && simulation.summary.readyMax == 4)
        #expect(simulation.frames.map(\.lag).max() == 400)
        #expect(simulation.frames.last?.desired == 0)
        #expect(SimulateCommand.text(simulation, .rps).contains("lag, records"))
        let without = ScalingSimulation(csv, configuration: ScalingConfiguration())
        #expect(without.summary.readyMax == 1, "nobody asked for it")
        let negative = #expect(throws: CommandError.self) {
            try Self.read("time,rps,lag\n0,1,-1\n")
        }
        #expect(negative?.description.contains("below 0") == true)
    }

    @Test("a trace says whether it has a lag, which --lag-target needs")
    func hasLag() throws {
        #expect(try Self.read("time,rps,lag\n0,1,5\n").hasLag)
        #expect(try Self.read(#"{"time":0,"rps":1,"lag":0}"#).hasLag)
        #expect(try !Self.read("0,1,5\n").hasLag)
        #expect(try !Self.read(#"{"time":0,"rps":1}"#).hasLag)
    }

    @Test("no prefix of a trace traps")
    func prefixes() {
        let text = Array("time,rps\n0,1\n{\"time\":2,\"rps\":1}\n3,4\n".utf8)
        for count in text.indices {
            _ = try? TraceReader.read(Array(text[..<count]), name: "load")
        }
    }

    @Test("settings are read and refused as the annotations are")
    func settings() throws {
        let annotations = try ScalingAnnotations(texts: [
            "target": "10", "window": "30s", "panic-threshold-percentage": "300",
        ])
        let configuration = ScalingConfiguration(annotations, containerConcurrency: 4)
        #expect(configuration.totalValue == 4)
        #expect(configuration.stableWindow == .seconds(30))
        #expect(configuration.panicThreshold == 3)
        let error = #expect(throws: ManifestError.self) {
            try ScalingAnnotations(texts: ["window": "5s"])
        }
        #expect(error?.errors.first?.message.hasPrefix("window: expected a duration") == true)
    }

    @Test("the plot has a bar for each column, and any load is seen")
    func plot() {
        let plot = TextPlot(width: 4, height: 2)
        let lines = plot.lines(title: "load", values: [0, 8, 4, 0.01], maximum: 8)
        #expect(lines == ["load", "8 ┤ █  ", "0 ┤ ██▁"])
        #expect(TextPlot.resampled([1, 5, 2, 3], count: 2) == [5, 3])
        #expect(TextPlot.resampled([1, 2], count: 4) == [1, 1, 2, 2])
        #expect(TextPlot.resampled([], count: 4).isEmpty)
    }

    @Test("results are told as text, JSON and a drawing")
    func results() throws {
        let trace = try Self.read("0,0\n10,300\n60,0\n").trace
        let simulation = ScalingSimulation(trace, configuration: ScalingConfiguration())
        let text = SimulateCommand.text(simulation, .concurrency)
        #expect(text.contains("most ready         "))
        #expect(try SimulateCommand.json(simulation).contains("\"isPanicking\":true"))
        let svg = SimulationDrawing(frames: simulation.frames, metric: .concurrency).svg
        #expect(svg.hasPrefix("<svg ") && svg.contains("class=\"panic\""))
        #expect(!svg.contains("nan") && !svg.contains("inf"))
    }
}
