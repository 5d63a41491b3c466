// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler

/// Draws a simulation as an SVG picture: the load above, the instances below.
///
/// It needs nothing from elsewhere, and follows the viewer's choice of light or dark.
struct SimulationDrawing {
    private static let width = 960.0
    private static let left = 64.0
    private static let right = 24.0
    private static let panelHeight = 190.0
    private static let tops = [56.0, 316.0]
    private static let height = 566.0

    private static let style = """
        <style>
        svg{background:#fff;font:13px system-ui,sans-serif;fill:#333}
        .grid{stroke:#ddd}.load{fill:#4878a822;stroke:#4878a8}.stable{stroke:#c06020}
        .desired{stroke:#999;stroke-dasharray:4 3}.ready{fill:#3a8a5a22;stroke:#3a8a5a}
        .panic{fill:#d0404018}.title{font-weight:600;font-size:15px}path{fill:none;stroke-width:1.5}
        @media(prefers-color-scheme:dark){svg{background:#16181c;fill:#ccc}.grid{stroke:#333}}
        </style>
        """

    let frames: [ScalingSimulation.Frame]
    let metric: ScalingConfiguration.Metric

    /// The whole picture.
    var svg: String {
        let loads = self.frames.map(\.load)
        let counts = self.frames.map { Double(max($0.desired, $0.ready)) }
        let loadMax = max(1, loads.max() ?? 0)
        let countMax = max(1, counts.max() ?? 0)
        let size = "width=\"\(Int(Self.width))\" height=\"\(Int(Self.height))\""
        let box = "viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\""
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) \(box) role=\"img\">", Self.style,
        ]
        let unit = self.metric == .rps ? "requests per second" : "requests under way"
        parts += self.panel(0, title: "Load: \(unit)", maximum: loadMax)
        parts += self.panicBands
        parts.append(self.path("load", 0, loads, loadMax, isArea: true))
        parts.append(self.path("stable", 0, self.frames.map(\.stable), loadMax))
        parts.append(self.legend(0, [("load", "load"), ("stable", "stable mean")]))
        parts += self.panel(1, title: "Instances", maximum: countMax)
        parts.append(
            self.path("ready", 1, self.frames.map { Double($0.ready) }, countMax, isArea: true)
        )
        parts.append(self.path("desired", 1, self.frames.map { Double($0.desired) }, countMax))
        parts.append(self.legend(1, [("ready", "ready"), ("desired", "desired")]))
        parts.append("</svg>\n")
        return parts.joined(separator: "\n")
    }

    private var seconds: Double { Double(max(1, self.frames.last?.second ?? 1)) }

    private func x(_ second: Double) -> Double {
        Self.left + (Self.width - Self.left - Self.right) * second / self.seconds
    }

    private func y(_ panel: Int, _ share: Double) -> Double {
        Self.tops[panel] + Self.panelHeight * (1 - share)
    }

    private func panel(_ panel: Int, title: String, maximum: Double) -> [String] {
        var parts = [self.text(Self.left, Self.tops[panel] - 18, title, "class=\"title\"")]
        for step in 0...4 {
            let share = Double(step) / 4
            let height = self.y(panel, share)
            let ends = "x1=\"\(Int(Self.left))\" x2=\"\(Int(Self.width - Self.right))\""
            parts.append("<line class=\"grid\" \(ends) y1=\"\(height)\" y2=\"\(height)\"/>")
            let label = TextPlot.number(maximum * share)
            parts.append(self.text(Self.left - 8, height + 4, label, "text-anchor=\"end\""))
            let time = Self.clock(self.seconds * share)
            let bottom = self.y(panel, 0) + 20
            parts.append(
                self.text(self.x(self.seconds * share), bottom, time, "text-anchor=\"middle\"")
            )
        }
        return parts
    }

    /// Steps from frame to frame.
    private func path(
        _ name: String,
        _ panel: Int,
        _ values: [Double],
        _ maximum: Double,
        isArea: Bool = false
    ) -> String {
        var data = ""
        for (frame, value) in zip(self.frames, values) {
            let height = Self.short(self.y(panel, value / maximum))
            let place = Self.short(self.x(Double(frame.second)))
            data += data.isEmpty ? "M\(place) \(height)" : "H\(place)V\(height)"
        }
        let line = "<path class=\"\(name)\" style=\"fill:none\" d=\"\(data)\"/>"
        guard isArea, let first = self.frames.first, let last = self.frames.last else {
            return line
        }
        let bottom = Self.short(self.y(panel, 0))
        let ends = (
            Self.short(self.x(Double(first.second))), Self.short(self.x(Double(last.second)))
        )
        let area = "\(data)H\(ends.1)V\(bottom)H\(ends.0)Z"
        return "<path class=\"\(name)\" style=\"stroke:none\" d=\"\(area)\"/>\(line)"
    }

    /// Where panic kept instances from going.
    private var panicBands: [String] {
        var bands: [String] = []
        var start: Int?
        for frame in self.frames + self.frames.suffix(1).map({ Self.calm($0) }) {
            if frame.isPanicking {
                start = start ?? frame.second
            } else if let from = start {
                let (left, right) = (self.x(Double(from)), self.x(Double(frame.second)))
                let size =
                    "width=\"\(Self.short(right - left))\" height=\"\(Int(Self.panelHeight))\""
                let place = "x=\"\(Self.short(left))\" y=\"\(Int(Self.tops[0]))\""
                bands.append("<rect class=\"panic\" \(place) \(size)><title>panic</title></rect>")
                start = nil
            }
        }
        return bands
    }

    private static func calm(_ frame: ScalingSimulation.Frame) -> ScalingSimulation.Frame {
        var frame = frame
        frame.isPanicking = false
        return frame
    }

    private func legend(_ panel: Int, _ entries: [(name: String, text: String)]) -> String {
        var place = Self.width - Self.right - 220
        return entries.map { name, text in
            let height = Self.tops[panel] - 22
            defer { place += 110 }
            return "<path class=\"\(name)\" d=\"M\(place) \(height)h18\"/>"
                + self.text(place + 24, height + 4, text)
        }.joined()
    }

    private func text(_ x: Double, _ y: Double, _ text: String, _ attributes: String = "") -> String
    {
        "<text x=\"\(Self.short(x))\" y=\"\(Self.short(y))\" \(attributes)>\(text)</text>"
    }

    private static func short(_ number: Double) -> String { TextPlot.number(number) }

    /// Minutes and seconds, or hours and minutes.
    static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        let (large, small) =
            whole < 3600 ? (whole / 60, whole % 60) : (whole / 3600, whole / 60 % 60)
        return "\(large):\(small < 10 ? "0" : "")\(small)\(whole < 3600 ? "" : " h")"
    }
}
