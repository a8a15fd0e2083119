/// What a sandbox's devices get without a person (`auto`), with one (`ask`), or never (`deny`).
/// A scope in several lists counts for the strictest; a scope in none is asked for.
public struct ScopePolicy: Sendable, Equatable, Codable {
    /// Answer of the policy for one scope or a list of them; ordered by strictness.
    public enum Ruling: Int, Sendable, Comparable {
        case auto, ask, deny

        public static func < (left: Ruling, right: Ruling) -> Bool { left.rawValue < right.rawValue }
    }

    public var auto: [String]
    public var ask: [String]
    public var deny: [String]

    public init(auto: [String], ask: [String] = [], deny: [String] = []) {
        self.auto = auto
        self.ask = ask
        self.deny = deny
    }

    /// What a sandbox has until somebody changes it.
    public static let standard = ScopePolicy(auto: ["operator.pairing", "operator.read", "operator.write"])

    /// Ruling for one scope. Holding `auto` scopes implies what they imply: write brings read, admin everything.
    public func ruling(for scope: String) -> Ruling {
        if deny.contains(scope) { return .deny }
        if ask.contains(scope) { return .ask }
        return ScopeRules.covers(auto, scope) ? .auto : .ask
    }

    /// Strictest ruling over `scopes`; `auto` for none. A list that would bring a denied scope by implication is denied.
    public func ruling(for scopes: [String]) -> Ruling {
        if deny.contains(where: { ScopeRules.covers(scopes, $0) }) { return .deny }
        if ask.contains(where: { ScopeRules.covers(scopes, $0) }) { return .ask }
        return scopes.map { ruling(for: $0) }.max() ?? .auto
    }

    /// - Throws: `invalid_argument` when a list has a malformed or too long entry.
    public func validated() throws(NemoClawError) -> ScopePolicy {
        ScopePolicy(
            auto: try ScopeRules.validated(auto), ask: try ScopeRules.validated(ask),
            deny: try ScopeRules.validated(deny))
    }
}
