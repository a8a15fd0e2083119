import NIOCore
import NIOHTTP1
import Shared

/// One question to a model, streamed into an `AgentAnswer`.
struct ModelCall: Sendable {
    let client: HTTPClient
    /// Waits before the second, third … attempt while nothing was answered.
    var backoff: [Duration] = [.milliseconds(250), .seconds(1), .seconds(2)]

    /// - Throws: `AgentFailure`, `CancellationError`, or what `emit` throws.
    func run(
        _ request: ChatCompletionRequest, into answer: AgentAnswer, emit: @Sendable (AgentRunEvent) throws -> Void
    ) async throws {
        let body = try JSONCoding.encode(request)
        for wait in backoff {
            do {
                return try await attempt(body, answer, emit)
            } catch let failure as AgentFailure where failure.isRetryable {
                try await Task.sleep(for: wait)
            }
        }
        try await attempt(body, answer, emit)
    }

    private func attempt(
        _ body: [UInt8], _ answer: AgentAnswer, _ emit: @Sendable (AgentRunEvent) throws -> Void
    ) async throws {
        var beganAnswer = false
        do {
            try await client.exchange(.POST, client.endpoint.chatCompletions, json: body) { head, parts in
                guard head.status == .ok else {
                    let text = try await HTTPClient.rest(&parts, limit: AgentLimits.errorBody, truncating: true)
                    throw AgentFailure(status: head.status, body: text)
                }
                beganAnswer = true
                try start(head, answer, emit)
                let isStream = head.headers["content-type"].contains { $0.lowercased().hasPrefix("text/event-stream") }
                if isStream {
                    try await readStream(&parts, answer, emit)
                } else {
                    let whole = try await HTTPClient.rest(&parts, limit: AgentLimits.wholeBody)
                    _ = try take(whole, answer, emit)
                }
            }
        } catch let error where error is CancellationError || error is EventSinkClosed {
            throw error
        } catch {
            throw AgentFailure(error, beforeFirstByte: !beganAnswer)
        }
    }

    private func start(
        _ head: HTTPResponseHead, _ answer: AgentAnswer, _ emit: (AgentRunEvent) throws -> Void
    ) throws {
        func header(_ name: String) -> String? {
            head.headers[name].first.map { PrintableText.line($0, limit: 200) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        answer.answering(provider: header("x-nemoclaw-route"), model: header("x-nemoclaw-model"))
        var event = AgentRunEvent(kind: .started)
        event.provider = answer.snapshot.provider
        event.model = answer.snapshot.model
        try emit(event)
    }

    private func readStream(
        _ parts: inout HTTPClient.Parts, _ answer: AgentAnswer, _ emit: (AgentRunEvent) throws -> Void
    ) async throws {
        var parser = ServerSentEventParser()
        while let piece = try await HTTPClient.next(&parts) {
            for event in try parser.append(piece.readableBytesView) {
                if event.data == Array("[DONE]".utf8) { return }
                if try take(event.data, answer, emit) { return }
            }
        }
        guard answer.snapshot.finishReason != nil else { throw HTTPFailure.closedEarly }
    }

    /// - Returns: whether the answer must end here.
    private func take(_ data: [UInt8], _ answer: AgentAnswer, _ emit: (AgentRunEvent) throws -> Void) throws -> Bool {
        let chunk = ChatCompletionChunk(try JSONCoding.decode(JSONValue.self, from: data))
        if let failure = chunk.failure {
            throw AgentFailure(
                code: "provider_error",
                message: "the model's provider reports: \(PrintableText.line(failure, limit: AgentLimits.errorText))")
        }
        let (text, full) = answer.append(chunk)
        if let text {
            var event = AgentRunEvent(kind: .delta)
            event.text = text
            try emit(event)
        }
        return full
    }
}
