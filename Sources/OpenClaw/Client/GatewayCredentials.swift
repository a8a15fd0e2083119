import Shared

/// How this device proves itself to a gateway: its key, and a shared or an issued token.
struct GatewayCredentials: Sendable {
    enum Auth: Sendable {
        case shared(Secret<String>)
        case issued(Secret<String>)

        var token: Secret<String> {
            switch self {
            case .shared(let token), .issued(let token): token
            }
        }
    }

    static let role = "operator"

    let device: DeviceIdentity
    let tokens: DeviceTokenStore
    let sharedToken: Secret<String>?
    var nowMs: @Sendable () -> Int64 = { Instant.nowMs }

    init(environment: [String: String], configuration: OpenClawConfiguration, folders: OpenClawFolders)
        throws(NemoClawError)
    {
        let named = environment["OPENCLAW_GATEWAY_TOKEN"] ?? ""
        sharedToken = named.isEmpty ? configuration.token : Secret(named)
        device = try DeviceIdentityStore(path: folders.device).loadOrCreate(nowMs: Instant.nowMs)
        tokens = DeviceTokenStore(path: folders.deviceTokens)
    }

    init(device: DeviceIdentity, tokens: DeviceTokenStore, sharedToken: Secret<String>?) {
        self.device = device
        self.tokens = tokens
        self.sharedToken = sharedToken
    }

    /// The shared token, else the token that was issued to this device.
    func choose() throws(NemoClawError) -> Auth {
        if let sharedToken { return .shared(sharedToken) }
        if let stored = try storedToken() { return .issued(stored) }
        throw NemoClawError(
            .missingCredential, "no gateway token is known",
            hint: "Run this inside a sandbox (nemoclaw <sandbox> connect), or set OPENCLAW_GATEWAY_TOKEN")
    }

    /// Another way in after a refusal: once, the device's own token when the shared one is wrong, on loopback only.
    /// A device token that is not valid any more is forgotten.
    func afterRefusal(_ refusal: GatewayRefusal, of auth: Auth, target: GatewayTarget) throws(NemoClawError) -> Auth? {
        switch (auth, refusal.detailsCode) {
        case (.shared, "AUTH_TOKEN_MISMATCH") where Loopback.contains(target.host):
            return try storedToken().map { .issued($0) }
        case (.issued, "AUTH_DEVICE_TOKEN_MISMATCH"):
            try tokens.remove(role: Self.role, deviceId: device.deviceId)
            return nil
        default: return nil
        }
    }

    /// Stores the token of a hello.
    func keep(_ hello: GatewayHello) throws(NemoClawError) {
        guard let issued = hello.issued else { return }
        try tokens.store(
            DeviceTokenStore.Token(token: issued.token, role: issued.role, scopes: issued.scopes, updatedAtMs: nowMs()),
            deviceId: device.deviceId)
    }

    /// Params of `connect`, signed over `nonce`.
    func connectParams(nonce: String, scopes: [String], auth: Auth) throws(NemoClawError) -> JSONValue {
        let signedAt = nowMs()
        let token = auth.token.reveal()
        let signature = ConnectSignature(
            deviceId: device.deviceId, clientId: "cli", clientMode: "cli", role: Self.role, scopes: scopes,
            signedAtMs: signedAt, token: token, nonce: nonce, platform: "linux")
        var secrets: [String: JSONValue] = ["token": .string(token)]
        if case .issued = auth { secrets["deviceToken"] = .string(token) }
        return [
            "minProtocol": 3, "maxProtocol": 4,
            "client": [
                "id": "cli", "version": .string(ProductVersion.string), "platform": "linux", "mode": "cli",
                "displayName": "openclaw",
            ],
            "role": .string(Self.role), "scopes": .array(scopes.map { .string($0) }), "caps": [],
            "auth": .object(secrets),
            "device": [
                "id": .string(device.deviceId), "publicKey": .string(device.publicKeyText),
                "signature": .string(try device.sign(signature.text)), "signedAt": .int(signedAt),
                "nonce": .string(nonce),
            ],
        ]
    }

    private func storedToken() throws(NemoClawError) -> Secret<String>? {
        try tokens.token(deviceId: device.deviceId, role: Self.role).map { Secret($0.token) }
    }
}
