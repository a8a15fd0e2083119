import Glibc
import NIOPosix
import Shared

@testable import Supervisor

/// A client of a Unix-domain socket, with a limit on each read. Reads block a thread of their own: the supervisor under
/// test needs those of the tasks.
struct TestSocket: Sendable {
    let descriptor: Descriptor

    init(_ path: String) throws {
        let number = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        descriptor = Descriptor(owning: number)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw NemoClawError.system("cannot connect to \(path)", errno) }
    }

    /// A peer that hung up is no failure of the writer here.
    func write(_ bytes: [UInt8]) {
        _ = send(descriptor.number, bytes, bytes.count, CInt(MSG_NOSIGNAL))
    }

    func write(frame text: String) {
        write(FrameBuffer.frame(Array(text.utf8)))
    }

    /// nil at the end of the stream.
    func read() async throws -> [UInt8]? {
        try await NIOThreadPool.singleton.runIfActive { [descriptor] in
            var bytes = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor.number, &bytes, bytes.count, 0)
            return count > 0 ? Array(bytes.prefix(count)) : nil
        }
    }

    func readToEnd() async throws -> [UInt8] {
        var all: [UInt8] = []
        while let more = try await read() { all += more }
        return all
    }

    func readFrame() async throws -> String? {
        var frames = FrameBuffer(maximumBody: LinkMessage.maximumBody)
        while true {
            if let body = try frames.next() { return String(decoding: body, as: UTF8.self) }
            guard let more = try await read() else { return nil }
            frames.append(more)
        }
    }
}
