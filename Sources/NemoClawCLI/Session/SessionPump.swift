import FoundationEssentials
import Glibc
import Shared

/// Moves bytes between this program's descriptors and a session until its command ends.
struct SessionPump {
    /// Grace between the polite signal and hanging up.
    static let graceMilliseconds = 2000

    let connection: SessionConnection
    /// Where input comes from; nil: none, and the command sees its end at once.
    var input: Int32?
    var output: SessionSink
    var errors: SessionSink
    /// The terminal that output goes to, when the command has one.
    var terminal: Int32?
    var mode: TerminalMode?
    var interrupts: Interrupts?
    var timeout = Deadline.never
    private var exit: Int32?
    private var wasInterrupted = false
    private var hangUp: (deadline: Deadline, code: Int32)?

    init(connection: SessionConnection, input: Int32?, output: SessionSink, errors: SessionSink) {
        self.connection = connection
        self.input = input
        self.output = output
        self.errors = errors
    }

    /// Sends `request` and pumps. The command's exit code, 128 + signal when a signal ended it, 124 after `timeout`.
    mutating func run(_ request: SessionRequest) throws -> Int32 {
        connection.enqueue(.open, try JSONCoding.encode(request))
        if input == nil { connection.enqueue(.input, []) }
        while true {
            try drainFrames()
            if let exit, output.pollDescriptor == nil, errors.pollDescriptor == nil { return exit }
            if output.isGone && exit == nil { return 128 + SIGPIPE }
            if let hangUp, hangUp.deadline.hasPassed { return hangUp.code }
            if hangUp == nil, exit == nil, timeout.hasPassed {
                connection.enqueue(.signal, [UInt8(SIGTERM)])
                hangUp = (.after(milliseconds: Self.graceMilliseconds), 124)
            }
            try turn()
        }
    }

    private mutating func turn() throws {
        var entries: [pollfd] = []
        func add(_ descriptor: Int32, _ events: Int32) -> Int {
            entries.append(pollfd(fd: descriptor, events: Int16(events), revents: 0))
            return entries.count - 1
        }
        let wantsRead = exit == nil && !output.isFull && !errors.isFull
        let socketEvents = (wantsRead ? POLLIN : 0) | (connection.waiting > 0 ? POLLOUT : 0)
        // A socket nothing is wanted of would report its hang-up without end: leave it out.
        let socket = socketEvents != 0 ? add(connection.stream.descriptor, Int32(socketEvents)) : nil
        let reading = exit == nil && connection.waiting < 65_536 ? input.map { add($0, Int32(POLLIN)) } : nil
        let signals = interrupts.map { add($0.descriptor, Int32(POLLIN)) }
        let out = output.pollDescriptor.map { add($0, Int32(POLLOUT)) }
        let err = errors.pollDescriptor.map { add($0, Int32(POLLOUT)) }
        let deadline = hangUp.map(\.deadline) ?? (exit == nil ? timeout : .never)
        guard poll(&entries, nfds_t(entries.count), deadline.pollTimeout) > 0 else { return }
        func isReady(_ index: Int?) -> Bool { index.map { entries[$0].revents != 0 } ?? false }
        if isReady(out) { output.writePiece() }
        if isReady(err) { errors.writePiece() }
        if isReady(signals) { try handleSignals() }
        if isReady(reading) { readInput() }
        if isReady(socket) || connection.waiting > 0 { try exchange(wantsRead: wantsRead && isReady(socket)) }
    }

    private mutating func exchange(wantsRead: Bool) throws {
        let sent = connection.flush()
        // The other side may be gone for writing and still have sent the command's end.
        let alive = wantsRead || !sent ? connection.fill() : true
        if !sent {
            connection.discard()
            input = nil
        }
        if !alive {
            try drainFrames()
            if exit == nil {
                if let hangUp {
                    exit = hangUp.code
                } else {
                    throw NemoClawError(
                        .unavailable, "the sandbox closed the session before the command ended",
                        hint: "Run `nemoclaw list` to see its state")
                }
            }
        }
    }

    private mutating func drainFrames() throws {
        guard exit == nil else { return }
        while exit == nil, let frame = try connection.nextFrame() {
            switch frame.kind {
            case .output: output.append(frame.body)
            case .errors: errors.append(frame.body)
            case .exited:
                let end = try JSONCoding.decode(SessionExit.self, from: frame.body)
                exit = hangUp?.code == 124 ? 124 : end.signal.map { 128 + $0 } ?? end.code ?? 1
            case .failed: throw try JSONCoding.decode(NemoClawError.self, from: frame.body)
            case .open, .input, .resize, .signal:
                throw NemoClawError(.protocolViolation, "the sandbox sent a frame that only the command line sends")
            }
        }
    }

    private mutating func readInput() {
        guard let input else { return }
        var count = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 16_384) { buffer, initialized in
            count = read(input, buffer.baseAddress, buffer.count)
            initialized = max(0, count)
        }
        if count > 0 {
            connection.enqueue(.input, bytes)
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            connection.enqueue(.input, [])
            self.input = nil
        }
    }

    private mutating func handleSignals() throws {
        while let signal = interrupts?.next() {
            switch signal {
            case SIGWINCH: resize()
            case SIGTSTP: stop()
            case SIGCONT:
                mode?.change()
                resize()
            case SIGINT, SIGQUIT:
                // The first goes to the command, which may have its own idea of it; the second ends the session.
                guard !wasInterrupted else { throw Interrupted(signal: signal) }
                wasInterrupted = true
                connection.enqueue(.signal, [UInt8(signal)])
            default: throw Interrupted(signal: signal)
            }
        }
    }

    private func resize() {
        guard let terminal, let size = TerminalMode.size(of: terminal) else { return }
        let body = "{\"columns\":\(size.columns),\"rows\":\(size.rows)}"
        connection.enqueue(.resize, Array(body.utf8))
    }

    /// Somebody stopped us from outside: give the terminal back first, take it again when we go on.
    private func stop() {
        mode?.restore()
        kill(getpid(), SIGSTOP)
        mode?.change()
        resize()
    }
}
