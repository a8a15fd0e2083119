import Glibc
import Shared

/// A non-blocking stream socket, with blocking calls that have a deadline.
final class UnixStream {
    let descriptor: Int32

    /// Takes the descriptor over.
    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// - Throws: `Errno` text as `unavailable`; `connectFailure` says which kind it was.
    static func connect(path: String, until deadline: Deadline, interrupts: Interrupts?) throws -> UnixStream {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path), !bytes.contains(0) else {
            throw NemoClawError(
                .invalidArgument, "the path \"\(path)\" is too long for a socket",
                hint: "Set NEMOCLAW_HOME to a shorter path")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw SystemFailure.error("make a socket", errno) }
        let stream = UnixStream(adopting: descriptor)
        while true {
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 { return stream }
            let code = errno
            // EAGAIN: the listener's backlog is full (unix(7)); nothing can be polled for, so ask again.
            guard code == EAGAIN || code == EINTR, !deadline.hasPassed else { throw ConnectFailure(code: code) }
            try Wait.pause(milliseconds: 5, interrupts: interrupts)
        }
    }

    /// Sends everything.
    func send(_ bytes: [UInt8], until deadline: Deadline, interrupts: Interrupts?) throws {
        var start = 0
        while start < bytes.count {
            let count = sendSome(bytes[start...])
            if count > 0 {
                start += count
            } else if count == 0 {
                guard
                    try Wait.on(descriptor, Int32(POLLOUT), until: deadline, interrupts: interrupts) == .ready
                else { throw Self.timeout }
            } else {
                throw NemoClawError(.unavailable, "the other side closed the connection")
            }
        }
    }

    /// Bytes sent; 0 when the socket is full, -1 when it is gone.
    func sendSome(_ bytes: ArraySlice<UInt8>) -> Int {
        let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? 0 : -1
    }

    /// What is there, at most `limit` bytes; empty at the end of the stream.
    func receive(limit: Int = 65_536, until deadline: Deadline, interrupts: Interrupts?) throws -> [UInt8] {
        while true {
            switch receiveSome(limit: limit) {
            case .bytes(let bytes): return bytes
            case .end: return []
            case .nothingYet: break
            }
            guard try Wait.on(descriptor, Int32(POLLIN), until: deadline, interrupts: interrupts) == .ready else {
                throw Self.timeout
            }
        }
    }

    enum Received {
        case bytes([UInt8])
        case nothingYet
        case end
    }

    func receiveSome(limit: Int = 65_536) -> Received {
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, initialized in
            count = recv(descriptor, buffer.baseAddress, limit, 0)
            initialized = max(0, count)
        }
        if count > 0 { return .bytes(bytes) }
        // A reset is an end too: whether everything came is the parser's question.
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .nothingYet : .end
    }

    static var timeout: NemoClawError { NemoClawError(.timeout, "no answer in time") }
}

/// `connect` failed; what it means depends on the socket.
struct ConnectFailure: Error, Equatable {
    let code: Int32
}
