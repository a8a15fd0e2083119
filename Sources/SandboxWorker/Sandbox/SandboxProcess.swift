import CSandbox
import Glibc
import Shared
import Synchronization

/// A running sandbox: pid 1 as the host sees it. The listeners belong to the caller; the rest is closed with this.
final class SandboxProcess: Sendable {
    /// Pid of init on the host.
    let pid: Int32
    let pidfd: CInt
    let listeners: SandboxListeners
    let initSocket: CInt

    private struct State {
        var exit: SessionExit?
        var waiters: [CheckedContinuation<SessionExit, Never>] = []
    }

    private let state = Mutex(State())

    init(pid: Int32, pidfd: CInt, listeners: SandboxListeners, initSocket: CInt) {
        self.pid = pid
        self.pidfd = pidfd
        self.listeners = listeners
        self.initSocket = initSocket
    }

    deinit {
        close(pidfd)
        close(initSocket)
    }

    /// Ends the sandbox and everything in it at once.
    func kill() {
        // Only fails when it has ended already.
        _ = csandbox_pidfd_send_signal(pidfd, SIGKILL)
    }

    /// How init ended; waits until it has. It does end: after `kill`, and when the worker's end of its socket closes.
    func exit() async -> SessionExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Blocks until init has ended, and reaps it. Called once, by the thread that launched it.
    func waitForEnd() {
        var kind: CInt = 0
        var value: CInt = 0
        let result = csandbox_pidfd_wait(pidfd, -1, &kind, &value)
        let exit: SessionExit =
            switch (result, kind) {
            case (0, 0): SessionExit(code: value)
            case (0, _): SessionExit(signal: value)
            default: SessionExit()  // someone else reaped it: it ended, nobody knows how
            }
        let waiters = state.withLock { state in
            state.exit = exit
            defer { state.waiters = [] }
            return state.waiters
        }
        waiters.forEach { $0.resume(returning: exit) }
    }
}
