import Shared

/// Refusals of a connect with the reference's texts (`openclaw-gateway-protocol.md` 2.4, 4.3).
enum HandshakeRefusal {
    static func unauthorized(_ reason: String, parameters: ConnectParameters) -> GatewayError {
        let hint =
            switch parameters.client.id {
            case "cli": "set gateway.remote.token to match gateway.auth.token"
            case "openclaw-control-ui": "open the dashboard URL and paste the token in Control UI settings"
            default: "provide gateway auth token"
            }
        let canRetry =
            reason == "token_mismatch" && parameters.device != nil && parameters.token != nil
            && parameters.deviceToken == nil
        let (code, message, step): (String, String, String) =
            switch reason {
            case "token_missing":
                ("AUTH_TOKEN_MISSING", "gateway token missing (\(hint))", "update_auth_configuration")
            case "token_mismatch":
                (
                    "AUTH_TOKEN_MISMATCH", "gateway token mismatch (\(hint))",
                    canRetry ? "retry_with_device_token" : "update_auth_credentials"
                )
            case "bootstrap_token_invalid":
                (
                    "AUTH_BOOTSTRAP_TOKEN_INVALID", "bootstrap token invalid or expired (scan a fresh setup code)",
                    "review_auth_configuration"
                )
            case "device_token_mismatch":
                (
                    "AUTH_DEVICE_TOKEN_MISMATCH", "device token mismatch (rotate/reissue device token)",
                    "update_auth_credentials"
                )
            case "scope_mismatch":
                (
                    "AUTH_SCOPE_MISMATCH", "device token scope mismatch (re-pair or approve scope upgrade)",
                    "review_auth_configuration"
                )
            case "scope_denied":
                ("AUTH_SCOPE_DENIED", "scope is denied by this sandbox's policy", "review_auth_configuration")
            case "rate_limited":
                (
                    "AUTH_RATE_LIMITED", "too many failed authentication attempts (retry later)",
                    "wait_then_retry"
                )
            default: ("AUTH_UNAUTHORIZED", "", "review_auth_configuration")
            }
        return GatewayError(
            .invalidRequest, message.isEmpty ? "unauthorized" : "unauthorized: \(message)",
            details: [
                "code": .string(code), "authReason": .string(reason), "canRetryWithDeviceToken": .bool(canRetry),
                "recommendedNextStep": .string(step),
            ])
    }

    static func pairing(
        _ decision: DeviceConnectDecision, request: DeviceConnectRequest
    ) -> (error: GatewayError, closeReason: String) {
        let (message, remedy) = texts(decision.reason)
        let id = decision.requestId.flatMap { isRequestID($0) ? $0 : nil }
        let command = id.map { " Run on the host: nemoclaw approvals approve \($0)" } ?? ""
        var details: [String: JSONValue] = [
            "code": "PAIRING_REQUIRED", "remediationHint": .string(remedy + command),
            "deviceId": .string(request.deviceId), "requestedRole": .string(request.role),
            "requestedScopes": .array(request.scopes.map { .string($0) }),
        ]
        details["reason"] = decision.reason.map { .string($0.rawValue) }
        details["requestId"] = id.map { .string($0) }
        if !decision.approvedRoles.isEmpty {
            details["approvedRoles"] = .array(decision.approvedRoles.map { .string($0) })
            details["approvedScopes"] = .array(decision.approvedScopes.map { .string($0) })
        }
        let error = GatewayError(.notPaired, message, details: .object(details))
        return (error, message + (id.map { " (requestId: \($0))" } ?? ""))
    }

    static func protocolMismatch(_ parameters: ConnectParameters) -> GatewayError {
        GatewayError(
            .invalidRequest, "protocol mismatch",
            details: [
                "code": "PROTOCOL_MISMATCH", "clientMinProtocol": .int(parameters.minProtocol),
                "clientMaxProtocol": .int(parameters.maxProtocol), "expectedProtocol": 4, "minimumProbeProtocol": 3,
            ])
    }

    static let deviceRequired = GatewayError(
        .notPaired, "device identity required", details: ["code": "DEVICE_IDENTITY_REQUIRED"])

    static let controlUIDeviceRequired = GatewayError(
        .invalidRequest, "control ui requires device identity (use HTTPS or localhost secure context)",
        details: ["code": "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"])

    static let originNotAllowed = GatewayError(
        .invalidRequest,
        "origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)",
        details: ["code": "CONTROL_UI_ORIGIN_NOT_ALLOWED"])

    static let supervisorAway = GatewayError(
        .unavailable, "gateway starting; retry shortly", details: ["reason": "startup-sidecars"], retryable: true,
        retryAfterMs: 500)

    private static func texts(_ reason: DeviceConnectDecision.PairingReason?) -> (String, String) {
        switch reason {
        case .notPaired:
            (
                "pairing required: device is not approved yet",
                "Approve this device from the pending pairing requests."
            )
        case .roleUpgrade:
            (
                "pairing required: device is asking for a higher role than currently approved",
                "Review the requested role upgrade, then approve the pending request."
            )
        case .scopeUpgrade:
            (
                "pairing required: device is asking for more scopes than currently approved",
                "Review the requested scopes, then approve the pending upgrade."
            )
        case .metadataUpgrade:
            (
                "pairing required: device identity changed and must be re-approved",
                "Review the refreshed device details, then approve the pending request."
            )
        case nil: ("pairing required", "Approve the pending device request before retrying.")
        }
    }

    /// `[A-Za-z0-9][A-Za-z0-9._:-]{0,127}`: the id goes into a command that a person types.
    private static func isRequestID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...128).contains(bytes.count) else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
        }
        return isAlphanumeric(bytes[0]) && bytes.allSatisfy { isAlphanumeric($0) || Array("._:-".utf8).contains($0) }
    }
}
