import NIOCore
import Shared

/// agent, agent.wait, chat.send, chat.abort, and the events of runs.
extension Gateway {
    private static let defaultTimeoutSeconds = 600
    private static let maximumRunID = 256

    /// Sends `accepted` itself, before the run can end; the final answer follows from `publish`.
    func agent(
        _ request: GatewayRequest, _ session: GatewaySession, _ id: ConnectionID
    ) async throws(GatewayError) -> JSONValue? {
        let params = request.params
        try refuseUnsupported(params)
        if params["deliver"]?.boolValue == true && params["bestEffortDeliver"]?.boolValue != true {
            throw .invalid("delivery channel is required: this gateway has no channels")
        }
        let model = params["model"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        if model != nil || params["provider"]?.stringValue?.isEmpty == false, !session.holds(ScopeRules.admin) {
            throw .missingScope(ScopeRules.admin)
        }
        let timeout = params["timeout"]?.intValue.map { Int(clamping: $0) } ?? Self.defaultTimeoutSeconds
        let ticket = try await ticket(params, timeoutSeconds: timeout, model: model)
        switch admit(ticket) {
        case .accepted(let time):
            finals[ticket.runId, default: []].append((id, request.id))
            connectionsChanged()
            return [
                "runId": .string(ticket.runId), "sessionKey": .string(ticket.sessionKey), "status": "accepted",
                "acceptedAt": .int(time),
            ]
        case .inFlight: return ["runId": .string(ticket.runId), "status": "in_flight"]
        case .finished(let known, let outcome):
            send(final(known, outcome, request: request.id), to: id)
            return nil
        case .refused(let text): throw .unavailable(text)
        }
    }

    func chatSend(_ params: JSONValue) async throws(GatewayError) -> JSONValue {
        try refuseUnsupported(params)
        guard params["message"]?.stringValue?.isEmpty == false else {
            throw .invalid("message or attachment required")
        }
        let milliseconds = params["timeoutMs"]?.intValue ?? Int64(Self.defaultTimeoutSeconds * 1000)
        let seconds = Int(clamping: milliseconds / 1000 + (milliseconds % 1000 > 0 ? 1 : 0))
        let ticket = try await ticket(params, timeoutSeconds: seconds, model: nil)
        let status: String
        switch admit(ticket) {
        case .accepted:
            status = "started"
            connectionsChanged()
        case .inFlight: status = "in_flight"
        case .finished(_, let outcome): status = outcome.status.rawValue
        case .refused(let text): throw .unavailable(text)
        }
        return ["runId": .string(ticket.runId), "status": .string(status)]
    }

    func chatAbort(_ params: JSONValue) async throws(GatewayError) -> JSONValue {
        let key = try SessionKey(params["sessionKey"]?.stringValue ?? "", agentId: params["agentId"]?.stringValue)
        let runId = params["runId"]?.stringValue
        let ids = await runs.abort(sessionKey: key.text, runId: runId)
        return ["ok": true, "aborted": .bool(!ids.isEmpty), "runIds": .array(ids.map { .string($0) })]
    }

    func agentWait(_ params: JSONValue) async -> JSONValue {
        let runId = params["runId"]?.stringValue ?? ""
        let milliseconds = params["timeoutMs"]?.intValue ?? 30_000
        let outcome = await withCheckedContinuation { continuation in
            wait(for: runId, milliseconds: milliseconds) { continuation.resume(returning: $0) }
        }
        guard let outcome else { return ["runId": .string(runId), "status": "timeout"] }
        var members: [String: JSONValue] = [
            "runId": .string(runId), "status": .string(outcome.status.rawValue),
            "startedAt": .int(outcome.startedAtMs), "endedAt": .int(outcome.endedAtMs),
        ]
        members["error"] = outcome.errorMessage.map { .string($0) }
        members["stopReason"] = outcome.stopReason.map { .string($0) }
        return .object(members)
    }

    private func ticket(
        _ params: JSONValue, timeoutSeconds: Int, model: String?
    ) async throws(GatewayError) -> RunTicket {
        let runId = params["idempotencyKey"]?.stringValue ?? ""
        guard (1...Self.maximumRunID).contains(runId.utf8.count) else { throw .invalid("idempotencyKey is too long") }
        let session = try await sessions.resolve(
            agentId: params["agentId"]?.stringValue, key: params["sessionKey"]?.stringValue,
            sessionId: params["sessionId"]?.stringValue)
        return RunTicket(
            runId: runId, agentId: session.key.agentId, sessionKey: session.key.text, sessionId: session.sessionId,
            message: params["message"]?.stringValue ?? "", timeoutSeconds: timeoutSeconds,
            model: model ?? session.model, extraSystemPrompt: params["extraSystemPrompt"]?.stringValue)
    }

    /// On the spot: registry and gateway share the event loop, so nothing of the run can come before its admission.
    private func admit(_ ticket: RunTicket) -> RunRegistry.Admission {
        runs.assumeIsolated { $0.start(ticket) }
    }

    private func wait(for runId: String, milliseconds: Int64, then: @escaping @Sendable (RunOutcome?) -> Void) {
        runs.assumeIsolated { $0.wait(runId, milliseconds: milliseconds, then: then) }
    }

    private func refuseUnsupported(_ params: JSONValue) throws(GatewayError) {
        if params["attachments"]?.arrayValue?.isEmpty == false { throw .invalid("attachments are not supported") }
    }

    // MARK: - Events

    func publish(_ update: RunUpdate) {
        let run = update.ticket
        broadcast(.agent, RunMessages.agentEvent(update, now: clock.now()))
        broadcast(.chat) { version in RunMessages.chatEvent(update, version: version, now: clock.now()) }
        guard case .finished(let outcome) = update.kind else { return }
        for (connection, request) in finals.removeValue(forKey: run.runId) ?? [] {
            send(final(run, outcome, request: request), to: connection)
        }
        connectionsChanged()
    }

    private func final(_ run: RunTicket, _ outcome: RunOutcome, request: String) -> JSONValue {
        let payload = RunMessages.finalPayload(run, outcome)
        guard outcome.status == .error else { return GatewayFrame.result(id: request, payload: payload) }
        let error = GatewayError(.unavailable, outcome.errorMessage ?? "run failed")
        return GatewayFrame.failure(id: request, error: error, payload: payload)
    }
}
