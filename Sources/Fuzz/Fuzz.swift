// SPDX-License-Identifier: Apache-2.0

internal import FuzzTargets
internal import Glibc

/// The target that `SWIFTLET_FUZZ_TARGET` names; libFuzzer keeps the command line for itself.
private let target: FuzzTarget = {
    let name = getenv("SWIFTLET_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        let known = FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n")
        write(known, to: STDOUT_FILENO)
        exit(2)
    }
    return target
}()

private func write(_ line: String, to descriptor: Int32) {
    let bytes = Array("\(line)\n".utf8)
    _ = Glibc.write(descriptor, bytes, bytes.count)
}

/// What libFuzzer calls with each input; a broken rule is said on stderr and traps.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    do throws(BrokenProperty) {
        try target.check(Array(UnsafeBufferPointer(start: start, count: count)))
    } catch {
        write("\(target.rawValue): \(error)", to: STDERR_FILENO)
        preconditionFailure("a rule is broken")
    }
    return 0
}
