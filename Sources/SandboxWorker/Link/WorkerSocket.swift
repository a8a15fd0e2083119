import CSandbox
import Glibc
import Shared

/// Dials `worker.sock` through the descriptor of its folder: the worker needs no right on any path above it.
struct WorkerSocket: Sendable {
    /// Path of the socket.
    let path: String

    /// - Parameter folder: descriptor of `RUN`.
    init(folder: CInt) {
        path = "/proc/self/fd/\(folder)/worker.sock"
    }

    init(path: String) {
        self.path = path
    }

    /// A connected, non-blocking socket on which `hello` was sent with its descriptors in one message. The caller owns it.
    /// - Throws: `unavailable` when nobody listens or the backlog is full: try again.
    func dial(_ hello: LinkHello, descriptors: [CInt]) throws(NemoClawError) -> CInt {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | O_NONBLOCK | O_CLOEXEC, 0)
        guard descriptor >= 0 else { throw Self.failure("open a socket", errno) }
        do throws(NemoClawError) {
            try connect(descriptor)
            let frame = FrameBuffer.frame(try JSONCoding.encode(LinkMessage.hello(hello)))
            let sent = csandbox_send_fds(descriptor, frame, frame.count, descriptors, descriptors.count)
            // A fresh socket's buffer holds a hello many times over; less than all of it means that something is wrong.
            guard sent == frame.count else { throw Self.failure("send hello", sent < 0 ? CInt(-sent) : EMSGSIZE) }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private func connect(_ descriptor: CInt) throws(NemoClawError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else {
            throw NemoClawError(.invalidArgument, "path of worker.sock is too long")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Self.failure("connect to worker.sock", errno) }
    }

    private static func failure(_ step: String, _ code: CInt) -> NemoClawError {
        NemoClawError(.unavailable, "cannot \(step): \(String(cString: strerror(code)).lowercased())")
    }
}
