// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import HTTP
internal import HTTPServer
internal import Telemetry

/// Health, metrics and the state of functions, on a port of their own.
enum AdminHandler {
    /// Makes the handler.
    ///
    /// `isReady` says whether everything was started, `isAlive` whether a restart would not help,
    /// `functions` gives the state of all functions as JSON, and `lag` takes what a dispatcher in
    /// another process reports, and answers whether the function is served here.
    static func make(
        metrics: Metrics,
        isReady: @escaping @Sendable () -> Bool,
        isAlive: @escaping @Sendable () async -> Bool = { true },
        functions: @escaping @Sendable () async -> String,
        lag: @escaping @Sendable (LagReport) async -> Bool = { _ in false }
    ) -> AsyncHTTPHandler {
        AsyncHTTPHandler { exchange in
            if exchange.request.path == LagReport.path {
                return await self.takeLag(exchange, lag)
            }
            guard exchange.request.method == .get || exchange.request.method == .head else {
                return await exchange.sendResponse(.methodNotAllowed, ["Allow": "GET, HEAD"])
            }
            switch exchange.request.path {
            case "/health/liveness":
                let isAlive = await isAlive()
                await self.text(
                    exchange,
                    isAlive ? .ok : .serviceUnavailable,
                    isAlive ? "ALIVE\n" : "reading has stopped although there are records\n"
                )
            case "/health/readiness":
                let isReady = isReady()
                let text = isReady ? "READY\n" : "starting\n"
                await self.text(exchange, isReady ? .ok : .serviceUnavailable, text)
            case "/metrics":
                await exchange.sendResponse(
                    .ok,
                    ["Content-Type": Metrics.contentType],
                    body: Array(metrics.render().utf8)
                )
            case "/", "/admin":
                await exchange.sendResponse(
                    .ok,
                    [
                        "Content-Type": "text/html; charset=utf-8",
                        "Content-Security-Policy": AdminPage.policy,
                        "X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache",
                    ],
                    body: Array(AdminPage.html.utf8)
                )
            case "/admin/functions":
                await exchange.sendResponse(
                    .ok,
                    ["Content-Type": "application/json"],
                    body: Array(await functions().utf8)
                )
            default:
                await self.text(
                    exchange,
                    .notFound,
                    "there are /admin, /admin/functions, \(LagReport.path), /health/liveness, "
                        + "/health/readiness, /metrics\n"
                )
            }
        }
    }

    private static func takeLag(
        _ exchange: HTTPExchange,
        _ lag: @Sendable (LagReport) async -> Bool
    ) async {
        guard exchange.request.method == .post else {
            return await exchange.sendResponse(.methodNotAllowed, ["Allow": "POST"])
        }
        do {
            let body = try await exchange.collectBody(upTo: LagReport.bytesMax)
            let report = try LagReport(json: body)
            guard await lag(report) else {
                let name = "\(report.namespace)/\(report.service)"
                return await self.text(exchange, .notFound, "no function \(name) is served here\n")
            }
            await exchange.sendResponse(.noContent)
        } catch let error as HTTPBodyError {
            await self.text(
                exchange,
                error.status,
                "a report has \(LagReport.bytesMax) bytes at most\n"
            )
        } catch {
            await self.text(exchange, .badRequest, "\(error)\n")
        }
    }

    private static func text(
        _ exchange: HTTPExchange,
        _ status: HTTPStatus,
        _ text: String
    ) async {
        await exchange.sendResponse(
            status,
            ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8)
        )
    }
}
