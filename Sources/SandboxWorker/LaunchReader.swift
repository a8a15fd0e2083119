import Glibc
import Shared

/// Reads the one JSON object that a worker gets when it starts.
enum LaunchReader {
    static let maximumBytes = 4 << 20
    static let milliseconds: Int32 = 10_000

    /// Reads `descriptor` to its end and closes it.
    static func read(_ descriptor: CInt) throws(NemoClawError) -> WorkerLaunch {
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, milliseconds)
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { throw NemoClawError(.timeout, "no launch was written to descriptor \(descriptor)") }
            let count = Glibc.read(descriptor, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw NemoClawError(.protocolViolation, "cannot read descriptor \(descriptor)") }
            if count == 0 { return try JSONCoding.decode(WorkerLaunch.self, from: bytes) }
            bytes += part[..<count]
            guard bytes.count <= maximumBytes else {
                throw NemoClawError(.protocolViolation, "launch is longer than \(maximumBytes) bytes")
            }
        }
    }
}
