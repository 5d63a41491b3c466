// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPClient
import HTTPServer
import Synchronization
import Testing

@testable import ObjectStorage

/// A server that gives the answers it was told to, one after the other.
final class ScriptedS3: Sendable {
    struct Answer: Sendable {
        var status: HTTPStatus
        var fields: HTTPFields = [:]
        var body = ""
    }

    private struct State {
        var answers: [Answer]
        var targets: [String] = []
        var pauses: [Duration] = []
    }

    private let state: Mutex<State>

    init(_ answers: [Answer]) { self.state = Mutex(State(answers: answers)) }

    /// The methods and targets that were asked for.
    var targets: [String] { self.state.withLock { $0.targets } }
    /// The pauses that the client wanted.
    var pauses: [Duration] { self.state.withLock { $0.pauses } }

    private func answer(_ exchange: HTTPExchange) {
        let answer = self.state.withLock { state in
            state.targets.append("\(exchange.request.method) \(exchange.request.target)")
            return state.answers.isEmpty ? nil : state.answers.removeFirst()
        }
        guard let answer else { return exchange.abort() }
        exchange.respond(answer.status, answer.fields, body: Array(answer.body.utf8))
    }

    /// Runs a test with a client of this server.
    func run<Value>(_ body: (S3Client) async throws -> Value) async throws -> Value {
        let loop = try EventLoop(name: "scripted")
        loop.start()
        let server = HTTPServer(
            loop: loop,
            handler: AsyncHTTPHandler { exchange in
                while try await exchange.nextBodyChunk() != nil {}
                self.answer(exchange)
            }
        )
        let address = try await server.listen(on: .ipv4Loopback(port: 0))
        let client = HTTPClient(loop: loop)
        let configuration = try S3Configuration(
            endpoint: "http://\(address)/",
            accessKey: "a",
            secretKey: "SECRET"
        )
        let s3 = S3Client(client: client, configuration: configuration) { pause in
            self.state.withLock { $0.pauses.append(pause) }
        }
        let result: Result<Value, any Error>
        do { result = .success(try await body(s3)) } catch { result = .failure(error) }
        await client.close()
        await server.drain(deadline: .seconds(1))
        loop.stop()
        loop.join()
        return try result.get()
    }
}

@Suite("S3 client: failures and repetitions", .serialized)
struct S3ClientTests {
    private static let slowDown =
        "<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>"

    @Test(
        "what may go away is tried again",
        arguments: [500, 502, 503, 504, 429] as [HTTPStatus]
    )
    func retries(status: HTTPStatus) async throws {
        let script = ScriptedS3([
            .init(status: status), .init(status: status, body: Self.slowDown),
            .init(status: .ok, fields: ["etag": "\"tag\""]),
        ])
        let eTag = try await script.run {
            try await $0.putObject(bucket: "b", key: "k", body: [1], contentType: "a/b")
        }
        #expect(eTag == "tag")
        #expect(script.targets == ["PUT /b/k", "PUT /b/k", "PUT /b/k"])
        #expect(script.pauses.count == 2)
        #expect(script.pauses.allSatisfy { $0 <= .milliseconds(400) })
    }

