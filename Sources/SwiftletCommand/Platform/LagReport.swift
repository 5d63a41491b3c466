// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// What a dispatcher tells an activator in another process: how much a source has left to do.
struct LagReport: Codable, Equatable {
    /// Where an activator's admin port takes it, by `POST`.
    static let path = "/admin/lag"
    /// The longest one, in bytes.
    static let bytesMax = 4096

    /// What tells the source from others.
    var source: String
    /// The namespace of the function.
    var namespace: String
    /// The function that gets the source's events.
    var service: String
    /// Records that are there and not finished.
    var records: Int
    /// Most of them that can be with the function at the same time.
    var parallelMax: Int
}

extension LagReport {
    /// Reads one.
    ///
    /// - Throws: ``CommandError`` when it is not as this type says.
    init(json: [UInt8]) throws {
        guard let report = try? JSONDecoder().decode(Self.self, from: Data(json)),
            report.records >= 0, report.parallelMax >= 0
        else {
            throw CommandError(
                "expected an object with source, namespace, service, records and parallelMax"
            )
        }
        self = report
    }

    /// As it is sent.
    var json: [UInt8] {
        // Texts and numbers, which can always be written.
        (try? JSONEncoder().encode(self)).map(Array.init) ?? []
    }
}
