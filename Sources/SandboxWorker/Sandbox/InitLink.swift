import CSandbox
import Glibc
import Shared
import Synchronization

/// The worker's side of the init socket: starts commands, signals them, learns how they end.
///
/// One thread of its own reads the packets: NIO has no channel for SOCK_SEQPACKET. Sending never blocks.
final class InitLink: Sendable {
    /// Init answers at once; one that does not for this long is stuck.
    static let answerDeadline = Duration.seconds(10)

    private typealias Started = Result<(CommandHandle, CInt?), NemoClawError>

    private struct State {
        var nextID: UInt32 = 1
        var pending: [UInt32: CheckedContinuation<Started, Never>] = [:]
        var running: [UInt32: CommandHandle] = [:]
        var isEnded = false
        var endWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private let process: SandboxProcess
    private let state = Mutex(State())

    /// Starts reading. One link a process.
    /// - Throws: `sandbox_failed` when no thread can be made.
    init(_ process: SandboxProcess) throws(NemoClawError) {
        self.process = process
        // It keeps the link alive until init is gone, which a dropped worker, `shutdown` or `kill` bring about.
        let created = BlockingThread.start("init-link") { [self] in read() }
        guard created == 0 else {
            throw NemoClawError(
                .sandboxFailed, "cannot read from init: create a thread: \(String(cString: strerror(created)))")
        }
    }

    /// Starts a command with the given descriptors, which stay the caller's to close.
    /// - Throws: `sandbox_failed` with init's step and cause, `not_running`, `timeout`, `busy`, `invalid_argument`.
    func start(
        argv: [String], environment: [String], directory: String, stdio: (in: CInt, out: CInt, err: CInt)
    ) async throws(NemoClawError) -> CommandHandle {
        let (handle, master) = try await start(
            terminal: nil, argv, environment, directory, descriptors: [stdio.in, stdio.out, stdio.err])
        if let master { close(master) }
        return handle
    }

    /// Starts a command on a terminal of the sandbox's own. The master is the caller's to close; closing it hangs up.
    func startTerminal(
        argv: [String], environment: [String], directory: String, columns: UInt16, rows: UInt16
    ) async throws(NemoClawError) -> (CommandHandle, master: CInt) {
        let size = InitTerminal(columns: columns, rows: rows)
        let (handle, master) = try await start(terminal: size, argv, environment, directory, descriptors: [])
        guard let master else {
            signal(handle.id, SIGKILL)
            throw NemoClawError(.protocolViolation, "cannot start \"\(argv[0])\": init sent no terminal")
        }
        return (handle, master)
    }

    /// To the command's process group. Nothing happens when it has ended.
    func signal(_ id: UInt32, _ signal: Int32) {
        guard let number = UInt8(exactly: signal), number > 0 else { return }
        // A full socket means that init is stuck; whoever needs certainty waits for the exit and kills the sandbox.
        _ = send(.signal(id: id, signal: number), [])
    }

    /// TERM to all commands, KILL after the grace. `ended` tells when it is done.
    func shutdown(graceMilliseconds: UInt32) {
        _ = send(.shutdown(graceMilliseconds: graceMilliseconds), [])
    }

    /// Returns when init is gone.
    var ended: Void {
        get async {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isEnded = state.withLock { state in
                    if !state.isEnded { state.endWaiters.append(continuation) }
                    return state.isEnded
                }
                if isEnded { continuation.resume() }
            }
        }
    }

    private func start(
        terminal: InitTerminal?, _ argv: [String], _ environment: [String], _ directory: String, descriptors: [CInt]
    ) async throws(NemoClawError) -> (CommandHandle, CInt?) {
        let id = state.withLock { state in
            defer { state.nextID &+= 1 }
            return state.nextID
        }
        let command = InitCommand(
            id: id, terminal: terminal, directory: directory, argv: argv, environment: environment)
        // A deadline task instead of a group: typed, and the answer alone decides. Cancelled as soon as it is there.
        let expiry = Task { [weak self] in
            try await Task.sleep(for: Self.answerDeadline)
            self?.resolve(id, .failure(NemoClawError(.timeout, "init did not answer within 10 seconds")))
        }
        defer { expiry.cancel() }
        let result: Started = await withCheckedContinuation { continuation in
            let isEnded = state.withLock { state in
                if !state.isEnded { state.pending[id] = continuation }
                return state.isEnded
            }
            if isEnded { return continuation.resume(returning: .failure(Self.gone)) }
            if let problem = send(.start(command), descriptors) { resolve(id, .failure(problem)) }
        }
        return try result.get()
    }

