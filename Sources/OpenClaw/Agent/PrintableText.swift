/// Text of others made safe to show.
enum PrintableText {
    /// One line, without control characters, at most `limit` characters.
    static func line(_ text: String, limit: Int) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(limit * 4) {
            if isControl(scalar) {
                if !result.hasSuffix(" "), !result.isEmpty { result.append(" ") }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        while result.hasSuffix(" ") { result.removeLast() }
        return result.count > limit ? String(result.prefix(limit)) + "…" : result
    }

    /// The text without control characters other than line ends and tabs, so that it cannot steer a terminal.
    static func terminal(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isControl($0) && $0 != "\n" && $0 != "\t" }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !isControl(scalar) || scalar == "\n" || scalar == "\t" {
            result.append(scalar)
        }
        return String(result)
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
    }
}
