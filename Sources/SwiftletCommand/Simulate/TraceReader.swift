// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import FoundationEssentials

/// Reads a recorded load: CSV, or one JSON object a line.
///
/// In CSV the first column is the time in seconds and the second the load; a first line with names
/// may put them elsewhere (`time`, and `concurrency` or `rps`) and have a third, `lag`, the records
/// that wait. A line of JSON has members of the same names. Empty lines and those that begin with
/// `#` are passed over.
enum TraceReader {
    /// Most bytes of a trace.
    static let bytesMax = 64 * 1024 * 1024
    private static let loadNames: Set = ["concurrency", "rps", "load", "value"]

    /// A trace, what its load is called, when it says so, and whether it tells of a lag.
    struct Trace {
        var trace: ScalingTrace
        var metric: ScalingConfiguration.Metric?
        var hasLag: Bool
    }

    private struct Line: Decodable {
        var time: Double
        var concurrency: Double?
        var rps: Double?
        var lag: Int?
    }

    /// Where the columns of CSV are, the first being 0.
    private struct Columns {
        var time = 0
        var load = 1
        var lag: Int?
    }

    /// Reads a trace.
    ///
    /// - Throws: ``CommandError`` naming the line that cannot be read.
    static func read(_ bytes: [UInt8], name: String) throws -> Trace {
        var points: [ScalingTrace.Point] = []
        var metric: ScalingConfiguration.Metric?
        var columns = Columns()
        var hasLag = false
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let text = self.trimmed(String(decoding: line, as: UTF8.self)[...])
            guard !text.isEmpty, !text.hasPrefix("#") else { continue }
            let place = "\(name), line \(index + 1)"
            if text.hasPrefix("{") {
                points.append(try self.json(line, place, &metric, &hasLag))
            } else if points.isEmpty, let found = self.header(text, &metric) {
                columns = found
                hasLag = found.lag != nil
            } else {
                points.append(try self.csv(text, columns, place))
            }
        }
        do {
            return Trace(trace: try ScalingTrace(points), metric: metric, hasLag: hasLag)
        } catch {
            throw CommandError("\(name): \(error)")
        }
    }

    private static func json(
        _ line: ArraySlice<UInt8>,
        _ place: String,
        _ metric: inout ScalingConfiguration.Metric?,
        _ hasLag: inout Bool
    ) throws -> ScalingTrace.Point {
        guard let found = try? JSONDecoder().decode(Line.self, from: Data(line)),
            let value = found.concurrency ?? found.rps
        else {
            throw CommandError(
                "\(place): expected an object such as {\"time\":0.5,\"concurrency\":3}"
            )
        }
        metric = metric ?? (found.concurrency == nil ? .rps : .concurrency)
        hasLag = hasLag || found.lag != nil
        return ScalingTrace.Point(time: found.time, value: value, lag: found.lag ?? 0)
    }

    /// Where the columns are, when a line names them.
    private static func header(
        _ text: Substring,
        _ metric: inout ScalingConfiguration.Metric?
    ) -> Columns? {
        let names = self.cells(text).map { $0.lowercased() }
        guard let time = names.firstIndex(where: { $0.hasPrefix("time") }),
            let load = names.firstIndex(where: self.loadNames.contains)
        else { return nil }
        metric = ScalingConfiguration.Metric(rawValue: names[load])
        return Columns(time: time, load: load, lag: names.firstIndex(of: "lag"))
    }

    private static func csv(
        _ text: Substring,
        _ columns: Columns,
        _ place: String
    ) throws -> ScalingTrace.Point {
        let cells = self.cells(text)
        let last = max(columns.time, columns.load, columns.lag ?? 0)
        guard last < cells.count, let time = Double(cells[columns.time]),
            let value = Double(cells[columns.load]),
            let lag = columns.lag.map({ Int(cells[$0]) }) ?? 0
        else {
            let example = columns.lag == nil ? "a load such as 0.5,3" : "a load and a lag"
            throw CommandError(
                "\(place): expected seconds and \(example), got \"\(text.prefix(60))\""
            )
        }
        return ScalingTrace.Point(time: time, value: value, lag: lag)
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
