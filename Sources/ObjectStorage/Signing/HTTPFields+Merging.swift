// SPDX-License-Identifier: Apache-2.0

import HTTP

extension HTTPFields {
    /// Adds the lines of another list behind those of this one.
    mutating func append(contentsOf other: HTTPFields) {
        other.forEachBytes { name, value in
            self.append(String(decoding: name, as: UTF8.self), bytes: value)
        }
    }
}
