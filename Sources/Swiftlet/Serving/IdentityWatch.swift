// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPServer
internal import Telemetry

/// Reads a certificate and its key again when they change, as they do when a Secret of Kubernetes
/// is renewed, or when somebody says so.
///
/// The files are looked at now and then: a Secret is renewed by swapping a link some folders up,
/// which a watch of the files would not be told of. Belongs to the loop's thread.
final class IdentityWatch: Sendable {
    private let identity: TLSIdentity
    private let interval: Duration?
    private let logger: Logger

    /// Looks every `interval` once it has begun; never when that is `nil`.
    init(_ identity: TLSIdentity, interval: Duration?, logger: Logger) {
        self.identity = identity
        self.interval = interval
        self.logger = logger
    }

    /// Begins to look, for as long as the loop runs.
    func begin(on loop: EventLoop) {
        guard let interval = self.interval else { return }
        loop.schedule(after: interval) { [weak self, unowned loop] in
            guard let self else { return }
            self.look()
            self.begin(on: loop)
        }
    }

    private func look() {
        self.tell { () throws(TLSIdentityError) in try self.identity.reloadIfChanged() }
    }

    /// Reads the files, changed or not; what was there stays when they cannot be used.
    func reload() {
        self.tell { () throws(TLSIdentityError) in
            try self.identity.reload()
            return true
        }
    }

    private func tell(_ reload: () throws(TLSIdentityError) -> Bool) {
        do throws(TLSIdentityError) {
            if try reload() { self.logger.info("The certificate was read again.") }
        } catch {
            self.logger.error("The old certificate stays in use.", ["reason": error.description])
        }
    }
}