    @Test("a connection that breaks is tried again")
    func brokenConnection() async throws {
        let script = ScriptedS3([])
        await #expect(throws: S3Error.self) {
            try await script.run { try await $0.deleteObject(bucket: "b", key: "k") }
        }
        #expect(script.targets.count == RetryPolicy().attemptsMax)
    }

    @Test(
        "what will not go away is not tried again",
        arguments: [400, 403, 404, 409, 412, 501, 507] as [HTTPStatus]
    )
    func noRetries(status: HTTPStatus) async throws {
        let body = "<Error><Code>SomeCode</Code><Message>Some words.</Message></Error>"
        let script = ScriptedS3([.init(status: status, body: body)])
        let error = await #expect(throws: S3Error.self) {
            try await script.run {
                try await $0.getObject(bucket: "b", key: "k", bytesMax: 10)
            }
        }
        #expect(error == S3Error(code: "SomeCode", message: "Some words.", status: status))
        #expect(script.targets.count == 1)
    }

    @Test("the server's wish for a pause is kept, within the limit")
    func retryAfter() async throws {
        let script = ScriptedS3([
            .init(status: 503, fields: ["retry-after": "3"]),
            .init(status: 503, fields: ["retry-after": "100000"]), .init(status: .noContent),
        ])
        try await script.run { try await $0.deleteObject(bucket: "b", key: "k") }
        #expect(script.pauses == [.seconds(3), .seconds(10)])
    }

    @Test("an answer that is no XML still is an error")
    func otherBodies() async throws {
        let script = ScriptedS3([.init(status: .forbidden, body: "<html>go away</html>")])
        let error = await #expect(throws: S3Error.self) {
            try await script.run { try await $0.listObjects(bucket: "b") }
        }
        #expect(error?.code == "AccessDenied")
        #expect(error?.status == .forbidden)
    }

    @Test("an object of the limit's length is read, a longer one is not")
    func bytesMax() async throws {
        let answer = ScriptedS3.Answer(status: .ok, fields: ["etag": "\"t\""], body: "12345")
        let script = ScriptedS3([answer, answer])
        try await script.run { client in
            let object = try await client.getObject(bucket: "b", key: "k", bytesMax: 5)
            #expect(object.body.count == 5)
            let error = await #expect(throws: S3Error.self) {
                try await client.getObject(bucket: "b", key: "k", bytesMax: 4)
            }
            #expect(error?.code == "responseTooLarge")
        }
    }

    @Test("a download that is tried again begins anew where the file stood")
    func fileStartsAnew() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Array("head".utf8), to: "file")
        let file = try FileIO.open("\(folder.path)/file", O_RDWR)
        #expect(lseek(file.descriptor, 4, SEEK_SET) == 4)
        let script = ScriptedS3([
            .init(status: 500, body: Self.slowDown),
            .init(status: .ok, fields: ["etag": "\"t\""], body: "body"),
        ])
        let info = try await script.run {
            try await $0.getObject(
                bucket: "b",
                key: "k",
                toFile: file.descriptor,
                bytesMax: 100
            )
        }
        #expect(info.size == 4)
        #expect(try folder.read("file") == Array("headbody".utf8))
    }

    @Test("a bucket that is ours already is as good as made")
    func createBucket() async throws {
        let body = "<Error><Code>BucketAlreadyOwnedByYou</Code><Message>x</Message></Error>"
        let script = ScriptedS3([
            .init(status: .conflict, body: body), .init(status: .ok),
            .init(status: .conflict, body: "<Error><Code>BucketAlreadyExists</Code></Error>"),
        ])
        try await script.run { client in
            try await client.createBucket("b")
            try await client.createBucket("b")
            await #expect(throws: S3Error.self) { try await client.createBucket("b") }
        }
    }

    @Test("listings in two pages, keys encoded as other servers do")
    func listing() async throws {
        func page(_ key: String, _ more: String) -> ScriptedS3.Answer {
            .init(
                status: .ok,
                body: "<ListBucketResult><EncodingType>url</EncodingType>\(more)<Contents>"
                    + "<Key>\(key)</Key><Size>7</Size><ETag>&quot;t&quot;</ETag>"
                    + "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
                    + "</ListBucketResult>"
            )
        }
        let more =
            "<IsTruncated>true</IsTruncated>"
            + "<NextContinuationToken>t+/=</NextContinuationToken>"
        let script = ScriptedS3([page("a+b%2Bc", more), page("d%2Fe%C3%A9", "")])
        let objects = try await script.run {
            try await $0.listObjects(bucket: "b", prefix: "a b")
        }
        #expect(objects.map(\.key) == ["a b+c", "d/eé"])
        #expect(objects.first?.lastModified == Timestamp(rfc3339: "2026-01-02T03:04:05Z"))
        #expect(objects.first?.size == 7)
        #expect(objects.first?.eTag == "t")
        #expect(
            script.targets == [
                "GET /b?encoding-type=url&list-type=2&prefix=a%20b",
                "GET /b?continuation-token=t%2B%2F%3D&encoding-type=url&list-type=2&prefix=a%20b",
            ]
        )
    }

    @Test(
        "listings that cannot be read",
        arguments: [
            "", "<Other/>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
            "<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>",
        ]
    )
    func brokenListing(body: String) {
        #expect(throws: S3Error.self) { try S3ListPage(parsing: Array(body.utf8)) }
    }

    @Test("a failure to complete that hides in a 200 is seen, and the parts are given up")
    func completionFailure() async throws {
        let folder = try TemporaryFolder()
        let file = try FileIO.open("\(folder.path)/sparse", O_RDWR | O_CREAT)
        #expect(ftruncate(file.descriptor, off_t(S3Client.singleBytesMax + 1)) == 0)
        let part = ScriptedS3.Answer(status: .ok, fields: ["etag": "\"t\""])
        let begun =
            "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
            + "</InitiateMultipartUploadResult>"
        let script = ScriptedS3(
            [.init(status: .ok, body: begun)] + Array(repeating: part, count: 5)
                + [.init(status: .ok, body: Self.slowDown), .init(status: .noContent)]
        )
        let progress = Mutex<[Int64]>([])
        await #expect(throws: S3Error.self) {
            try await script.run {
                try await $0.putObject(
                    bucket: "b",
                    key: "k",
                    file: file.descriptor,
                    length: S3Client.singleBytesMax + 1,
                    contentType: "a/b"
                ) { sent in progress.withLock { $0.append(sent) } }
            }
        }
        #expect(script.targets.last == "DELETE /b/k?uploadId=u")
        #expect(script.targets.contains("PUT /b/k?partNumber=5&uploadId=u"))
        let steps = (0...4).map { Int64($0) * S3Client.partBytes } + [S3Client.singleBytesMax + 1]
        #expect(progress.withLock { $0 } == steps)
    }

    @Test("a file shorter than promised is an error that names it")
    func shortFile() async throws {
        let folder = try TemporaryFolder()
        try folder.write([1, 2, 3], to: "file")
        let file = try FileIO.open("\(folder.path)/file", O_RDONLY)
        let error = await #expect(throws: S3Error.self) {
            try await ScriptedS3([]).run {
                try await $0.putObject(
                    bucket: "b",
                    key: "k",
                    file: file.descriptor,
                    length: 4,
                    contentType: ""
                )
            }
        }
        #expect(error?.code == "bodyUnreadable")
    }
}

