// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// The directory below the activator's own group that holds the groups of its instances.
///
/// It is locked while its activator lives, so that the next one can tell what was left behind and
/// remove it. A group with processes of its own cannot hand controllers down (Control Group v2, No
/// Internal Process Constraint): where it must, the activator moves into the tree, and back at the
/// end. Belongs to the loop's thread.
final class CgroupTree {
    /// Why there can be no groups.
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    private static let namePrefix = "swiftlet-"
    /// Activators of one process; tests have several.
    private static let namesMax = 1000
    /// How long the kernel may take to end what is in a group, in milliseconds.
    private static let emptyMillisecondsMax: Int32 = 2000

    private let parent: String
    private let controllers: [String]
    /// The directory.
    let path: String
    private let lockFD: Int32
    private var groupLast = 0
    private var hasMoved = false
    private var hasEnabled = false

    /// Makes the tree, and removes those of activators that are gone.
    ///
    /// - Parameters:
    ///   - parent: A group that this process may write to.
    ///   - controllers: What is to be limited in it.
    /// - Throws: ``Unavailable`` or `SystemError`, with all as it was before.
    init(in parent: String, controllers: [String] = ["memory"]) throws {
        let offered = CgroupFile.words("\(parent)/cgroup.controllers")
        if let missing = controllers.first(where: { !offered.contains($0[...]) }) {
            throw Unavailable(description: "\(parent) does not offer the controller \(missing)")
        }
        Self.removeStale(in: parent)
        self.parent = parent
        self.controllers = controllers
        (self.path, self.lockFD) = try Self.claim(in: parent)
        do {
            try self.handDown()
        } catch {
            self.close()
            throw error
        }
    }

    deinit { Glibc.close(self.lockFD) }

    /// Makes a group for one instance.
    ///
    /// - Throws: `SystemError` when there can be none.
    func makeGroup(named name: String, memoryBytesMax: UInt64?) throws -> InstanceCgroup {
        self.groupLast += 1
        return try InstanceCgroup(
            path: "\(self.path)/\(self.groupLast)-\(name)",
            memoryBytesMax: memoryBytesMax
        )
    }

    /// Removes the tree, of which the kernel's own rules may leave something for the next start.
    func close() {
        let names = self.controllers.map { "-\($0)" }.joined(separator: " ")
        Self.endGroups(of: self.path)
        if self.hasEnabled {
            try? CgroupFile.write(names, to: "\(self.path)/cgroup.subtree_control")
            try? CgroupFile.write(names, to: "\(self.parent)/cgroup.subtree_control")
        }
        if self.hasMoved { try? CgroupFile.write("0", to: "\(self.parent)/cgroup.procs") }
        rmdir(self.ownGroup)
        rmdir(self.path)
    }

    // MARK: Controllers

    /// Where the activator itself is, when it had to move.
    private var ownGroup: String { "\(self.path)/activator" }

    private func handDown() throws {
        let names = self.controllers.map { "+\($0)" }.joined(separator: " ")
        let enabled = CgroupFile.words("\(self.parent)/cgroup.subtree_control")
        if !self.controllers.allSatisfy({ enabled.contains($0[...]) }) {
            try self.enable(names)
            self.hasEnabled = true
        }
        if !names.isEmpty {
            try CgroupFile.write(names, to: "\(self.path)/cgroup.subtree_control")
        }
    }

    private func enable(_ names: String) throws {
        let control = "\(self.parent)/cgroup.subtree_control"
        do {
            return try CgroupFile.write(names, to: control)
        } catch let error as SystemError where error.code == EBUSY {
            // This process is in it; when it is the only one, it can make room.
        }
        guard mkdir(self.ownGroup, 0o755) == 0 else {
            throw SystemError.last("mkdir \(self.ownGroup)")
        }
        try CgroupFile.write("0", to: "\(self.ownGroup)/cgroup.procs")
        self.hasMoved = true
        do {
            try CgroupFile.write(names, to: control)
        } catch let error as SystemError where error.code == EBUSY {
            throw Unavailable(description: "\(self.parent) has other processes in it")
        }
    }

    // MARK: Names

    /// Makes a directory that nobody else has, and locks it.
    private static func claim(in parent: String) throws -> (path: String, lockFD: Int32) {
        for number in 0..<self.namesMax {
            let path = "\(parent)/\(self.namePrefix)\(getpid())-\(number)"
            guard mkdir(path, 0o755) == 0 else {
                if errno == EEXIST { continue }
                throw SystemError.last("mkdir \(path)")
            }
            // Another activator may have taken it for stale before it was locked.
            if let fd = self.lock(path) { return (path, fd) }
        }
        throw Unavailable(description: "\(parent) is full of directories of this process")
    }

    /// Locks a directory; `nil` when somebody else has, or has removed it.
    private static func lock(_ path: String) -> Int32? {
        let fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return nil }
        var (opened, named) = (stat(), stat())
        guard flock(fd, LOCK_EX | LOCK_NB) == 0, fstat(fd, &opened) == 0,
            stat(path, &named) == 0, opened.st_ino == named.st_ino
        else {
            Glibc.close(fd)
            return nil
        }
        return fd
    }

    // MARK: What was left behind

    /// Ends and removes what activators left that did not come to their own end.
    private static func removeStale(in parent: String) {
        for name in self.directories(in: parent) where name.hasPrefix(self.namePrefix) {
            let path = "\(parent)/\(name)"
            guard let fd = self.lock(path) else { continue }
            defer { Glibc.close(fd) }
            self.endGroups(of: path)
            rmdir(path)
        }
    }

    /// Ends what is in the groups below a directory, but for this process's own, and removes them.
    private static func endGroups(of path: String) {
        let own = try? CgroupFile.read("/proc/self/cgroup")
        for name in self.directories(in: path) {
            let group = "\(path)/\(name)"
            let isOwn = own?.split(separator: "\n").contains { line in
                line.hasPrefix("0::") && (line + "/").contains("/\(self.lastParts(of: group))/")
            }
            guard isOwn != true else { continue }
            try? CgroupFile.write("1", to: "\(group)/cgroup.kill")
            self.awaitEmptiness(of: group)
            rmdir(group)
        }
    }

    /// The names of a group and of its tree.
    private static func lastParts(of group: String) -> String {
        group.split(separator: "/").suffix(2).joined(separator: "/")
    }

    /// Waits for the kernel to tell that nothing is in a group any more.
    private static func awaitEmptiness(of group: String) {
        let events = "\(group)/cgroup.events"
        let fd = open(events, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return }
        defer { Glibc.close(fd) }
        var byte: UInt8 = 0
        while CgroupFile.number("populated", in: events) == 1 {
            // What was read last is what a change is told against.
            pread(fd, &byte, 1, 0)
            guard CgroupFile.number("populated", in: events) == 1 else { return }
            var state = pollfd(fd: fd, events: Int16(POLLPRI), revents: 0)
            guard poll(&state, 1, self.emptyMillisecondsMax) == 1 else { return }
        }
    }

    private static func directories(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            guard entry.pointee.d_type == DT_DIR else { continue }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) {
                    String(cString: $0)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
