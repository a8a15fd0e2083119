import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared

/// Everything of one sandbox, put together; and its end.
struct Worker: Service {
    /// Why a worker ends.
    enum Ending: Sendable {
        case signal
        case stop(graceMilliseconds: Int64)
        case initDied
        case refused
    }

    /// Numbers of the descriptors that a launcher hands over.
    enum Descriptor {
        static let launch: CInt = 3
        static let run: CInt = 4
        static let port: CInt = 5
        static let home: CInt = 6
        static let firstNamed: CInt = 7
    }

    static let defaultGraceMilliseconds: Int64 = 5000
    static let maximumGraceMilliseconds: Int64 = 60_000

    let launch: WorkerLaunch
    let process: SandboxProcess
    let initLink: InitLink
    /// One thread: everything that is not a file or a blocking handover happens on it.
    let group: MultiThreadedEventLoopGroup
    let logger: Logger
    /// Set when the worker ends; the process' exit code.
    let exitCode: ExitCode

    private var eventLoop: any EventLoop { group.next() }

    func run() async throws {
        let (endings, report) = AsyncStream.makeStream(of: Ending.self, bufferingPolicy: .bufferingOldest(4))
        let clock = WallClock(now: Self.now)
        let starter = InitCommandStarter(link: initLink)
        let home = HomeFolder(descriptor: Descriptor.home)
        let socket = WorkerSocket(folder: Descriptor.run)
        let hostPort = fcntl(Descriptor.port, F_DUPFD_CLOEXEC, 0)
        guard hostPort >= 0 else { throw NemoClawError(.internalError, "cannot duplicate the port's listener") }
        let hello = LinkHello(
            kind: .worker, sandbox: launch.sandbox, secret: launch.secret, pid: getpid(), initPid: process.pid,
            descriptors: ["inference", "port"])
        let link = SupervisorLink(
            eventLoop: eventLoop, socket: socket, hello: hello,
            descriptors: [process.listeners.inference, Descriptor.port], logger: logger)
        let runs = RunRegistry(
            eventLoop: eventLoop, starter: starter, environment: SandboxEnvironment.variables(port: launch.port),
            clock: clock, logger: logger)
        let gateway = Gateway(
            eventLoop: eventLoop,
            identity: GatewayIdentity(
                sandbox: launch.sandbox,
                tokens: SharedTokens(gateway: Secret(launch.gatewayToken), sandbox: Secret(launch.sandboxToken)),
                port: launch.port, startedAtMs: clock.now()),
            configuration: launch.configuration, supervisor: link, runs: runs, sessions: SessionStore(home: home),
            clock: clock, logger: logger)
        let opener = SessionOpener(
            eventLoop: eventLoop, socket: socket, sandbox: launch.sandbox, secret: Secret(launch.secret),
            starter: starter, port: launch.port, logger: logger)
        let listeners = try await listen(gateway, hostPort: hostPort)
        await gateway.start()
        await start(link, gateway, opener, report)
        logger.info("worker is ready", metadata: ["sandbox.name": "\(launch.sandbox)", "init.pid": "\(process.pid)"])
        let watcher = Task { [initLink] in
            await initLink.ended
            report.yield(.initDied)
        }
        defer { watcher.cancel() }
        let ending = await withGracefulShutdownHandler {
            await endings.first { _ in true } ?? .signal
        } onGracefulShutdown: {
            report.yield(.signal)
        }
        exitCode.set(await end(ending, gateway: gateway, runs: runs, link: link))
        for listener in listeners { listener.close(promise: nil) }
    }

    private func listen(_ gateway: Gateway, hostPort: CInt) async throws -> [any Channel] {
        let listeners = process.listeners
        let host = try await GatewayListener.serve(
            descriptor: hostPort, provenance: .host, gateway: gateway, group: eventLoop)
        let sandbox = try await GatewayListener.serve(
            descriptor: listeners.port, provenance: .sandbox, gateway: gateway, group: eventLoop)
        let egress = try await EgressListeners.serve(
            proxy: listeners.proxy, http: listeners.http, https: listeners.https, dnsUDP: listeners.dnsUDP,
            dnsTCP: listeners.dnsTCP, sandbox: launch.sandbox, group: eventLoop)
        return [host, sandbox] + egress
    }

    private func start(
        _ link: SupervisorLink, _ gateway: Gateway, _ opener: SessionOpener, _ report: AsyncStream<Ending>.Continuation
    ) async {
        await link.tell("state", ["state": "ready", "connections": 0, "runs": 0])
        await link.start(
            answerer: { method, params throws(NemoClawError) in
                switch method {
                case "session.open":
                    guard let ticket = params["ticket"]?.stringValue else {
                        throw NemoClawError(.protocolViolation, "session.open has no ticket")
                    }
                    try await opener.open(ticket: ticket)
                    return [:]
                case "stop":
                    let grace = params["graceMilliseconds"]?.intValue ?? Self.defaultGraceMilliseconds
                    initLink.shutdown(graceMilliseconds: Self.graceMilliseconds(grace))
                    report.yield(.stop(graceMilliseconds: grace))
                    return [:]
                default: throw NemoClawError(.unknownMethod, "unknown method \"\(method.prefix(64))\"")
                }
            },
            listener: { method, params in gateway.assumeIsolated { $0.supervisorTold(method, params) } },
            refused: { _ in report.yield(.refused) })
    }

    /// Says goodbye to clients, ends the sandbox, and gives the exit code.
    private func end(_ ending: Ending, gateway: Gateway, runs: RunRegistry, link: SupervisorLink) async -> Int32 {
        let (code, grace): (Int32, Int64) =
            switch ending {
            case .signal: (0, Self.defaultGraceMilliseconds)
            case .stop(let grace): (0, grace)
            case .initDied: (70, 0)
            case .refused: (78, 1000)
            }
        let isRestart = if case .initDied = ending { true } else { false }
        await gateway.stop(
            reason: isRestart ? "sandbox restart" : "service restart", restartExpectedMs: isRestart ? 1000 : nil)
        await link.tell("state", ["state": "stopping", "reason": .string(isRestart ? "init died" : "stop")])
        await runs.abortAll()
        if isRestart {
            let exit = await process.exit()
            logger.error(
                "init ended unexpectedly",
                metadata: ["init.code": "\(exit.code ?? -1)", "init.signal": "\(exit.signal ?? 0)"])
        } else {
            logger.info("worker stops", metadata: ["exit.code": "\(code)"])
            initLink.shutdown(graceMilliseconds: Self.graceMilliseconds(grace))
            let killer = eventLoop.scheduleTask(in: .milliseconds(Int64(Self.graceMilliseconds(grace)) + 2000)) {
                [process] in process.kill()
            }
            await initLink.ended
            killer.cancel()
        }
        await link.close()
        return code
    }

    private static func graceMilliseconds(_ wanted: Int64) -> UInt32 {
        UInt32(min(max(wanted, 0), maximumGraceMilliseconds))
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
