import Glibc
import Shared

/// Where a session's output goes: a descriptor, or memory up to a limit.
struct SessionSink {
    private enum Target {
        case descriptor(Int32)
        case memory(limit: Int)
    }

    private let target: Target
    private(set) var bytes: [UInt8] = []
    private var start = 0
    private(set) var isOverLimit = false
    private(set) var isGone = false

    static func descriptor(_ number: Int32) -> SessionSink { SessionSink(target: .descriptor(number)) }
    static func memory(limit: Int) -> SessionSink { SessionSink(target: .memory(limit: limit)) }

    private init(target: Target) { self.target = target }

    /// Nothing more is read from the session while this much waits for a descriptor.
    static let maximumWaiting = 262_144
    /// A pipe that polls writable takes this much without blocking (PIPE_BUF, pipe(7)).
    private static let piece = 4096

    /// The descriptor to poll for writing, when something waits.
    var pollDescriptor: Int32? {
        if case .descriptor(let number) = target, start < bytes.count { number } else { nil }
    }

    var isFull: Bool { pollDescriptor != nil && bytes.count - start >= Self.maximumWaiting }

    mutating func append(_ new: [UInt8]) {
        guard !isGone else { return }
        if case .memory(let limit) = target, bytes.count + new.count > limit {
            isOverLimit = true
            bytes.append(contentsOf: new.prefix(limit - bytes.count))
        } else {
            bytes.append(contentsOf: new)
        }
    }

    /// Writes one piece to a descriptor that polled writable.
    mutating func writePiece() {
        guard let descriptor = pollDescriptor else { return }
        let count = bytes[start..<min(bytes.count, start + Self.piece)].withUnsafeBytes {
            write(descriptor, $0.baseAddress, $0.count)
        }
        if count < 0 && errno != EAGAIN && errno != EINTR {
            isGone = true
            start = bytes.count
        }
        start += max(0, count)
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        }
    }
}
