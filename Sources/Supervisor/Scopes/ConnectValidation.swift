import Crypto
import FoundationEssentials
import Shared

/// Checks and cleans what a worker passes on from a device, before anything is looked up or stored.
enum ConnectValidation {
    /// Scopes normalised, texts bounded and printable, id proved to belong to the key.
    /// - Throws: `invalid_argument`.
    static func cleaned(_ request: DeviceConnectRequest) throws(NemoClawError) -> DeviceConnectRequest {
        guard isIdentity(request.deviceId, of: request.publicKey) else {
            throw NemoClawError(.invalidArgument, "device identity mismatch")
        }
        guard request.role == ScopeRules.operatorRole || request.role == ScopeRules.nodeRole else {
            throw NemoClawError(.invalidArgument, "invalid role")
        }
        var result = request
        result.scopes = try ScopeRules.validated(request.scopes)
        result.displayName = request.displayName.map { printable($0, limit: ScopeLimits.displayName) }
        result.platform = printable(request.platform, limit: ScopeLimits.label)
        result.deviceFamily = request.deviceFamily.map { printable($0, limit: ScopeLimits.label) }
        result.clientId = printable(request.clientId, limit: ScopeLimits.label)
        result.clientMode = printable(request.clientMode, limit: ScopeLimits.label)
        if let token = request.presentedToken, token.isEmpty { result.presentedToken = nil }
        return result
    }

    /// `deviceId` is the lower-case hexadecimal SHA-256 of the 32 bytes of the key.
    private static func isIdentity(_ deviceId: String, of publicKey: String) -> Bool {
        guard publicKey.utf8.count == 43, !publicKey.utf8.contains(UInt8(ascii: "=")) else { return false }
        let standard = String(publicKey.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        guard let key = Data(base64Encoded: standard + "="), key.count == 32 else { return false }
        return Hexadecimal.text(SHA256.hash(data: key)) == deviceId
    }

    /// Operators read these texts on terminals: no controls, nothing that turns the writing direction.
    private static func printable(_ text: String, limit: Int) -> String {
        let scalars = text.unicodeScalars.prefix(limit).map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: "?"
            default: scalar
            }
        }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return String(result)
    }
}
