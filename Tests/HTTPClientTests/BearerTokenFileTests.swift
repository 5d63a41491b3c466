// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import HTTPClient

@Suite("The file of a bearer token")
struct BearerTokenFileTests {
    /// A file that goes with the object.
    final class File {
        let path = "/tmp/swiftlet-token-\(getpid())-\(UInt64.random(in: 0 ... .max))"

        /// Puts a text there in one step, as the kubelet does.
        func put(_ text: String) {
            let next = self.path + ".next"
            guard let file = fopen(next, "we") else { return }
            fputs(text, file)
            fclose(file)
            rename(next, self.path)
        }

        /// Writes over the text without leaving a trace: as many bytes, and the old time.
        func sneak(_ text: String) {
            var status = stat()
            stat(self.path, &status)
            guard let file = fopen(self.path, "r+e") else { return }
            fputs(text, file)
            fclose(file)
            let times = [status.st_atim, status.st_mtim]
            utimensat(AT_FDCWD, self.path, times, 0)
        }

        deinit { unlink(self.path) }
    }

    @Test("another file is read at once, the same one when its token was refused")
    func rotation() {
        let file = File()
        file.put("first\n")
        var token = BearerTokenFile(path: file.path)
        #expect(token.value() == "first")
        file.put("other")
        #expect(token.value() == "other")
        file.sneak("third")
        #expect(token.value() == "other")
        token.refused()
        #expect(token.value() == "third")
        unlink(file.path)
        #expect(token.value() == nil)
    }

    @Test("the longest token, and one that is longer; no file; nothing in it")
    func limits() {
        let file = File()
        let longest = String(repeating: "t", count: BearerTokenFile.bytesMax)
        var token = BearerTokenFile(path: file.path)
        #expect(token.value() == nil)
        file.put(longest)
        #expect(token.value() == longest)
        for text in [longest + "t", ""] {
            file.put(text)
            #expect(token.value() == nil)
        }
    }

    @Test(
        "a token is one visible word",
        arguments: [
            ("abc", "abc"), ("abc\n", "abc"), ("\r\nabc\r\n", "abc"), ("", nil), ("\n", nil),
            ("a b", nil), ("a\tb", nil), ("é", nil),
        ] as [(String, String?)]
    )
    func token(_ text: String, _ expected: String?) {
        #expect(BearerTokenFile.token(in: Array(text.utf8)) == expected)
    }
}
