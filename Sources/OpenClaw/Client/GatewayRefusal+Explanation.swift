import Shared

extension GatewayRefusal {
    /// The refusal as an error that says why and what to type. There is no fallback behind it.
    func explained(target: GatewayTarget) -> NemoClawError {
        if code == "NOT_PAIRED" || detailsCode == "PAIRING_REQUIRED" { return pairing }
        if let detailsCode, detailsCode.hasPrefix("AUTH_") {
            return NemoClawError(
                .forbidden, "gateway refused the connection: \(message)",
                hint: "Unset OPENCLAW_GATEWAY_TOKEN to use the sandbox's own token, or on the host run: "
                    + "nemoclaw <sandbox> restart")
        }
        if message.hasPrefix("missing scope: ") {
            return NemoClawError(
                .forbidden, "gateway refused the request: \(message)", hint: "On the host, run: nemoclaw approvals")
        }
        switch (phase, code) {
        case (.connect, Self.timeoutCode), (.connect, Self.closedCode):
            return NemoClawError(
                .unavailable, "cannot connect to the gateway at \(target.url): \(closeText)",
                hint: "On the host, run: nemoclaw status")
        case (.connect, _):
            return NemoClawError(
                .forbidden, "gateway refused the connection: \(message)", hint: "On the host, run: nemoclaw status")
        case (.call, Self.timeoutCode), (.call, Self.closedCode):
            return NemoClawError(
                code == Self.timeoutCode ? .timeout : .unavailable,
                "the gateway at \(target.url) went away before the answer: \(closeText)",
                hint: "The run may still be under way. Run: openclaw gateway status")
        case (.call, _):
            return NemoClawError(
                code == "UNAVAILABLE" ? .unavailable : .invalidArgument, "gateway answered with an error: \(message)")
        }
    }

    private var closeText: String {
        let words = message.isEmpty ? "no reason was given" : message
        return closeCode.map { "gateway closed (\($0)): \(words)" } ?? words
    }

    private var pairing: NemoClawError {
        let what =
            switch reason {
            case "scope-upgrade": "scope upgrade pending approval"
            case "role-upgrade": "role upgrade pending approval"
            case "metadata-upgrade": "device metadata change pending approval"
            case "not-paired": "device pairing required"
            default: message
            }
        let wanted = requestedScopes.isEmpty ? "" : ", asking for \(requestedScopes.joined(separator: ", "))"
        guard let requestId else {
            return NemoClawError(.forbidden, "\(what)\(wanted)", hint: "On the host, run: nemoclaw approvals")
        }
        return NemoClawError(
            .forbidden, "\(what) (requestId: \(requestId))\(wanted)",
            hint: "On the host, run: nemoclaw approvals approve \(requestId)  Then run this command again.")
    }
}
