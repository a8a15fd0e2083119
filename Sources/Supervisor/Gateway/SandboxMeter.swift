import Synchronization

/// What a sandbox used since the supervisor started.
struct GatewayUsage: Sendable, Equatable {
    var requests: Int = 0
    var inputTokens: Int64 = 0
    var outputTokens: Int64 = 0
    var activeStreams: Int = 0
    var connections: Int = 0
}

/// Counters of one sandbox, shared by all event loops.
final class SandboxMeter: Sendable {
    private let requests = Atomic<Int>(0)
    private let inputTokens = Atomic<Int64>(0)
    private let outputTokens = Atomic<Int64>(0)
    private let activeStreams = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)

    /// - Returns: false when the sandbox has as many connections as it may have.
    func connectionOpened() -> Bool {
        let count = connections.add(1, ordering: .relaxed).newValue
        guard count > GatewayLimits.connectionsPerSandbox else { return true }
        connections.subtract(1, ordering: .relaxed)
        return false
    }

    func connectionClosed() { connections.subtract(1, ordering: .relaxed) }

    func streamStarted() {
        requests.add(1, ordering: .relaxed)
        activeStreams.add(1, ordering: .relaxed)
    }

    func streamEnded(input: Int64, output: Int64) {
        activeStreams.subtract(1, ordering: .relaxed)
        inputTokens.wrappingAdd(input, ordering: .relaxed)
        outputTokens.wrappingAdd(output, ordering: .relaxed)
    }

    var usage: GatewayUsage {
        GatewayUsage(
            requests: requests.load(ordering: .relaxed), inputTokens: inputTokens.load(ordering: .relaxed),
            outputTokens: outputTokens.load(ordering: .relaxed),
            activeStreams: activeStreams.load(ordering: .relaxed), connections: connections.load(ordering: .relaxed))
    }
}
