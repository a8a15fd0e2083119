import Glibc
import Logging
import NIOCore
import NIOPosix
import Shared

/// The agent of one run: a command in the sandbox with three pipes to it.
struct AgentProcess: Sendable {
    let command: any RunningCommand
    let output: any Channel
    let errors: any Channel

    /// Starts the command and writes `request` to it. Lines of stdout go to `receive` on `eventLoop`; nil: a line was
    /// too long.
    static func start(
        _ request: [UInt8], starter: any CommandStarter, environment: [String], eventLoop: any EventLoop,
        logger: Logger, receive: @escaping @Sendable (ByteBuffer?) -> Void
    ) async throws(NemoClawError) -> AgentProcess {
        var pipes = Pipes()
        defer { pipes.closeAll() }
        try pipes.open(3)
        let command = try await starter.start(
            argv: ["/opt/nemoclaw/bin/openclaw", "run"], environment: environment, directory: "/sandbox",
            stdio: [pipes.readEnds[0], pipes.writeEnds[1], pipes.writeEnds[2]])
        do {
            let input = try await bootstrap(eventLoop) { _ in }
                .takingOwnershipOfDescriptor(output: pipes.takeWriteEnd(0)).get()
            // The agent may end without reading: then this write fails, and the run's end says why.
            input.writeAndFlush(ByteBuffer(bytes: request)).whenComplete { _ in input.close(promise: nil) }
            let output = try await bootstrap(eventLoop) {
                try $0.pipeline.syncOperations.addHandler(
                    LineHandler(maximumLine: AgentRunEvent.maximumLine, receive: receive))
            }.takingOwnershipOfDescriptor(input: pipes.takeReadEnd(1)).get()
            let errors = try await bootstrap(eventLoop) {
                try $0.pipeline.syncOperations.addHandler(LogHandler(logger: logger))
            }.takingOwnershipOfDescriptor(input: pipes.takeReadEnd(2)).get()
            return AgentProcess(command: command, output: output, errors: errors)
        } catch {
            await command.signal(SIGKILL)
            throw NemoClawError(.internalError, "cannot connect the agent's pipes")
        }
    }

    private static func bootstrap(
        _ eventLoop: any EventLoop, _ configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> NIOPipeBootstrap {
        NIOPipeBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16_384))
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try configure(channel) } }
    }
}

/// Pipes whose ends are closed unless somebody took them.
struct Pipes {
    private(set) var readEnds: [CInt] = []
    private(set) var writeEnds: [CInt] = []

    mutating func open(_ count: Int) throws(NemoClawError) {
        for _ in 0..<count {
            var ends: [CInt] = [-1, -1]
            guard pipe(&ends) == 0 else {
                throw NemoClawError(.unavailable, "cannot open a pipe: errno \(errno)")
            }
            // Nothing in this process forks between the two calls: the sandbox was launched long before.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            readEnds.append(ends[0])
            writeEnds.append(ends[1])
        }
    }

    mutating func takeReadEnd(_ index: Int) -> CInt {
        defer { readEnds[index] = -1 }
        return readEnds[index]
    }

    mutating func takeWriteEnd(_ index: Int) -> CInt {
        defer { writeEnds[index] = -1 }
        return writeEnds[index]
    }

    mutating func closeAll() {
        for descriptor in readEnds + writeEnds where descriptor >= 0 { close(descriptor) }
        readEnds = []
        writeEnds = []
    }
}

/// stdout of a run: lines to a closure, on the event loop; the pipe itself holds the agent back.
final class LineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var splitter: LineSplitter
    private var isBroken = false
    private let receive: @Sendable (ByteBuffer?) -> Void

    init(maximumLine: Int, receive: @escaping @Sendable (ByteBuffer?) -> Void) {
        splitter = LineSplitter(maximumLine: maximumLine)
        self.receive = receive
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isBroken else { return }
        splitter.append(unwrapInboundIn(data))
        do throws(LineSplitter.TooLong) {
            while let line = try splitter.next() { receive(line) }
        } catch {
            isBroken = true
            receive(nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isBroken, let line = splitter.rest() { receive(line) }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// stderr of a run: the first lines go to the worker's log, control characters removed; the rest is counted.
final class LogHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Most bytes of one run in the log.
    private static let limit = 16_384

    private let logger: Logger
    private var seen = 0

    init(logger: Logger) { self.logger = logger }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        defer { seen += bytes.readableBytes }
        guard seen < Self.limit else { return }
        let text = String(buffer: bytes).prefix(Self.limit - seen)
        for line in text.split(whereSeparator: \.isNewline) {
            let clean = String(
                line.unicodeScalars.prefix(1000).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : Character($0) })
            logger.info("agent wrote", metadata: ["agent.stderr": "\(clean)"])
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
