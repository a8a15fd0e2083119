import CSandbox
import Glibc
import Shared

/// One frame on a fresh non-blocking socket, whose empty buffer takes it at once.
enum FrameReply {
    /// - Returns: whether the peer has it.
    @discardableResult
    static func send(_ value: some Encodable, to socket: Descriptor, passing passed: Descriptor? = nil) -> Bool {
        guard let body = try? JSONCoding.encode(value) else { return false }  // try?: our own types always encode
        let frame = FrameBuffer.frame(body)
        let numbers = passed.map { [$0.number] } ?? []
        return csandbox_send_fds(socket.number, frame, frame.count, numbers, numbers.count) == frame.count
    }
}
