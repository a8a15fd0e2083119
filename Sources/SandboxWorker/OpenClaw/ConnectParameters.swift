import Shared

/// Params of `connect`, read from a closed object (`openclaw-gateway-protocol.md` 2.2).
struct ConnectParameters: Sendable, Equatable {
    struct Client: Sendable, Equatable {
        var id: String
        var mode: String
        var version: String
        var platform: String
        var displayName: String?
        var deviceFamily: String?
        var modelIdentifier: String?
        var instanceId: String?
    }

    struct Device: Sendable, Equatable {
        var id: String
        var publicKey: String
        var signature: String
        var signedAt: Int64
        var nonce: String
    }

    var minProtocol: Int64
    var maxProtocol: Int64
    var client: Client
    var role: String
    /// In the order sent: the signature covers it.
    var scopes: [String]
    var device: Device?
    var token: String?
    var deviceToken: String?
    var bootstrapToken: String?

    /// - Throws: the validator's text.
    init(_ params: JSONValue) throws(GatewayError) {
        if let text = Self.schema.problem(in: params) { throw .invalid("invalid connect params: \(text)") }
        let client = params["client"]
        func text(_ name: String, in value: JSONValue?) -> String { value?[name]?.stringValue ?? "" }
        minProtocol = params["minProtocol"]?.intValue ?? 0
        maxProtocol = params["maxProtocol"]?.intValue ?? 0
        self.client = Client(
            id: text("id", in: client), mode: text("mode", in: client), version: text("version", in: client),
            platform: text("platform", in: client), displayName: client?["displayName"]?.stringValue,
            deviceFamily: client?["deviceFamily"]?.stringValue,
            modelIdentifier: client?["modelIdentifier"]?.stringValue, instanceId: client?["instanceId"]?.stringValue)
        role = params["role"]?.stringValue ?? "operator"
        scopes = params["scopes"]?.arrayValue?.compactMap(\.stringValue) ?? []
        device = params["device"].map { device in
            Device(
                id: text("id", in: device), publicKey: text("publicKey", in: device),
                signature: text("signature", in: device), signedAt: device["signedAt"]?.intValue ?? 0,
                nonce: text("nonce", in: device))
        }
        token = Self.nonEmpty(params["auth"]?["token"])
        deviceToken = Self.nonEmpty(params["auth"]?["deviceToken"])
        bootstrapToken = Self.nonEmpty(params["auth"]?["bootstrapToken"])
    }

    /// The token inside the signed text.
    var signedToken: String { token ?? deviceToken ?? bootstrapToken ?? "" }

    var isControlUI: Bool { client.id == "openclaw-control-ui" || client.id == "webchat-ui" }

    /// Rows of 2.4 that keep declared scopes without a device.
    var keepsScopesWithoutDevice: Bool {
        (client.id == "cli" && client.mode == "cli") || (client.id == "gateway-client" && client.mode == "backend")
    }

    private static func nonEmpty(_ value: JSONValue?) -> String? {
        value?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static let clientSchema = ObjectSchema([
        // Unknown ids are ordinary clients; only the length is bounded.
        "id": .required(.limitedText(64)), "version": .required(.limitedText(128)),
        "platform": .required(.limitedText(128)),
        "mode": .required(.oneOf(["cli", "ui", "webchat", "backend", "node", "probe", "test", "worker"])),
        "displayName": .optional(.limitedText(256)), "deviceFamily": .optional(.limitedText(128)),
        "modelIdentifier": .optional(.limitedText(128)), "instanceId": .optional(.limitedText(128)),
        "buildId": .optional(.text), "timeZone": .optional(.text),
    ])

    private static let deviceSchema = ObjectSchema([
        "id": .required(.text), "publicKey": .required(.text), "signature": .required(.text),
        "signedAt": .required(.natural),
        // An empty or missing nonce has its own error text, after the checks that come before it.
        "nonce": .optional(.string),
    ])

    private static let authSchema = ObjectSchema([
        "token": .optional(.string), "bootstrapToken": .optional(.string), "deviceToken": .optional(.string),
        "password": .optional(.string), "approvalRuntimeToken": .optional(.string),
        "agentRuntimeIdentityToken": .optional(.string),
    ])

    private static let schema = ObjectSchema([
        "minProtocol": .required(.positive), "maxProtocol": .required(.positive),
        "client": .required(.object(clientSchema)), "role": .optional(.text), "scopes": .optional(.texts),
        "caps": .optional(.texts), "commands": .optional(.texts), "permissions": .optional(.flags),
        "pathEnv": .optional(.string), "device": .optional(.object(deviceSchema)),
        "auth": .optional(.object(authSchema)), "locale": .optional(.string), "userAgent": .optional(.string),
    ])
}
