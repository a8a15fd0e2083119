import Logging
import Shared

/// Makes one sandbox, or nothing: each step says how to undo it, and a failure undoes what was done, last first.
struct Onboarding {
    private typealias Undo = @Sendable () async throws(NemoClawError) -> Void

    private let request: OnboardRequest
    private let uid: UInt32?
    private let environment: SandboxEnvironment
    private var undos: [(step: String, undo: Undo)] = []

    /// - Parameter uid: the sandbox's own user, when the supervisor is root.
    init(request: OnboardRequest, uid: UInt32?, environment: SandboxEnvironment) {
        self.request = request
        self.uid = uid
        self.environment = environment
    }

    private var name: SandboxName { request.name }

    /// - Returns: lines worth showing.
    mutating func run() async throws(NemoClawError) -> [String] {
        let plan = try await check()
        do {
            return try await make(plan)
        } catch {
            await undo()
            throw error
        }
    }

    /// Everything that can be refused without making anything.
    private func check() async throws(NemoClawError) -> RoutePlan {
        if try await environment.store.sandbox(name) != nil {
            throw NemoClawError(
                .nameTaken, "sandbox \"\(name)\" exists already",
                hint: "Choose another name, or see what it is: nemoclaw \(name) status")
        }
        let plan = try RoutePlan(RouteRequest(request), credentials: environment.credentials)
        if request.probe { _ = try await environment.probe(plan.route, SandboxOperations.probeMilliseconds) }
        return plan
    }

    private mutating func make(_ plan: RoutePlan) async throws(NemoClawError) -> [String] {
        let environment = environment
        let name = name
        let reservation = try await reservePort()
        let record = record(plan, port: reservation.port)
        undos.append(("folder", { () async throws(NemoClawError) in try await environment.folders.remove(name) }))
        try environment.folders.create(name, uid: record.uid)
        if let new = plan.newCredential { try keep(new.value, as: new.variable) }
        try await environment.store.insert(record)
        undos.append(("registry", { () async throws(NemoClawError) in try await environment.store.delete(name) }))
        undos.append(("routes", { () async throws(NemoClawError) in try await environment.routes.publish() }))
        undos.swapAt(undos.count - 1, undos.count - 2)  // undone last first: the record goes, then the routes follow
        try await environment.routes.publish()
        try await start(record, reservation.listener)
        if try await environment.store.defaultSandbox() == nil {
            try await environment.store.setDefaultSandbox(name)
        }
        return reservation.notes
    }

    private func reservePort() async throws(NemoClawError) -> PortRange.Reservation {
        let taken = Set(try await environment.store.sandboxes().map(\.port))
        guard let port = request.port else { return try environment.ports.reserve(avoiding: taken) }
        if taken.contains(port) {
            throw NemoClawError(
                .portInUse, "port \(port) belongs to another sandbox", hint: "See which: nemoclaw list")
        }
        return try PortRange.reserve(exactly: port)
    }

    private func record(_ plan: RoutePlan, port: UInt16) -> SandboxRecord {
        SandboxRecord(
            name: name, port: port, uid: uid,
            provider: plan.provider.id, endpoint: plan.endpoint, model: plan.model, wanted: .running,
            secret: Secret(SandboxSecrets.hexadecimal()), gatewayToken: Secret(SandboxSecrets.token()),
            sandboxToken: Secret(SandboxSecrets.token()), sandboxKey: Secret(SandboxSecrets.token()),
            createdAtMs: environment.now())
    }

    private mutating func keep(_ credential: Secret<String>, as variable: String) throws(NemoClawError) {
        let credentials = environment.credentials
        let previous = credentials.credential(variable)
        try credentials.store(credential, as: variable)
        undos.append(
            ("credential", { () async throws(NemoClawError) in try credentials.restore(previous, as: variable) }))
    }

    private mutating func start(_ record: SandboxRecord, _ listener: Descriptor) async throws(NemoClawError) {
        let lifecycle = environment.lifecycle
        let name = name
        await lifecycle.add(record, port: listener)
        undos.append(
            (
                "worker",
                { () async throws(NemoClawError) in
                    await lifecycle.handle(.stopAsked, for: name)
                    _ = try await lifecycle.settle(name, within: SandboxOperations.stopLimit)
                    await lifecycle.remove(name)
                }
            ))
        await lifecycle.handle(.startAsked, for: name)
        let observation = try await lifecycle.settle(name, within: SandboxOperations.readyLimit)
        guard observation.state == .ready else {
            let lines = (try? LogTail.read(environment.folders.paths.log(name), lines: 3)) ?? []  // try?: only a detail
            let detail = lines.isEmpty ? "" : " (its log ends: \(lines.joined(separator: " | ").prefix(500)))"
            throw NemoClawError(
                .sandboxFailed,
                "sandbox \"\(name)\" did not start: \(observation.reason ?? observation.state.rawValue)\(detail)",
                hint: "See what the host lacks: nemoclaw doctor")
        }
    }

    private func undo() async {
        for (step, undo) in undos.reversed() {
            do {
                try await undo()
            } catch {
                environment.logger.error(
                    "cannot undo a step of onboarding",
                    metadata: ["sandbox.name": "\(name)", "step": "\(step)", "error.code": "\(error.code.rawValue)"])
            }
        }
    }
}
