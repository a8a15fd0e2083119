import Shared
import Synchronization

/// Prints a run's text while it streams. Called on the event loop; never blocks on anything but stdout.
final class LiveAnswer: Sendable {
    private let runId: String
    private let output: CommandOutput
    private let isEnabled: Bool
    private let printer = Mutex(AnswerPrinter())

    init(runId: String, output: CommandOutput, isEnabled: Bool) {
        self.runId = runId
        self.output = output
        self.isEnabled = isEnabled
    }

    /// An event of the gateway; only text of this run counts.
    func receive(name: String, payload: JSONValue) {
        guard isEnabled, name == "agent", payload["stream"] == "assistant", payload["runId"]?.stringValue == runId
        else {
            return
        }
        let data = payload["data"]
        // try?: the final write tells that nobody reads
        try? stream(delta: data?["delta"]?.stringValue, text: data?["text"]?.stringValue)
    }

    /// New text, as `AnswerPrinter.stream`.
    func stream(delta: String?, text: String?) throws {
        guard isEnabled else { return }
        try printer.withLock { printer in
            let text = printer.stream(delta: delta, text: text)
            if !text.isEmpty { try output.write(text) }
        }
    }

    /// Completes the output with the whole answer.
    func finish(_ text: String) throws {
        try printer.withLock { try output.write($0.finish(text)) }
    }

    /// Ends a line that was begun, when no answer comes.
    func abandon() throws {
        guard isEnabled else { return }
        try printer.withLock { printer in
            let text = printer.abandon()
            if !text.isEmpty { try output.write(text) }
        }
    }
}
