// SPDX-License-Identifier: Apache-2.0

import EventLoop
import FoundationEssentials
import TestSupport

@testable import runtime_info

extension FunctionProcess.Plan {
    /// As Knative starts a container, on a port of the test's machine that is free.
    static func knative(
        _ more: [String: String] = [:],
        arguments: [String] = [],
        workingDirectory: String? = nil
    ) -> Self {
        let variables = [
            "PORT": "0", "K_SERVICE": "shop", "K_CONFIGURATION": "shop", "K_REVISION": "shop-00001",
            "LOG_FORMAT": "text",
        ]
        return Self(
            arguments: arguments,
            variables: variables.merging(more) { _, last in last },
            workingDirectory: workingDirectory
        )
    }
}

/// How a request travels; the contract wants the same of both.
enum Transport: CaseIterable, Sendable {
    case http11
    /// In plaintext, with prior knowledge, on the same port.
    case http2

    /// What the function is told.
    var name: String {
        switch self {
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2"
        }
    }
}

extension FunctionProcess {
    /// Sends a request on a connection of its own and reads the whole answer.
    func exchange(_ request: String) async throws -> TestAnswer {
        let port = try await self.port()
        return try await TestThread.run { try TestClient(port: port).exchange(request) }
    }

    func get(
        _ target: String,
        _ fields: String = "",
        by transport: Transport = .http11
    ) async throws -> TestAnswer {
        switch transport {
        case .http11:
            try await self.exchange(
                "GET \(target) HTTP/1.1\r\nHost: shop.example\r\n\(fields)\r\n"
            )
        case .http2:
            try await Tool.getByHTTP2(
                "http://127.0.0.1:\(try await self.port())\(target)",
                ["Host: shop.example"] + fields.split(separator: "\r\n").map(String.init)
            )
        }
    }

    /// What the function says of itself.
    func info(
        _ target: String = "/",
        _ fields: String = "",
        by transport: Transport = .http11
    ) async throws -> RuntimeInfo {
        let answer = try await self.get(target, fields, by: transport)
        return try JSONDecoder().decode(RuntimeInfo.self, from: Data(answer.body))
    }
}
