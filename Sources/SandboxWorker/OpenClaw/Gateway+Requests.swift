import Logging
import NIOCore
import Shared

/// Requests after hello: envelope, role, scope, params, then the method.
extension Gateway {
    func handle(_ message: ByteBuffer, from id: ConnectionID) {
        let request: GatewayRequest
        do throws(GatewayRequest.Problem) {
            request = try GatewayRequest(message)
        } catch {
            let (answerTo, text): (String?, String) =
                switch error {
                case .unreadable: (nil, "not valid JSON")
                case .invalid(let id, let text): (id, text)
                }
            return send(
                GatewayFrame.failure(
                    id: answerTo ?? "invalid", error: .invalid("invalid request frame: \(text)")), to: id)
        }
        do throws(GatewayError) {
            let (method, session) = try admit(request, from: id)
            connections[id]?.requestsUnderWay += 1
            Task { await serve(method, request, session, id) }
        } catch {
            send(GatewayFrame.failure(id: request.id, error: error), to: id)
        }
    }

    private func admit(
        _ request: GatewayRequest, from id: ConnectionID
    ) throws(GatewayError) -> (GatewayMethod, GatewaySession) {
        guard let connection = connections[id], let session = connection.session else {
            throw .unavailable("connection is closing")
        }
        guard request.method != "connect" else { throw .invalid("connect is only valid as the first request") }
        guard let method = GatewayMethod(rawValue: request.method) else {
            throw .invalid("unknown method: \(request.method.prefix(128))")
        }
        guard session.role == "operator" || method == .health else {
            throw .invalid("unauthorized role: \(session.role)")
        }
        if let scope = method.scope, !session.holds(scope) { throw .missingScope(scope) }
        try method.validate(request.params)
        guard connection.requestsUnderWay < GatewayLimits.requestsUnderWay else {
            throw .unavailable("too many requests under way")
        }
        return (method, session)
    }

    private func serve(
        _ method: GatewayMethod, _ request: GatewayRequest, _ session: GatewaySession, _ id: ConnectionID
    ) async {
        do throws(GatewayError) {
            if let payload = try await answer(method, request, session, id) {
                send(GatewayFrame.result(id: request.id, payload: payload), to: id)
            }
        } catch {
            send(GatewayFrame.failure(id: request.id, error: error), to: id)
        }
        connections[id]?.requestsUnderWay -= 1
    }

    /// nil: the answer was sent already.
    private func answer(
        _ method: GatewayMethod, _ request: GatewayRequest, _ session: GatewaySession, _ id: ConnectionID
    ) async throws(GatewayError) -> JSONValue? {
        let params = request.params
        switch method {
        case .health: return await health()
        case .status: return await status()
        case .modelsList: return models()
        case .systemPresence: return .array(presence())
        case .agent: return try await agent(request, session, id)
        case .agentWait: return await agentWait(params)
        case .chatSend: return try await chatSend(params)
        case .chatAbort: return try await chatAbort(params)
        case .chatHistory: return try await chatHistory(params)
        case .sessionsList: return await sessionsList(params)
        case .sessionsPatch: return try await sessionsPatch(params, session)
        case .pairList: return try await device("device.list", params, session)
        case .pairApprove: return try await device("device.approve", params, session)
        case .pairReject: return try await device("device.reject", params, session)
        case .pairRemove: return try await device("device.remove", params, session)
        }
    }

    /// The supervisor decides; it gets the caller with the question.
    private func device(
        _ method: String, _ params: JSONValue, _ session: GatewaySession
    ) async throws(GatewayError) -> JSONValue {
        let caller = DeviceCaller(
            deviceId: session.deviceId, scopes: session.scopes, method: session.method,
            provenance: session.provenance)
        do throws(NemoClawError) {
            var members = params.objectValue ?? [:]
            members["caller"] = try JSONCoding.value(caller)
            return try await supervisor.ask(method, .object(members), milliseconds: 30_000)
        } catch { throw GatewayError(error) }
    }
}
