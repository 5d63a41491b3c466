// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite("Fields: those that the sender of a message says itself")
struct HTTPFieldsFramingTests {
    @Test(
        "are left out in any case, alone and repeated",
        arguments: [
            "connection", "Content-Length", "DATE", "Keep-Alive", "transfer-encoding",
            "TRANSFER-ENCODING",
        ]
    )
    func leftOut(_ name: String) {
        var fields: HTTPFields = ["A": "1"]
        fields.append(name, "x")
        fields.append("B", "2")
        fields.append(name, "y")
        #expect(fields.withoutFraming == ["A": "1", "B": "2"])
    }

    @Test("are all that is left out: others of the same lengths and letters stay")
    func kept() {
        let fields: HTTPFields = [
            "ce-specversion": "1.0", "Content-Type": "a/b", "Dart": "x", "Host": "h", "Link": "l",
            "Keep-Awake": "k", "cxnnection": "c", "content-langth": "d", "transfer-encodinx": "t",
            "If-Modified-Since": "n", "": "empty",
        ]
        #expect(fields.withoutFraming == fields)
        #expect(HTTPFields().withoutFraming == HTTPFields())
    }
}
