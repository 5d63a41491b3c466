// SPDX-License-Identifier: Apache-2.0

/// Finds a process's own group in the tree of cgroup v2 (Linux, Control Group v2).
enum CgroupPlace {
    /// Finds the directory of the group.
    ///
    /// - Parameters:
    ///   - mounts: `/proc/self/mountinfo`, proc(5).
    ///   - groups: `/proc/self/cgroup`, cgroups(7).
    /// - Returns: `nil` where version 2 is not mounted, or not that part of it.
    static func directory(mounts: String, groups: String) -> String? {
        guard let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }),
            let mount = mounts.split(separator: "\n").lazy.compactMap(self.mount).first
        else { return nil }
        let group = line.dropFirst("0::".count)
        let root = mount.root == "/" ? "" : mount.root
        guard group == root || group.hasPrefix(root + "/") else { return nil }
        let rest = group.dropFirst(root.count)
        // A group outside of the namespace begins with "/..".
        guard !rest.hasPrefix("/..") else { return nil }
        return mount.point + (rest == "/" ? "" : rest)
    }

    /// Which part of the tree is mounted where, if a line says that.
    private static func mount(_ line: Substring) -> (root: String, point: String)? {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 1,
            fields[dash + 1] == "cgroup2"
        else { return nil }
        return (String(fields[3]), String(fields[4]))
    }
}
