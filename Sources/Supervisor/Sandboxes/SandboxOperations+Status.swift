import Shared

extension SandboxOperations {
    func status(_ name: SandboxName, probing: Bool) async throws(NemoClawError) -> SandboxStatus {
        let status = await describe(try await record(name), isDefault: try await store.defaultSandbox() == name)
        return probing ? await probed(status) : status
    }

    func list(probing: Bool, gateway: GatewayStatus) async throws(NemoClawError) -> SandboxList {
        let chosen = try await store.defaultSandbox()
        var sandboxes: [SandboxStatus] = []
        for record in try await store.sandboxes() {
            sandboxes.append(await describe(record, isDefault: record.name == chosen))
        }
        if probing { sandboxes = await probed(sandboxes) }
        return SandboxList(defaultSandbox: chosen, sandboxes: sandboxes, gateway: gateway)
    }

    private func describe(_ record: SandboxRecord, isDefault: Bool) async -> SandboxStatus {
        let seen = await lifecycle.observe(record.name)
        let usage = environment.usage(record.name)
        return SandboxStatus(
            name: record.name, isDefault: isDefault, port: seen?.port ?? record.port, provider: record.provider,
            providerLabel: Provider.all.first { $0.id == record.provider }?.label ?? record.provider,
            model: record.model, endpoint: record.endpoint,
            wanted: record.wanted == .running ? .running : .stopped, state: seen?.state ?? .provisioning,
            reason: seen?.reason, workerPid: seen?.workerPid, initPid: seen?.initPid, uid: record.uid,
            connections: seen?.connections ?? 0, activeRuns: seen?.runs ?? 0, restarts: seen?.restarts ?? 0,
            requests: usage.requests, inputTokens: Int(usage.inputTokens), outputTokens: Int(usage.outputTokens))
    }

    /// Asks all providers side by side; the slowest sets the time, and it is bounded.
    private func probed(_ sandboxes: [SandboxStatus]) async -> [SandboxStatus] {
        await withTaskGroup(of: (Int, SandboxStatus).self) { group in
            for (index, status) in sandboxes.enumerated() {
                group.addTask { (index, await self.probed(status)) }
            }
            var result = sandboxes
            for await (index, status) in group { result[index] = status }
            return result
        }
    }

    private nonisolated func probed(_ status: SandboxStatus) async -> SandboxStatus {
        var status = status
        do {
            let record = try await record(status.name)
            let result = try await environment.probe(
                try environment.routes.route(of: record), Self.statusProbeMilliseconds)
            status.inference = result.inference
            status.inferenceDetail = result.detail
        } catch {
            status.inference = Self.inference(for: error.code)
            status.inferenceDetail = error.message
        }
        return status
    }

    private static func inference(for code: ErrorCode) -> InferenceState {
        switch code {
        case .missingCredential: .unauthorized
        case .endpointInvalid: .unhealthy
        default: .unreachable
        }
    }
}
