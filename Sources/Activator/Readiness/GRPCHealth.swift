// SPDX-License-Identifier: Apache-2.0

/// The messages of gRPC's health service, `grpc.health.v1.Health`, whose method is `Check`.
enum GRPCHealth {
    /// The target of a request.
    static let target = "/grpc.health.v1.Health/Check"

    /// What a service answers about itself, by its number.
    enum Status: Equatable {
        case serving
        /// Another number; 2 is NOT_SERVING.
        case other(UInt64)

        init(_ number: UInt64) { self = number == 1 ? .serving : .other(number) }
    }

    /// A request about a service, or about all with an empty name: one message with its prefix of
    /// five bytes.
    static func request(service: String) -> [UInt8] {
        var message: [UInt8] = []
        if !service.isEmpty {
            // Field 1 of type 2: a length and so many bytes.
            message.append(0x0A)
            var length = service.utf8.count
            while length >= 0x80 {
                message.append(UInt8(length & 0x7F) | 0x80)
                length >>= 7
            }
            message.append(UInt8(length))
            message.append(contentsOf: service.utf8)
        }
        let length = UInt32(clamping: message.count)
        let prefix = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
        return [0] + prefix + message
    }

    /// The status in an answer; `nil` when it is not one message of that kind.
    static func status(in answer: [UInt8]) -> Status? {
        // No compression was offered.
        guard answer.count >= 5, answer[0] == 0 else { return nil }
        let length = answer[1..<5].reduce(0) { $0 << 8 | Int($1) }
        guard length == answer.count - 5 else { return nil }
        var rest = answer[5...]
        var status = Status(0)
        while !rest.isEmpty {
            guard let tag = self.takeNumber(&rest) else { return nil }
            guard tag == 0x08 else {
                guard self.skip(type: tag & 7, &rest) else { return nil }
                continue
            }
            guard let number = self.takeNumber(&rest) else { return nil }
            status = Status(number)
        }
        return status
    }

    /// Takes a number of seven bits a byte, the lowest first.
    private static func takeNumber(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return number }
        }
        return nil
    }

    /// Skips the value of a field that is not known here.
    private static func skip(type: UInt64, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        let length: UInt64
        switch type {
        case 0: return self.takeNumber(&bytes) != nil
        case 1: length = 8
        case 2:
            guard let number = self.takeNumber(&bytes) else { return false }
            length = number
        case 5: length = 4
        default: return false
        }
        guard length <= UInt64(bytes.count) else { return false }
        bytes.removeFirst(Int(length))
        return true
    }
}
