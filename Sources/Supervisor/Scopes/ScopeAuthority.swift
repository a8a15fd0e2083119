import FoundationEssentials
import Shared

/// Decides who may connect to a sandbox's gateway with which scopes; the only writer of devices, requests and audit.
/// Every call is one transaction of the store, so concurrent connects of a device see each other whole.
actor ScopeAuthority {
    let store: Store
    /// Milliseconds since 1970.
    let clock: @Sendable () -> Int64
    /// That many random bytes, fit for secrets.
    let random: @Sendable (Int) -> [UInt8]

    init(
        store: Store, clock: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable (Int) -> [UInt8] = ScopeAuthority.systemRandom
    ) {
        self.store = store
        self.clock = clock
        self.random = random
    }

    /// May this device connect? The worker has checked its signature and which shared token it showed.
    /// - Throws: `invalid_argument` for a malformed request, `not_found` for an unknown sandbox, `busy` when the sandbox
    ///   has as many devices as it may; database errors.
    func connect(_ request: DeviceConnectRequest, sandbox: SandboxName) async throws(NemoClawError)
        -> (decision: DeviceConnectDecision, events: [ScopeEvent])
    {
        let connect = DeviceConnect(
            request: try ConnectValidation.cleaned(request), sandbox: sandbox,
            requestId: Hexadecimal.text(random(8)), token: Secret(Self.base64url(random(32))))
        // Routine: whatever a power cut takes back is asked and decided again at the next connect.
        return try await store.ledger(.routine, nowMs: clock()) { ledger in
            var connect = connect
            let decision = try connect.decide(in: &ledger)
            return (decision, connect.events)
        }
    }

    /// Requests that wait, of all sandboxes, oldest first.
    func pending() async throws(NemoClawError) -> [ApprovalRecord] {
        try await store.ledger(.routine, nowMs: clock()) { ledger in
            try ledger.prune()
            return try ledger.pending(in: nil).map { request in
                let device = try ledger.device(request.deviceId, in: request.sandbox)
                let known = device?.publicKey == request.publicKey ? device : nil
                return request.approvalRecord(
                    approvedScopes: known?.approvedScopes(under: request.ceiling) ?? [])
            }
        }
    }

    @Sendable static func systemRandom(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    private static func base64url(_ bytes: [UInt8]) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }
}
