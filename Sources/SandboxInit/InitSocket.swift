import CSandbox
import Glibc
import Shared

/// The packets on the worker's socket.
struct InitSocket {
    let descriptor: CInt

    enum Packet {
        case message(InitMessage, descriptors: [CInt])
        /// Not understood; `start` names the command when it was one.
        case invalid(start: UInt32?)
        case ended
    }

    init(descriptor: CInt) {
        self.descriptor = descriptor
        // A worker that takes nothing for this long is as good as gone; init must not hang on it for ever.
        var limit = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    func receive(into buffer: inout [UInt8]) -> Packet {
        var descriptors = [CInt](repeating: -1, count: InitMessage.standardDescriptors)
        var count = 0
        let received = csandbox_recv_fds(
            descriptor, &buffer, buffer.count, &descriptors, descriptors.count, &count)
        if received == -Int(EMSGSIZE) || received == -Int(EAGAIN) { return .invalid(start: nil) }
        guard received > 0 else { return .ended }
        let bytes = buffer[..<received]
        do throws(InitMessageProblem) {
            return .message(try InitMessage(packet: bytes), descriptors: Array(descriptors[..<count]))
        } catch {
            for descriptor in descriptors[..<count] { close(descriptor) }
            return .invalid(start: InitMessage.startIdentifier(packet: bytes))
        }
    }

    /// False when the worker is gone.
    func send(_ message: InitMessage, descriptors: [CInt] = []) -> Bool {
        let bytes: [UInt8]
        do throws(InitMessageProblem) {
            bytes = try message.encoded()
        } catch {
            return true  // cannot happen: what init sends is short; not a reason to end the sandbox
        }
        return csandbox_send_fds(descriptor, bytes, bytes.count, descriptors, descriptors.count) >= 0
    }
}
