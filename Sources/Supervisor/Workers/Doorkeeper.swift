import Glibc
import Logging
import NIOPosix
import Shared

/// One listening socket that `Doorkeeper` watches.
struct Door: Sendable {
    let name: String
    let listener: Descriptor
    let maximumFrame: Int
    /// Asked before the first byte is read; false closes the connection.
    let admits: @Sendable (PeerCredentials) -> Bool
    /// Called on the doorkeeper's thread: must not block.
    let greeted: @Sendable (Greeting) -> Void
}

/// Accepts on the doors and reads each peer's first frame, with its descriptors, on one thread. A peer that dawdles is
/// dropped after a deadline and holds up nobody.
final class Doorkeeper: Sendable {
    /// A first frame is one small write; a loaded host gets seconds.
    static let greetingMilliseconds: Int64 = 5_000
    /// Only our own workers and the operator get this far; above this the oldest gives way.
    static let maximumGreeters = 64
    private static let acceptBurst = 16
    private static let exhaustedPauseMilliseconds: Int64 = 100

    private let doors: [Door]
    private let wakeup: Wakeup
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let logger: Logger

    init(doors: [Door], logger: Logger) throws(NemoClawError) {
        self.doors = doors
        self.logger = logger
        wakeup = try Wakeup()
    }

    func start() {
        thread.start()
        thread.submit { [self] state in
            if case .active = state { loop() }
        }
    }

    func stop() {
        wakeup.wake()
        thread.shutdownGracefully { _ in }
    }

    private struct Waiting {
        let door: Door
        var greeter: Greeter
    }

    private func loop() {
        var waiting: [Waiting] = []
        var pausedUntil: Int64 = 0
        while true {
            let now = MonotonicClock.milliseconds()
            let accepts = now >= pausedUntil
            var polled = [pollfd(fd: wakeup.readEnd.number, events: Int16(POLLIN), revents: 0)]
            // A negative number is skipped by poll(2): keeps the positions.
            polled += doors.map { pollfd(fd: accepts ? $0.listener.number : -1, events: Int16(POLLIN), revents: 0) }
            polled += waiting.map { pollfd(fd: $0.greeter.socket.number, events: Int16(POLLIN), revents: 0) }
            var wait = (waiting.map(\.greeter.deadline).min().map { max(0, $0 - now) }) ?? 60_000
            if !accepts { wait = min(wait, pausedUntil - now) }
            let result = poll(&polled, nfds_t(polled.count), CInt(clamping: wait))
            if result < 0 && errno != EINTR {
                logger.critical("doorkeeper cannot poll", metadata: ["error.errno": "\(errno)"])
                return
            }
            guard result >= 0 else { continue }
            if polled[0].revents != 0 { return }
            let first = 1 + doors.count
            waiting = advance(waiting, polled[first...].map(\.revents))
            for (index, door) in doors.enumerated() where polled[1 + index].revents != 0 {
                if !accept(at: door, into: &waiting) {
                    pausedUntil = MonotonicClock.milliseconds() + Self.exhaustedPauseMilliseconds
                }
            }
        }
    }

    private func advance(_ waiting: [Waiting], _ events: [Int16]) -> [Waiting] {
        let now = MonotonicClock.milliseconds()
        return zip(waiting, events).compactMap { entry, events in
            var entry = entry
            guard events != 0 else {
                if entry.greeter.deadline > now { return entry }
                refuse(entry.door, entry.greeter.peer, "no greeting in time")
                return nil
            }
            return step(&entry) ? entry : nil
        }
    }

    /// Whether the entry keeps waiting.
    private func step(_ entry: inout Waiting) -> Bool {
        switch entry.greeter.advance() {
        case .waits: return true
        case .gone: refuse(entry.door, entry.greeter.peer, "no valid greeting")
        case .greeted(let greeting): entry.door.greeted(greeting)
        }
        return false
    }

    /// False when the process has no descriptor left.
    private func accept(at door: Door, into waiting: inout [Waiting]) -> Bool {
        for _ in 0..<Self.acceptBurst {
            let number = Glibc.accept(door.listener.number, nil, nil)
            if number < 0 {
                return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM
            }
            let socket = Descriptor(owning: number)
            // Not atomic with accept, and need not be: whatever we start gets only the descriptors that are named.
            guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0, fcntl(number, F_SETFL, O_NONBLOCK) == 0 else { continue }
            // try?: a peer without a name is a stranger
            guard let peer = try? PeerCredentials(of: number) else { continue }
            guard door.admits(peer) else {
                refuse(door, peer, "not admitted")
                continue
            }
            if waiting.count >= Self.maximumGreeters { waiting.removeFirst() }
            var entry = Waiting(
                door: door,
                greeter: Greeter(
                    socket: socket, peer: peer, deadline: MonotonicClock.milliseconds() + Self.greetingMilliseconds,
                    maximumFrame: door.maximumFrame))
            if step(&entry) { waiting.append(entry) }
        }
        return true
    }

    private func refuse(_ door: Door, _ peer: PeerCredentials, _ why: String) {
        logger.notice(
            "turned a peer away",
            metadata: [
                "door.name": "\(door.name)", "peer.uid": "\(peer.uid)", "peer.pid": "\(peer.pid)", "reason": "\(why)",
            ])
    }
}