@Suite("S3 client: configuration")
struct S3ConfigurationTests {
    private static let keys = ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "SECRET"]

    @Test("the variables that all AWS tools know")
    func environment() throws {
        var environment = Self.keys
        let amazon = try S3Configuration.fromEnvironment(environment)
        #expect(amazon.endpoint == "https://s3.us-east-1.amazonaws.com")
        environment["AWS_DEFAULT_REGION"] = "eu-west-1"
        #expect(
            try S3Configuration.fromEnvironment(environment).endpoint
                == "https://s3.eu-west-1.amazonaws.com"
        )
        environment["AWS_REGION"] = "eu-central-1"
        environment["AWS_ENDPOINT_URL"] = "http://minio:9000/"
        let minio = try S3Configuration.fromEnvironment(environment)
        #expect(minio.endpoint == "http://minio:9000")
        #expect(minio.region == "eu-central-1")
        environment["AWS_ENDPOINT_URL_S3"] = "http://other:9000"
        environment["AWS_SESSION_TOKEN"] = "token"
        let other = try S3Configuration.fromEnvironment(environment)
        #expect(other.endpoint == "http://other:9000")
        #expect(other.sessionToken == "token")
    }

    @Test("a missing variable is named", arguments: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
    func missing(name: String) {
        var environment = Self.keys
        environment[name] = ""
        let error = #expect(throws: S3ConfigurationError.self) {
            try S3Configuration.fromEnvironment(environment)
        }
        #expect(error?.description.contains(name) == true)
        #expect(error?.description.contains("SECRET\"") == false)
    }

    @Test(
        "endpoints that cannot be, which are never repeated in the message",
        arguments: [
            "", "minio:9000", "ftp://minio", "http://", "http:///", "http://user:pass@minio",
            "http://minio?x", "http://minio#x", "http://mi nio", "http://:9000",
        ]
    )
    func endpoints(endpoint: String) {
        let error = #expect(throws: S3ConfigurationError.self) {
            try S3Configuration(endpoint: endpoint, accessKey: "a", secretKey: "s")
        }
        #expect(error?.description.contains("pass") == false)
    }

    @Test(
        "parts of an endpoint",
        arguments: [
            ("http://h:9000", "h:9000", "", "http://h:9000"),
            ("http://h:80", "h", "", "http://h:80"),
            ("https://h:443/", "h", "", "https://h:443"),
            ("https://h:80", "h:80", "", "https://h:80"),
            ("http://h/base/path", "h", "/base/path", "http://h"),
            ("http://[::1]:9000", "[::1]:9000", "", "http://[::1]:9000"),
        ]
    )
    func parts(endpoint: String, authority: String, basePath: String, origin: String) throws {
        let configuration = try S3Configuration(endpoint: endpoint, accessKey: "a", secretKey: "s")
        #expect(configuration.authority == authority)
        #expect(configuration.basePath == basePath)
        #expect(configuration.origin == origin)
    }

    @Test("no description shows the secret")
    func secrets() throws {
        let configuration = try S3Configuration.fromEnvironment(Self.keys)
        #expect(!"\(configuration)".contains("SECRET"))
    }

    @Test("pauses double, stay below their limits, and end")
    func pauses() {
        let policy = RetryPolicy()
        func pause(_ failures: Int, _ fraction: Double, _ after: Duration? = nil) -> Duration? {
            policy.pause(afterFailures: failures, retryAfter: after, fraction: fraction)
        }
        #expect(pause(1, 1) == .milliseconds(200))
        #expect(pause(2, 1) == .milliseconds(400))
        #expect(pause(4, 0.5) == .milliseconds(800))
        #expect(pause(4, 0) == .zero)
        #expect(pause(5, 1) == nil)
        #expect(pause(1, 0, .seconds(2)) == .seconds(2))
        #expect(pause(1, 0, .seconds(20)) == .seconds(10))
        var patient = RetryPolicy()
        patient.attemptsMax = 1000
        #expect(patient.pause(afterFailures: 999, retryAfter: nil, fraction: 1) == .seconds(10))
    }

    @Test("what is sent when the keys are good for some hours only")
    func sessionToken() throws {
        let configuration = try S3Configuration(
            endpoint: "http://h:9000",
            accessKey: "a",
            secretKey: "s",
            sessionToken: "token"
        )
        let request = S3Call(method: .get, bucket: "b", key: "a b+é/..")
            .request(for: configuration, at: Example.time)
        #expect(request.fields["x-amz-security-token"] == "token")
        #expect(request.fields["authorization"]?.contains("x-amz-security-token") == true)
        #expect(request.url == "http://h:9000/b/a%20b%2B%C3%A9/..")
    }
}
