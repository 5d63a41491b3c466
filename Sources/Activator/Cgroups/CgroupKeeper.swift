// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Telemetry

/// Gives instances with a memory limit groups of their own, where this machine has them.
///
/// The first one who asks finds out. Belongs to the loop's thread.
final class CgroupKeeper {
    private static let removalDelayMin = Duration.milliseconds(10)
    /// When the last try to remove a group has failed, it is left for the end.
    private static let removalDelayMax = Duration.seconds(5)

    private let loop: EventLoop
    private let logger: Logger
    private let place: () throws -> String
    private var tree: CgroupTree?
    private var hasTried = false
    /// Groups in which something still was when their instance had ended.
    private var leftover: [InstanceCgroup] = []

    /// Makes a keeper.
    ///
    /// - Parameters:
    ///   - loop: The loop whose thread this is.
    ///   - logger: Told why there are no groups.
    ///   - place: Finds the group to work in.
    init(
        loop: EventLoop,
        logger: Logger,
        place: @escaping () throws -> String = CgroupKeeper.ownGroup
    ) {
        self.loop = loop
        self.logger = logger
        self.place = place
    }

    /// The group that this process is in.
    static func ownGroup() throws -> String {
        let directory = CgroupPlace.directory(
            mounts: try CgroupFile.read("/proc/self/mountinfo"),
            groups: try CgroupFile.read("/proc/self/cgroup")
        )
        guard let directory else {
            throw CgroupTree.Unavailable(description: "cgroup v2 is not mounted")
        }
        return directory
    }

    /// Finds out whether there can be groups; moving there takes some milliseconds.
    func prepare() {
        guard !self.hasTried else { return }
        self.hasTried = true
        do {
            self.tree = try CgroupTree(in: self.place())
        } catch {
            self.logger.info(
                "Without a cgroup memory limits hold for an instance's own process alone, "
                    + "looked at once a second.",
                ["why": "\(error)"]
            )
        }
    }

    /// Makes a group; `nil` when there can be none.
    func makeGroup(named name: String, memoryBytesMax: UInt64) -> InstanceCgroup? {
        self.prepare()
        do {
            return try self.tree?.makeGroup(named: name, memoryBytesMax: memoryBytesMax)
        } catch {
            self.logger.warning(
                "An instance has no cgroup; its memory limit holds for its own process alone.",
                ["instance": name, "why": "\(error)"]
            )
            return nil
        }
    }

    /// An instance has ended: what it left in its group ends too.
    func release(_ group: InstanceCgroup) {
        group.kill()
        self.remove(group, after: Self.removalDelayMin)
    }

    private func remove(_ group: InstanceCgroup, after delay: Duration) {
        guard !group.remove() else { return self.leftover.removeAll { $0 === group } }
        if !self.leftover.contains(where: { $0 === group }) { self.leftover.append(group) }
        guard delay <= Self.removalDelayMax else { return }
        self.loop.schedule(after: delay) { [weak self] in
            guard let self, self.leftover.contains(where: { $0 === group }) else { return }
            self.remove(group, after: delay * 2)
        }
    }

    /// Removes all, when no instance is left.
    func close() {
        self.leftover = []
        self.tree?.close()
        self.tree = nil
    }
}
