import Logging
import Shared

/// What an operator can do with sandboxes. Operations on one sandbox exclude each other; those on different ones do not.
actor SandboxOperations {
    /// From asked to ready; a start that needs longer hangs.
    static let readyLimit = Duration.seconds(30)
    /// Longer than all steps of stopping together.
    static let stopLimit = Duration.seconds(15)
    /// Probes of a status are for a person who waits.
    static let statusProbeMilliseconds = 2_000
    /// Before something is made, a slow provider gets more time.
    static let probeMilliseconds = 10_000

    let environment: SandboxEnvironment
    private var busy: Set<SandboxName> = []
    /// Given out since the start: concurrent onboardings never get the same.
    private var users: Set<UInt32> = []

    init(environment: SandboxEnvironment) {
        self.environment = environment
    }

    var store: Store { environment.store }
    var lifecycle: Lifecycle { environment.lifecycle }

    /// Runs `body` while no other operation works on the sandbox.
    private func exclusively<Value: Sendable>(
        _ name: SandboxName, _ body: () async throws(NemoClawError) -> Value
    ) async throws(NemoClawError) -> Value {
        guard busy.insert(name).inserted else {
            throw NemoClawError(
                .busy, "another operation works on sandbox \"\(name)\"", hint: "Wait for it to end, then try again")
        }
        defer { busy.remove(name) }
        return try await body()
    }

    func onboard(_ request: OnboardRequest) async throws(NemoClawError) -> OnboardResult {
        try await exclusively(request.name) { () async throws(NemoClawError) -> OnboardResult in
            let uid = try await takeUser()
            var onboarding = Onboarding(request: request, uid: uid, environment: environment)
            let notes: [String]
            do throws(NemoClawError) {
                notes = try await onboarding.run()
            } catch {
                if let uid { users.remove(uid) }
                throw error
            }
            return OnboardResult(sandbox: try await status(request.name, probing: false), notes: notes)
        }
    }

    func start(_ name: SandboxName) async throws(NemoClawError) -> SandboxStatus {
        try await exclusively(name) { () async throws(NemoClawError) -> SandboxStatus in
            try await store.setWanted(name, .running)
            await lifecycle.handle(.startAsked, for: name)
            return try await whenReady(name)
        }
    }

    func restart(_ name: SandboxName) async throws(NemoClawError) -> SandboxStatus {
        try await exclusively(name) { () async throws(NemoClawError) -> SandboxStatus in
            try await store.setWanted(name, .running)
            await lifecycle.handle(.restartAsked, for: name)
            return try await whenReady(name)
        }
    }

    func stop(_ name: SandboxName) async throws(NemoClawError) -> SandboxStatus {
        try await exclusively(name) { () async throws(NemoClawError) -> SandboxStatus in
            try await store.setWanted(name, .stopped)
            try await halt(name)
            return try await status(name, probing: false)
        }
    }

    /// Stops the sandbox and deletes its data.
    func destroy(_ name: SandboxName) async throws(NemoClawError) {
        try await exclusively(name) { () async throws(NemoClawError) -> Void in
            try await store.setWanted(name, .stopped)
            try await halt(name)
            let uid = try await record(name).uid
            let wasDefault = try await store.defaultSandbox() == name
            try await store.delete(name)
            await lifecycle.remove(name)
            try await environment.routes.publish()
            if wasDefault { try await store.setDefaultSandbox(try await store.sandboxes().first?.name) }
            try await environment.folders.remove(name)
            if let uid { users.remove(uid) }  // not before its files are gone
            environment.logger.info("sandbox destroyed", metadata: ["sandbox.name": "\(name)"])
        }
    }

    func setRoute(_ name: SandboxName, _ request: RouteRequest) async throws(NemoClawError) -> SandboxStatus {
        try await exclusively(name) { () async throws(NemoClawError) -> SandboxStatus in
            _ = try await record(name)
            let plan = try RoutePlan(request, credentials: environment.credentials)
            if request.probe { _ = try await environment.probe(plan.route, Self.probeMilliseconds) }
            if let new = plan.newCredential { try environment.credentials.store(new.value, as: new.variable) }
            try await store.setRoute(
                name, provider: plan.provider.id, endpoint: plan.endpoint, model: plan.model)
            try await environment.routes.publish()
            try await lifecycle.update(try await record(name))
            return try await status(name, probing: false)
        }
    }

    func probe(_ request: RouteRequest) async throws(NemoClawError) -> ProbeResult {
        let plan = try RoutePlan(request, credentials: environment.credentials)
        return try await environment.probe(plan.route, Self.probeMilliseconds)
    }

    func logs(_ name: SandboxName, tail: Int) async throws(NemoClawError) -> [String] {
        _ = try await record(name)
        return try LogTail.read(environment.folders.paths.log(name), lines: tail)
    }

    func gatewayToken(_ name: SandboxName) async throws(NemoClawError) -> Secret<String> {
        try await record(name).gatewayToken
    }

    func setDefault(_ name: SandboxName) async throws(NemoClawError) {
        try await store.setDefaultSandbox(name)
    }

    func record(_ name: SandboxName) async throws(NemoClawError) -> SandboxRecord {
        guard let record = try await store.sandbox(name) else { throw Store.unknown(name) }
        return record
    }

    private func takeUser() async throws(NemoClawError) -> UInt32? {
        guard environment.isRoot else { return nil }
        let used = try await store.usedUIDs()
        let uid = try UserRange.next(avoiding: used.union(users))
        users.insert(uid)
        return uid
    }

    private func whenReady(_ name: SandboxName) async throws(NemoClawError) -> SandboxStatus {
        let observation = try await lifecycle.settle(name, within: Self.readyLimit)
        guard observation.state == .ready else {
            throw NemoClawError(
                .sandboxFailed,
                "sandbox \"\(name)\" did not start: \(observation.reason ?? observation.state.rawValue)",
                hint: "See its log: nemoclaw \(name) logs")
        }
        return try await status(name, probing: false)
    }

    private func halt(_ name: SandboxName) async throws(NemoClawError) {
        await lifecycle.handle(.stopAsked, for: name)
        let observation = try await lifecycle.settle(name, within: Self.stopLimit)
        guard observation.state == .stopped else {
            throw NemoClawError(.sandboxFailed, "sandbox \"\(name)\" did not stop: it is \(observation.state.rawValue)")
        }
    }
}
