import CSandbox
import Glibc
import Shared

/// The loop of pid 1. One thread: a packet, an ended child or the end of a grace period at a time.
struct InitService {
    private let link: InitSocket
    private let signals: CInt
    private var commands = CommandTable()
    private var buffer = [UInt8](repeating: 0, count: InitMessage.maximumSize)
    /// Monotonic milliseconds at which a shutdown stops waiting.
    private var shutdownDeadline: Int64?

    init(link: InitSocket, signals: CInt) {
        self.link = link
        self.signals = signals
    }

    /// Runs until the sandbox is to end; the kernel kills what is left when pid 1 exits.
    mutating func run() -> CInt {
        while true {
            let ready = csandbox_poll_two(link.descriptor, signals, timeout)
            guard ready >= 0 else { return 71 }
            if ready & 2 != 0 {
                csandbox_drain_signals(signals)
                guard reap() else { break }
            }
            if ready & 1 != 0 {
                guard takePacket() else { break }
            }
            if let deadline = shutdownDeadline, csandbox_now_milliseconds() >= deadline { break }
        }
        kill(-1, SIGKILL)
        return 0
    }

    private var timeout: CInt {
        guard let deadline = shutdownDeadline else { return -1 }
        return CInt(clamping: max(0, deadline - csandbox_now_milliseconds()))
    }

    /// False when the sandbox is to end.
    private mutating func reap() -> Bool {
        while true {
            var kind: CInt = 0
            var value: CInt = 0
            let pid = csandbox_reap(&kind, &value)
            guard pid > 0 else { return !(pid == -ECHILD && shutdownDeadline != nil) }
            guard let id = commands.remove(pid: pid) else { continue }
            let exit: InitExit =
                kind == 0
                ? .code(UInt8(truncatingIfNeeded: value)) : .signal(UInt8(truncatingIfNeeded: value))
            guard link.send(.exited(id: id, exit)) else { return false }
        }
    }

    private mutating func takePacket() -> Bool {
        switch link.receive(into: &buffer) {
        case .ended: return false
        case .invalid(let id):
            guard let id, commands.pid(of: id) == nil else { return true }
            return fail(id, errno: EBADMSG, step: "read the request")
        case .message(.start(let command), let descriptors): return start(command, descriptors)
        case .message(let message, let descriptors):
            for descriptor in descriptors { close(descriptor) }
            return take(message)
        }
    }

    private mutating func take(_ message: InitMessage) -> Bool {
        switch message {
        case .signal(let id, let signal):
            // The pid is free for others only after it was reaped here, so it still is this command's.
            if let pid = commands.pid(of: id), signal > 0 { kill(-pid, CInt(signal)) }
        case .shutdown(let grace): return shutDown(grace: grace)
        case .start, .started, .failed, .exited: break  // not for init
        }
        return true
    }

    private mutating func shutDown(grace: UInt32) -> Bool {
        let deadline = csandbox_now_milliseconds() + Int64(grace)
        shutdownDeadline = min(shutdownDeadline ?? deadline, deadline)
        kill(-1, SIGTERM)
        kill(-1, SIGCONT)  // a stopped command has to hear it
        return reap()
    }

    private mutating func start(_ command: InitCommand, _ descriptors: [CInt]) -> Bool {
        guard shutdownDeadline == nil, !commands.isFull, commands.pid(of: command.id) == nil else {
            for descriptor in descriptors { close(descriptor) }
            if commands.pid(of: command.id) != nil { return true }  // an answer would be taken for the running one's
            return shutdownDeadline != nil
                ? fail(command.id, errno: ESHUTDOWN, step: "start a command while stopping")
                : fail(command.id, errno: EAGAIN, step: "start more than \(CommandTable.limit) commands")
        }
        do throws(CommandStarter.Failure) {
            let (pid, master) = try CommandStarter.start(command, descriptors: descriptors)
            commands.add(id: command.id, pid: pid)
            defer { if let master { close(master) } }
            return link.send(
                .started(id: command.id, pid: UInt32(bitPattern: pid)), descriptors: master.map { [$0] } ?? [])
        } catch {
            return fail(command.id, errno: error.errno, step: error.step)
        }
    }

    private func fail(_ id: UInt32, errno: CInt, step: String) -> Bool {
        link.send(.failed(id: id, errno: UInt32(bitPattern: errno), step: step))
    }
}
