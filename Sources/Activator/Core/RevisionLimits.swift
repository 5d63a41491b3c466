// SPDX-License-Identifier: Apache-2.0

/// The numbers that ``RevisionState`` decides by.
struct RevisionLimits: Sendable {
    /// Requests that one instance may have at the same time; at least 1.
    var instanceCapacity = 1
    /// Requests that one instance should have before another is preferred; at most the capacity.
    var instanceTarget = 1
    /// Fewest instances.
    var instancesMin = 0
    /// Instances that are tried again after failures though no request waits.
    var instancesKept = 0
    /// Most instances; at least 1.
    var instancesMax = 4
    /// Instances that are started without being asked for.
    var instancesInitial = 0
    /// Most requests that wait.
    var queueCountMax = 10_000
    /// Most memory that waiting requests may hold.
    var queueBytesMax = 64 * 1024 * 1024
    /// How long a request waits.
    var queueTimeout = Duration.seconds(60)
    /// How long an instance stays without a request.
    var idleWindow = Duration.seconds(60)
    /// Idle instances that are paused instead of ended; 0 for none.
    var pausedMax = 0
    /// How long an instance stays paused before it ends.
    var pauseTime = Duration.seconds(3600)
    /// Instances beyond those with requests that are kept started.
    var spareCount = 0
    /// How starts are held back.
    var backOff = StartBackOff(failuresMax: 3, restMin: .seconds(1), restMax: .seconds(60))
}
