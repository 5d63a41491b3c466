// SPDX-License-Identifier: Apache-2.0

package import EventLoop
import HTTPServer
import Synchronization
package import Telemetry

/// Why the embedded bucket cannot start; one sentence.
package struct EmbeddedBucketError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    package var description: String
}

/// An S3 server for one machine: files on disk, notifications to a publisher.
///
/// Requests are handled on the loop that it is given; waits for the disk and copies of whole
/// objects happen on a thread of its own.
package final class EmbeddedBucket: Sendable {
    /// How much longer than its object a body in AWS's chunked coding may be: pieces of 8 KiB, the
    /// smallest that S3 allows, each with a line of a hundred bytes.
    private static func codedBytesMax(_ bytes: UInt64) -> Int {
        Int(clamping: bytes.addingReportingOverflow(bytes / 64 + 1024 * 1024).partialValue)
    }

    private let bucket: BucketServer
    private let server: HTTPServer
    private let disk: EventLoop
    private let isDiskStarted = Atomic(false)

    /// Opens the state and makes the buckets that are missing.
    ///
    /// - Parameters:
    ///   - loop: Where requests are handled; started and stopped by its owner.
    ///   - configuration: Folder, keys, rules and limits.
    ///   - publisher: Takes the notifications; without one there are none.
    ///   - milestones: Told when an object is stored and when its notification is published.
    ///   - logger: Told of damaged files, failed publishing and the like.
    /// - Throws: An error whose description is one sentence for a person.
    package init(
        loop: EventLoop,
        configuration: EmbeddedBucketConfiguration,
        publisher: (any NotificationPublisher)?,
        milestones: MilestoneRecorder = .none,
        logger: Logger
    ) throws {
        self.disk = try EventLoop(name: "bucket-disk")
        self.bucket = try BucketServer(
            loop: loop,
            disk: self.disk,
            configuration: configuration,
            notifier: Notifier(
                rules: configuration.rules,
                publisher: publisher,
                milestones: milestones,
                logger: logger
            ),
            logger: logger
        )
        var http = HTTPServerConfiguration()
        http.bodyBytesMax = Self.codedBytesMax(configuration.objectBytesMax)
        http.serverName = configuration.serverName
        http.report = { logger.warning("The bucket's HTTP server reports.", ["report": $0]) }
        let bucket = self.bucket
        self.server = HTTPServer(
            loop: loop,
            configuration: http,
            handler: AsyncHTTPHandler { await bucket.handle($0) }
        )
    }

    /// Begins to listen.
    ///
    /// - Returns: The address, with the port that was picked for port 0.
    /// - Throws: `SystemError`, for example when the address is in use; another may then be tried.
    package func start(on address: SocketAddress) async throws -> SocketAddress {
        if !self.isDiskStarted.exchange(true, ordering: .relaxed) { self.disk.start() }
        let bound = try await self.server.listen(on: address)
        await self.bucket.setEndpoint("http://\(bound)")
        return bound
    }

    /// Stops accepting and lets running requests finish; once, after ``start(on:)``.
    ///
    /// The folder is given up with this object.
    ///
    /// - Parameter deadline: When this much time has passed, what still runs is cut off.
    package func stop(deadline: Duration) async {
        await self.server.drain(deadline: deadline)
        guard self.isDiskStarted.exchange(false, ordering: .relaxed) else { return }
        // Whatever the disk is still busy with comes first, so that joining takes no time.
        await self.disk.run {}
        self.disk.stop()
        self.disk.join()
    }
}
