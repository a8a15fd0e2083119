import Shared

/// `agent:<agentId>:<rest>`: the bucket of a conversation (`openclaw-gateway-protocol.md` 5.4).
struct SessionKey: Sendable, Hashable {
    let agentId: String
    let rest: String

    var text: String { "agent:\(agentId):\(rest)" }

    /// Longest key in characters.
    static let maximumLength = 512

    init(agentId: String, rest: String) {
        self.agentId = agentId
        self.rest = rest
    }

    /// A key as a client writes it: prefixed, or a short one that belongs to `agentId`.
    init(_ text: String, agentId: String?) throws(GatewayError) {
        guard text.utf8.count <= Self.maximumLength, !text.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
            throw .invalid("invalid session key")
        }
        if text.hasPrefix("agent:") {
            let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, !parts[2].isEmpty else {
                throw .invalid("malformed session key: \(text.prefix(64))")
            }
            try self.init(checking: String(parts[1]), rest: String(parts[2]))
            if let agentId, agentId != self.agentId {
                throw .invalid("session key belongs to agent \"\(self.agentId)\"")
            }
        } else {
            try self.init(checking: agentId ?? "main", rest: text)
        }
    }

    private init(checking agentId: String, rest: String) throws(GatewayError) {
        guard Self.isName(agentId, maximum: 64) else { throw .invalid("invalid agent id") }
        self.init(agentId: agentId, rest: rest)
    }

    /// Session id of keys of the form `agent:<id>:explicit:<sessionId>`.
    var explicitId: String? {
        guard rest.hasPrefix("explicit:") else { return nil }
        let id = String(rest.dropFirst("explicit:".count))
        return Self.isSessionId(id) ? id : nil
    }

    /// Session ids become file names.
    static func isSessionId(_ text: String) -> Bool { isName(text, maximum: 128) }

    /// Letters, digits, `.`, `_`, `-`; neither the first `.` nor `-`.
    static func isName(_ text: String, maximum: Int) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...maximum).contains(bytes.count), bytes[0] != 0x2e, bytes[0] != 0x2d else { return false }
        return bytes.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == 0x2e || byte == 0x5f || byte == 0x2d
        }
    }
}
