import Shared

/// Approving or rejecting a pending device request through the gateway.
struct DeviceDecision: Sendable {
    let environment: CommandEnvironment
    let request: String

    /// Asks for the scopes that approving needs: pairing, and what the request asks for.
    func approve() async throws -> Int32 {
        try check()
        let query = try GatewayQuery(environment: environment)
        let list = try await query.ask("device.pair.list", [:], scopes: ["operator.pairing"])
        let found = (list["pending"]?.arrayValue ?? []).first { $0["requestId"]?.stringValue == request }
        guard let found else {
            throw NemoClawError(
                .notFound, "there is no pending request \"\(request)\"", hint: "Run: openclaw devices list")
        }
        let wanted = (found["scopes"]?.arrayValue ?? []).prefix(32).compactMap(\.stringValue)
        let scopes = wanted.contains("operator.admin") ? ["operator.admin"] : ["operator.pairing"] + wanted
        var unique: [String] = []
        for scope in scopes where !unique.contains(scope) { unique.append(scope) }
        _ = try await query.ask("device.pair.approve", ["requestId": .string(request)], scopes: unique)
        try environment.output.print("approved \(request)")
        return 0
    }

    func reject() async throws -> Int32 {
        try check()
        _ = try await GatewayQuery(environment: environment)
            .ask("device.pair.reject", ["requestId": .string(request)], scopes: ["operator.pairing"])
        try environment.output.print("rejected \(request)")
        return 0
    }

    private func check() throws {
        guard GatewayRefusal.isRequestId(request) else {
            throw NemoClawError(
                .invalidArgument, "\"\(PrintableText.line(request, limit: 64))\" is not a request id",
                hint: "Run: openclaw devices list")
        }
    }
}
