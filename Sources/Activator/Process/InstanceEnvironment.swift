// SPDX-License-Identifier: Apache-2.0

/// The environment of an instance: what the manifest names, and what Knative's contract sets.
///
/// Nothing of the activator's own environment gets there.
enum InstanceEnvironment {
    /// Names that only the activator sets (Knative runtime contract, and the systemd protocol).
    static let reserved: Set<String> = [
        "PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION",
        "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET",
    ]

    /// What a program may count on, unless the manifest says otherwise.
    private static let defaults = [
        ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ("HOME", "/"),
        ("TMPDIR", "/tmp"),
    ]

    /// The variables as `NAME=value`; of a name that is given twice the last one counts.
    ///
    /// At `readinessAddress` the program may tell that it is ready, sd_notify(3).
    static func make(
        for spec: RevisionSpec,
        port: UInt16,
        readinessAddress: String? = nil
    ) -> [String] {
        var values: [String: String] = [:]
        var names: [String] = []
        func set(_ name: String, _ value: String) {
            if values.updateValue(value, forKey: name) == nil { names.append(name) }
        }
        for (name, value) in self.defaults { set(name, value) }
        if let directory = spec.workingDirectory { set("HOME", directory) }
        for (name, value) in spec.environment
        where !self.reserved.contains(name) && self.isName(name) {
            set(name, value)
        }
        set("PORT", "\(port)")
        if let readinessAddress { set("NOTIFY_SOCKET", readinessAddress) }
        set("K_SERVICE", spec.service)
        set("K_CONFIGURATION", spec.service)
        set("K_REVISION", spec.revision)
        return names.map { "\($0)=\(values[$0] ?? "")" }
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && !name.utf8.contains { $0 == UInt8(ascii: "=") || $0 == 0 }
    }
}
