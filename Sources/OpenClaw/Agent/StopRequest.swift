import Synchronization

/// A signal that asked this program to end, for those who poll and for the one who waits.
final class StopRequest: Sendable {
    private let received = Mutex<Int32?>(nil)
    private let stream: AsyncStream<Int32>
    private let continuation: AsyncStream<Int32>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// The first signal, once there was one.
    var signal: Int32? { received.withLock { $0 } }

    /// - Returns: whether this was the first.
    @discardableResult
    func send(_ signal: Int32) -> Bool {
        let isFirst = received.withLock { value in
            defer { value = value ?? signal }
            return value == nil
        }
        if isFirst { continuation.yield(signal) }
        return isFirst
    }

    /// Waits for the first signal; nil when the task is cancelled. One waiter, once.
    func wait() async -> Int32? {
        for await signal in stream { return signal }
        return nil
    }
}
