import Shared

/// The methods of `worker.sock` that are about devices: JSON in, JSON and events out.
struct ScopeLinkMethods: Sendable {
    static let names: Set<String> = [
        "device.connect", "device.list", "device.approve", "device.reject", "device.remove",
    ]

    let authority: ScopeAuthority

    private struct CallerParameters: Decodable {
        var caller: DeviceCaller
        var requestId: String?
        var deviceId: String?
    }

    /// - Parameter sandbox: the one whose worker asks, known from its connection, never from its words.
    /// - Returns: the answer, and events to pass on to that sandbox's worker and to operators.
    /// - Throws: what the worker gets as the answer's error.
    func handle(method: String, params: JSONValue, sandbox: SandboxName) async throws(NemoClawError)
        -> (result: JSONValue, events: [ScopeEvent])
    {
        switch method {
        case "device.connect":
            let request = try JSONCoding.decode(DeviceConnectRequest.self, from: params)
            let (decision, events) = try await authority.connect(request, sandbox: sandbox)
            return (try JSONCoding.value(decision), events)
        case "device.list":
            return (try await authority.list(sandbox: sandbox, caller: try caller(params).caller), [])
        case "device.approve":
            let (id, approver) = try request(params)
            return try await authority.approve(requestId: id, sandbox: sandbox, by: approver)
        case "device.reject":
            let (id, approver) = try request(params)
            return try await authority.reject(requestId: id, sandbox: sandbox, by: approver)
        case "device.remove":
            let parameters = try caller(params)
            guard let id = parameters.deviceId, id.utf8.count <= 128 else { throw Self.missing("deviceId") }
            return try await authority.remove(deviceId: id, sandbox: sandbox, by: .connection(parameters.caller))
        default:
            throw NemoClawError(.unknownMethod, "unknown method: \(method.prefix(64))")
        }
    }

    private func request(_ params: JSONValue) throws(NemoClawError) -> (String, Approver) {
        let parameters = try caller(params)
        guard let id = parameters.requestId, id.utf8.count <= 128 else { throw Self.missing("requestId") }
        return (id, .connection(parameters.caller))
    }

    private func caller(_ params: JSONValue) throws(NemoClawError) -> CallerParameters {
        try JSONCoding.decode(CallerParameters.self, from: params)
    }

    private static func missing(_ name: String) -> NemoClawError {
        NemoClawError(.invalidArgument, "\"\(name)\" is missing or too long")
    }
}
