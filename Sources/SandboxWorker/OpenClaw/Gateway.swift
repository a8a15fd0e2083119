import FoundationEssentials
import Logging
import NIOCore
import Shared

/// The OpenClaw gateway of one sandbox. It lives on the worker's event loop, so that channel handlers call it directly
/// and no two inputs of a connection can overtake each other.
actor Gateway {
    struct Connection {
        let transport: any GatewayTransport
        let origin: ConnectionOrigin
        var handshake: HandshakeStateMachine
        var session: GatewaySession?
        var sequence: Int64 = 0
        var requestsUnderWay = 0
        var connectedAtMs: Int64
        /// Handshake time, then hold time.
        var deadline: Scheduled<Void>?
    }

    nonisolated let eventLoop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { eventLoop.executor.asUnownedSerialExecutor() }

    let identity: GatewayIdentity
    let supervisor: any SupervisorAsking
    let runs: RunRegistry
    let sessions: SessionStore
    let clock: WallClock
    let logger: Logger

    var configuration: WorkerConfiguration
    var connections: [ConnectionID: Connection] = [:]
    /// Requests that wait for the end of a run.
    var finals: [String: [(connection: ConnectionID, request: String)]] = [:]
    var presenceVersion: Int64 = 1
    private(set) var isReady = false
    private(set) var isStopping = false
    private var lastID: UInt64 = 0
    private var census: [Provenance: SocketCensus] = [.host: SocketCensus(), .sandbox: SocketCensus()]
    private var throttle = AuthenticationThrottle()
    private var ticker: RepeatedTask?

    init(
        eventLoop: any EventLoop, identity: GatewayIdentity, configuration: WorkerConfiguration,
        supervisor: any SupervisorAsking, runs: RunRegistry, sessions: SessionStore, clock: WallClock, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.identity = identity
        self.configuration = configuration
        self.supervisor = supervisor
        self.runs = runs
        self.sessions = sessions
        self.clock = clock
        self.logger = logger
    }

    func start() async {
        isReady = true
        await runs.observe { [weak self] update in self?.assumeIsolated { $0.publish(update) } }
        ticker = eventLoop.scheduleRepeatedTask(
            initialDelay: .milliseconds(GatewayLimits.tickMilliseconds),
            delay: .milliseconds(GatewayLimits.tickMilliseconds)
        ) { [weak self] _ in self?.assumeIsolated { $0.broadcast(.tick, ["ts": .int($0.clock.now())]) } }
    }

    /// Tells every client, then closes them with 1012.
    func stop(reason: String, restartExpectedMs: Int64?) {
        guard !isStopping else { return }
        isStopping = true
        isReady = false
        ticker?.cancel()
        var payload: [String: JSONValue] = ["reason": .string(reason)]
        payload["restartExpectedMs"] = restartExpectedMs.map { .int($0) }
        broadcast(.shutdown, .object(payload))
        for connection in connections.values { connection.transport.close(code: 1012, reason: "service restart") }
    }

    func apply(_ configuration: WorkerConfiguration) { self.configuration = configuration }

    // MARK: - Sockets

    func nextID() -> ConnectionID {
        lastID += 1
        return ConnectionID(value: lastID)
    }

    func isFull(_ provenance: Provenance) -> Bool { isStopping || census[provenance]?.isFull != false }

    var authenticatedConnections: Int { connections.values.count { $0.session != nil } }

    private func open(_ id: ConnectionID, origin: ConnectionOrigin, transport: any GatewayTransport) {
        census[origin.provenance]?.opened()
        let nonce = UUID().uuidString.lowercased()
        var connection = Connection(
            transport: transport, origin: origin,
            handshake: HandshakeStateMachine(nonce: nonce, origin: origin, tokens: identity.tokens),
            connectedAtMs: clock.now())
        connection.deadline = eventLoop.scheduleTask(in: GatewayLimits.handshakeTime) { [weak self] in
            self?.assumeIsolated { gateway in gateway.step(id) { $0.deadlineExpired() } }
        }
        connections[id] = connection
        let challenge: JSONValue = ["nonce": .string(nonce), "ts": .int(clock.now())]
        transport.send(encode(GatewayFrame.event("connect.challenge", payload: challenge)), droppable: false)
    }

    private func receive(_ id: ConnectionID, _ message: ByteBuffer) {
        guard let connection = connections[id] else { return }
        if connection.session != nil {
            handle(message, from: id)
        } else {
            let now = clock.now()
            let isThrottled = connection.origin.origin != nil && throttle.isLocked(at: now)
            step(id) { $0.received(message, now: now, isThrottled: isThrottled) }
        }
    }

    private func close(_ id: ConnectionID) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        connection.deadline?.cancel()
        census[connection.origin.provenance]?.closed(wasAuthenticated: connection.session != nil)
        guard let session = connection.session else { return }
        if session.isListed { presenceChanged() }
        connectionsChanged()
    }

    /// The connection said hello.
    func authenticated(_ id: ConnectionID, _ session: GatewaySession) {
        guard let connection = connections[id] else { return }
        census[connection.origin.provenance]?.authenticated()
        connections[id]?.session = session
        connection.transport.raiseLimit()
    }

    func authenticationFailed() { throttle.failed(at: clock.now()) }

    func connectionsChanged() {
        let count = authenticatedConnections
        let isStopping = isStopping
        Task { [supervisor, runs] in
            let running = await runs.running
            let state: JSONValue = [
                "state": isStopping ? "stopping" : "ready", "connections": .int(Int64(count)),
                "runs": .int(Int64(running)),
            ]
            await supervisor.tell("state", state)
        }
    }

    func encode(_ value: JSONValue) -> ByteBuffer {
        // try?: a `JSONValue` without not-a-number always has a form, and we make none
        ByteBuffer(bytes: (try? JSONCoding.encode(value)) ?? Array("{}".utf8))
    }
}

extension Gateway: WebSocketOwner {
    nonisolated func opened(_ id: ConnectionID, origin: ConnectionOrigin, transport: any GatewayTransport) {
        assumeIsolated { $0.open(id, origin: origin, transport: transport) }
    }

    nonisolated func received(_ id: ConnectionID, message: ByteBuffer) {
        assumeIsolated { $0.receive(id, message) }
    }

    nonisolated func closed(_ id: ConnectionID) {
        assumeIsolated { $0.close(id) }
    }
}
