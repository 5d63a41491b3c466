// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import HTTP

/// The limits and times of an ``Activator``; what belongs to one revision is in ``RevisionSpec``.
package struct ActivatorConfiguration: Sendable {
    /// Most requests of a revision that wait (503).
    package var queueCountMax = 10_000
    /// Most memory, in bytes, that the waiting requests of a revision may hold (503).
    package var queueBytesMax = 64 * 1024 * 1024
    /// Most requests of all revisions together that wait (503).
    package var queueCountTotalMax = 50_000
    /// Most memory, in bytes, that all requests that wait may hold (503).
    package var queueBytesTotalMax = 256 * 1024 * 1024
    /// The longest body of a request, in bytes (413); bodies pass through without being kept.
    package var bodyBytesMax = 1 << 40
    /// How long a request waits for an instance (503); apart from the revision's timeout.
    package var queueTimeout = Duration.seconds(60)
    /// Most requests at one instance of a revision without a limit of its own; each has a
    /// connection.
    package var connectionsPerInstanceMax = 1024
    /// Most instances of a revision that does not say: two for each processor, and at least 4.
    package var instancesMaxDefault = max(4, 2 * Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    /// Most pods of a revision that does not say.
    package var podsMaxDefault = 100
    /// How many instances in a row may end before they answer, until starts rest.
    package var startFailuresMax = 3
    /// The first rest after that.
    package var startRestMin = Duration.seconds(1)
    /// The longest rest.
    package var startRestMax = Duration.seconds(60)
    /// How long a program may take to listen on `PORT`, when it does not inherit its socket.
    package var startTimeout = Duration.seconds(60)
    /// How long a pod may take to become ready; Knative's `progress-deadline`.
    package var podStartTimeout = Duration.seconds(600)
    /// How long a connection to an instance may take to be made; then the request goes to another.
    ///
    /// One lost packet is sent again after a second.
    package var connectTimeout = Duration.seconds(2)
    /// How long a connection to an instance may lie idle; below the 5 s of Node and uvicorn.
    package var upstreamIdleTimeout = Duration.seconds(4)
    /// Whether memory limits are held by cgroups of version 2, where the activator may make them.
    ///
    /// They are below its own, and where it must it moves itself into one of them.
    package var usesCgroups = false
    /// How much of an answer's head is accepted from a function (502).
    package var responseLimits = HTTPLimits()
    /// Body bytes that are kept while it is unknown whether a starting instance took the request.
    package var replayBytesMax = 64 * 1024
    /// How the activator is reached, for `X-Forwarded-Proto` and `Forwarded`.
    package var proto = "http"
    /// Whether answers about a crash quote the function's last lines; for a developer's own
    /// machine.
    package var quotesOutputInAnswers = false

    /// The defaults.
    package init() {}
}
