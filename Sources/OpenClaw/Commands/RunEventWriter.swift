import Shared

/// Writes events as lines of at most `AgentRunEvent.maximumLine` bytes.
struct RunEventWriter: Sendable {
    let write: @Sendable ([UInt8]) throws -> Void

    init(write: @escaping @Sendable ([UInt8]) throws -> Void) {
        self.write = write
    }

    /// A delta that is too long becomes several; any other text is cut.
    func write(_ event: AgentRunEvent) throws {
        let line = try JSONCoding.encode(event)
        guard line.count >= AgentRunEvent.maximumLine, let text = event.text else {
            try write(line + [0x0a])
            return
        }
        let half = text.index(text.startIndex, offsetBy: max(1, text.count / 2))
        var part = event
        part.text = String(text[..<half])
        try write(part)
        guard event.kind == .delta else { return }
        part.text = String(text[half...])
        try write(part)
    }
}
