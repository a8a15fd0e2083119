import Shared

/// What a worker's link reaches in the rest of the supervisor.
protocol WorkerServices: Sendable {
    /// Serves the sandbox's own inference listener, in place of one before.
    func attach(_ listener: Descriptor, to sandbox: SandboxName) async throws(NemoClawError)
    func detach(_ sandbox: SandboxName) async
    /// Answers an ask of the worker.
    func answer(_ method: String, _ params: JSONValue, from sandbox: SandboxName) async throws(NemoClawError)
        -> WorkerAnswer
}

/// What a worker gets for an ask: the result, then what else its sandbox must hear.
struct WorkerAnswer: Sendable {
    var result: JSONValue
    var tells: [LinkMessage] = []
}
