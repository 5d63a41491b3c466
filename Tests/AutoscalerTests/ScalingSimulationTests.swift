// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Autoscaler

@Suite("Scaling simulation")
struct ScalingSimulationTests {
    static func trace(_ points: [(Double, Double)]) throws -> ScalingTrace {
        try ScalingTrace(points.map { ScalingTrace.Point(time: $0.0, value: $0.1) })
    }

    @Test("a trace gives the mean of each second")
    func means() throws {
        let trace = try Self.trace([(0.5, 4), (0.75, 8), (2, 1), (3.5, 0)])
        #expect(trace.values(count: 5) == [3, 8, 1, 0.5, 0])
        #expect(trace.seconds == 4)
    }

    @Test("traces that make no sense are refused")
    func refused() {
        #expect(throws: ScalingTrace.Problem.empty) { try Self.trace([]) }
        #expect(throws: ScalingTrace.Problem.backwards(point: 2)) {
            try Self.trace([(5, 1), (4, 1)])
        }
        #expect(throws: ScalingTrace.Problem.tooLarge(point: 1)) {
            try Self.trace([(0, ScalingTrace.valueMax.nextUp)])
        }
        #expect(throws: Never.self) { try Self.trace([(0, ScalingTrace.valueMax)]) }
        #expect(throws: ScalingTrace.Problem.notANumber(point: 1)) { try Self.trace([(0, -1)]) }
        #expect(throws: ScalingTrace.Problem.notANumber(point: 2)) {
            try Self.trace([(0, 1), (.infinity, 1)])
        }
        let end = Double(ScalingTrace.secondsMax)
        #expect(throws: Never.self) { try Self.trace([(end, 1)]) }
        #expect(throws: ScalingTrace.Problem.tooLong) { try Self.trace([(end + 1, 1)]) }
    }

    @Test("one burst: up at once, down after the windows, and to zero")
    func burst() throws {
        var configuration = ScalingConfiguration()
        configuration.initialScale = 0
        configuration.target = 10
        let trace = try Self.trace([(0, 0), (10, 100), (40, 0)])
        let run = ScalingSimulation(trace, configuration: configuration)
        #expect(run.summary.coldStarts == 1)
        #expect(run.summary.readyMax == 15)
        #expect(run.frames.first { $0.desired > 0 }?.second == 11)
        let last = try #require(run.frames.last)
        #expect(last.desired == 0 && last.second >= 100 && last.second < 200)
        #expect(run.summary.secondsAtZero > 0)
        #expect(run.summary.overloadedSeconds >= 1)
    }

    @Test("min-scale ends the run with the trace")
    func minScale() throws {
        var configuration = ScalingConfiguration()
        configuration.scaleMin = 2
        let trace = try Self.trace([(0, 1), (10, 0)])
        let run = ScalingSimulation(trace, configuration: configuration)
        #expect(run.frames.allSatisfy { $0.desired >= 2 })
        #expect(run.summary.secondsAtZero == 0)
    }

    @Test("no load at all starts nothing")
    func silence() throws {
        var configuration = ScalingConfiguration()
        configuration.initialScale = 0
        let run = ScalingSimulation(try Self.trace([(100, 0)]), configuration: configuration)
        #expect(run.summary.starts == 0 && run.summary.readyMax == 0)
    }
}
