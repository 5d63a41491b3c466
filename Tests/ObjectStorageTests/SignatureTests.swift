// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import ObjectStorage

/// The keys, the time and the place of the examples in Amazon's documentation.
enum Example {
    static let credentials = S3Credentials(
        accessKey: "AKIAIOSFODNN7EXAMPLE",
        secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )
    static let time = Timestamp(year: 2013, month: 5, day: 24)
    static let signer = RequestSigner(credentials: credentials, region: "us-east-1")
    static let verifier = SignatureVerifier(credentials: credentials, region: "us-east-1")
    static let host = "examplebucket.s3.amazonaws.com"

    static func signature(_ fields: HTTPFields) -> String? {
        fields["authorization"]?.split(separator: "Signature=").last.map(String.init)
    }

    /// A signed request, as it would arrive.
    static func signed(
        _ method: String = "GET",
        _ path: String = "/bucket/key",
        query: String? = nil,
        fields: HTTPFields = ["host": "localhost:9000"],
        payloadHash: PayloadHash = .unsigned,
        signer: RequestSigner = signer
    ) -> SignableRequest {
        var request = SignableRequest(method: method, path: path, query: query, fields: fields)
        let added = signer.sign(request, payloadHash: payloadHash, time: time)
        request.fields.append(contentsOf: added)
        return request
    }
}

@Suite("Signature Version 4: Amazon's examples for S3")
struct SignatureExampleTests {
    @Test("GET Object")
    func getObject() {
        let request = SignableRequest(
            method: "GET",
            path: "/test.txt",
            query: nil,
            fields: ["Host": Example.host, "Range": "bytes=0-9"]
        )
        let added = Example.signer.sign(request, payloadHash: .absent, time: Example.time)
        #expect(
            added["authorization"]
                == "AWS4-HMAC-SHA256 "
                + "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        )
        #expect(added["x-amz-date"] == "20130524T000000Z")
    }

