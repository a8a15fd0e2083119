import Crypto
import FoundationEssentials
import Shared
import Synchronization

@testable import Supervisor

/// Requests, callers and a world with a clock for tests of the scope authority.
enum ScopeSamples {
    /// Key and id of the device with this number.
    static func identity(_ number: Int) -> (deviceId: String, publicKey: String) {
        let key = Array(SHA256.hash(data: Array("key \(number)".utf8)))
        let text = Data(key).base64EncodedString().filter { $0 != "=" }
            .map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }
        return (Hexadecimal.text(SHA256.hash(data: key)), String(text))
    }

    static func request(
        device: Int = 1, scopes: [String], role: String = "operator", provenance: Provenance = .sandbox,
        method: AuthenticationMethod? = .sandboxToken, token: String? = nil, platform: String = "linux"
    ) -> DeviceConnectRequest {
        let (deviceId, publicKey) = identity(device)
        return DeviceConnectRequest(
            deviceId: deviceId, publicKey: publicKey, displayName: "device \(device)", platform: platform,
            deviceFamily: nil, clientId: "cli", clientMode: "cli", role: role, scopes: scopes, provenance: provenance,
            method: method, presentedToken: token, hasOrigin: false)
    }

    /// As the holder of the gateway token on the host asks.
    static func ownerRequest(device: Int = 1, scopes: [String], role: String = "operator", platform: String = "linux")
        -> DeviceConnectRequest
    {
        request(
            device: device, scopes: scopes, role: role, provenance: .host, method: .gatewayToken, platform: platform)
    }

    /// A waiting request for the rules' tests.
    static func pending(
        device: Int = 1, roles: [String] = ["operator"], scopes: [String], ceiling: PairingCeiling = .policy,
        provenance: Provenance = .sandbox
    ) throws -> PendingRequest {
        let (deviceId, publicKey) = identity(device)
        return PendingRequest(
            requestId: "r1", sandbox: try SandboxName("alpha"), deviceId: deviceId, publicKey: publicKey,
            displayName: nil, platform: "linux", deviceFamily: nil, clientId: "cli", clientMode: "cli", roles: roles,
            scopes: scopes, reason: .scopeUpgrade, provenance: provenance, ceiling: ceiling, isRepair: true,
            requestedAtMs: 1, expiresAtMs: 2)
    }

    static func device(
        _ number: Int = 1, roles: [String] = ["operator"], approved: [String], sandbox: [String] = [],
        via: PairedDevice.Approval = .policy
    ) throws -> PairedDevice {
        let (deviceId, publicKey) = identity(number)
        return PairedDevice(
            sandbox: try SandboxName("alpha"), deviceId: deviceId, publicKey: publicKey, displayName: nil,
            platform: "linux", deviceFamily: nil, clientId: "cli", clientMode: "cli", roles: roles,
            approvedScopes: ScopeRules.normalized(approved), sandboxScopes: ScopeRules.normalized(sandbox),
            approvedVia: via, createdAtMs: 1, approvedAtMs: 1, lastSeenAtMs: 1)
    }
}

/// A clock that stands still until it is moved.
final class ManualClock: Sendable {
    private let nowMs = Mutex<Int64>(1_780_000_000_000)

    var now: Int64 { nowMs.withLock { $0 } }

    func pass(milliseconds: Int64) { nowMs.withLock { $0 += milliseconds } }
}

/// A store with the sandboxes alpha and beta and an authority over it.
struct ScopeWorld: Sendable {
    let store: Store
    let authority: ScopeAuthority
    let clock = ManualClock()
    let alpha: SandboxName
    let beta: SandboxName

    static func with(_ body: (ScopeWorld) async throws -> Void) async throws {
        try await StoreSamples.with("alpha", "beta") { store, _ in try await body(try ScopeWorld(store: store)) }
    }

    private init(store: Store) throws {
        let clock = clock
        self.store = store
        authority = ScopeAuthority(store: store, clock: { clock.now })
        alpha = try SandboxName("alpha")
        beta = try SandboxName("beta")
    }

    func connect(_ request: DeviceConnectRequest) async throws -> DeviceConnectDecision {
        try await authority.connect(request, sandbox: alpha).decision
    }
}
