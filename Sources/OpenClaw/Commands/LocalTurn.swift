import Shared

/// `openclaw agent --local`: the agent loop in this process, because the user asked for it.
struct LocalTurn: Sendable {
    let environment: CommandEnvironment
    let turn: AgentTurn

    /// - Returns: the exit code.
    func run() async throws -> Int32 {
        let output = environment.output
        await RegistrationBlock.show(try environment.httpClient(), output)
        let index = SessionIndex(folder: environment.folders.sessions(agent: turn.selection.agentId))
        let stored = try turn.selection.sessionId ?? index.sessionId(forKey: turn.selection.sessionKey)
        let sessionId = stored ?? RandomText.uuid()
        let request = AgentRunRequest(
            runId: RandomText.uuid(), agentId: turn.selection.agentId, sessionKey: turn.selection.sessionKey,
            sessionId: sessionId, message: turn.message, timeoutSeconds: turn.timeoutSeconds)
        let live = LiveAnswer(runId: request.runId, output: output, isEnabled: !turn.json)
        let loop = try environment.agentLoop { event in
            if event.kind == .delta { try live.stream(delta: event.text, text: nil) }
        }
        let last = await loop.run(request, stop: environment.stop)
        return try finish(last, request, live)
    }

    private func finish(_ last: AgentRunEvent, _ request: AgentRunRequest, _ live: LiveAnswer) throws -> Int32 {
        let output = environment.output
        guard last.kind == .completed else {
            try live.abandon()
            throw AgentFailure(code: last.code ?? "failed", message: last.message ?? "the run failed")
        }
        let result = AgentRunReport(last, request, transport: "embedded")
        if turn.json {
            try output.print(result.json)
        } else {
            try live.finish(last.text ?? "")
            output.note(AgentRunReport.summary(result.json["meta"]))
        }
        if let signal = environment.stop.signal { return 128 + signal }
        guard last.stopReason == "stop" || last.stopReason == "length" else {
            output.note("openclaw: the run ended early: \(last.stopReason ?? "unknown")")
            return 1
        }
        return 0
    }
}
