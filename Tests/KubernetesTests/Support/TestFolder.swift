// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A folder for as long as the object lives.
final class TestFolder: Sendable {
    let path: String

    struct Failure: Error { var reason: String }

    init() throws {
        var template = Array("/tmp/swiftlet-kubernetes-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(reason: "mkdtemp") }
        let bytes = template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        self.path = String(decoding: bytes, as: UTF8.self)
    }

    /// Puts a file there in one step, as the kubelet does.
    func write(_ name: String, _ text: String) {
        let next = "\(self.path)/\(name).next"
        guard let file = fopen(next, "we") else { return }
        fputs(text, file)
        fclose(file)
        rename(next, "\(self.path)/\(name)")
    }

    /// Makes a certificate for 127.0.0.1 and its key: `NAME.crt` and `NAME.key`.
    func makeCertificate(_ name: String) throws {
        let command = """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -subj /CN=\(name) -addext subjectAltName=IP:127.0.0.1 \
            -keyout \(self.path)/\(name).key -out \(self.path)/\(name).crt 2>/dev/null
            """
        guard let pipe = popen(command, "r"), pclose(pipe) == 0 else {
            throw Failure(reason: "openssl makes no certificate")
        }
    }

    deinit {
        if let directory = opendir(self.path) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                unlink("\(self.path)/\(name)")
            }
            closedir(directory)
        }
        rmdir(self.path)
    }
}
