import Shared

/// The gateway and the scope authority, as workers reach them.
struct SupervisorServices: WorkerServices {
    let gateway: Gateway
    let scopes: ScopeLinkMethods

    func attach(_ listener: Descriptor, to sandbox: SandboxName) async throws(NemoClawError) {
        try await gateway.attach(listener: listener.release(), sandbox: sandbox)
    }

    func detach(_ sandbox: SandboxName) async {
        await gateway.detach(sandbox: sandbox)
    }

    func answer(_ method: String, _ params: JSONValue, from sandbox: SandboxName) async throws(NemoClawError)
        -> WorkerAnswer
    {
        let (result, events) = try await scopes.handle(method: method, params: params, sandbox: sandbox)
        return WorkerAnswer(result: result, tells: events.filter { $0.sandbox == sandbox }.map(\.tell))
    }
}
