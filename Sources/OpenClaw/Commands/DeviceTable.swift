import Shared

/// `device.pair.list` as text.
enum DeviceTable {
    static func text(_ answer: JSONValue) -> String {
        let pending = answer["pending"]?.arrayValue ?? []
        let paired = answer["paired"]?.arrayValue ?? []
        var lines = ["Pending (\(pending.count))"]
        lines += pending.map { "  \(word($0["requestId"]))  \(description($0))" }
        lines.append("Paired (\(paired.count))")
        lines += paired.map { "  \(word($0["deviceId"]).prefix(16))  \(description($0))" }
        return lines.joined(separator: "\n")
    }

    private static func description(_ device: JSONValue) -> String {
        let scopes = (device["scopes"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
        let name = device["displayName"] ?? device["clientId"]
        return "\(word(name))  \(word(device["platform"]))  \(word(device["role"]))  "
            + PrintableText.line(scopes.isEmpty ? "no scopes" : scopes, limit: 300)
    }

    private static func word(_ value: JSONValue?) -> String {
        PrintableText.line(value?.stringValue ?? "-", limit: 128)
    }
}