    private static let gone = NemoClawError(.notRunning, "the sandbox has ended")

    private func send(_ message: InitMessage, _ descriptors: [CInt]) -> NemoClawError? {
        let packet: [UInt8]
        do throws(InitMessageProblem) {
            packet = try message.encoded()
        } catch .tooLong {
            return NemoClawError(.invalidArgument, "cannot start the command: arguments and environment exceed 64 KiB")
        } catch {
            return NemoClawError(.invalidArgument, "cannot start the command: no argument, or one with a zero byte")
        }
        let sent = csandbox_send_fds(process.initSocket, packet, packet.count, descriptors, descriptors.count)
        switch sent {
        case 0...: return nil
        case -Int(EAGAIN): return NemoClawError(.busy, "init does not take requests")
        case -Int(EPIPE), -Int(ECONNRESET): return Self.gone
        default:
            let cause = String(cString: strerror(CInt(-sent))).lowercased()
            return NemoClawError(.sandboxFailed, "cannot send to init: \(cause)")
        }
    }

    private func resolve(_ id: UInt32, _ result: Started) {
        state.withLock { $0.pending.removeValue(forKey: id) }?.resume(returning: result)
    }
}

// The reading thread.
extension InitLink {
    private func read() {
        var buffer = [UInt8](repeating: 0, count: InitMessage.maximumSize)
        var descriptors = [CInt](repeating: -1, count: 1)
        while csandbox_poll_two(process.initSocket, -1, -1) >= 0 {
            var count = 0
            let received = csandbox_recv_fds(
                process.initSocket, &buffer, buffer.count, &descriptors, descriptors.count, &count)
            if received == -Int(EAGAIN) || received == -Int(EMSGSIZE) { continue }
            guard received > 0 else { break }
            let master = count == 1 ? descriptors[0] : nil
            do throws(InitMessageProblem) {
                take(try InitMessage(packet: buffer[..<received]), master)
            } catch {
                if let master { close(master) }
                process.kill()  // the peer is our own init; one that talks nonsense has been taken over
            }
        }
        end()
    }

    private func take(_ message: InitMessage, _ master: CInt?) {
        switch message {
        case .started(let id, let pid): return started(id, pid, master)
        case .failed(let id, let errno, let step):
            let cause = String(cString: strerror(CInt(truncatingIfNeeded: errno))).lowercased()
            resolve(id, .failure(NemoClawError(.sandboxFailed, "cannot start the command: \(step): \(cause)")))
        case .exited(let id, let exit):
            let handle = state.withLock { $0.running.removeValue(forKey: id) }
            switch exit {
            case .code(let code): handle?.finish(SessionExit(code: Int32(code)))
            case .signal(let signal): handle?.finish(SessionExit(signal: Int32(signal)))
            }
        case .start, .signal, .shutdown: break  // not for the worker
        }
        if let master { close(master) }
    }

    private func started(_ id: UInt32, _ pid: UInt32, _ master: CInt?) {
        let handle = CommandHandle(id: id, pid: Int32(truncatingIfNeeded: pid))
        let waiter = state.withLock { state in
            let waiter = state.pending.removeValue(forKey: id)
            if waiter != nil { state.running[id] = handle }
            return waiter
        }
        guard let waiter else {  // its deadline is over: nobody knows of it, so nobody would end it
            if let master { close(master) }
            return signal(id, SIGKILL)
        }
        waiter.resume(returning: .success((handle, master)))
    }

    private func end() {
        let state = state.withLock { state in
            let last = state
            state.isEnded = true
            state.pending = [:]
            state.running = [:]
            state.endWaiters = []
            return last
        }
        state.pending.values.forEach { $0.resume(returning: .failure(Self.gone)) }
        state.running.values.forEach { $0.finish(SessionExit(signal: SIGKILL)) }
        state.endWaiters.forEach { $0.resume() }
    }
}
