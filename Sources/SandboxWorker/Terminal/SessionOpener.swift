import CSandbox
import Glibc
import Logging
import NIOCore
import Shared

/// Answers `session.open`: fetches the CLI's connection from the supervisor and serves it.
actor SessionOpener {
    /// Sessions at the same time.
    static let maximumSessions = 64
    /// Time for the supervisor to hand the connection over.
    static let handoverMilliseconds: Int32 = 10_000

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let socket: WorkerSocket
    private let sandbox: SandboxName
    private let secret: Secret<String>
    private let starter: any CommandStarter
    private let port: UInt16
    private let logger: Logger
    private(set) var count = 0

    init(
        eventLoop: any EventLoop, socket: WorkerSocket, sandbox: SandboxName, secret: Secret<String>,
        starter: any CommandStarter, port: UInt16, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.socket = socket
        self.sandbox = sandbox
        self.secret = secret
        self.starter = starter
        self.port = port
        self.logger = logger
    }

    /// Returns at once: the supervisor may serve our second connection only after this answer.
    func open(ticket: String) throws(NemoClawError) {
        guard count < Self.maximumSessions else {
            throw NemoClawError(.busy, "\(Self.maximumSessions) sessions are open already")
        }
        count += 1
        Task { await serve(ticket) }
    }

    private func serve(_ ticket: String) async {
        let session = CommandSession(eventLoop: eventLoop, starter: starter, port: port, logger: logger) {
            [weak self] in
            self?.assumeIsolated { $0.count -= 1 }
        }
        let hello = LinkHello(kind: .session, sandbox: sandbox, secret: secret.reveal(), pid: getpid(), ticket: ticket)
        do {
            let connection = try socket.dial(hello, descriptors: [])
            let descriptor = try await Self.receiveDescriptor(connection).get()
            try await session.serve(descriptor)
        } catch {
            count -= 1
            logger.warning("cannot open a session", metadata: ["error.message": "\(error)"])
        }
    }

    /// Waits on a thread of its own, as the event loop's sockets do not carry descriptors. Closes `connection`.
    private static func receiveDescriptor(_ connection: CInt) async -> Result<CInt, NemoClawError> {
        await withCheckedContinuation { continuation in
            let created = BlockingThread.start("session-open") {
                let result = Handover.receive(connection, milliseconds: handoverMilliseconds)
                close(connection)
                continuation.resume(returning: result)
            }
            guard created != 0 else { return }
            close(connection)
            continuation.resume(returning: .failure(NemoClawError(.unavailable, "cannot start a thread")))
        }
    }
}

/// Reads the one frame of the supervisor that carries the CLI's connection.
enum Handover {
    /// Longest answer in bytes.
    private static let maximumAnswer = 65_536

    static func receive(_ connection: CInt, milliseconds: Int32) -> Result<CInt, NemoClawError> {
        var frames = FrameBuffer(maximumBody: maximumAnswer)
        var received: CInt = -1
        do throws(NemoClawError) {
            while true {
                let (bytes, descriptor) = try read(connection, milliseconds: milliseconds)
                if let descriptor {
                    if received >= 0 { close(received) }
                    received = descriptor
                }
                frames.append(bytes)
                guard let body = try frames.next() else { continue }
                switch try JSONCoding.decode(LinkMessage.self, from: body) {
                case .welcome where received >= 0: return .success(received)
                case .refused(let error): throw error
                default: throw NemoClawError(.protocolViolation, "the supervisor handed no connection over")
                }
            }
        } catch {
            if received >= 0 { close(received) }
            return .failure(error)
        }
    }

    private static func read(
        _ connection: CInt, milliseconds: Int32
    ) throws(NemoClawError) -> (ArraySlice<UInt8>, CInt?) {
        var waiting = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        var ready = poll(&waiting, 1, milliseconds)
        while ready < 0 && errno == EINTR { ready = poll(&waiting, 1, milliseconds) }
        guard ready > 0 else { throw NemoClawError(.timeout, "the supervisor did not hand a connection over in time") }
        var bytes = [UInt8](repeating: 0, count: 4096)
        var descriptors: [CInt] = [-1]
        var count = 0
        let got = csandbox_recv_fds(connection, &bytes, bytes.count, &descriptors, 1, &count)
        if got == -Int(EAGAIN) { return ([], nil) }
        guard got > 0 else { throw NemoClawError(.unavailable, "the supervisor closed the connection") }
        return (bytes[..<got], count == 1 ? descriptors[0] : nil)
    }
}
