// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPClient
internal import HTTPServer
internal import KafkaSource
internal import Manifests
internal import Swiftlet
internal import Telemetry

/// Runs what the contract of Knative's control plane says, and follows its changes.
///
/// The file is watched by its folder: the cluster replaces mounted files by way of a link. One that
/// cannot be read, or makes no sense, is told and changes nothing.
struct ContractSession: Sendable {
    let file: String
    private let fleet: DispatcherFleet
    private let logger = Logger(label: "contract")

    private init(file: String, fleet: DispatcherFleet) {
        self.file = file
        self.fleet = fleet
    }

    /// Runs until an interrupt.
    static func serve(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        guard let file = arguments["contract"] else { throw UsageError("--contract is missing") }
        let adminPort =
            try arguments.number("admin-port", in: 0...65_535) ?? PlatformOptions.adminPortDefault
        let wantsJSON = try arguments.wantsJSON
        let control = try EventLoop(name: "control")
        control.start()
        let loop = try EventLoop(name: "dispatcher")
        loop.start()
        let interrupts = try await Interrupts.watch(on: control)
        let client = HTTPClient(loop: loop, configuration: .manySmallRequests)
        let metrics = Metrics()
        let fleet = DispatcherFleet(
            loop: loop,
            client: client,
            logger: Logger(label: "dispatcher"),
            metrics: metrics
        )
        let session = ContractSession(file: file, fleet: fleet)
        try await session.load()
        let isReady = ReadyFlag()
        let handler = AdminHandler.make(
            metrics: metrics,
            isReady: { isReady.isSet },
            isAlive: { await fleet.isAlive },
            functions: { "[]" }
        )
        let server = HTTPServer(loop: control, handler: handler)
        let address = try await server.listen(on: .ipv4Loopback(port: UInt16(adminPort)))
        let watch = try await ManifestWatch.start([file], on: control) {
            Task { await session.reload() }
        }
        let isAssigned = try await interrupts.unlessInterrupted { await fleet.waitUntilAssigned() }
        if isAssigned == true { isReady.set() }
        var addresses = Addresses()
        addresses.admin = "http://\(address)"
        if wantsJSON {
            Terminal.result(addresses.json)
        } else {
            Terminal.note("Dispatching what \(file) says; Ctrl-C stops after what is under way.")
        }
        await interrupts.wait()
        await watch.stop()
        await fleet.apply([:])
        await server.drain(deadline: .seconds(1))
        await client.close()
        return .ok
    }

    /// Reads the contract and runs it.
    ///
    /// - Throws: What is wrong with it; nothing has changed then.
    private func load() async throws {
        let bytes = try Files.read(self.file, bytesMax: Contract.bytesMax)
        let secrets = SourceSecrets(manifests: ManifestSet())
        let contract: Contract
        do {
            contract = try Contract(
                json: bytes,
                tokenFile: Environment.process["SWIFTLET_OIDC_TOKEN_FILE"]
            ) { secrets.text($0, $1, $2) }
        } catch {
            throw CommandError("The contract \(self.file): \(error)")
        }
        for warning in contract.warnings { self.logger.warning("\(warning).") }
        self.logger.info(
            "The contract is applied.",
            ["generation": "\(contract.generation)", "egresses": "\(contract.sources.count)"]
        )
        await self.fleet.apply(contract.sources)
    }

    private func reload() async {
        do {
            try await self.load()
        } catch {
            self.logger.error(
                "The contract is not followed; the one before stays.",
                ["error": "\(error)"]
            )
        }
    }
}
