// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Synchronization

/// A certificate chain and its private key, in two files of PEM.
///
/// The files may be replaced while servers use them. Any thread.
package final class TLSIdentity: Sendable {
    private let certificatePath: String
    private let keyPath: String
    private let context: Mutex<TLSContext>

    /// Reads the files; the first identity of a process loads OpenSSL.
    ///
    /// - Throws: ``TLSIdentityError`` naming the file that cannot be used.
    package init(certificatePath: String, keyPath: String) throws(TLSIdentityError) {
        self.certificatePath = certificatePath
        self.keyPath = keyPath
        self.context = Mutex(try TLSContext(certificatePath: certificatePath, keyPath: keyPath))
    }

    /// Reads the files again; connections from here on get what is in them now.
    ///
    /// - Throws: ``TLSIdentityError``; then all stays as it was.
    package func reload() throws(TLSIdentityError) {
        let context = try TLSContext(certificatePath: self.certificatePath, keyPath: self.keyPath)
        self.context.withLock { $0 = context }
    }

    var current: TLSContext { self.context.withLock { $0 } }
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
        var reason = [CChar](repeating: 0, count: 512)
        guard
            let raw = swiftlet_tls_context_make(certificatePath, keyPath, &reason, reason.count)
        else {
            let bytes = reason.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            throw TLSIdentityError(description: String(decoding: bytes, as: UTF8.self))
        }
        self.raw = raw
    }

    deinit { swiftlet_tls_context_free(self.raw) }

    /// Begins on a connection; `nil` when there is no memory.
    func makeSession(_ fd: Int32) -> TLSSession? {
        swiftlet_tls_session_make(self.raw, fd).map { TLSSession($0) }
    }
}
