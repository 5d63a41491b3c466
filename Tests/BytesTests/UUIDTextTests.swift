// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite("UUID text (RFC 9562 section 5.4)")
struct UUIDTextTests {
    @Test(
        "overwrites version and variant, and keeps the other 122 bits",
        arguments: [
            (UInt64(0), UInt64(0), "00000000-0000-4000-8000-000000000000"),
            (.max, .max, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
            (
                0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, "01234567-89ab-4def-bedc-ba9876543210"
            ),
        ]
    )
    func makes(_ high: UInt64, _ low: UInt64, _ text: String) {
        #expect(UUIDText.make(from: (high, low)) == text)
    }

    @Test("random ones have the form, and differ")
    func random() {
        let texts = (0..<200).map { _ in UUIDText.random() }
        #expect(Set(texts).count == texts.count)
        for text in texts {
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
            #expect(parts.joined().allSatisfy { $0.isHexDigit && !$0.isUppercase })
            #expect(parts[2].first == "4")
            #expect("89ab".contains(parts[3].prefix(1)))
        }
    }
}
