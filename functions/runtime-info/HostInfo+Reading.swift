// SPDX-License-Identifier: Apache-2.0

import Glibc

extension HostInfo {
    /// The paths that the runtime contract names.
    private static let paths = [
        "/dev/fd", "/dev/full", "/dev/null", "/dev/ptmx", "/dev/random", "/dev/stdin",
        "/dev/stdout",
        "/dev/stderr", "/dev/tty", "/dev/urandom", "/dev/zero", "/proc/self/fd", "/proc/self/fd/0",
        "/proc/self/fd/1", "/proc/self/fd/2", "/tmp", "/var/log", "/etc/resolv.conf",
    ]
    /// Limits of version 2 and of version 1; a machine has the files of one of them.
    private static let cgroupPaths = [
        "/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
        "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.shares",
    ]

    /// Looks around.
    static func read(environment: [String: String], arguments: [String]) -> HostInfo {
        HostInfo(
            files: self.byPath { SystemFile.information($0) },
            envs: environment,
            fileAccess: self.byPath { SystemFile.access($0) },
            cgroups: self.cgroupPaths.map { path in
                switch SystemFile.text(path) {
                case .success(let text):
                    Cgroup(name: path, value: String(text.prefix { $0 != "\n" }))
                case .failure(let error): Cgroup(name: path, error: error.text)
                }
            },
            mounts: self.mounts(),
            stdin: SystemFile.standardInput(),
            user: User(
                uid: getuid(),
                euid: geteuid(),
                gid: getgid(),
                egid: getegid(),
                cwd: SystemFile.workingDirectory(),
                home: environment["HOME"]
            ),
            args: arguments,
            descriptors: SystemFile.descriptors()
        )
    }

    private static func byPath<Value>(_ look: (String) -> Value) -> [String: Value] {
        Dictionary(self.paths.map { ($0, look($0)) }) { first, _ in first }
    }

    private static func mounts() -> [Mount] {
        guard case .success(let text) = SystemFile.text("/proc/self/mounts") else { return [] }
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ").map(String.init)
            guard parts.count >= 4 else { return nil }
            return Mount(
                device: parts[0],
                path: parts[1],
                type: parts[2],
                options: parts[3].split(separator: ",").map(String.init)
            )
        }
    }
}
