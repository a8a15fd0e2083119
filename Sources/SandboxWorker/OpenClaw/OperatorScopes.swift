/// Scope names and the rule that says whether held scopes suffice (`openclaw-gateway-protocol.md` 3.2).
enum OperatorScopes {
    static let admin = "operator.admin"
    static let read = "operator.read"
    static let write = "operator.write"
    static let pairing = "operator.pairing"

    /// What a sandbox may have without anybody's approval: ceiling of a connection without a device from inside.
    static let automatic: Set<String> = [read, write, pairing]

    static func satisfies(_ wanted: String, held: some Collection<String>) -> Bool {
        if held.contains(wanted) { return true }
        guard wanted.hasPrefix("operator.") else { return false }
        return held.contains(admin) || (wanted == read && held.contains(write))
    }

    /// The list as asked, trimmed and without repetitions, in its order.
    static func normalised(_ scopes: [String]) -> [String] {
        var seen: Set<String> = []
        return scopes.compactMap { scope in
            let text = scope.filter { !$0.isWhitespace }
            return !text.isEmpty && seen.insert(text).inserted ? text : nil
        }
    }
}
