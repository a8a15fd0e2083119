import CSandbox
import Glibc
import NIOPosix
import Shared
import Synchronization

/// Says when a worker ends, within a millisecond: one thread in `poll` over process descriptors.
///
/// NIO's selector cannot take a process descriptor: its channels read what they watch, and these cannot be read.
final class ProcessWatcher: Sendable {
    private struct Watched {
        let process: WorkerProcess
        let ended: @Sendable (WorkerExit) -> Void
    }

    private struct State {
        var watched: [Watched] = []
        var isStopped = false
    }

    private let wakeup: Wakeup
    private let state = Mutex(State())
    private let thread = NIOThreadPool(numberOfThreads: 1)

    init() throws(NemoClawError) {
        wakeup = try Wakeup()
        thread.start()
        thread.submit { [self] state in
            if case .active = state { loop() }
        }
    }

    /// Calls `ended` once, on the watcher's thread, when the process has ended; a child is reaped.
    func watch(_ process: WorkerProcess, ended: @escaping @Sendable (WorkerExit) -> Void) {
        state.withLock { $0.watched.append(Watched(process: process, ended: ended)) }
        wakeup.wake()
    }

    /// Ends the thread. Processes live on.
    func stop() {
        state.withLock { $0.isStopped = true }
        wakeup.wake()
        thread.shutdownGracefully { _ in }
    }

    private func loop() {
        while true {
            let (watched, isStopped) = state.withLock { ($0.watched, $0.isStopped) }
            if isStopped { return }
            var polled = [pollfd(fd: wakeup.readEnd.number, events: Int16(POLLIN), revents: 0)]
            polled += watched.map { pollfd(fd: $0.process.descriptor.number, events: Int16(POLLIN), revents: 0) }
            guard poll(&polled, nfds_t(polled.count), -1) >= 0 else { continue }  // EINTR
            if polled[0].revents != 0 { wakeup.drain() }
            for (entry, event) in zip(watched, polled.dropFirst()) where event.revents != 0 { report(entry) }
        }
    }

    private func report(_ entry: Watched) {
        let number = entry.process.descriptor.number
        state.withLock { state in state.watched.removeAll { $0.process.descriptor === entry.process.descriptor } }
        var kind: CInt = 0
        var value: CInt = 0
        let result = csandbox_pidfd_wait(number, 0, &kind, &value)
        entry.ended(result != 0 ? .unknown : kind == 0 ? .code(value) : .signal(value))
    }
}
