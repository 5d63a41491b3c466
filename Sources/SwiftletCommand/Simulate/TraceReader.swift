// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import FoundationEssentials

/// Reads a recorded load: CSV, or one JSON object a line.
///
/// In CSV the first column is the time in seconds and the second the load; a first line with names
/// may put them elsewhere (`time`, and `concurrency` or `rps`). A line of JSON has members of the
/// same names. Empty lines and those that begin with `#` are passed over.
enum TraceReader {
    /// Most bytes of a trace.
    static let bytesMax = 64 * 1024 * 1024
    private static let loadNames: Set = ["concurrency", "rps", "load", "value"]

    /// A trace, and what its load is called, when it says so.
    struct Trace {
        var trace: ScalingTrace
        var metric: ScalingConfiguration.Metric?
    }

    private struct Line: Decodable {
        var time: Double
        var concurrency: Double?
        var rps: Double?
    }

    /// Reads a trace.
    ///
    /// - Throws: ``CommandError`` naming the line that cannot be read.
    static func read(_ bytes: [UInt8], name: String) throws -> Trace {
        var points: [ScalingTrace.Point] = []
        var metric: ScalingConfiguration.Metric?
        var columns = (time: 0, load: 1)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = self.trimmed(String(decoding: line, as: UTF8.self)[...])
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            let place = "\(name), line \(index + 1)"
            if text.hasPrefix("{") {
                points.append(try self.json(line, place, &metric))
            } else if points.isEmpty, let found = self.header(text, &metric) {
                columns = found
            } else {
                points.append(try self.csv(text, columns, place))
            }
        }
        do {
            return Trace(trace: try ScalingTrace(points), metric: metric)
        } catch {
            throw CommandError("\(name): \(error)")
        }
    }

    private static func json(
        _ line: ArraySlice<UInt8>,
        _ place: String,
        _ metric: inout ScalingConfiguration.Metric?
    ) throws -> ScalingTrace.Point {
        guard let found = try? JSONDecoder().decode(Line.self, from: Data(line)),
            let value = found.concurrency ?? found.rps
        else {
            throw CommandError(
                "\(place): expected an object such as {\"time\":0.5,\"concurrency\":3}"
            )
        }
        metric = metric ?? (found.concurrency == nil ? .rps : .concurrency)
        return ScalingTrace.Point(time: found.time, value: value)
    }

    /// Where the columns are, when a line names them.
    private static func header(
        _ text: Substring,
        _ metric: inout ScalingConfiguration.Metric?
    ) -> (time: Int, load: Int)? {
        let names = self.cells(text).map { $0.lowercased() }
        guard let time = names.firstIndex(where: { $0.hasPrefix("time") }),
            let load = names.firstIndex(where: self.loadNames.contains)
        else { return nil }
        metric = ScalingConfiguration.Metric(rawValue: names[load])
        return (time, load)
    }

    private static func csv(
        _ text: Substring,
        _ columns: (time: Int, load: Int),
        _ place: String
    ) throws -> ScalingTrace.Point {
        let cells = self.cells(text)
        guard max(columns.time, columns.load) < cells.count, let time = Double(cells[columns.time]),
            let value = Double(cells[columns.load])
        else {
            throw CommandError(
                "\(place): expected seconds and a load such as 0.5,3, got \"\(text.prefix(60))\""
            )
        }
        return ScalingTrace.Point(time: time, value: value)
    }

    private static func cells(_ text: Substring) -> [Substring] {
        text.split(omittingEmptySubsequences: false) { $0 == "," || $0 == ";" || $0 == "\t" }
            .map(self.trimmed)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
