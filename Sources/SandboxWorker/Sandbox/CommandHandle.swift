import Shared
import Synchronization

/// A command that runs in the sandbox.
final class CommandHandle: Sendable {
    let id: UInt32
    /// Inside the sandbox.
    let pid: Int32

    private struct State {
        var exit: SessionExit?
        var waiters: [CheckedContinuation<SessionExit, Never>] = []
    }

    private let state = Mutex(State())

    init(id: UInt32, pid: Int32) {
        self.id = id
        self.pid = pid
    }

    /// How it ended; waits until it has. When the sandbox ends first, every command was killed: signal 9.
    func exit() async -> SessionExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    func finish(_ exit: SessionExit) {
        let waiters = state.withLock { state in
            guard state.exit == nil else { return [CheckedContinuation<SessionExit, Never>]() }
            state.exit = exit
            defer { state.waiters = [] }
            return state.waiters
        }
        waiters.forEach { $0.resume(returning: exit) }
    }
}
