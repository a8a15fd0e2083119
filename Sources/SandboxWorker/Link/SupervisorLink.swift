import Glibc
import Logging
import NIOCore
import NIOPosix
import Shared

/// The worker's connection to the supervisor: hello with descriptors, questions both ways, for ever redialled.
/// It lives on the worker's event loop.
actor SupervisorLink: SupervisorAsking {
    typealias AskHandler = @Sendable (_ method: String, _ params: JSONValue) async throws(NemoClawError) -> JSONValue

    private enum State {
        /// Waiting for the next try.
        case idle
        case greeting(any Channel)
        case established(any Channel)
        case closed
    }

    /// Time for `welcome` after hello.
    private static let greetingTime = TimeAmount.seconds(10)
    /// Asks of the supervisor that we work on at once.
    private static let maximumAnswers = 64

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    private let socket: WorkerSocket
    private let hello: LinkHello
    private let descriptors: [CInt]
    private let logger: Logger
    private var state = State.idle
    private var backoff = LinkBackoff()
    private var isRedialling = false
    private var asks = AskTable<CheckedContinuation<Result<JSONValue, NemoClawError>, Never>>()
    /// Questions that wait for the link.
    private var waitingForLink: [UInt64: CheckedContinuation<Bool, Never>] = [:]
    private var lastWaiter: UInt64 = 0
    private var answering = 0
    private var lastState: JSONValue?
    private var answerer: AskHandler = { method, _ throws(NemoClawError) in
        throw NemoClawError(.unknownMethod, "unknown method \"\(method.prefix(64))\"")
    }
    private var listener: @Sendable (_ method: String, _ params: JSONValue) -> Void = { _, _ in }
    private var refused: @Sendable (NemoClawError) -> Void = { _ in }

    /// - Parameter descriptors: what rides on each hello; they stay the caller's and must stay open.
    init(eventLoop: any EventLoop, socket: WorkerSocket, hello: LinkHello, descriptors: [CInt], logger: Logger) {
        self.eventLoop = eventLoop
        self.socket = socket
        self.hello = hello
        self.descriptors = descriptors
        self.logger = logger
    }

    /// Starts dialling. `listener` gets tells and, as `configuration`, what `welcome` brought; `refused` ends it all.
    func start(
        answerer: @escaping AskHandler, listener: @escaping @Sendable (String, JSONValue) -> Void,
        refused: @escaping @Sendable (NemoClawError) -> Void
    ) {
        self.answerer = answerer
        self.listener = listener
        self.refused = refused
        dial()
    }

    func close() {
        let channel = channel
        state = .closed
        failAll()
        channel?.close(promise: nil)
    }

    var isEstablished: Bool { if case .established = state { true } else { false } }

    func ask(_ method: String, _ params: JSONValue, milliseconds: Int64) async throws(NemoClawError) -> JSONValue {
        let end = NIODeadline.now() + .milliseconds(milliseconds)
        while !isEstablished {
            guard await waitForLink(until: end) else {
                throw NemoClawError(.unavailable, "the supervisor cannot be reached")
            }
        }
        let result: Result<JSONValue, NemoClawError> = await withCheckedContinuation { continuation in
            do throws(NemoClawError) {
                let id = try asks.add(continuation)
                send(.ask(id: id, method: method, params: params))
                eventLoop.scheduleTask(deadline: max(end, .now() + .seconds(1))) { [weak self] in
                    self?.assumeIsolated { link in
                        link.asks.take(id)?.resume(
                            returning: .failure(NemoClawError(.timeout, "the supervisor did not answer in time")))
                    }
                }
            } catch { continuation.resume(returning: .failure(error)) }
        }
        return try result.get()
    }

    func tell(_ method: String, _ params: JSONValue) {
        if method == "state" { lastState = params }
        guard isEstablished else { return }
        send(.tell(method: method, params: params))
    }

    // MARK: - The connection

    private var channel: (any Channel)? {
        switch state {
        case .greeting(let channel), .established(let channel): channel
        case .idle, .closed: nil
        }
    }

    private func dial() {
        guard case .idle = state else { return }
        let descriptor: CInt
        do throws(NemoClawError) {
            descriptor = try socket.dial(hello, descriptors: descriptors)
        } catch { return redial() }
        Task { await connected(descriptor) }
    }

    private func connected(_ descriptor: CInt) async {
        do {
            _ = try await ClientBootstrap(group: eventLoop)
                .channelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture { try self.assumeIsolated { try $0.greet(channel) } }
                }
                .withConnectedSocket(descriptor).get()
        } catch {
            if case .greeting = state { state = .idle }
            redial()
        }
    }

    /// Before the channel reads its first byte: `welcome` may be there already.
    private func greet(_ channel: any Channel) throws {
        guard case .idle = state else { throw NemoClawError(.unavailable, "the worker is stopping") }
        try channel.pipeline.syncOperations.addHandler(
            LinkHandler(
                receive: { message in self.assumeIsolated { $0.receive(message) } },
                lost: { problem in self.assumeIsolated { $0.lost(problem) } }))
        state = .greeting(channel)
        eventLoop.scheduleTask(in: Self.greetingTime) { [weak self] in
            self?.assumeIsolated { link in
                if case .greeting(let current) = link.state, current === channel { current.close(promise: nil) }
            }
        }
    }

    private func redial() {
        guard case .idle = state, !isRedialling else { return }
        isRedialling = true
        let time = TimeAmount.milliseconds(backoff.failed())
        eventLoop.scheduleTask(in: time) { [weak self] in
            self?.assumeIsolated { link in
                link.isRedialling = false
                link.dial()
            }
        }
    }

    private func lost(_ problem: NemoClawError?) {
        if let problem {
            logger.error("supervisor broke the protocol", metadata: ["error.message": "\(problem.message)"])
        }
        if isEstablished { logger.warning("supervisor is gone; dialling again") }
        guard channel != nil else { return }
        state = .idle
        let gone = NemoClawError(.unavailable, "the supervisor went away")
        for waiter in asks.takeAll() { waiter.resume(returning: .failure(gone)) }
        redial()
    }

    private func failAll() {
        let gone = NemoClawError(.unavailable, "the worker is stopping")
        for waiter in asks.takeAll() { waiter.resume(returning: .failure(gone)) }
        for waiter in waitingForLink.values { waiter.resume(returning: false) }
        waitingForLink = [:]
    }

    private func receive(_ message: LinkMessage) {
        switch (state, message) {
        case (.greeting(let channel), .welcome(let configuration)): welcomed(channel, configuration)
        case (.greeting, .refused(let error)):
            logger.error("supervisor refused this worker", metadata: ["error.code": "\(error.code.rawValue)"])
            close()
            refused(error)
        case (.established, .answer(let id, let result)): asks.take(id)?.resume(returning: .success(result))
        case (.established, .failure(let id, let error)): asks.take(id)?.resume(returning: .failure(error))
        case (.established, .ask(let id, let method, let params)): answer(id, method, params)
        case (.established, .tell(let method, let params)): listener(method, params)
        default: channel?.close(promise: nil)
        }
    }

    private func welcomed(_ channel: any Channel, _ configuration: WorkerConfiguration?) {
        state = .established(channel)
        backoff.succeeded()
        logger.info("supervisor welcomed this worker")
        // try?: a configuration always has a JSON form
        if let configuration, let params = try? JSONCoding.value(configuration) { listener("configuration", params) }
        if let lastState { send(.tell(method: "state", params: lastState)) }
        let waiters = waitingForLink.values
        waitingForLink = [:]
        for waiter in waiters { waiter.resume(returning: true) }
    }

    private func answer(_ id: UInt64, _ method: String, _ params: JSONValue) {
        guard answering < Self.maximumAnswers else {
            return send(.failure(id: id, error: NemoClawError(.busy, "too many questions under way")))
        }
        answering += 1
        let current = channel
        Task {
            let reply: LinkMessage
            do throws(NemoClawError) {
                reply = .answer(id: id, result: try await answerer(method, params))
            } catch { reply = .failure(id: id, error: error) }
            answering -= 1
            // An answer belongs to the connection of its question.
            if let current, channel === current { send(reply) }
        }
    }

    private func send(_ message: LinkMessage) {
        guard let channel else { return }
        do throws(NemoClawError) {
            let body = try JSONCoding.encode(message)
            guard body.count <= LinkMessage.maximumBody else {
                throw NemoClawError(.protocolViolation, "message to the supervisor is too long")
            }
            channel.writeAndFlush(body, promise: nil)
        } catch {
            logger.error("cannot send to the supervisor", metadata: ["error.message": "\(error.message)"])
            if case .ask(let id, _, _) = message { asks.take(id)?.resume(returning: .failure(error)) }
        }
    }

    private func waitForLink(until end: NIODeadline) async -> Bool {
        if case .closed = state { return false }
        guard NIODeadline.now() < end, waitingForLink.count < 256 else { return false }
        lastWaiter += 1
        let number = lastWaiter
        return await withCheckedContinuation { continuation in
            waitingForLink[number] = continuation
            eventLoop.scheduleTask(deadline: end) { [weak self] in
                self?.assumeIsolated { $0.waitingForLink.removeValue(forKey: number)?.resume(returning: false) }
            }
        }
    }
}
