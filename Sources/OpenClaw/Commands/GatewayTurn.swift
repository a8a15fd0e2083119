import NIOCore
import Shared

/// `openclaw agent`: one run through the gateway, streamed, aborted on a signal. There is no other way to an answer.
struct GatewayTurn: Sendable {
    private enum Ending: Sendable {
        case answered(JSONValue)
        case stopped(Int32)
    }

    let environment: CommandEnvironment
    let turn: AgentTurn
    let connector: GatewayConnector
    /// Also the idempotency key.
    let runId = RandomText.uuid()

    /// Waits between attempts to abort a run that the gateway does not know yet.
    private static let abortPauses: [Duration] = [
        .milliseconds(50), .milliseconds(150), .milliseconds(300), .milliseconds(600),
    ]

    /// - Returns: the exit code.
    func run() async throws -> Int32 {
        await RegistrationBlock.show(try environment.httpClient(), environment.output)
        let live = LiveAnswer(runId: runId, output: environment.output, isEnabled: !turn.json)
        let ending: Ending
        do {
            ending = try await race(live)
        } catch {
            try live.abandon()
            if let refusal = error as? GatewayRefusal { throw refusal.explained(target: connector.target) }
            throw error
        }
        switch ending {
        case .stopped(let signal):
            try live.abandon()
            environment.output.note("openclaw: run \(runId) was aborted")
            return 128 + signal
        case .answered(let payload): return try finish(payload, live)
        }
    }

    private func race(_ live: LiveAnswer) async throws -> Ending {
        let slot = ConnectionSlot()
        return try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask {
                let connection = try await connector.connect(scopes: ["operator.write"], onEvent: live.receive)
                slot.set(connection)
                return .answered(
                    try await connection.call("agent", params, expectingFinal: true, limit: limit))
            }
            group.addTask {
                guard let signal = await environment.stop.wait() else { throw CancellationError() }
                if let connection = slot.current { await abort(connection) }
                return .stopped(signal)
            }
            defer { group.cancelAll() }
            let first = try await group.next() ?? .stopped(0)
            // An aborted run is answered too, often before our abort is: the signal decides.
            if let signal = environment.stop.signal { return .stopped(signal) }
            return first
        }
    }

    private var params: JSONValue {
        var members: [String: JSONValue] = [
            "message": .string(turn.message), "agentId": .string(turn.selection.agentId),
            "sessionKey": .string(turn.selection.sessionKey), "deliver": false,
            "timeout": .int(Int64(turn.timeoutSeconds)), "idempotencyKey": .string(runId),
        ]
        if let sessionId = turn.selection.sessionId { members["sessionId"] = .string(sessionId) }
        if let to = turn.to { members["to"] = .string(to) }
        return .object(members)
    }

    /// The gateway keeps the run's own time; ours is a little longer.
    private var limit: TimeAmount {
        let seconds = turn.timeoutSeconds > 0 ? max(10, turn.timeoutSeconds + 30) : AgentLimits.longestTimeout
        return .seconds(Int64(seconds))
    }

    private func abort(_ connection: GatewayConnection) async {
        let params: JSONValue = ["sessionKey": .string(turn.selection.sessionKey), "runId": .string(runId)]
        for pause in Self.abortPauses {
            // try?: the run may be over or the gateway gone, then there is nothing to abort
            let answer = try? await connection.call("chat.abort", params, limit: .seconds(2))
            if answer?["aborted"]?.boolValue ?? true { return }
            try? await Task.sleep(for: pause)  // try?: cancelled means that the run has ended
        }
    }

    private func finish(_ payload: JSONValue, _ live: LiveAnswer) throws -> Int32 {
        let output = environment.output
        let status = payload["status"]?.stringValue ?? "error"
        let payload = Self.marked(payload)
        if turn.json {
            try output.print(payload)
        } else {
            try live.finish(Self.text(payload, status: status))
            output.note(AgentRunReport.summary(payload["result"]?["meta"]))
        }
        if status == "ok" { return 0 }
        let reason = PrintableText.line(
            payload["stopReason"]?.stringValue ?? payload["summary"]?.stringValue ?? status, limit: 300)
        output.note("openclaw: the run did not complete: \(PrintableText.line(status, limit: 32)) (\(reason))")
        return 1
    }

    /// The payload with `result.meta.transport`.
    private static func marked(_ payload: JSONValue) -> JSONValue {
        guard var members = payload.objectValue else { return payload }
        var result = members["result"]?.objectValue ?? [:]
        var meta = result["meta"]?.objectValue ?? [:]
        meta["transport"] = "gateway"
        result["meta"] = .object(meta)
        members["result"] = .object(result)
        return .object(members)
    }

    /// The answer's parts, one a line, as OpenClaw prints them.
    private static func text(_ payload: JSONValue, status: String) -> String {
        let parts = payload["result"]?["payloads"]?.arrayValue ?? []
        var lines: [String] = []
        for part in parts {
            if let text = part["text"]?.stringValue, !text.isEmpty { lines.append(text) }
            let media =
                [part["mediaUrl"]].compactMap { $0?.stringValue }
                + (part["mediaUrls"]?.arrayValue ?? []).compactMap(\.stringValue)
            lines.append(contentsOf: media.map { "Attachment: \($0)" })
        }
        if lines.isEmpty {
            return status == "ok" ? "No reply from agent." : payload["summary"]?.stringValue ?? "No reply from agent."
        }
        return lines.joined(separator: "\n")
    }
}
