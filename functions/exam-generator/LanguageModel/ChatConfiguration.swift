// SPDX-License-Identifier: Apache-2.0

/// Which language model is asked, and how.
struct ChatConfiguration: Equatable, Sendable {
    /// The whole URL of the chat completions.
    var url: String
    var model: String
    /// Sent as a bearer token; never logged.
    var apiKey: String?

    /// Reads `LLM_URL`, `LLM_MODEL` and `LLM_API_KEY`.
    ///
    /// - Throws: ``ConfigurationError`` naming the variable that is missing or wrong.
    init(_ environment: [String: String]) throws(ConfigurationError) {
        let needed = "it is needed because EXAM_GENERATOR is llm"
        guard let url = environment["LLM_URL"], !url.isEmpty else {
            throw ConfigurationError("LLM_URL is not set; \(needed).")
        }
        guard let model = environment["LLM_MODEL"], !model.isEmpty else {
            throw ConfigurationError("LLM_MODEL is not set; \(needed).")
        }
        guard let completions = Self.completionsURL(url) else {
            throw ConfigurationError(
                "LLM_URL must read http://… or https://… without user, query or fragment."
            )
        }
        self.url = completions
        self.model = model
        self.apiKey = environment["LLM_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        if let key = self.apiKey, !key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
            throw ConfigurationError(
                "LLM_API_KEY holds a space or another character that no header may have."
            )
        }
    }

    /// The URL of the chat completions, given it or the base of the service.
    static func completionsURL(_ text: String) -> String? {
        var url = text
        while url.hasSuffix("/") { url.removeLast() }
        guard let scheme = ["http://", "https://"].first(where: url.hasPrefix) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let isPlain = rest.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"@?#\"".utf8.contains(byte)
        }
        guard isPlain, !rest.isEmpty, !rest.hasPrefix("/") else { return nil }
        if url.hasSuffix("/chat/completions") { return url }
        return rest.contains("/") ? url + "/chat/completions" : url + "/v1/chat/completions"
    }
}
