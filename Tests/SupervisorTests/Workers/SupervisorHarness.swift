import Glibc
import Logging
import NIOCore
import NIOPosix
import Shared
import SystemPackage

@testable import Supervisor

/// The supervisor's parts around one scratch folder, with stand-in workers.
final class SupervisorHarness: Sendable {
    actor Services: WorkerServices {
        private(set) var attached: [SandboxName: Int] = [:]

        func attach(_ listener: Descriptor, to sandbox: SandboxName) async throws(NemoClawError) {
            attached[sandbox, default: 0] += 1
        }

        func detach(_ sandbox: SandboxName) async {}

        func answer(_ method: String, _ params: JSONValue, from sandbox: SandboxName) async throws(NemoClawError)
            -> WorkerAnswer
        {
            throw NemoClawError(.unknownMethod, "unknown method: \(method)")
        }
    }

    let store: Store
    let roster = WorkerRoster()
    let tickets = SessionTickets()
    let services = Services()
    let lifecycle: Lifecycle
    let workerDoor: WorkerDoor
    let sessionDoor: SessionDoor
    let doorkeeper: Doorkeeper
    let watcher: ProcessWatcher
    let operations: SandboxOperations
    let paths: SandboxPaths
    let folder: String

    init(
        folder: FilePath, mode: StandInWorker.Mode = .normal, ports: PortRange = PortRange(first: 38_789),
        probe: @escaping @Sendable () throws(NemoClawError) -> ProbeResult = { ProbeResult(inference: .healthy) }
    ) throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        self.folder = "\(folder)"
        store = try Store.open(path: "\(folder)/registry.sqlite")
        paths = SandboxPaths(state: "\(folder)")
        watcher = try ProcessWatcher()
        workerDoor = WorkerDoor(roster: roster, tickets: tickets, logger: logger)
        let lifecycle = Lifecycle(
            environment: LifecycleEnvironment(
                store: store,
                launcher: DirectLauncher(
                    program: StandInWorker.program, arguments: StandInWorker.arguments(mode), runFolder: "\(folder)",
                    logLevel: "info"),
                roster: roster, watcher: watcher, services: services, ports: ports, paths: paths,
                programs: Programs(folder: "/usr/bin"), caBundle: { String(repeating: "x", count: 300_000) },
                group: MultiThreadedEventLoopGroup.singleton, user: geteuid(), logger: logger))
        self.lifecycle = lifecycle
        sessionDoor = SessionDoor(tickets: tickets, owner: geteuid(), logger: logger) {
            (name, ticket) async throws(NemoClawError) in
            try await lifecycle.openSession(name, ticket: ticket)
        }
        doorkeeper = try Doorkeeper(
            doors: [
                workerDoor.door(
                    listener: try UnixListener.open("\(folder)/worker.sock", mode: 0o600, group: nil)),
                sessionDoor.door(
                    listener: try UnixListener.open("\(folder)/session.sock", mode: 0o600, group: nil)),
            ], logger: logger)
        let credentials = CredentialFolder(state: "\(folder)")
        operations = SandboxOperations(
            environment: SandboxEnvironment(
                store: store, lifecycle: lifecycle,
                routes: RoutePublisher(store: store, table: RouteTable(), credentials: credentials, logger: logger),
                credentials: credentials, folders: SandboxFolders(paths: paths), ports: ports,
                probe: { (_, _) async throws(NemoClawError) in try probe() }, usage: { _ in GatewayUsage() },
                isRoot: false, now: { 1 }, logger: logger))
    }

    /// Runs the parts while `body` works; the workers live on when it returns.
    func running<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            doorkeeper.start()
            group.addTask { await self.lifecycle.serve(self.workerDoor.arrivals) }
            group.addTask { await self.sessionDoor.run() }
            defer {
                workerDoor.close()
                doorkeeper.stop()
                watcher.stop()
                group.cancelAll()
            }
            return try await body()
        }
    }

    static func request(
        _ name: String, provider: String = "ollama", credential: String? = nil, port: UInt16? = nil
    ) throws -> OnboardRequest {
        OnboardRequest(
            name: try SandboxName(name), provider: provider, model: "m", credential: credential, port: port)
    }

    /// Ends whatever a test left running.
    func cleanUp() async {
        await lifecycle.stopAll(within: .seconds(10))
    }
}