    @Test("PUT Object")
    func putObject() {
        let request = SignableRequest(
            method: "PUT",
            path: "/test$file.text",
            query: nil,
            fields: [
                "Host": Example.host, "Date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            ]
        )
        let hash = Digest.hash(Array("Welcome to Amazon S3.".utf8), with: .sha256)
        let added = Example.signer.sign(request, payloadHash: .hash(hash), time: Example.time)
        #expect(
            Example.signature(added)
                == "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        )
    }

    @Test(
        "GET with a query",
        arguments: [
            ("lifecycle", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
            (
                "max-keys=2&prefix=J",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
            (
                "prefix=J&max-keys=2",
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ),
        ]
    )
    func getWithQuery(query: String, signature: String) {
        let request = SignableRequest(
            method: "GET",
            path: "/",
            query: query,
            fields: ["Host": Example.host]
        )
        let added = Example.signer.sign(request, payloadHash: .absent, time: Example.time)
        #expect(Example.signature(added) == signature)
    }

    @Test("query string authentication")
    func presigned() throws {
        var request = SignableRequest(
            method: "GET",
            path: "/test.txt",
            query: nil,
            fields: ["host": Example.host]
        )
        let query = Example.signer.presign(
            request,
            time: Example.time,
            expiresAfter: .seconds(86_400)
        )
        #expect(
            query.hasSuffix(
                "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
            )
        )
        request.query = query
        let outcome = try Example.verifier.verify(request, at: Example.time)
        #expect(outcome.payloadHash == .unsigned)
    }
}

@Suite("Signature Version 4: what is believed")
struct SignatureVerifierTests {
    @Test("what we sign, we believe, and know what the body must show")
    func roundTrip() throws {
        for hash in [
            PayloadHash.unsigned, .unsignedChunks, .signedChunks(hasTrailer: true),
            .signedChunks(hasTrailer: false), .hash(Digest.hash([1], with: .sha256)),
        ] {
            let request = Example.signed("PUT", "/b/a%20%C3%A9+~//..", payloadHash: hash)
            let outcome = try Example.verifier.verify(request, at: Example.time)
            #expect(outcome.payloadHash == hash)
            #expect(outcome.accessKey == "AKIAIOSFODNN7EXAMPLE")
        }
    }

    @Test("an escape needless or in lower case does not change the signature")
    func canonicalPath() throws {
        let signed = Example.signed("GET", "/b/a%2Bb%C3%A9c")
        var sent = signed
        sent.path = "/b/%61+b%c3%a9c"
        _ = try Example.verifier.verify(sent, at: Example.time)
    }

    /// One change each to a request that would be believed.
    static let tampered: [(name: String, change: @Sendable (inout SignableRequest) -> Void)] = [
        ("method", { $0.method = "DELETE" }),
        ("path", { $0.path = "/bucket/keY" }),
        ("query", { $0.query = "a=2" }),
        ("query added", { $0.query = "a=1&b=1" }),
        ("host", { $0.fields["host"] = "localhost:9001" }),
        ("signed field", { $0.fields["x-amz-meta-a"] = "two" }),
        ("payload hash", { $0.fields["x-amz-content-sha256"] = PayloadHash.emptyHex }),
        ("second value", { $0.fields.append("x-amz-meta-a", "one") }),
    ]

    @Test("any change to what is signed is seen", arguments: Self.tampered.indices)
    func tampering(index: Int) {
        var request = Example.signed(
            query: "a=1",
            fields: ["host": "localhost:9000", "x-amz-meta-a": "one"]
        )
        Self.tampered[index].change(&request)
        #expect(throws: SignatureError.mismatch, "\(Self.tampered[index].name)") {
            try Example.verifier.verify(request, at: Example.time)
        }
    }

    @Test("another secret, another access key, another region")
    func wrongKeys() {
        func sign(_ accessKey: String, _ secretKey: String, _ region: String) -> SignableRequest {
            Example.signed(
                signer: RequestSigner(
                    credentials: S3Credentials(accessKey: accessKey, secretKey: secretKey),
                    region: region
                )
            )
        }
        let good = Example.credentials
        expect(sign(good.accessKey, "wrong", "us-east-1"), .mismatch)
        expect(sign("AKIDOTHER", good.secretKey, "us-east-1"), .unknownAccessKey)
        expect(
            sign(good.accessKey, good.secretKey, "eu-west-1"),
            .wrongRegion(expected: "us-east-1")
        )
    }

    private func expect(
        _ request: SignableRequest,
        _ error: SignatureError,
        at time: Timestamp = Example.time,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: location) {
            try Example.verifier.verify(request, at: time)
        }
    }

    @Test(
        "clocks may be 15 minutes apart and no second more",
        arguments: [(-900, true), (900, true), (-901, false), (901, false)] as [(Int64, Bool)]
    )
    func skew(seconds: Int64, isBelieved: Bool) throws {
        let request = Example.signed()
        let now = Timestamp(secondsSinceEpoch: Example.time.secondsSinceEpoch + seconds)
        if isBelieved {
            _ = try Example.verifier.verify(request, at: now)
        } else {
            expect(request, .skewed, at: now)
        }
    }

    @Test(
        "a query signature is good from 15 minutes before its time until it expires",
        arguments: [
            (-901, SignatureError.skewed), (-900, nil), (0, nil), (60, nil), (61, .expired),
        ] as [(Int64, SignatureError?)]
    )
    func expiry(seconds: Int64, error: SignatureError?) throws {
        let request = presigned(.seconds(60))
        let now = Timestamp(secondsSinceEpoch: Example.time.secondsSinceEpoch + seconds)
        if let error {
            expect(request, error, at: now)
        } else {
            _ = try Example.verifier.verify(request, at: now)
        }
    }

    private func presigned(_ duration: Duration) -> SignableRequest {
        var request = SignableRequest(
            method: "GET",
            path: "/b/k",
            query: "versionId=",
            fields: ["host": "localhost:9000"]
        )
        request.query = Example.signer.presign(
            request,
            time: Example.time,
            expiresAfter: duration
        )
        return request
    }

    @Test("a query signature is good for seven days at most")
    func expiryMax() throws {
        _ = try Example.verifier.verify(presigned(.seconds(604_800)), at: Example.time)
        expect(presigned(.seconds(604_801)), .invalidExpiry)
        expect(presigned(.seconds(0)), .invalidExpiry)
    }

