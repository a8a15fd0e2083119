import Logging
import NIOCore
import Shared

/// What the gateway keeps for one event loop; nothing in it is shared with another.
final class GatewayLoop {
    let eventLoop: any EventLoop
    let pool: UpstreamPool
    let logger: Logger
    private let routes: RouteTable
    private let meters: SandboxMeters
    private var generation: UInt64 = 0
    private var cachedRoutes = PreparedRoutes(RouteSnapshot())
    private var connections: [ObjectIdentifier: GatewayConnection] = [:]
    private var ticker: Scheduled<Void>?
    private var requestCounter: UInt64 = 0
    private let requestPrefix: String

    init(eventLoop: any EventLoop, routes: RouteTable, meters: SandboxMeters, tls: UpstreamTLS, logger: Logger) {
        self.eventLoop = eventLoop
        self.routes = routes
        self.meters = meters
        self.logger = logger
        pool = UpstreamPool(eventLoop: eventLoop, tls: tls)
        requestPrefix = "req_" + String(UInt64.random(in: .min ... .max), radix: 36) + "_"
    }

    /// The present routes; looked up under a lock only when they changed.
    var preparedRoutes: PreparedRoutes {
        let present = routes.generation
        if present != generation {
            cachedRoutes = routes.prepared()
            generation = present
        }
        return cachedRoutes
    }

    func meter(of sandbox: SandboxName) -> SandboxMeter { meters.meter(of: sandbox) }

    /// Unique on this host: a random start for each loop, then a number.
    func nextRequestID() -> String {
        requestCounter &+= 1
        return requestPrefix + String(requestCounter, radix: 36)
    }

    func opened(_ connection: GatewayConnection) {
        connections[ObjectIdentifier(connection)] = connection
        startTicker()
    }

    func closed(_ connection: GatewayConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }

    /// Cuts all connections that came through the sandbox's own listener.
    func cut(sandbox: SandboxName) {
        for connection in connections.values where connection.origin == .sandbox(sandbox) { connection.cut() }
    }

    func shutDown() {
        for connection in connections.values { connection.cut() }
        pool.close()
        ticker?.cancel()
        ticker = nil
    }

    private func startTicker() {
        guard ticker == nil else { return }
        ticker = eventLoop.assumeIsolated().scheduleTask(in: GatewayLimits.tick) { self.tick() }
    }

    private func tick() {
        ticker = nil
        let now = NIODeadline.now()
        for connection in connections.values where connection.deadline <= now { connection.deadlinePassed() }
        pool.sweep(now: now)
        if !connections.isEmpty || !pool.isEmpty { startTicker() }
    }
}
