import Shared

/// Runs in the protocol's words (`openclaw-gateway-protocol.md` 5.1, 5.3, 5.5).
enum RunMessages {
    static func finalPayload(_ run: RunTicket, _ outcome: RunOutcome) -> JSONValue {
        var members: [String: JSONValue] = ["runId": .string(run.runId), "status": .string(outcome.status.rawValue)]
        switch outcome.status {
        case .error:
            members["summary"] = .string(outcome.errorMessage ?? "run failed")
            return .object(members)
        case .ok: members["summary"] = "completed"
        case .timeout:
            members["summary"] = "aborted"
            members["stopReason"] = .string(outcome.stopReason ?? "rpc")
        }
        members["result"] = result(run, outcome)
        return .object(members)
    }

    private static func result(_ run: RunTicket, _ outcome: RunOutcome) -> JSONValue {
        var agent: [String: JSONValue] = [
            "sessionId": .string(run.sessionId), "sessionKey": .string(run.sessionKey),
            "provider": .string(outcome.provider ?? ""), "model": .string(outcome.model ?? ""),
        ]
        agent["usage"] = usage(outcome)
        var meta: [String: JSONValue] = ["durationMs": .int(outcome.durationMs), "agentMeta": .object(agent)]
        meta["stopReason"] = outcome.stopReason.map { .string($0) }
        if outcome.isAborted { meta["aborted"] = true }
        if !outcome.text.isEmpty { meta["finalAssistantVisibleText"] = .string(outcome.text) }
        let payloads: [JSONValue] = outcome.text.isEmpty ? [] : [["text": .string(outcome.text), "mediaUrl": nil]]
        return ["payloads": .array(payloads), "meta": .object(meta)]
    }

    static func agentEvent(_ update: RunUpdate, now: Int64) -> JSONValue {
        let stream: String
        let data: JSONValue
        switch update.kind {
        case .started(let time):
            stream = "lifecycle"
            data = ["phase": "start", "startedAt": .int(time)]
        case .text(let delta, let whole):
            stream = "assistant"
            data = ["text": .string(whole), "delta": .string(delta)]
        case .finished(let outcome):
            stream = "lifecycle"
            var members: [String: JSONValue] = [
                "startedAt": .int(outcome.startedAtMs), "endedAt": .int(outcome.endedAtMs),
                "phase": outcome.status == .error ? "error" : "end",
            ]
            members["error"] = outcome.errorMessage.map { .string($0) }
            if outcome.isAborted { members["aborted"] = true }
            data = .object(members)
        }
        return [
            "runId": .string(update.ticket.runId), "seq": .int(update.sequence), "stream": .string(stream),
            "ts": .int(now), "data": data,
        ]
    }

    /// nil: this update has no chat event. Version 4 deltas carry the new text beside the cumulative message, version 3
    /// only the message.
    static func chatEvent(_ update: RunUpdate, version: Int64, now: Int64) -> JSONValue? {
        var members: [String: JSONValue] = [
            "runId": .string(update.ticket.runId), "sessionKey": .string(update.ticket.sessionKey),
            "seq": .int(update.sequence),
        ]
        switch update.kind {
        case .started: return nil
        case .text(let delta, let whole):
            members["state"] = "delta"
            members["message"] = message(whole, now: now)
            if version >= 4 { members["deltaText"] = .string(delta) }
        case .finished(let outcome):
            if !outcome.text.isEmpty || outcome.status == .ok {
                members["message"] = message(outcome.text, now: now, outcome: outcome)
            }
            switch outcome.status {
            case .ok:
                members["state"] = "final"
                members["usage"] = usage(outcome)
                members["stopReason"] = outcome.stopReason.map { .string($0) }
            case .timeout:
                members["state"] = "aborted"
                members["stopReason"] = outcome.stopReason.map { .string($0) }
            case .error:
                members["state"] = "error"
                members["errorMessage"] = .string(outcome.errorMessage ?? "run failed")
                if version >= 4 { members["errorKind"] = "unknown" }
            }
        }
        return .object(members)
    }

    private static func message(_ text: String, now: Int64, outcome: RunOutcome? = nil) -> JSONValue {
        var members: [String: JSONValue] = [
            "role": "assistant", "content": [["type": "text", "text": .string(text)]], "timestamp": .int(now),
        ]
        members["provider"] = outcome?.provider.map { .string($0) }
        members["model"] = outcome?.model.map { .string($0) }
        return .object(members)
    }

    private static func usage(_ outcome: RunOutcome) -> JSONValue? {
        outcome.usage.map { usage in
            [
                "input": .int(Int64(usage.input)), "output": .int(Int64(usage.output)),
                "cacheRead": .int(Int64(usage.cacheRead)), "cacheWrite": .int(Int64(usage.cacheWrite)),
                "total": .int(Int64(usage.total)),
            ]
        }
    }
}
