// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import HTTPServer

@Suite("What is wrong with a text of PEM (RFC 7468)")
struct PEMContentTests {
    /// An element of DER with three bytes in it.
    private static let certificate = block("CERTIFICATE", "MAMBAgM=")
    private static let key = block("PRIVATE KEY", "MAMBAgM=")

    private static func block(_ label: String, _ text: String, end: String? = nil) -> String {
        "-----BEGIN \(label)-----\n\(text)\n-----END \(end ?? label)-----\n"
    }

    static let texts: [(text: String, content: PEMContent, problem: String?)] = [
        (certificate, .certificate, nil),
        ("Bag Attributes\n" + certificate + key, .certificate, nil),
        (key.replacing("\n", with: " \r\n"), .privateKey, nil),
        (block("EC PRIVATE KEY", "MAMB\nAgM="), .privateKey, nil),
        ("", .certificate, "it is empty"),
        (" \r\n\t\n", .privateKey, "it is empty"),
        ("hello\n", .certificate, "it holds no certificate in the form of PEM"),
        (key, .certificate, "it holds no certificate, but a key"),
        (certificate, .privateKey, "it holds no private key, but a certificate"),
        ("-----BEGIN -----\n", .privateKey, "it holds no private key in the form of PEM"),
        (
            certificate + block("CERTIFICATE", "MAMBAg=="), .certificate,
            "the CERTIFICATE of line 4 is cut short"
        ),
        (
            block("CERTIFICATE", "MAMBAgM=", end: "KEY"), .certificate,
            "the CERTIFICATE of line 1 is cut short"
        ),
        (block("CERTIFICATE", ""), .certificate, "the CERTIFICATE of line 1 is cut short"),
        (block("CERTIFICATE", "MIIC"), .certificate, "the CERTIFICATE of line 1 is cut short"),
        (block("CERTIFICATE", "MAM*AgM="), .certificate, "the CERTIFICATE of line 1 is no base64"),
        (
            block("ENCRYPTED PRIVATE KEY", "MAMBAgM="), .privateKey,
            "the key is encrypted, and there is nobody to ask for its password"
        ),
        (
            block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\n\nMAMBAgM="), .privateKey,
            "the key is encrypted, and there is nobody to ask for its password"
        ),
    ]

    @Test("is said in a few words", arguments: texts)
    func problems(_ text: String, _ content: PEMContent, _ problem: String?) {
        #expect(content.problem(in: Array(text.utf8)) == problem)
    }

    @Test("every proper prefix that has begun is cut short")
    func prefixes() {
        let bytes = Array(Self.certificate.utf8)
        let begun = "-----BEGIN CERTIFICATE-----\n".utf8.count
        for count in begun..<(bytes.count - 1) {
            let problem = PEMContent.certificate.problem(in: Array(bytes[..<count]))
            #expect(problem == "the CERTIFICATE of line 1 is cut short", "\(count)")
        }
    }

    @Test("noise never traps", arguments: SeededGenerator.seeds(200))
    func noise(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = Array((Self.certificate + Self.key).utf8)
        for _ in 0..<8 {
            let index = Int(random.next() % UInt64(bytes.count))
            bytes[index] = UInt8(truncatingIfNeeded: random.next())
        }
        _ = PEMContent.certificate.problem(in: bytes)
        _ = PEMContent.privateKey.problem(in: bytes)
    }
}
