import CSandbox
import Glibc
import NIOPosix
import Shared
import Synchronization

/// Says when a worker ends, within a millisecond: one thread in `epoll_wait` over process descriptors.
///
/// NIO's selector cannot take a process descriptor: its channels read what they watch, and these cannot be read.
final class ProcessWatcher: Sendable {
    private let epoll: Descriptor
    private let wake: Descriptor
    private let watched = Mutex<[UInt64: Watched]>([:])
    private let thread = NIOThreadPool(numberOfThreads: 1)

    private struct Watched {
        let process: WorkerProcess
        let ended: @Sendable (WorkerExit) -> Void
    }

    init() throws(NemoClawError) {
        let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system("cannot create an epoll instance", errno) }
        self.epoll = Descriptor(owning: epoll)
        let wake = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wake >= 0 else { throw .system("cannot create an eventfd", errno) }
        self.wake = Descriptor(owning: wake)
        try Self.add(wake, token: 0, to: epoll)
        thread.start()
        thread.submit { [self] state in
            if case .active = state { loop() }
        }
    }

    /// Calls `ended` once, on the watcher's thread, when the process has ended; a child is reaped.
    func watch(_ process: WorkerProcess, ended: @escaping @Sendable (WorkerExit) -> Void) throws(NemoClawError) {
        let token = UInt64(UInt32(bitPattern: process.descriptor.number)) + 1
        watched.withLock { $0[token] = Watched(process: process, ended: ended) }
        do {
            try Self.add(process.descriptor.number, token: token, to: epoll.number)
        } catch {
            watched.withLock { $0[token] = nil }
            throw error
        }
    }

    /// Ends the thread. Processes live on.
    func stop() {
        eventfd_write(wake.number, 1)
        thread.shutdownGracefully { _ in }
    }

    private static func add(_ number: CInt, token: UInt64, to epoll: CInt) throws(NemoClawError) {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: token))
        guard epoll_ctl(epoll, EPOLL_CTL_ADD, number, &event) == 0 else {
            throw .system("cannot watch a descriptor", errno)
        }
    }

    private func loop() {
        var events = [epoll_event](repeating: epoll_event(), count: 16)
        while true {
            let count = epoll_wait(epoll.number, &events, CInt(events.count), -1)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            for event in events.prefix(Int(count)) {
                guard event.data.u64 != 0 else { return }
                report(event.data.u64)
            }
        }
    }

    private func report(_ token: UInt64) {
        guard let entry = watched.withLock({ $0.removeValue(forKey: token) }) else { return }
        let number = entry.process.descriptor.number
        epoll_ctl(epoll.number, EPOLL_CTL_DEL, number, nil)
        var kind: CInt = 0
        var value: CInt = 0
        let result = csandbox_pidfd_wait(number, 0, &kind, &value)
        entry.ended(result != 0 ? .unknown : kind == 0 ? .code(value) : .signal(value))
    }
}
