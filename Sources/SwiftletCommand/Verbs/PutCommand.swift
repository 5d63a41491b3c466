// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTPClient
internal import ObjectStorage
internal import Swiftlet

/// `swiftlet put`: uploads one file as an object.
enum PutCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "put",
        summary: "upload a file to a bucket",
        operands: "FILE BUCKET/KEY",
        operandCount: 2...2,
        flags: [
            FlagSyntax(
                "s3",
                value: "URL",
                environment: "AWS_ENDPOINT_URL",
                help: "the object storage (http://localhost:9000)"
            ),
            FlagSyntax("content-type", value: "TYPE", help: "media type (by the file's ending)"),
            FlagSyntax("output", letter: "o", value: "FORMAT", help: "text or json (text)"),
        ],
        examples: [
            (
                "swiftlet put algebra.pdf exams/maths/algebra.pdf",
                "Upload to the bucket of swiftlet up"
            ),
            (
                "AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… "
                    + "swiftlet put --s3 https://s3.example.com a.pdf exams/a.pdf",
                "Upload elsewhere; the credentials come from the environment"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        let (file, target) = (arguments.operands[0], arguments.operands[1])
        guard let slash = target.firstIndex(of: "/"), slash != target.startIndex,
            target.index(after: slash) != target.endIndex
        else { throw UsageError("\"\(target)\" is not BUCKET/KEY") }
        let bucket = String(target[..<slash])
        let key = String(target[target.index(after: slash)...])
        let wantsJSON = try arguments.wantsJSON

        let (descriptor, length) = try Files.open(file)
        defer { Files.close(descriptor) }
        let loop = try EventLoop(name: "put")
        loop.start()
        let client = HTTPClient(loop: loop)
        let storage = S3Client(
            client: client,
            configuration: try StorageAccess.configuration(endpoint: arguments["s3"])
        )
        let eTag = try await storage.putObject(
            bucket: bucket,
            key: key,
            file: descriptor,
            length: length,
            contentType: arguments["content-type"] ?? MediaTypes.type(ofFile: file),
            userMetadata: [:],
            progress: { sent in Self.showProgress(sent, of: length, file) }
        )
        Terminal.endProgress()
        await client.close()
        if wantsJSON {
            let pairs = [("bucket", bucket), ("key", key), ("etag", eTag)]
            let members = pairs.map { "\"\($0)\":\(JSONText.escape($1))" }
            Terminal.result("{\(members.joined(separator: ",")),\"size\":\(length)}")
        } else {
            Terminal.result("\(bucket)/\(key)  \(Terminal.size(Int(length)))  etag \(eTag)")
        }
        return .ok
    }

    private static func showProgress(_ sent: Int64, of length: Int64, _ file: String) {
        guard length > 0 else { return }
        let percent = sent * 100 / length
        let filled = Int(percent / 5)
        let rest = String(repeating: "░", count: 20 - filled)
        let bar = String(repeating: "█", count: filled) + rest
        Terminal.progress("\(file)  \(bar) \(percent) %  \(Terminal.size(Int(sent)))")
    }
}

/// The media types of the files that people put into buckets.
enum MediaTypes {
    static func type(ofFile name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        switch name[name.index(after: dot)...].lowercased() {
        case "pdf": return "application/pdf"
        case "json": return "application/json"
        case "txt": return "text/plain; charset=utf-8"
        case "html": return "text/html; charset=utf-8"
        case "csv": return "text/csv"
        case "png": return "image/png"
        case "jpg", "jpeg": return "image/jpeg"
        default: return "application/octet-stream"
        }
    }
}

/// Where the object storage is and who we are there.
enum StorageAccess {
    static let accessKeyDefault = "minio"
    static let secretKeyDefault = "minio123"
    static let regionDefault = "us-east-1"
    static let endpointDefault = "http://localhost:9000"

    /// The variables win; what they do not say is as `swiftlet up` has it.
    static func configuration(endpoint: String?) throws -> S3Configuration {
        let environment = Environment.process
        return try S3Configuration(
            endpoint: endpoint ?? self.endpointDefault,
            region: environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"]
                ?? self.regionDefault,
            accessKey: environment["AWS_ACCESS_KEY_ID"] ?? self.accessKeyDefault,
            secretKey: environment["AWS_SECRET_ACCESS_KEY"] ?? self.secretKeyDefault
        )
    }
}
