// SPDX-License-Identifier: Apache-2.0

import Bytes

/// How MinIO writes object keys in events: as Go escapes a query (`url.QueryEscape`).
package enum EventKeyCoding {
    /// A space becomes `+`; all but unreserved bytes become `%XX`, `/` too.
    package static func encode(_ key: String) -> String {
        PercentCoding.encode(key) { PercentCoding.isUnreserved($0) || $0 == 0x20 }
            .replacingSpacesByPlus()
    }

    /// Undoes ``encode(_:)``, and AWS's form, which leaves `/` alone; `nil` when it is neither.
    package static func decode(_ key: some StringProtocol) -> String? {
        PercentCoding.decodeText(key, plusIsSpace: true)
    }
}

extension String {
    fileprivate func replacingSpacesByPlus() -> String {
        String(decoding: self.utf8.map { $0 == 0x20 ? UInt8(ascii: "+") : $0 }, as: UTF8.self)
    }
}
