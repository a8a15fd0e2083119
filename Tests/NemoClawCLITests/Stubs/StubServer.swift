import Foundation
import Glibc
import Shared
import Synchronization

/// A control socket that answers as a test wants; each connection has a thread.
final class StubServer: Sendable {
    struct Request: Sendable, Equatable {
        var method: String
        var path: String
        var body: String
        var line: String { "\(method) \(path)" }
    }

    enum Reply: Sendable {
        case json(Int, String)
        case raw([UInt8])
        /// Nothing until the client leaves.
        case hang
    }

    private let listener: Int32
    private let record = Record()

    private final class Record: Sendable {
        let seen = Mutex<[Request]>([])
        let condition = NSCondition()

        func add(_ request: Request) {
            condition.lock()
            seen.withLock { $0.append(request) }
            condition.broadcast()
            condition.unlock()
        }
    }

    init(path: String, answer: @escaping @Sendable (Request) -> Reply) {
        listener = StubSocket.listen(path)
        let listener = listener
        let record = record
        Thread {
            while case let client = StubSocket.accept(listener), client >= 0 {
                Thread { Self.serve(client, record, answer) }.start()
            }
        }.start()
    }

    deinit { stop() }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    var requests: [Request] { record.seen.withLock { $0 } }
    var lines: [String] { requests.map(\.line) }

    /// Waits until a request whose line is `line` came; false after 20 s.
    func waits(for line: String, times: Int = 1) -> Bool {
        let limit = Date().addingTimeInterval(20)
        record.condition.lock()
        defer { record.condition.unlock() }
        while lines.count(where: { $0 == line }) < times {
            if !record.condition.wait(until: limit) { return false }
        }
        return true
    }

    private static func serve(_ client: Int32, _ record: Record, _ answer: @Sendable (Request) -> Reply) {
        defer { close(client) }
        guard let request = read(client) else { return }
        record.add(request)
        switch answer(request) {
        case .json(let status, let body):
            let head = "HTTP/1.1 \(status) Stub\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n"
            StubSocket.write(client, Array((head + body).utf8))
        case .raw(let bytes): StubSocket.write(client, bytes)
        case .hang:
            var byte: UInt8 = 0
            while Glibc.read(client, &byte, 1) > 0 {}
        }
    }

    private static func read(_ client: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].split(separator: "\r\n")
                let length = head.first { $0.hasPrefix("Content-Length:") }.flatMap { Int($0.dropFirst(16)) } ?? 0
                let body = text[end.upperBound...]
                if body.utf8.count >= length {
                    let words = head[0].split(separator: " ")
                    return Request(method: String(words[0]), path: String(words[1]), body: String(body))
                }
            }
            let count = Glibc.read(client, &buffer, buffer.count)
            guard count > 0 else { return nil }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}

enum StubSocket {
    static func listen(_ path: String) -> Int32 {
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        precondition(result == 0 && Glibc.listen(descriptor, 16) == 0, "cannot listen on \(path): \(errno)")
        return descriptor
    }

    /// A connection that no child of the test inherits.
    static func accept(_ listener: Int32) -> Int32 {
        let client = Glibc.accept(listener, nil, nil)
        if client >= 0 { _ = fcntl(client, F_SETFD, FD_CLOEXEC) }
        return client
    }

    static func write(_ descriptor: Int32, _ bytes: [UInt8]) {
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            start += count
        }
    }

    static func pair() -> (Int32, Int32) {
        var ends: [Int32] = [0, 0]
        socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends)
        return (ends[0], ends[1])
    }
}
