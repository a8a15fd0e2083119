import FoundationEssentials

/// Base64 with `-` and `_`, without padding (RFC 4648 section 5).
enum Base64URL {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = ""
        for character in Data(bytes).base64EncodedString() {
            switch character {
            case "+": text.append("-")
            case "/": text.append("_")
            case "=": break
            default: text.append(character)
            }
        }
        return text
    }

    /// Accepts padding and the ordinary alphabet too, as clients send both; nil for anything else.
    static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 4096 else { return nil }
        var plain = ""
        for character in text where character != "=" {
            switch character {
            case "-": plain.append("+")
            case "_": plain.append("/")
            default: plain.append(character)
            }
        }
        while plain.utf8.count % 4 != 0 { plain.append("=") }
        return Data(base64Encoded: plain).map { Array($0) }
    }
}
