import Glibc
import Shared

@testable import SandboxWorker

/// A WebSocket client with a time limit on every read. Unchecked: a test uses it from one place at a time.
final class TestClient: @unchecked Sendable {
    struct Closed: Error {}

    let descriptor: CInt
    private var bytes: [UInt8] = []
    private(set) var closeCode: UInt16?

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Closed() }
    }

    deinit { close(descriptor) }

    func send(_ data: [UInt8]) { _ = Glibc.send(descriptor, data, data.count, CInt(MSG_NOSIGNAL)) }

    func send(_ value: JSONValue) throws { send(clientFrame(try JSONCoding.encode(value))) }

    func request(_ id: String, _ method: String, _ params: JSONValue = [:]) throws {
        try send(["type": "req", "id": .string(id), "method": .string(method), "params": params])
    }

    /// Head of the answer.
    func http(_ head: String) async throws -> String { try await blocking { try self.readHead(head) } }

    private func readHead(_ head: String) throws -> String {
        send(Array(head.utf8))
        while true {
            if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
                let text = String(decoding: bytes[..<end.upperBound], as: UTF8.self)
                bytes.removeFirst(end.upperBound)
                return text
            }
            try fill()
        }
    }

    func rest() async throws -> String {
        try await blocking {
            while (try? self.fill()) != nil {}
            return String(decoding: self.bytes, as: UTF8.self)
        }
    }

    func upgrade(path: String = "/", headers: String = "") async throws -> String {
        try await http(
            "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(headers)\r\n")
    }

    /// The next message; throws when the server closes, with the code in `closeCode`.
    func receive() async throws -> JSONValue { try await blocking { try self.readMessage() } }

    private func readMessage() throws -> JSONValue {
        let first = try take(2)
        var length = Int(first[1] & 0x7f)
        if length == 126 { length = try take(2).reduce(0) { $0 << 8 | Int($1) } }
        if length == 127 { length = try take(8).reduce(0) { $0 << 8 | Int($1) } }
        let payload = try take(length)
        if first[0] & 0xf == 8 {
            closeCode = payload.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
            throw Closed()
        }
        return try JSONCoding.decode(JSONValue.self, from: payload)
    }

    /// The next message that `matches`.
    func receive(where matches: @escaping @Sendable (JSONValue) -> Bool) async throws -> JSONValue {
        while true {
            let message = try await receive()
            if matches(message) { return message }
        }
    }

    func answer(_ id: String) async throws -> JSONValue {
        try await receive { $0["type"] == "res" && $0["id"] == .string(id) }
    }

    private func take(_ count: Int) throws -> [UInt8] {
        while bytes.count < count { try fill() }
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }

    private func fill() throws {
        var part = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &part, part.count, 0)
        guard count > 0 else { throw Closed() }
        bytes += part[..<count]
    }
}

extension Array<UInt8> {
    fileprivate func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        guard count >= pattern.count else { return nil }
        return (0...count - pattern.count).first { Array(self[$0..<$0 + pattern.count]) == pattern }
            .map { $0..<$0 + pattern.count }
    }
}
