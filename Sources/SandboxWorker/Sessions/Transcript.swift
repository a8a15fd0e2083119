import Shared

/// A transcript (JSONL) as `chat.history` shows it. The sandbox wrote it: lines that are no message are skipped.
enum Transcript {
    /// Text of one message unless the client says otherwise.
    static let maximumCharacters = 100_000

    static func messages(
        in bytes: [UInt8], startsInsideLine: Bool, limit: Int, maximumCharacters: Int?
    ) -> [JSONValue] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"))
        if startsInsideLine && !lines.isEmpty { lines.removeFirst() }
        var messages: [JSONValue] = []
        for line in lines.reversed() {
            guard messages.count < limit else { break }
            // try?: a bad line is skipped
            guard let entry = try? JSONCoding.decode(JSONValue.self, from: line),
                entry["type"]?.stringValue == "message", var message = entry["message"]?.objectValue,
                message["role"]?.stringValue != nil
            else { continue }
            let longest = maximumCharacters ?? Self.maximumCharacters
            message["content"] = message["content"].map { cut($0, to: longest) }
            messages.append(.object(message))
        }
        return messages.reversed()
    }

    private static func cut(_ content: JSONValue, to limit: Int) -> JSONValue {
        switch content {
        case .string(let text): return .string(cut(text, to: limit))
        case .array(let parts):
            return .array(
                parts.map { part in
                    guard var members = part.objectValue, let text = members["text"]?.stringValue else { return part }
                    members["text"] = .string(cut(text, to: limit))
                    return .object(members)
                })
        default: return content
        }
    }

    private static func cut(_ text: String, to limit: Int) -> String {
        // Bytes first: counting characters of a long text is slow.
        guard text.utf8.count > limit, text.count > limit else { return text }
        return text.prefix(limit) + "\n… (truncated)"
    }
}
