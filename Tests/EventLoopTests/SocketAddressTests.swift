// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@Suite("Socket addresses")
struct SocketAddressTests {
    private static let loopback6 = [UInt8](repeating: 0, count: 15) + [1]

    @Test(
        "reads host and port",
        arguments: [
            ("127.0.0.1:8080", .ipv4(address: 0x7F00_0001, port: 8080), "127.0.0.1:8080"),
            ("localhost:1", .ipv4(address: 0x7F00_0001, port: 1), "127.0.0.1:1"),
            (":8080", .ipv4(address: 0, port: 8080), "0.0.0.0:8080"),
            ("255.254.253.252:65535", .ipv4(address: 0xFFFE_FDFC, port: 65535), nil),
            ("10.0.0.1:0", .ipv4(address: 0x0A00_0001, port: 0), nil),
            ("[::1]:80", .ipv6(address: loopback6, port: 80), "[::1]:80"),
            ("[0:0:0:0:0:0:0:1]:80", .ipv6(address: loopback6, port: 80), "[::1]:80"),
            ("[::]:443", .ipv6(address: Array(repeating: 0, count: 16), port: 443), nil),
        ] as [(String, SocketAddress, String?)]
    )
    func reads(_ text: String, _ address: SocketAddress, _ shown: String?) {
        let parsed = SocketAddress(parsing: text)
        #expect(parsed == address)
        #expect(parsed?.description == shown ?? text)
        #expect(parsed?.port == address.port)
        #expect(SocketAddress(parsing: address.description) == address)
    }

    @Test(
        "refuses the rest",
        arguments: [
            "", ":", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
            "127.0.0.1:+80", "127.0.0.1: 80", "127.0.0.1:80 ", "127.0.0.1:0x50", "127.0.0.1:８０",
            " 127.0.0.1:80", "127.0.0:80", "127.0.0.256:80", "127.0.0.1.1:80", "0x7f.0.0.1:80",
            "::1:80", "[::1]", "[::1]:", "[::1:80", "::1]:80", "[]:80", "[::g]:80", "[1.2.3.4]:80",
            "[::1%lo]:80", "example.org:80", "localhost.:80", "127.0.0.1\u{0}:80",
            "127.0.0.1:80\u{0}", "unix:/tmp/socket", "127.0.0.1:80:90",
        ]
    )
    func refuses(_ text: String) { #expect(SocketAddress(parsing: text) == nil) }

    @Test("says host, port and description")
    func parts() {
        let loopback = SocketAddress.ipv4Loopback(port: 9)
        #expect(loopback.host == "127.0.0.1")
        #expect(loopback.port == 9)
        #expect(SocketAddress.ipv4Any(port: 9).host == "0.0.0.0")
        let path = SocketAddress.unix(path: "/run/a.sock")
        #expect(path.host == "/run/a.sock")
        #expect(path.port == 0)
        #expect(path.description == "unix:/run/a.sock")
        #expect(SocketAddress.ipv6(address: [1, 2], port: 5).description == "[::]:5")
    }
}
