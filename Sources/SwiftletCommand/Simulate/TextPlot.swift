// SPDX-License-Identifier: Apache-2.0

/// Draws values over time with block characters, for a terminal.
struct TextPlot {
    private static let blocks: [Character] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// Columns of the drawing itself.
    var width: Int
    /// Lines of the drawing itself.
    var height: Int

    /// The lines of one plot, its title and scale among them.
    func lines(title: String, values: [Double], maximum: Double) -> [String] {
        let columns = Self.resampled(values, count: self.width)
        let top = maximum > 0 ? maximum : 1
        let scale = [Self.number(maximum), "0"]
        let margin = scale.map(\.count).max() ?? 1
        var lines = ["\(title)"]
        for line in (0..<self.height).reversed() {
            let label = line == self.height - 1 ? scale[0] : line == 0 ? scale[1] : ""
            let gap = String(repeating: " ", count: margin - label.count)
            let bars = String(columns.map { Self.block($0 / top * Double(self.height), line) })
            lines.append("\(gap)\(label) ┤\(bars)")
        }
        return lines
    }

    /// The part of a bar that lies in a line; a value above 0 is always seen.
    private static func block(_ level: Double, _ line: Int) -> Character {
        let eighths = Int(((level - Double(line)) * 8).rounded())
        let least = line == 0 && level > 0 ? 1 : 0
        return self.blocks[min(8, max(least, eighths))]
    }

    /// The largest of the values that fall into each column.
    static func resampled(_ values: [Double], count: Int) -> [Double] {
        guard !values.isEmpty, count > 0 else { return [] }
        return (0..<count).map { column in
            let first = column * values.count / count
            let end = max(first + 1, (column + 1) * values.count / count)
            return values[first..<min(end, values.count)].max() ?? 0
        }
    }

    /// A number as short as it can be told.
    static func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded() / 10
        return tenths == tenths.rounded() && tenths.magnitude < 1e15
            ? "\(Int(tenths))" : "\(tenths)"
    }
}
