import Shared

/// What the worker itself decides about scopes; everything else is the supervisor's.
enum OperatorScopes {
    /// What a sandbox may have without anybody's approval: ceiling of a connection without a device from inside.
    static let automatic: Set<String> = [ScopeRules.read, ScopeRules.write, ScopeRules.pairing]

    /// The list as asked, without repetitions and surplus, in its order.
    static func asked(_ scopes: [String]) -> [String] {
        var seen: Set<String> = []
        return scopes.prefix(ScopeRules.maximumScopes).filter {
            $0.utf8.count <= ScopeRules.maximumScopeBytes && seen.insert($0).inserted
        }
    }
}
