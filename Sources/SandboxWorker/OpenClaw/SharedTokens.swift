import Shared

/// The two shared secrets of a sandbox's gateway.
struct SharedTokens: Sendable {
    let gateway: Secret<String>
    let sandbox: Secret<String>

    /// Which secret `token` is, nil: neither. Both comparisons always run.
    func method(of token: String) -> AuthenticationMethod? {
        let isGateway = ConstantTime.equal(token, gateway.reveal()) && !token.isEmpty
        let isSandbox = ConstantTime.equal(token, sandbox.reveal()) && !token.isEmpty
        if isGateway { return .gatewayToken }
        return isSandbox ? .sandboxToken : nil
    }
}
