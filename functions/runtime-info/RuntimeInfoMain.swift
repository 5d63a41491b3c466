// SPDX-License-Identifier: Apache-2.0

import Swiftlet

/// Tells what it can see of its request and its container, and echoes what it is sent.
@main
struct RuntimeInfoMain {
    static func main() {
        // Whatever stands behind the name of the program is looked at, not heeded.
        Self.function(arguments: Array(CommandLine.arguments.dropFirst())).run(arguments: [])
    }

    static func function(arguments: [String]) -> Function {
        var function = Function()
        for path in ["/", "/info/{name}"] {
            function.get(path) { request, context in
                try .json(
                    RuntimeInfo(
                        request: RequestInfo(request),
                        host: .read(
                            environment: context.environment.variables,
                            arguments: arguments
                        )
                    )
                )
            }
        }
        function.stream("POST", "/echo") { request, response, _ in
            try await response.start(headers: ["Content-Type": "application/octet-stream"])
            for try await chunk in request.body { try await response.write(chunk) }
        }
        return function
    }
}

extension RequestInfo {
    init(_ request: Request) {
        let query = request.queryString.map { "?\($0)" } ?? ""
        self.ts = Timestamp.now().rfc3339()
        self.uri = request.path + query
        self.host = request.headers["host"] ?? ""
        self.method = request.method
        self.headers = Dictionary(request.headers.lines.map { ($0.name, [$0.value]) }) { $0 + $1 }
        self.proto = request.httpVersion
    }
}
