// SPDX-License-Identifier: Apache-2.0

package import Bytes

extension Timestamp {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads `Fri, 02 Jan 2026 15:04:05 GMT` (RFC 9110 section 5.6.7, IMF-fixdate).
    ///
    /// The two forms that the RFC calls obsolete are not read; a condition made with one is then
    /// ignored, as with any other invalid date.
    package init?(httpDate text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[0].hasSuffix(","),
            let month = Self.months.firstIndex(where: { $0 == words[2] })
        else { return nil }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        self.init(rfc3339: "\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }
}
