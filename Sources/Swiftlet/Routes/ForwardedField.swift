// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// `Forwarded` (RFC 7239), which Knative promises to containers, made of the older fields.
enum ForwardedField {
    /// The fields with a `Forwarded`, if there was none and `X-Forwarded-For` says what it would.
    ///
    /// As queue-proxy does: one element an address, the first one with host and protocol.
    static func completed(_ fields: HTTPFields) -> HTTPFields {
        guard fields.contains(.xForwardedFor), !fields.contains(.forwarded) else {
            return fields
        }
        let value = self.compose(
            addresses: fields.values("x-forwarded-for"),
            host: fields["x-forwarded-host"],
            proto: fields["x-forwarded-proto"]
        )
        guard !value.isEmpty else { return fields }
        var fields = fields
        fields.append("Forwarded", value)
        return fields
    }

    /// The value; empty when there is no address.
    static func compose(addresses: [String], host: String?, proto: String?) -> String {
        var elements: [String] = []
        for address in addresses.flatMap({ $0.split(separator: ",") }) {
            let address = address.drop { $0 == " " || $0 == "\t" }
                .prefix { $0 != " " && $0 != "\t" }
            guard !address.isEmpty else { continue }
            var element = "for=" + self.node(address)
            if elements.isEmpty {
                if let host, !host.isEmpty { element += ";host=" + self.value(host[...]) }
                if let proto, !proto.isEmpty { element += ";proto=" + self.value(proto[...]) }
            }
            elements.append(element)
        }
        return elements.joined(separator: ", ")
    }

    /// An address of IPv6 stands in brackets and quotes (RFC 7239 section 6).
    private static func node(_ address: Substring) -> String {
        let isBareIPv6 = address.first != "[" && address.utf8.count { $0 == UInt8(ascii: ":") } > 1
        return isBareIPv6 ? self.quoted("[\(address)]") : self.value(address)
    }

    /// A token as it is, all else in quotes: a host with its port is no token.
    private static func value(_ text: Substring) -> String {
        HTTPText.isToken(text.utf8) ? String(text) : self.quoted(text)
    }

    private static func quoted(_ text: some StringProtocol) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted += "\\" }
            quoted.append(character)
        }
        return quoted + "\""
    }
}
