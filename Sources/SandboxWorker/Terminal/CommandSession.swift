import Glibc
import Logging
import NIOCore
import NIOPosix
import Shared

/// One shell or command that a CLI runs in the sandbox: frames on one side, pipes or a terminal on the other. Whoever
/// is slower holds the other back; nothing is buffered without a bound. It lives on the worker's event loop.
actor CommandSession {
    /// A command whose CLI hung up gets this between HUP and KILL.
    static let killTime = TimeAmount.seconds(2)
    /// After the command's end, silence on its output for this long means that nothing more comes.
    static let silenceTime = TimeAmount.seconds(1)
    /// Time for `open` after the session was handed over.
    static let openTime = TimeAmount.seconds(15)

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let starter: any CommandStarter
    private let port: UInt16
    private let logger: Logger
    private var machine = SessionStateMachine()
    private var frames = FrameBuffer(maximumBody: SessionFrameKind.maximumBody)
    private var client: (any Channel)?
    private var streams: SessionStreams?
    private var command: (any RunningCommand)?
    private var openOutputs = 0
    private var exit: SessionExit?
    private var silence: Scheduled<Void>?
    private var deadline: Scheduled<Void>?
    private var finished: @Sendable () -> Void

    init(
        eventLoop: any EventLoop, starter: any CommandStarter, port: UInt16, logger: Logger,
        finished: @escaping @Sendable () -> Void
    ) {
        self.eventLoop = eventLoop
        self.starter = starter
        self.port = port
        self.logger = logger
        self.finished = finished
    }

    /// Serves the CLI's connection; takes `descriptor` over.
    func serve(_ descriptor: CInt) async throws {
        deadline = eventLoop.scheduleTask(in: Self.openTime) { [weak self] in
            self?.assumeIsolated { $0.fail(NemoClawError(.timeout, "no command was named in time")) }
        }
        client = try await ClientBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 32_768))
            .channelOption(.writeBufferWaterMark, value: .init(low: 65_536, high: 262_144))
            .channelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        RelayHandler(
                            read: { bytes in self.assumeIsolated { $0.received(bytes, on: channel) } },
                            writable: { isWritable in self.assumeIsolated { $0.streams?.pauseOutput(!isWritable) } },
                            ended: { self.assumeIsolated { $0.hungUp() } }))
                }
            }
            .withConnectedSocket(descriptor).get()
    }

    // MARK: - From the CLI

    private func received(_ bytes: ByteBuffer, on channel: any Channel) {
        client = channel
        frames.append(bytes.readableBytesView)
        drain()
    }

    private func drain() {
        do throws(NemoClawError) {
            while !machine.isStarting, !machine.isEnded, let body = try frames.next() {
                try perform(try machine.frame(body))
            }
        } catch { fail(error) }
    }

    private func perform(_ action: SessionStateMachine.Action) throws(NemoClawError) {
        switch action {
        case .start(let request):
            deadline?.cancel()
            // Input waits in the socket until there is somebody to give it to.
            readClient(false)
            Task { await start(request) }
        case .input(let bytes): streams?.input.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        case .endOfInput:
            guard let input = streams?.input else { return }
            // Closes behind what was written before.
            input.writeAndFlush(ByteBuffer()).whenComplete { _ in input.close(promise: nil) }
        case .resize(let columns, let rows): streams?.resize(columns: columns, rows: rows)
        case .signal(let number):
            let command = command
            Task { await command?.signal(number) }
        case .ignore: break
        }
    }

    private func start(_ request: SessionRequest) async {
        var extra = request.environment
        if let name = request.terminal?.name { extra["TERM"] = name }
        let environment = SandboxEnvironment.variables(port: port, adding: extra)
        do {
            if let terminal = request.terminal {
                let (command, master) = try await starter.startTerminal(
                    argv: request.argv, environment: environment, directory: request.directory,
                    columns: terminal.columns, rows: terminal.rows)
                self.command = command
                openOutputs = 1
                streams = try await .terminal(master, eventLoop: eventLoop, callbacks)
            } else {
                var pipes = Pipes()
                defer { pipes.closeAll() }
                try pipes.open(3)
                command = try await starter.start(
                    argv: request.argv, environment: environment, directory: request.directory,
                    stdio: [pipes.readEnds[0], pipes.writeEnds[1], pipes.writeEnds[2]])
                openOutputs = 2
                streams = try await .pipes(&pipes, eventLoop: eventLoop, callbacks)
            }
        } catch {
            let command = command
            Task { await command?.signal(SIGKILL) }
            return fail(
                error as? NemoClawError ?? NemoClawError(.internalError, "cannot connect the command's streams"))
        }
        guard !machine.isEnded, let command else { return hungUp() }
        machine.started()
        readClient(true)
        drain()
        exited(await command.exit())
    }

    private func readClient(_ isReading: Bool) {
        client?.setOption(.autoRead, value: isReading).whenFailure { _ in }
    }

    // MARK: - From the command

    private var callbacks: SessionStreams.Callbacks {
        SessionStreams.Callbacks(
            output: { [self] bytes in assumeIsolated { $0.relay(.output, bytes) } },
            errors: { [self] bytes in assumeIsolated { $0.relay(.errors, bytes) } },
            inputWritable: { [self] isWritable in assumeIsolated { $0.readClient(isWritable) } },
            ended: { [self] in assumeIsolated { $0.outputEnded() } })
    }

    private func relay(_ kind: SessionFrameKind, _ bytes: ByteBuffer) {
        guard !machine.isEnded else { return }
        if exit != nil { awaitSilence() }
        send(kind, Array(bytes.readableBytesView))
        if client?.isWritable == false { streams?.pauseOutput(true) }
    }

    private func outputEnded() {
        openOutputs -= 1
        if openOutputs <= 0, let exit { finish(exit) }
    }

    private func exited(_ exit: SessionExit) {
        self.exit = exit
        if openOutputs <= 0 { finish(exit) } else { awaitSilence() }
    }

    /// A background child may hold the output open for ever; only a CLI that reads too slowly gets more time.
    private func awaitSilence() {
        silence?.cancel()
        silence = eventLoop.scheduleTask(in: Self.silenceTime) { [weak self] in
            self?.assumeIsolated { session in
                guard let exit = session.exit else { return }
                if session.client?.isWritable == false { session.awaitSilence() } else { session.finish(exit) }
            }
        }
    }

    private func finish(_ exit: SessionExit) {
        guard !machine.isEnded else { return }
        // try?: two numbers always have a JSON form
        send(.exited, (try? JSONCoding.encode(exit)) ?? [])
        end()
    }

    private func fail(_ error: NemoClawError) {
        guard !machine.isEnded else { return }
        logger.notice("session failed", metadata: ["error.code": "\(error.code.rawValue)"])
        send(.failed, (try? JSONCoding.encode(error)) ?? [])  // try?: three texts always have a JSON form
        hangUpCommand()
        end()
    }

    private func send(_ kind: SessionFrameKind, _ bytes: [UInt8]) {
        for start in stride(from: 0, to: max(bytes.count, 1), by: SessionFrameKind.maximumBody - 1) {
            let part = bytes[start..<min(start + SessionFrameKind.maximumBody - 1, bytes.count)]
            client?.writeAndFlush(ByteBuffer(bytes: FrameBuffer.frame([kind.rawValue] + part)), promise: nil)
        }
    }

    // MARK: - The end

    private func hungUp() {
        guard !machine.isEnded || exit == nil else { return end() }
        hangUpCommand()
        end()
    }

    private func hangUpCommand() {
        guard let command, exit == nil else { return }
        Task { await command.signal(SIGHUP) }
        eventLoop.scheduleTask(in: Self.killTime) { Task { await command.signal(SIGKILL) } }
    }

    private func end() {
        machine.ended()
        silence?.cancel()
        deadline?.cancel()
        streams?.close()
        streams = nil
        if let client {
            // Closes after what was written; a CLI that does not read ends it by hanging up.
            client.writeAndFlush(ByteBuffer()).whenComplete { _ in client.close(promise: nil) }
        }
        client = nil
        finished()
        finished = {}
    }
}
