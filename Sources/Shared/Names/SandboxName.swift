/// Name of a sandbox: 1 to 19 characters, lower-case letters, digits and single inner hyphens, starting with a letter.
public struct SandboxName: Sendable, Hashable, Codable, CustomStringConvertible, Comparable {
    public let rawValue: String

    /// - Throws: `NemoClawError` `invalid_name` with the rule and a suggestion.
    public init(_ text: String) throws(NemoClawError) {
        if let problem = Self.problem(in: text) {
            let suggestion = Self.suggestion(for: text)
            throw NemoClawError(
                .invalidName,
                "sandbox name \"\(Self.printable(text))\" \(problem)",
                hint:
                    "Names have 1 to \(Self.maximumLength) characters: a-z, 0-9 and single inner hyphens, a letter first."
                    + (suggestion.map { " Try: \($0)" } ?? ""))
        }
        rawValue = text
    }

    public init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    public var description: String { rawValue }

    public static func < (left: SandboxName, right: SandboxName) -> Bool { left.rawValue < right.rawValue }

    /// Longest name, as upstream's rule.
    public static let maximumLength = 19

    /// Words that are commands of `nemoclaw`, so that `nemoclaw <name> <action>` stays unambiguous.
    public static let reserved: Set<String> = [
        "agent", "agents", "approvals", "audit", "completion", "connect", "credentials", "debug", "demo", "destroy",
        "doctor", "down", "exec", "gateway", "gateway-token", "help", "host", "inference", "list", "logs", "models",
        "onboard", "policy", "restart", "sandbox", "scopes", "service", "start", "status", "stop", "uninstall", "up",
        "update", "usage", "use", "version",
    ]

    private static func problem(in text: String) -> String? {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { return "is empty" }
        guard bytes.count <= maximumLength else { return "is longer than \(maximumLength) characters" }
        guard isLetter(bytes[0]) else { return "does not start with a lower-case letter" }
        for (index, byte) in bytes.enumerated() where !isLetter(byte) && !isDigit(byte) {
            guard byte == UInt8(ascii: "-") else { return "has a character that is not allowed" }
            guard index + 1 < bytes.count else { return "ends with a hyphen" }
            guard bytes[index + 1] != UInt8(ascii: "-") else { return "has two hyphens in a row" }
        }
        return reserved.contains(text) ? "is a command of nemoclaw" : nil
    }

    private static func suggestion(for text: String) -> String? {
        var result: [UInt8] = []
        for byte in text.utf8.prefix(256) {
            let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
            if isLetter(lower) || (isDigit(lower) && !result.isEmpty) {
                result.append(lower)
            } else if let last = result.last, last != UInt8(ascii: "-") {
                result.append(UInt8(ascii: "-"))
            }
            if result.count == maximumLength { break }
        }
        while result.last == UInt8(ascii: "-") { result.removeLast() }
        let candidate = String(decoding: result, as: UTF8.self)
        guard !candidate.isEmpty else { return "my-assistant" }
        return reserved.contains(candidate) ? "my-\(candidate)" : candidate
    }

    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.prefix(64).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : Character($0) })
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
