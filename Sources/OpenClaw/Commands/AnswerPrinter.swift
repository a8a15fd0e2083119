/// Which part of an answer is still to be printed, so that the final text appears exactly once. A value, no I/O.
struct AnswerPrinter: Sendable {
    private var printed = ""

    /// New text of a streamed event: `delta` is what is new, `text` the whole so far (either may be missing).
    mutating func stream(delta: String?, text: String?) -> String {
        guard let text else {
            guard let delta else { return "" }
            printed += delta
            return delta
        }
        if let delta, printed.utf8.count + delta.utf8.count == text.utf8.count {
            printed = text
            return delta
        }
        guard text.utf8.count > printed.utf8.count, text.utf8.starts(with: printed.utf8) else { return "" }
        let rest = String(decoding: text.utf8.dropFirst(printed.utf8.count), as: UTF8.self)
        printed = text
        return rest
    }

    /// What completes the output when the whole answer is known. Streamed text that the answer does not start with
    /// cannot be taken back: the answer follows it on a line of its own.
    mutating func finish(_ text: String) -> String {
        defer { printed = text }
        var rest = text
        if text.utf8.starts(with: printed.utf8) {
            rest = String(decoding: text.utf8.dropFirst(printed.utf8.count), as: UTF8.self)
        } else if !printed.isEmpty {
            rest = (printed.hasSuffix("\n") ? "" : "\n") + text
        }
        return text.hasSuffix("\n") ? rest : rest + "\n"
    }

    /// The line end after streamed text when no answer follows.
    func abandon() -> String {
        printed.isEmpty || printed.hasSuffix("\n") ? "" : "\n"
    }
}
