// SPDX-License-Identifier: Apache-2.0

/// Makes small PDFs, good ones and bad ones (ISO 32000-1).
enum PDFMaker {
    /// A file of `objects`, the first of which is the catalogue.
    static func file(_ objects: [String]) -> [UInt8] {
        var pdf = Array("%PDF-1.4\n".utf8)
        var offsets: [Int] = []
        for (index, object) in objects.enumerated() {
            offsets.append(pdf.count)
            pdf += Array("\(index + 1) 0 obj\n\(object)\nendobj\n".utf8)
        }
        let start = pdf.count
        var table = "xref\n0 \(objects.count + 1)\n0000000000 65535 f \n"
        for offset in offsets {
            let digits = String(offset)
            table += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        }
        table += "trailer\n<</Size \(objects.count + 1)/Root 1 0 R>>\nstartxref\n\(start)\n%%EOF\n"
        return pdf + Array(table.utf8)
    }

    private static func stream(_ content: String) -> String {
        "<</Length \(content.utf8.count)>>\nstream\n\(content)\nendstream"
    }

    private static let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"

    /// Pages with one line of text each; an empty line makes an empty page.
    static func pages(_ lines: [String]) -> [UInt8] {
        var objects = ["<</Type/Catalog/Pages 2 0 R>>", "", self.font]
        var kids: [String] = []
        for line in lines {
            let content = line.isEmpty ? "" : "BT /F1 12 Tf 72 700 Td (\(line)) Tj ET"
            objects.append(self.stream(content))
            let page =
                "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents \(objects.count) 0 R"
                + "/Resources<</Font<</F1 3 0 R>>>>>>"
            objects.append(page)
            kids.append("\(objects.count) 0 R")
        }
        objects[1] = "<</Type/Pages/Kids[\(kids.joined(separator: " "))]/Count \(kids.count)>>"
        return self.file(objects)
    }

    /// One page with a picture and no text.
    static func imageOnly() -> [UInt8] {
        let pixels = String(repeating: "~", count: 64)
        return self.file([
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R"
                + "/Resources<</XObject<</I 5 0 R>>>>>>",
            self.stream("q 500 0 0 500 50 50 cm /I Do Q"),
            "<</Type/XObject/Subtype/Image/Width 8/Height 8/ColorSpace/DeviceGray"
                + "/BitsPerComponent 8/Length 64>>\nstream\n\(pixels)\nendstream",
        ])
    }

    /// A page tree whose only node is its own child.
    static func endlessTree() -> [UInt8] {
        self.file([
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 1000000000>>",
        ])
    }

    /// A dictionary with arrays within arrays.
    static func deeplyNested(_ depth: Int) -> [UInt8] {
        let nest = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        return self.file([
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1/X \(nest)>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>",
        ])
    }
}
