/// Scope vocabulary of the OpenClaw gateway protocol (v4, section 2.6 and 3.2 of our notes): which scope brings which,
/// how a list is normalised, what is well formed.
public enum ScopeRules {
    public static let admin = "operator.admin"
    public static let write = "operator.write"
    public static let read = "operator.read"
    public static let pairing = "operator.pairing"
    public static let operatorRole = "operator"
    public static let nodeRole = "node"

    /// Longest scope in bytes: ten times the longest known one.
    public static let maximumScopeBytes = 128
    /// Most scopes in one list: several times the full operator set.
    public static let maximumScopes = 64

    /// True if holding `held` satisfies `wanted`: an exact match, admin for any `operator.` scope, write for read.
    public static func covers(_ held: [String], _ wanted: String) -> Bool {
        if held.contains(wanted) { return true }
        if wanted == read && held.contains(write) { return true }
        return wanted.hasPrefix("operator.") && held.contains(admin)
    }

    /// True if `held` satisfies every scope of `wanted`. An empty list is always satisfied.
    public static func covers(_ held: [String], all wanted: [String]) -> Bool {
        wanted.allSatisfy { covers(held, $0) }
    }

    /// Trimmed, without duplicates, with what admin and write imply, sorted.
    public static func normalized(_ scopes: [String]) -> [String] {
        var result = Set(scopes.map(trimmed)).subtracting([""])
        if result.contains(admin) { result.formUnion([read, write]) }
        if result.contains(write) { result.insert(read) }
        return result.sorted()
    }

    /// Normalised, after checking lengths, count and characters (`a-z`, `0-9`, `.`, `_`, `-`).
    /// - Throws: `invalid_argument`.
    public static func validated(_ scopes: [String]) throws(NemoClawError) -> [String] {
        guard scopes.count <= maximumScopes else {
            throw NemoClawError(.invalidArgument, "more than \(maximumScopes) scopes were asked for")
        }
        for scope in scopes where !isWellFormed(trimmed(scope)) {
            throw NemoClawError(.invalidArgument, "a scope is empty, too long or has characters that are not allowed")
        }
        return normalized(scopes)
    }

    /// True if `scope` may be asked for under `role`.
    public static func belongs(_ scope: String, to role: String) -> Bool { scope.hasPrefix("\(role).") }

    private static func isWellFormed(_ scope: String) -> Bool {
        let bytes = scope.utf8
        return !bytes.isEmpty && bytes.count <= maximumScopeBytes
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
                    UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func trimmed(_ text: String) -> String {
        let inner = text.drop(while: \.isWhitespace)
        guard let last = inner.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(inner[...last])
    }
}
