import NIOHTTP1

/// Which headers pass the gateway.
enum HeaderRules {
    /// Never forwarded: credentials of the client, what belongs to one hop, and what the gateway writes itself.
    /// `accept-encoding` is dropped so that answers come uncompressed and their token counts can be read.
    static func requestHeaderPasses(_ name: String) -> Bool {
        switch name.utf8.count {
        case 2: !equal(name, "te")
        case 4: !equal(name, "host")
        case 6: !equal(name, "cookie") && !equal(name, "expect")
        case 7: !equal(name, "api-key") && !equal(name, "trailer") && !equal(name, "upgrade") && !equal(name, "cookie2")
        case 9: !equal(name, "x-api-key") && !equal(name, "x-real-ip") && !equal(name, "forwarded")
        case 10: !equal(name, "connection") && !equal(name, "keep-alive")
        case 13: !equal(name, "authorization")
        case 14: !equal(name, "content-length") && !equal(name, "x-goog-api-key") && !equal(name, "http2-settings")
        case 15: !equal(name, "accept-encoding") && !prefixed(name)
        case 17: !equal(name, "transfer-encoding") && !prefixed(name)
        default: !prefixed(name)
        }
    }

    static func responseHeaderPasses(_ name: String) -> Bool {
        switch name.utf8.count {
        case 2: !equal(name, "te")
        case 7: !equal(name, "trailer") && !equal(name, "upgrade")
        case 10: !equal(name, "connection") && !equal(name, "keep-alive") && !equal(name, "set-cookie")
        case 11: !equal(name, "set-cookie2")
        case 14: !equal(name, "content-length")
        case 17: !equal(name, "transfer-encoding")
        case 18: !equal(name, "proxy-authenticate")
        default: !starts(name, "x-nemoclaw-") && !starts(name, "proxy-")
        }
    }

    /// Names that the `Connection` headers declare to belong to this hop, in lower case; nil for the usual values.
    static func namedInConnection(_ headers: HTTPHeaders) -> [Substring]? {
        var result: [Substring]?
        for (name, value) in headers where name.utf8.count == 10 && equal(name, "connection") {
            if equal(value, "keep-alive") || equal(value, "close") { continue }
            let tokens = value.lowercased().split(separator: ",").prefix(32)
            result = (result ?? []) + tokens.map { $0.drop { $0 == " " || $0 == "\t" } }.map(trimmedEnd)
        }
        return result
    }

    /// ASCII comparison without letter case. `lower` is in lower case already.
    static func equal(_ text: String, _ lower: StaticString) -> Bool {
        text.utf8.count == lower.utf8CodeUnitCount && starts(text, lower)
    }

    static func starts(_ text: String, _ lower: StaticString) -> Bool {
        guard text.utf8.count >= lower.utf8CodeUnitCount else { return false }
        var pointer = lower.utf8Start
        let end = pointer + lower.utf8CodeUnitCount
        for byte in text.utf8 {
            if pointer == end { return true }
            let folded = (0x41...0x5a).contains(byte) ? byte | 0x20 : byte
            guard folded == pointer.pointee else { return false }
            pointer += 1
        }
        return pointer == end
    }

    private static func prefixed(_ name: String) -> Bool {
        starts(name, "proxy-") || starts(name, "x-nemoclaw-") || starts(name, "x-forwarded-")
    }

    private static func trimmedEnd(_ text: Substring) -> Substring {
        var text = text
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return text
    }
}
