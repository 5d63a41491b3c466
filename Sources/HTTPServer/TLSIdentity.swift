// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Synchronization

/// A certificate chain and its private key, in two files of PEM.
///
/// The files may be replaced while servers use them. Any thread.
package final class TLSIdentity: Sendable {
    private struct State {
        var context: TLSContext
        /// The files as they were when they were last read, with success or without.
        var stamps: [TLSFileStamp?]
    }

    private let certificatePath: String
    private let keyPath: String
    private let state: Mutex<State>

    /// Reads the files; the first identity of a process loads OpenSSL.
    ///
    /// - Throws: ``TLSIdentityError`` naming the file that cannot be used.
    package init(certificatePath: String, keyPath: String) throws(TLSIdentityError) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        let stamps = [TLSFileStamp(certificatePath), TLSFileStamp(keyPath)]
        let context = try TLSContext(certificatePath: certificatePath, keyPath: keyPath)
        self.state = Mutex(State(context: context, stamps: stamps))
    }

    /// Reads the files again; connections from here on get what is in them now.
    ///
    /// - Throws: ``TLSIdentityError``; then all stays as it was.
    package func reload() throws(TLSIdentityError) { try self.reload(self.stamps()) }

    /// As ``reload()``, when one of the files is no longer what it was the last time.
    ///
    /// Files that cannot be used are not read again before they change once more.
    ///
    /// - Returns: Whether the files were read.
    /// - Throws: ``TLSIdentityError``; then all stays as it was.
    package func reloadIfChanged() throws(TLSIdentityError) -> Bool {
        let stamps = self.stamps()
        guard self.state.withLock({ $0.stamps != stamps }) else { return false }
        try self.reload(stamps)
        return true
    }

    /// What the files are before they are read: a change during that is seen the next time.
    private func stamps() -> [TLSFileStamp?] {
        [TLSFileStamp(self.certificatePath), TLSFileStamp(self.keyPath)]
    }

    private func reload(_ stamps: [TLSFileStamp?]) throws(TLSIdentityError) {
        self.state.withLock { $0.stamps = stamps }
        let context = try TLSContext(certificatePath: self.certificatePath, keyPath: self.keyPath)
        self.state.withLock { $0.context = context }
    }

    var current: TLSContext { self.state.withLock { $0.context } }
}

/// Why a certificate and its key cannot be used, in one sentence.
package struct TLSIdentityError: Error, Equatable, CustomStringConvertible {
    package let description: String
}

/// One state of an identity.
///
/// `@unchecked Sendable`: owns `raw`, whose use by several threads SSL_CTX_new(3) allows once it is
/// no longer changed.
final class TLSContext: @unchecked Sendable {
    private let raw: OpaquePointer

    init(certificatePath: String, keyPath: String) throws(TLSIdentityError) {
        var fault = swiftlet_tls_library_fails
        var words = [CChar](repeating: 0, count: 512)
        guard
            let raw = swiftlet_tls_context_make(
                certificatePath,
                keyPath,
                &fault,
                &words,
                words.count
            )
        else {
            let bytes = words.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let reason = String(decoding: bytes, as: UTF8.self)
            throw Self.error(fault, reason, certificate: certificatePath, key: keyPath)
        }
        self.raw = raw
    }

    deinit { swiftlet_tls_context_free(self.raw) }

    /// Names the file, and what a look into it shows; else what the library says.
    private static func error(
        _ fault: swiftlet_tls_fault,
        _ reason: String,
        certificate: String,
        key: String
    ) -> TLSIdentityError {
        let text =
            switch fault {
            case swiftlet_tls_certificate_fails:
                "the certificate \(certificate) cannot be used: "
                    + (PEMFile.problem(certificate, .certificate) ?? reason)
            case swiftlet_tls_key_fails:
                "the key \(key) cannot be used: " + (PEMFile.problem(key, .privateKey) ?? reason)
            case swiftlet_tls_pair_fails:
                "the key \(key) is not that of the certificate \(certificate)"
            default: "there is no TLS: \(reason)"
            }
        return TLSIdentityError(description: text)
    }

    /// Begins on a connection; `nil` when there is no memory.
    func makeSession(_ fd: Int32) -> TLSSession? {
        swiftlet_tls_session_make(self.raw, fd).map { TLSSession($0) }
    }
}
