import FoundationEssentials
import Glibc
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Shared
import UnixSignals

/// Puts the supervisor together, in the order in which it may fail: nothing is touched before the lock is held.
struct SupervisorAssembly {
    /// Control requests and streams that run when the end is asked for get this long.
    static let shutdownLimit = Duration.seconds(20)
    /// The gateway's bytes and the links; more would cost memory and gain nothing on a control plane.
    static let eventLoops = 2

    let configuration: SupervisorConfiguration
    let logger: Logger

    private var folders: Folders { configuration.folders }

    func run() async throws {
        try FolderSetup.prepare(folders, user: configuration.user)
        let lock = try StateLock(state: folders.state)
        unlink(folders.supervisorPid)
        let store = try Store.open(path: "\(folders.state)/registry.sqlite")
        let certificates = try GatewayCertificates.loadOrCreate(folder: configuration.certificateFolder, now: Date())
        let group = MultiThreadedEventLoopGroup(numberOfThreads: Self.eventLoops)
        let services = try await services(store, certificates, group)
        var serviceGroup = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        serviceGroup.maximumGracefulShutdownDuration = Self.shutdownLimit
        try await ServiceGroup(configuration: serviceGroup).run()
        unlink(folders.supervisorPid)
        withExtendedLifetime(lock) {}
        logger.info("supervisor ends")
    }

    private func services(
        _ store: Store, _ certificates: GatewayCertificates, _ group: MultiThreadedEventLoopGroup
    ) async throws -> [ServiceGroupConfiguration.ServiceConfiguration] {
        let table = RouteTable()
        let credentials = CredentialFolder(state: folders.state)
        let publisher = RoutePublisher(store: store, table: table, credentials: credentials, logger: logger)
        try await publisher.publish()
        let gateway = try Gateway(group: group, certificates: certificates, routes: table, logger: logger)
        let reporter = GatewayReporter(
            certificates: certificates, port: configuration.gatewayPort, startedAtMs: Self.now())
        let authority = ScopeAuthority(store: store, clock: { Self.now() })
        let roster = WorkerRoster()
        let watcher = try ProcessWatcher()
        let lifecycle = Lifecycle(
            environment: lifecycleEnvironment(
                store, SupervisorServices(gateway: gateway, scopes: ScopeLinkMethods(authority: authority)), roster,
                watcher, certificates, group))
        let tickets = SessionTickets()
        let workerDoor = WorkerDoor(roster: roster, tickets: tickets, logger: logger)
        let sessionDoor = SessionDoor(tickets: tickets, owner: configuration.user, logger: logger) {
            (name, ticket) async throws(NemoClawError) in
            try await lifecycle.openSession(name, ticket: ticket)
        }
        let doorkeeper = try doorkeeper(workerDoor, sessionDoor)
        let sandboxFolders = SandboxFolders(paths: configuration.paths)
        try await sandboxFolders.removeLeftovers()
        let operations = SandboxOperations(
            environment: SandboxEnvironment(
                store: store, lifecycle: lifecycle, routes: publisher, credentials: credentials,
                folders: sandboxFolders, ports: configuration.ports,
                probe: { (route, limit) async throws(NemoClawError) in
                    try ProbeVerdict.result(
                        of: await ProviderProbe.probe(route: route, deadlineMilliseconds: limit, group: group),
                        route: route)
                },
                usage: { gateway.usage(of: $0) }, isRoot: configuration.user == 0, now: { Self.now() },
                logger: logger))
        let shutdown = ShutdownHandler(lifecycle: lifecycle)
        let control = controlServer(
            SandboxHandler(operations: operations, gateway: reporter),
            ApprovalHandler(authority: authority) { events in
                for event in events { await lifecycle.tell(event.sandbox, event.tell) }
            }, shutdown, group)
        try await lifecycle.restore(try await store.sandboxes())
        let gatewayService = GatewayService(
            gateway: gateway, reporter: reporter, port: configuration.gatewayPort,
            certificateFolder: configuration.certificateFolder, logger: logger)
        let lifecycleService = LifecycleService(
            lifecycle: lifecycle, door: workerDoor, doorkeeper: doorkeeper, watcher: watcher)
        return [
            .init(service: gatewayService), .init(service: lifecycleService), .init(service: sessionDoor),
            .init(service: control), .init(service: shutdown, successTerminationBehavior: .gracefullyShutdownGroup),
        ]
    }

    private func lifecycleEnvironment(
        _ store: Store, _ services: SupervisorServices, _ roster: WorkerRoster, _ watcher: ProcessWatcher,
        _ certificates: GatewayCertificates, _ group: MultiThreadedEventLoopGroup
    ) -> LifecycleEnvironment {
        let own = certificates.caPEM
        return LifecycleEnvironment(
            store: store,
            launcher: DirectLauncher(
                program: configuration.programs.worker, runFolder: folders.run,
                logLevel: configuration.logLevel.rawValue),
            roster: roster, watcher: watcher, services: services, ports: configuration.ports,
            paths: configuration.paths, programs: configuration.programs,
            caBundle: { CABundle.read(adding: own) }, group: group, user: configuration.user, logger: logger)
    }

    private func doorkeeper(_ workerDoor: WorkerDoor, _ sessionDoor: SessionDoor) throws(NemoClawError) -> Doorkeeper {
        let group = configuration.user == 0 ? DirectLauncher.workersGroup : nil
        let worker = try UnixListener.open(folders.workerSocket, mode: 0o660, group: group)
        let session = try UnixListener.open(folders.sessionSocket, mode: 0o600, group: nil)
        return try Doorkeeper(
            doors: [workerDoor.door(listener: worker), sessionDoor.door(listener: session)], logger: logger)
    }

    private func controlServer(
        _ sandboxes: SandboxHandler, _ approvals: ApprovalHandler, _ shutdown: ShutdownHandler,
        _ group: MultiThreadedEventLoopGroup
    ) -> ControlServer {
        let router = Router(context: ControlContext.self)
        sandboxes.add(to: router)
        approvals.add(to: router)
        shutdown.add(to: router)
        let pidFile = folders.supervisorPid
        let logger = logger
        return ControlServer(
            path: folders.controlSocket,
            responder: ControlResponder(
                router: router.buildResponder(), owner: configuration.user, logger: logger),
            group: group, logger: logger,
            ready: {
                do throws(NemoClawError) {
                    try SmallFile.write(pidFile, Array("\(getpid())\n".utf8))
                    logger.info("supervisor is ready")
                } catch {
                    logger.error("cannot say that the supervisor is ready", metadata: ["error": "\(error.message)"])
                }
            })
    }

    private static func now() -> Int64 {
        Int64(Date().timeIntervalSince1970 * 1_000)
    }
}
