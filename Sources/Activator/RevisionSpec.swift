// SPDX-License-Identifier: Apache-2.0

package import Autoscaler
package import Kubernetes

/// What the activator has to know of one revision of a service.
package struct RevisionSpec: Sendable {
    /// How a program gets the socket that it serves.
    package enum SocketMode: Sendable, Hashable {
        /// It inherits a listening socket as descriptor 3 (`LISTEN_FDS=1`, the systemd protocol),
        /// so that requests can be sent before it is ready and nothing is polled.
        case inherited
        /// It binds `PORT` itself. Nobody tells when it has, so the activator tries to connect,
        /// after 1 ms and then at growing intervals.
        case port
    }

    /// The bounds of scaling.
    package struct ScaleBounds: Sendable, Hashable {
        /// Fewest instances.
        package var min: Int
        /// Most instances; 0 leaves it to ``ActivatorConfiguration/instancesMaxDefault``.
        package var max: Int
        /// Instances that are started by ``Activator/start()``.
        package var initial: Int

        /// Makes bounds; the defaults scale from zero.
        package init(min: Int = 0, max: Int = 0, initial: Int = 0) {
            self.min = min
            self.max = max
            self.initial = initial
        }
    }

    /// The namespace.
    package var namespace: String
    /// The service.
    package var service: String
    /// The revision, for example `exam-generator-00001`.
    package var revision: String
    /// The absolute path of the program, and its arguments.
    package var command: [String]
    /// The environment from the manifest; what the contract sets cannot be replaced by it.
    package var environment: [(name: String, value: String)] = []
    /// Where the program runs; the activator's own directory when `nil`.
    package var workingDirectory: String?
    /// Most requests at one instance at the same time; 0 for no limit (`containerConcurrency`).
    package var containerConcurrency = 0
    /// Requests that an instance of a revision without limit should have before another is started;
    /// Knative's default target of 100, used to 70 percent.
    package var concurrencyTarget = 70.0
    /// From the moment an instance gets a request to the end of its answer (`timeoutSeconds`).
    package var timeout = Duration.seconds(300)
    /// The bounds of scaling.
    package var scale = ScaleBounds()
    /// Knative's autoscaler, which decides how many instances there are.
    ///
    /// `nil` for as many as the requests of the moment want, each until it was idle for
    /// ``idleWindow``; ``scale`` bounds both.
    package var autoscaling: ScalingConfiguration?
    /// Records of its sources' lag that an instance should have before it, above 0; `nil` leaves
    /// the lag out.
    package var lagTarget: Int?
    /// How long an instance stays without a request, when there is no autoscaler.
    package var idleWindow = Duration.seconds(60)
    /// Whether the last idle instance is paused (SIGSTOP) instead of ended, so that it answers
    /// again without a start.
    package var pausesWhenIdle = false
    /// How long a paused instance stays before it ends.
    package var pauseTime = Duration.seconds(3600)
    /// Instances beyond those with requests that are kept started.
    package var spareCount = 0
    /// From SIGTERM to SIGKILL.
    package var stopGrace = Duration.seconds(30)
    /// The Deployment whose pods are its instances; `nil` for processes of this machine.
    package var deployment: DeploymentReference?
    /// Whether the program speaks HTTP/2 with prior knowledge, and nothing else (a port whose name
    /// is `h2c`).
    package var speaksHTTP2 = false
    /// How the program gets its socket.
    package var socketMode = SocketMode.inherited
    /// How an instance tells that it can serve; `nil` when listening is enough.
    package var readinessProbe: ReadinessProbe?
    /// What an instance may use.
    package var resourceLimits = ResourceLimits()
    /// As whom it runs; `nil` is the activator's own user and groups.
    package var user: User?

    /// Makes a specification with Knative's defaults.
    package init(namespace: String, service: String, revision: String, command: [String]) {
        self.namespace = namespace
        self.service = service
        self.revision = revision
        self.command = command
    }
}

extension RevisionSpec: Equatable {
    /// Whether two revisions are run in the same way.
    package static func == (left: Self, right: Self) -> Bool {
        left.environment.elementsEqual(right.environment, by: ==)
            && left.namespace == right.namespace && left.service == right.service
            && left.revision == right.revision && left.command == right.command
            && left.deployment == right.deployment
            && left.workingDirectory == right.workingDirectory
            && left.speaksHTTP2 == right.speaksHTTP2 && left.socketMode == right.socketMode
            && left.readinessProbe == right.readinessProbe
            && left.resourceLimits == right.resourceLimits && left.user == right.user
            && left.containerConcurrency == right.containerConcurrency
            && left.concurrencyTarget == right.concurrencyTarget
            && left.timeout == right.timeout && left.stopGrace == right.stopGrace
            && left.scale == right.scale && left.autoscaling == right.autoscaling
            && left.lagTarget == right.lagTarget && left.idleWindow == right.idleWindow
            && left.pausesWhenIdle == right.pausesWhenIdle && left.pauseTime == right.pauseTime
            && left.spareCount == right.spareCount
    }
}
