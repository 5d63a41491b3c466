// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@testable import HTTP2Client

/// A session, and in the hands of the test the server that it speaks with.
final class Peer {
    let session: HTTP2ClientSession
    /// Frames that the session sent and nobody looked at.
    private(set) var sent: [HTTP2Frame] = []
    private(set) var hasPreface = false
    /// What the session told, in words; pieces of a body joined.
    private(set) var told: [String] = []
    /// Whether the session would have the connection kept.
    private(set) var goesOn = true
    private var unread: [UInt8] = []

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    init(_ limits: HTTPLimits = HTTPLimits()) throws {
        self.session = try #require(HTTP2ClientSession(limits: limits))
        self.produce()
    }

    /// Begins a request.
    @discardableResult
    func begin(hasBody: Bool = false) -> HTTP2ClientSession.StreamID? {
        let head = Array("GET / HTTP/1.1\r\nHost: test\r\n\r\n".utf8)
        let id = HTTP2FieldLines(requestHead: head).flatMap {
            self.session.begin($0, hasBody: hasBody)
        }
        self.produce()
        return id
    }

    /// Gives frames to the session, and lets it answer.
    func give(_ frames: HTTP2Frame...) { self.give(bytes: frames.flatMap(\.encoded)) }

    func give(bytes: [UInt8]) {
        if !bytes.withUnsafeBytes({ self.session.receive($0) }) { self.goesOn = false }
        self.produce()
    }

    /// Takes what the session sends and tells.
    func produce() {
        repeat {
            let length = self.unread.count
            if !self.session.produce(upTo: 64 * 1024) { self.goesOn = false }
            self.unread += self.session.output
            self.session.output = []
            if self.unread.count == length { break }
        } while true
        self.readFrames()
        for event in self.session.takeEvents() { self.note(event) }
    }

    private func readFrames() {
        if !self.hasPreface, self.unread.starts(with: Self.preface) {
            self.hasPreface = true
            self.unread.removeFirst(Self.preface.count)
        }
        while let frame = HTTP2Frame.take(from: &self.unread) { self.sent.append(frame) }
    }

    /// Takes the first frame of a kind that was sent; of a stream's window, where it is that kind.
    func next(_ kind: HTTP2Frame.Kind) -> HTTP2Frame? {
        let index = self.sent.firstIndex {
            $0.isKind(kind) && !($0.isKind(.windowUpdate) && $0.stream == 0)
        }
        return index.map { self.sent.remove(at: $0) }
    }

    private func note(_ event: HTTP2ClientSession.Event) {
        switch event {
        case .interim(let id, let head): self.told.append("\(id) interim \(head.status)")
        case .head(let id, let head, let isEnd):
            let names = head.fields.lowercasedPairs.map(\.name).joined(separator: ",")
            self.told.append("\(id) head \(head.status) \(names)\(isEnd ? " end" : "")")
        case .body(let id, let bytes):
            let text = String(decoding: bytes, as: UTF8.self)
            if let last = self.told.last, last.hasPrefix("\(id) body ") {
                self.told[self.told.count - 1] = last + text
            } else {
                self.told.append("\(id) body \(text)")
            }
        case .end(let id, let trailers):
            let names = trailers.lowercasedPairs.map(\.name).joined(separator: ",")
            self.told.append("\(id) end \(names)")
        case .room(let id): self.told.append("\(id) room")
        case .closed(let id, let failure):
            self.told.append("\(id) closed \(Self.words(failure))")
        case .settings(let streamsMax): self.told.append("settings \(streamsMax)")
        case .goAway: self.told.append("goAway")
        }
    }

    private static func words(_ failure: HTTP2ClientSession.StreamFailure) -> String {
        switch failure {
        case .unprocessed: "unprocessed"
        case .reset(let code): "reset(\(code))"
        case .tooLong: "tooLong"
        case .malformed(let fault): fault.map { "malformed(\($0))" } ?? "malformed"
        }
    }
}
