import Glibc
import Shared
import SystemPackage

/// One run of the agent: transcript, model, transcript. Tells what happens through `emit`.
struct AgentLoop: Sendable {
    private enum Ending: Sendable {
        case answered
        case failed(AgentFailure)
        case deadline
        case stopped
    }

    let call: ModelCall
    let folders: OpenClawFolders
    let cwd: String
    let emit: @Sendable (AgentRunEvent) throws -> Void

    /// Runs until the answer, an error, the time limit or `stop`.
    /// - Returns: the last event, `completed` or `failed`, which was not emitted yet.
    func run(_ request: AgentRunRequest, stop: StopRequest) async -> AgentRunEvent {
        let start = ContinuousClock.now
        do {
            return try await converse(request, start: start, stop: stop)
        } catch is CancellationError {
            return completed(AgentAnswer.Content(), stopReason: "aborted", start: start)
        } catch {
            return failed(AgentFailure(error, beforeFirstByte: true))
        }
    }

    private func converse(_ request: AgentRunRequest, start: ContinuousClock.Instant, stop: StopRequest) async throws
        -> AgentRunEvent
    {
        let agentId = try SessionSelection.checkAgentId(request.agentId)
        try SessionSelection.checkSessionId(request.sessionId)
        let folder = folders.sessions(agent: agentId)
        let limit = timeout(of: request)
        var transcript = try await Transcript.open(
            folder.appending("\(request.sessionId).jsonl"), sessionId: request.sessionId, cwd: cwd,
            nowMs: Instant.nowMs, lockLimit: limit, stop: stop)
        let question = ChatCompletionRequest(
            model: request.model ?? "inference/default",
            messages: ConversationContext.messages(
                history: transcript.history, message: request.message, extraSystemPrompt: request.extraSystemPrompt))
        try transcript.appendUser(request.message, nowMs: Instant.nowMs)

        let answer = AgentAnswer()
        let ending = await race(question, answer, deadline: start + limit, stop: stop)
        let content = answer.snapshot
        let last = event(for: ending, content, start: start)
        let message = assistant(content, stopReason: last.stopReason ?? "error", error: last.message)
        try transcript.appendAssistant(message, nowMs: Instant.nowMs)
        _ = consume transcript
        try await SessionIndex(folder: folder).record(
            key: request.sessionKey, sessionId: request.sessionId, route: message.route, usage: message.usage,
            nowMs: Instant.nowMs)
        return last
    }

    /// The first of: answer, time limit, stop. Whoever loses is cancelled and waited for.
    private func race(
        _ question: ChatCompletionRequest, _ answer: AgentAnswer, deadline: ContinuousClock.Instant, stop: StopRequest
    ) async -> Ending {
        await withTaskGroup(of: Ending.self) { group in
            group.addTask {
                do {
                    try await call.run(question, into: answer, emit: emit)
                    return .answered
                } catch is EventSinkClosed {
                    return .stopped
                } catch {
                    return .failed(AgentFailure(error, beforeFirstByte: false))
                }
            }
            group.addTask {
                try? await Task.sleep(until: deadline)  // try?: cancelled means that another ending was first
                return .deadline
            }
            group.addTask {
                _ = await stop.wait()
                return .stopped
            }
            let first = await group.next() ?? .stopped
            group.cancelAll()
            return first
        }
    }

    private func event(for ending: Ending, _ content: AgentAnswer.Content, start: ContinuousClock.Instant)
        -> AgentRunEvent
    {
        switch ending {
        case .answered:
            completed(content, stopReason: content.finishReason == "length" ? "length" : "stop", start: start)
        case .deadline: completed(content, stopReason: "timeout", start: start)
        case .stopped: completed(content, stopReason: "aborted", start: start)
        case .failed(let failure): failed(failure)
        }
    }

    private func completed(_ content: AgentAnswer.Content, stopReason: String, start: ContinuousClock.Instant)
        -> AgentRunEvent
    {
        var event = AgentRunEvent(kind: .completed)
        event.text = content.text
        event.provider = content.provider ?? TranscriptEntry.Route.unknown
        event.model = content.model ?? TranscriptEntry.Route.unknown
        event.usage = content.usage ?? TokenUsage()
        event.stopReason = stopReason
        let elapsed = (ContinuousClock.now - start).components
        event.durationMs = Int(elapsed.seconds) * 1000 + Int(elapsed.attoseconds / 1_000_000_000_000_000)
        return event
    }

    private func failed(_ failure: AgentFailure) -> AgentRunEvent {
        var event = AgentRunEvent(kind: .failed)
        event.code = failure.code
        event.message = failure.message
        return event
    }

    private func assistant(_ content: AgentAnswer.Content, stopReason: String, error: String?)
        -> TranscriptEntry.Assistant
    {
        TranscriptEntry.Assistant(
            text: content.text,
            route: TranscriptEntry.Route(
                provider: content.provider ?? TranscriptEntry.Route.unknown,
                model: content.model ?? TranscriptEntry.Route.unknown),
            usage: content.usage ?? TokenUsage(), stopReason: stopReason, errorMessage: error)
    }

    /// 0 means none, which is a week here.
    private func timeout(of request: AgentRunRequest) -> Duration {
        let seconds = request.timeoutSeconds
        return .seconds(seconds > 0 ? min(seconds, AgentLimits.longestTimeout) : AgentLimits.longestTimeout)
    }
}
