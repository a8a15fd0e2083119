import NIOCore
import Shared

/// What a run's stdout says, line by line. The sandbox wrote it: nothing in it is trusted. A value, no I/O.
struct RunProgress: Sendable {
    enum Step: Sendable, Equatable {
        case nothing
        case text(String)
        case ended
        /// The output breaks a limit: the run must be killed.
        case broken(code: String, message: String)
    }

    /// Longest text of a run: far above any model's output.
    static let maximumText = 4 << 20
    /// Lines that are not ours before the run counts as broken.
    static let maximumGarbage = 64

    private(set) var whole = ""
    private(set) var final: AgentRunEvent?
    private(set) var provider: String?
    private(set) var model: String?
    private var garbage = 0

    mutating func read(_ line: ByteBuffer) -> Step {
        guard final == nil else { return .nothing }
        let event: AgentRunEvent
        do throws(NemoClawError) {
            event = try JSONCoding.decode(AgentRunEvent.self, from: line.readableBytesView)
        } catch {
            garbage += 1
            guard garbage <= Self.maximumGarbage else {
                return .broken(code: "protocol_violation", message: "the agent wrote lines that are no events")
            }
            return .nothing
        }
        provider = event.provider ?? provider
        model = event.model ?? model
        switch event.kind {
        case .started: return .nothing
        case .delta:
            guard let text = event.text, !text.isEmpty else { return .nothing }
            guard whole.utf8.count + text.utf8.count <= Self.maximumText else {
                return .broken(code: "output_too_long", message: "the agent's text is over the limit")
            }
            whole += text
            return .text(text)
        case .completed, .failed:
            final = event
            return .ended
        }
    }

    /// The outcome once the run is over; `abort` is why we ended it, if we did.
    func outcome(startedAtMs: Int64, endedAtMs: Int64, abort: RunAbort?) -> RunOutcome {
        guard let final, final.kind == .completed else {
            if let abort {
                return RunOutcome(
                    status: .timeout, text: whole, provider: provider, model: model, stopReason: abort.rawValue,
                    startedAtMs: startedAtMs, endedAtMs: endedAtMs)
            }
            return .failed(
                final?.code ?? "agent_exited", Self.sentence(final?.message) ?? "the agent ended without an answer",
                startedAtMs: startedAtMs, endedAtMs: endedAtMs)
        }
        var outcome = RunOutcome(
            status: .ok, text: final.text ?? whole, provider: provider, model: model, usage: final.usage,
            stopReason: final.stopReason ?? "stop", startedAtMs: startedAtMs, endedAtMs: endedAtMs)
        if final.stopReason == "aborted" || final.stopReason == "timeout" {
            outcome.status = .timeout
            outcome.stopReason = abort?.rawValue ?? (final.stopReason == "timeout" ? "timeout" : "rpc")
        }
        return outcome
    }

    private static func sentence(_ text: String?) -> String? {
        text.flatMap { $0.isEmpty ? nil : String($0.prefix(2000)) }
    }
}

/// Why we ended a run.
enum RunAbort: String, Sendable {
    case rpc, timeout
    case shutdown = "restart"
}
