// SPDX-License-Identifier: Apache-2.0

/// What a signature claims, before it is checked; the same in a header and in a query.
struct SignatureClaim: Equatable {
    /// Most names that a signature may list.
    static let signedNamesMax = 64

    var accessKey: String
    var day: String
    var region: String
    var service: String
    var terminator: String
    /// In lower case, in the order given.
    var signedNames: [String]
    /// In lower-case hexadecimal.
    var signature: String

    /// Reads the three parts; `nil` when one has not the documented form.
    init?(credential: String, signedNames: String, signature: String) {
        // The access key may hold slashes itself, the scope never does.
        let parts = credential.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, signature.utf8.count == 64 else { return nil }
        let scope = parts[(parts.count - 4)...].map(String.init)
        self.accessKey = parts.dropLast(4).joined(separator: "/")
        self.day = scope[0]
        self.region = scope[1]
        self.service = scope[2]
        self.terminator = scope[3]
        self.signedNames = signedNames.split(separator: ";").map { $0.lowercased() }
        self.signature = signature
        guard !self.accessKey.isEmpty, !self.signedNames.isEmpty,
            self.signedNames.count <= Self.signedNamesMax
        else { return nil }
    }

    /// Reads `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    init(authorizationField text: String) throws(SignatureError) {
        let algorithm = text.prefix { $0 != " " }
        guard algorithm == SigningContext.algorithm else { throw .unsupportedAlgorithm }
        var values: [Substring: Substring] = [:]
        for part in text.dropFirst(algorithm.count).split(separator: ",") {
            let halves = part.split(separator: "=", maxSplits: 1)
            guard halves.count == 2 else { throw .malformedHeader }
            values[Self.trim(halves[0])] = Self.trim(halves[1])
        }
        guard let credential = values["Credential"], let names = values["SignedHeaders"],
            let signature = values["Signature"],
            let claim = Self(
                credential: String(credential),
                signedNames: String(names),
                signature: String(signature)
            )
        else { throw .malformedHeader }
        self = claim
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
