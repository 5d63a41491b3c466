// SPDX-License-Identifier: Apache-2.0

/// Prometheus' text exposition format 0.0.4.
enum MetricsText {
    /// Appends a family: its help, its type, its series.
    static func append(_ name: String, _ family: Metrics.Family, to text: inout String) {
        text += "# HELP \(name) \(self.escapedHelp(family.help))\n"
        text += "# TYPE \(name) \(family.kind)\n"
        for (labels, instrument) in family.series.sorted(by: { $0.key < $1.key }) {
            switch instrument {
            case .counter(let counter): text += "\(name)\(labels) \(counter.value)\n"
            case .gauge(let gauge): text += "\(name)\(labels) \(self.number(gauge.value))\n"
            case .computedGauge(let compute):
                text += "\(name)\(labels) \(self.number(compute()))\n"
            case .histogram(let histogram): self.append(name, labels, histogram, to: &text)
            }
        }
    }

    private static func append(
        _ name: String,
        _ labels: String,
        _ histogram: Histogram,
        to text: inout String
    ) {
        var running: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            running &+= count
            let isLast = index == histogram.bounds.count
            let bound = isLast ? "+Inf" : self.number(histogram.bounds[index])
            let ownLabels = labels.isEmpty ? "{" : labels.dropLast() + ","
            text += "\(name)_bucket\(ownLabels)le=\"\(bound)\"} \(running)\n"
        }
        text += "\(name)_sum\(labels) \(self.number(histogram.sum))\n"
        // Not a counter of its own: it has to equal the last bucket at every moment.
        text += "\(name)_count\(labels) \(running)\n"
    }

    /// Labels as they stand behind a name: sorted, values escaped; nothing when there are none.
    static func labels(_ labels: KeyValuePairs<String, String>) -> String {
        guard !labels.isEmpty else { return "" }
        let sorted = labels.sorted { $0.key < $1.key }
        for (first, second) in zip(sorted, sorted.dropFirst()) {
            precondition(first.key != second.key, "a label is given once: \(first.key)")
        }
        return "{"
            + sorted.map { "\($0.key)=\"\(self.escaped($0.value))\"" }
            .joined(separator: ",") + "}"
    }

    /// A number; whole ones without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    /// Whether it matches `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    static func isName(_ name: String) -> Bool {
        self.isIdentifier(name) { self.isLetter($0) || $0 == UInt8(ascii: ":") }
    }

    /// Whether it matches `[a-zA-Z_][a-zA-Z0-9_]*` and is none that Prometheus keeps to itself.
    static func isLabelName(_ name: String) -> Bool {
        !name.hasPrefix("__") && self.isIdentifier(name, self.isLetter)
    }

    private static func isIdentifier(_ name: String, _ isLetter: (UInt8) -> Bool) -> Bool {
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += #"\\"#
            case "\"": text += #"\""#
            case "\n": text += #"\n"#
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// In a help text quotes stand for themselves.
    private static func escapedHelp(_ help: String) -> String {
        var text = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": text += #"\\"#
            case "\n": text += #"\n"#
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
