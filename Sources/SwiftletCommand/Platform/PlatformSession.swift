// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Manifests
internal import Telemetry

/// From a command line to a running platform and back, the same for every verb that runs one.
enum PlatformSession {
    /// Loads the manifests, starts, and runs `body` while everything runs; stops whatever happens.
    ///
    /// `body` gets the platform, the control loop, and the interrupts to wait for.
    static func run(
        _ options: PlatformOptions,
        parts: PlatformParts,
        milestones: MilestoneLog? = nil,
        _ body: (Platform, EventLoop, Interrupts) async throws -> SwiftletCommand.Outcome
    ) async throws -> SwiftletCommand.Outcome {
        let manifests = try ManifestLoader.load(files: options.manifests)
        for diagnostic in manifests.diagnostics { Terminal.note("\(diagnostic)") }
        if !options.manifests.isEmpty, manifests.services.isEmpty, manifests.sources.isEmpty {
            let files = options.manifests.joined(separator: ", ")
            Terminal.note("warning: there is no Service and no KafkaSource in \(files).")
        }
        let loop = try EventLoop(name: "control")
        loop.start()
        let interrupts = try await Interrupts.watch(on: loop)
        let platform = Platform(
            options,
            manifests: manifests,
            parts: parts,
            milestones: milestones?.recorder ?? .none
        )
        try await platform.start()
        do {
            let outcome = try await body(platform, loop, interrupts)
            await platform.stop()
            return outcome
        } catch {
            await platform.stop()
            throw error
        }
    }

    /// Runs until an interrupt; says where everything is when it is ready.
    static func serve(
        _ arguments: CommandArguments,
        parts: PlatformParts,
        _ announce: @escaping (Addresses, PlatformOptions) -> Void
    ) async throws -> SwiftletCommand.Outcome {
        let options = try PlatformOptions(arguments)
        let wantsJSON = try arguments.wantsJSON
        return try await self.run(options, parts: parts) { platform, loop, interrupts in
            // Whoever is told that all is ready may change a manifest at once.
            let watch = await self.watch(options.manifests, for: platform.deployer, on: loop)
            if try await self.awaitReady(platform, interrupts) {
                if wantsJSON {
                    Terminal.result(platform.addresses.json)
                } else {
                    announce(platform.addresses, options)
                }
                await interrupts.wait()
            }
            await watch?.stop()
            return .ok
        }
    }

    /// Brings changes of the manifests to the functions from now on.
    private static func watch(
        _ paths: [String],
        for deployer: FunctionDeployer?,
        on loop: EventLoop
    ) async -> ManifestWatch? {
        guard let deployer else { return nil }
        do {
            return try await ManifestWatch.start(paths, on: loop) {
                Task { await deployer.reload() }
            }
        } catch {
            Terminal.note("Changes of the manifests are not seen: \(error).")
            return nil
        }
    }

    /// Waits until sources have their partitions; `false` after an interrupt.
    static func awaitReady(_ platform: Platform, _ interrupts: Interrupts) async throws -> Bool {
        Terminal.progress("Starting: Kafka hands out partitions …")
        defer { Terminal.endProgress() }
        let readiness = platform.readiness
        return try await interrupts.unlessInterrupted { try await readiness.wait() } != nil
    }
}
