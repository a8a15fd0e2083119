import CSandbox
import Glibc
import Shared
import Testing

@testable import SandboxWorker

/// Listeners that were made inside and are served from outside.
@Suite(.serialized) struct SandboxListenerTests {
    /// Accepts within ten seconds; the local address and port of the connection.
    private func accept(_ listener: CInt) throws -> (socket: CInt, local: String) {
        var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        try #require(poll(&entry, 1, 10_000) == 1)
        let socket = Glibc.accept(listener, nil, nil)
        try #require(socket >= 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        try #require(result == 0)
        let bytes = withUnsafeBytes(of: address.sin_addr.s_addr) { $0.map { String($0) } }
        return (socket, bytes.joined(separator: ".") + ":\(UInt16(bigEndian: address.sin_port))")
    }

    @Test func `each address inside arrives at its own listener, with the address that was meant`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let all = sandbox.process.listeners
            let table: [(listener: CInt, address: String, port: Int)] = [
                (all.inference, "127.0.0.2", 443), (all.port, "127.0.0.1", 18789), (all.proxy, "127.0.0.1", 3128),
                (all.https, "127.64.3.4", 443), (all.http, "127.99.0.1", 80), (all.dnsTCP, "127.0.0.1", 53),
            ]
            for (listener, address, port) in table {
                async let answer = sandbox.run("exec 3<>/dev/tcp/\(address)/\(port); cat <&3")
                let (socket, local) = try accept(listener)
                #expect(local == "\(address):\(port)")
                write(socket, "from outside", 12)
                close(socket)
                #expect(try await answer.output == "from outside")
            }
        }
    }

    @Test func `a datagram to port 53 arrives`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            #expect(try await sandbox.run("echo -n question > /dev/udp/127.0.0.1/53").exit.code == 0)
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = recv(sandbox.process.listeners.dnsUDP, &bytes, bytes.count, 0)
            #expect(count == 8 && bytes.starts(with: Array("question".utf8)))
        }
    }

    @Test func `curl inside speaks to a server outside, and waits for one that comes late`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            async let answer = sandbox.run("curl -sS --max-time 10 http://127.70.0.9/path")
            let (socket, _) = try accept(sandbox.process.listeners.http)
            defer { close(socket) }
            var bytes = [UInt8](repeating: 0, count: 4096)
            var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            try #require(poll(&entry, 1, 10_000) == 1)
            let count = recv(socket, &bytes, bytes.count, 0)
            #expect(String(decoding: bytes[..<max(0, count)], as: UTF8.self).hasPrefix("GET /path HTTP/1.1\r\n"))
            let response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
            write(socket, response, response.utf8.count)
            #expect(try await answer.output == "ok")
        }
    }

    @Test func `two sandboxes have the same addresses and do not see each other`() async throws {
        try await SandboxFixture.with { (first) async throws in
            if !TestRerun.mounts().isEmpty { return }  // a detached mount is good for one sandbox
            try await SandboxFixture.with { (second) async throws in
                async let answer = second.run("exec 3<>/dev/tcp/127.0.0.1/18789; cat <&3")
                let (socket, _) = try accept(second.process.listeners.port)
                write(socket, "second", 6)
                close(socket)
                #expect(try await answer.output == "second")
                var entry = pollfd(fd: first.process.listeners.port, events: Int16(POLLIN), revents: 0)
                #expect(poll(&entry, 1, 0) == 0)
                #expect(try await second.run("echo mine > /sandbox/file").exit.code == 0)
                #expect(try await first.run("test -e /sandbox/file").exit.code == 1)
            }
        }
    }
}
