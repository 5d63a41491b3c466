// SPDX-License-Identifier: Apache-2.0

/// What is fuzzed: each target takes any bytes and checks the rules that must hold for them.
///
/// The fuzzer and the replay of its corpora run the same code. A target keeps no state but a server
/// that each input finds as the one before did.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case requestHead = "request-head"
    case responseHead = "response-head"
    case chunkedBody = "chunked-body"
    case host
    case uri
    case timestamp
    case percentCoding = "percent-coding"
    case eventJSON = "event-json"
    case eventBatch = "event-batch"
    case eventHeaders = "event-headers"
    case eventHTTP = "event-http"
    case eventKafka = "event-kafka"
    case cesql
    case http2

    /// Checks the rules for one input.
    ///
    /// - Throws: The rule that is broken; a trap is a finding too.
    package func check(_ bytes: [UInt8]) throws(BrokenProperty) {
        switch self {
        case .requestHead: try HTTPHeadTargets.request(bytes)
        case .responseHead: try HTTPHeadTargets.response(bytes)
        case .chunkedBody: try HTTPBodyTarget.chunked(bytes)
        case .host: try TextTargets.host(bytes)
        case .uri: try TextTargets.uri(bytes)
        case .timestamp: try TextTargets.timestamp(bytes)
        case .percentCoding: try TextTargets.percentCoding(bytes)
        case .eventJSON: try EventTargets.json(bytes)
        case .eventBatch: try EventTargets.jsonBatch(bytes)
        case .eventHeaders: try EventTargets.headerCoding(bytes)
        case .eventHTTP: try EventTargets.http(bytes)
        case .eventKafka: try EventTargets.kafka(bytes)
        case .cesql: try CESQLTarget.expression(bytes)
        case .http2: try HTTP2Target.connection(bytes)
        }
    }
}
