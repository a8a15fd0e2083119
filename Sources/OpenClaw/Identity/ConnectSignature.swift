/// The text that a device signs when it connects, version 3: ten fields and the device family, joined by `|`.
struct ConnectSignature: Sendable, Equatable {
    var deviceId: String
    var clientId: String
    var clientMode: String
    var role: String
    /// In the order in which they are sent.
    var scopes: [String]
    /// The same number as `device.signedAt`.
    var signedAtMs: Int64
    /// First present of token, device token, bootstrap token; else empty.
    var token: String
    var nonce: String
    var platform: String
    var deviceFamily: String = ""

    var text: String {
        [
            "v3", deviceId, clientId, clientMode, role, scopes.joined(separator: ","), String(signedAtMs), token, nonce,
            Self.normalised(platform), Self.normalised(deviceFamily),
        ].joined(separator: "|")
    }

    private static func normalised(_ text: String) -> String {
        var bytes = Array(text.utf8)
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        while let last = bytes.last, isSpace(last) { bytes.removeLast() }
        let trimmed = bytes.drop(while: isSpace)
        return String(decoding: trimmed.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }
}