    @Test("a query signature covers the rest of the query")
    func presignedTampering() {
        var request = presigned(.seconds(60))
        request.query? += "&response-content-type=text/html"
        expect(request, .mismatch)
    }

    @Test("host and every x-amz field must be signed")
    func unsignedFields() {
        var request = Example.signed()
        request.fields.append("X-Amz-Meta-Sneaked", "in")
        expect(request, .unsignedField(name: "x-amz-meta-sneaked"))
        expect(Example.signed(fields: [:]), .unsignedField(name: "host"))
    }

    @Test("no signature, two of them, and signatures of other kinds")
    func mechanisms() {
        var request = SignableRequest(
            method: "GET",
            path: "/",
            query: nil,
            fields: ["host": "localhost"]
        )
        expect(request, .anonymous)
        request.fields["authorization"] = "AWS AKID:c2ln"
        expect(request, .unsupportedAlgorithm)
        request.fields["authorization"] = "Bearer token"
        expect(request, .unsupportedAlgorithm)
        request.fields["authorization"] = nil
        var both = presigned(.seconds(60))
        both.fields["authorization"] = "AWS4-HMAC-SHA256 …"
        expect(both, .twoMechanisms)
    }

    @Test(
        "an Authorization field that cannot be read",
        arguments: [
            "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential",
            "AWS4-HMAC-SHA256 Credential=a/b/c/d,SignedHeaders=host,Signature=0",
            "AWS4-HMAC-SHA256 Credential=a/20130524/us-east-1/s3/aws4_request,Signature="
                + String(repeating: "0", count: 64),
            "AWS4-HMAC-SHA256 Credential=/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,"
                + "Signature=" + String(repeating: "0", count: 64),
        ]
    )
    func malformedField(text: String) {
        let fields: HTTPFields = ["host": "h", "authorization": text]
        expect(
            SignableRequest(method: "GET", path: "/", query: nil, fields: fields),
            .malformedHeader
        )
    }

    @Test("times, hashes and scopes that cannot be believed")
    func otherRefusals() {
        var request = Example.signed()
        request.fields["x-amz-date"] = nil
        expect(request, .missingDate)
        request = Example.signed()
        request.fields["x-amz-content-sha256"] = "STREAMING-OTHER"
        expect(request, .invalidPayloadHash)
        request = Example.signed()
        request.fields["authorization"] = request.fields["authorization"]?
            .replacing("/20130524/", with: "/20130523/")
        expect(request, .wrongScope)
        request = Example.signed()
        request.fields["authorization"] = request.fields["authorization"]?
            .replacing("/s3/", with: "/ec2/")
        expect(request, .wrongScope)
        request = Example.signed()
        request.path = "/b/%zz"
        expect(request, .undecodable)
    }

    @Test("the Date field stands in for x-amz-date")
    func dateField() {
        var request = Example.signed()
        request.fields["x-amz-date"] = nil
        request.fields["date"] = "Fri, 24 May 2013 00:16:00 GMT"
        // Read: else the time would be missing. Not believed: it is not what was signed.
        expect(request, .skewed)
    }

    @Test("query signatures of version 2, as boto3 makes them unasked")
    func versionTwo() throws {
        func verify(
            _ query: String,
            path: String = "/exams/a%20b",
            at seconds: Int64 = 1_795_181_761
        ) throws {
            let request = SignableRequest(
                method: "GET",
                path: path,
                query: query,
                fields: ["host": "127.0.0.1:19900"]
            )
            _ = try Self.minioVerifier.verify(
                request,
                at: Timestamp(secondsSinceEpoch: seconds)
            )
        }
        let signed =
            "response-content-type=text%2Fplain&AWSAccessKeyId=minio"
            + "&Signature=4DLYt2sBqdS1d5zqd8ZZk9HvGNY%3D&Expires=1795181761"
        try verify(signed)
        #expect(throws: SignatureError.expired) { try verify(signed, at: 1_795_181_762) }
        #expect(throws: SignatureError.mismatch) { try verify(signed, path: "/exams/a%20c") }
        #expect(throws: SignatureError.mismatch) { try verify(signed + "&uploadId=x") }
        #expect(throws: SignatureError.mismatch) {
            try verify(signed.replacing("1795181761", with: "1795181762"))
        }
        #expect(throws: SignatureError.unknownAccessKey) {
            try verify(signed.replacing("minio", with: "other"))
        }
        #expect(throws: SignatureError.malformedQuery) { try verify("AWSAccessKeyId=minio") }
    }

    private static let minioVerifier = SignatureVerifier(
        credentials: S3Credentials(accessKey: "minio", secretKey: "minio123"),
        region: "us-east-1"
    )

    @Test("neither description nor mirror of credentials shows the secret")
    func secretStaysSecret() {
        var text = "\(Example.credentials) \(String(reflecting: Example.credentials)) "
        dump(Example.credentials, to: &text)
        #expect(!text.contains("wJalr"))
    }
}

