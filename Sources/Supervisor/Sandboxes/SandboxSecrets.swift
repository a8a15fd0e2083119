import Shared

/// Fresh random secrets.
enum SandboxSecrets {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// 32 random bytes as base64url without padding (43 characters).
    static func token() -> String {
        var generator = SystemRandomNumberGenerator()
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var held: UInt32 = 0
        for _ in 0..<32 {
            bits = bits << 8 | UInt32(UInt8.random(in: 0...255, using: &generator))
            held += 8
            while held >= 6 {
                held -= 6
                text.append(alphabet[Int(bits >> held & 0x3f)])
            }
        }
        text.append(alphabet[Int(bits << (6 - held) & 0x3f)])
        return String(decoding: text, as: UTF8.self)
    }

    /// 32 random bytes in hexadecimal, the form of a worker's secret.
    static func hexadecimal() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: (0..<64).map { _ in digits[Int(UInt8.random(in: 0...15, using: &generator))] }, as: UTF8.self)
    }
}