/// Requests that curl 7.88.1 made with `--aws-sigv4 aws:amz:us-east-1:s3`, as they arrived.
@Suite("Signature Version 4: curl 7.88, which signs path and query as sent")
struct CurlSignatureTests {
    static let verifier = SignatureVerifier(
        credentials: S3Credentials(accessKey: "AKIDEXAMPLE", secretKey: "SECRETEXAMPLE"),
        region: "us-east-1"
    )
    static let time = Timestamp(year: 2026, month: 11, day: 20, hour: 11, minute: 37, second: 39)

    static func request(
        _ method: String,
        _ path: String,
        _ query: String?,
        signature: String,
        names: String = "host;x-amz-date",
        fields: HTTPFields = [:]
    ) -> SignableRequest {
        var fields = fields
        fields.append("Host", "127.0.0.1:19911")
        fields.append("X-Amz-Date", "20261120T113739Z")
        fields.append(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261120/us-east-1/s3/aws4_request, "
                + "SignedHeaders=\(names), Signature=\(signature)"
        )
        return SignableRequest(method: method, path: path, query: query, fields: fields)
    }

    @Test(
        "captured requests",
        arguments: [
            request(
                "PUT",
                "/b/a%20b+c.txt",
                nil,
                signature: "4a81c27eedbf31812656aee2b4e670aea1022afdf5b0d07d7c30914cfa4043f2"
            ),
            request(
                "PUT",
                "/b/k",
                nil,
                signature: "7c2294ecea2d0f2e4747e43fbbb3639fcfe0b0d6b67e094e9503f6fa7850c548",
                names: "host;x-amz-content-sha256;x-amz-date",
                fields: ["x-amz-content-sha256": "UNSIGNED-PAYLOAD"]
            ),
            request(
                "GET",
                "/b/k",
                "list-type=2&prefix=a%2Fb&delimiter=/",
                signature: "0f1d8087e82a866c1c75eff23ff65f2d0b993a5ecb4960467fa62987e7c0a141"
            ),
            request(
                "GET",
                "/b/k",
                "z=1&a",
                signature: "cc5867695dc2bb97e0a5fe373f6c4a886f619c6ee40494dc4667fe1de8b3b1de"
            ),
            request(
                "GET",
                "/b/a//c",
                nil,
                signature: "ba38354c280b1fbc97a5158a7b2f7c039357d0d7ed9e9c3cd26a0dfa7e18d94d"
            ),
        ]
    )
    func captured(request: SignableRequest) throws {
        _ = try Self.verifier.verify(request, at: Self.time)
    }

    @Test("a body that was signed but whose hash was not sent")
    func hiddenBodyHash() throws {
        let request = Self.request(
            "POST",
            "/b/k",
            "delete",
            signature: "c0d69f21208c6402c53d42c467f3a98f9db5ce2f0628f80ff1e1e00e6fcb7072"
        )
        #expect(throws: SignatureError.mismatch) {
            try Self.verifier.verify(request, at: Self.time)
        }
        let hash = Digest.hash(Array("hello\n".utf8), with: .sha256)
        let outcome = try Self.verifier.verify(request, at: Self.time, bodyHash: hash)
        #expect(outcome.payloadHash == .hash(hash))
    }
}
