import Shared

/// One waiting approval. Most of it was written by the device that asks: it is shown as text, never trusted.
enum ApprovalText {
    static func lines(_ record: JSONValue) -> [String] {
        func text(_ key: String) -> String { Printable.line(record[key]?.stringValue ?? "-", limit: 128) }
        func list(_ key: String) -> String {
            let items = (record[key]?.arrayValue ?? []).compactMap(\.stringValue).map { Printable.line($0, limit: 64) }
            return items.isEmpty ? "none" : items.joined(separator: ", ")
        }
        let device = Printable.line(String((record["deviceId"]?.stringValue ?? "-").prefix(12)))
        let display = record["displayName"]?.stringValue.map { " \"\(Printable.line($0, limit: 64))\"" } ?? ""
        return [
            text("requestId"),
            "    Sandbox:         \(text("sandbox"))",
            "    Device:          \(device)\(display)  \(text("clientId"))/\(text("clientMode"))  \(text("platform"))",
            "    From:            \(text("provenance"))",
            "    Asks for:        \(text("role")): \(list("scopes"))",
            "    Has:             \(list("approvedScopes"))",
            "    Reason:          \(text("reason"))",
        ]
    }
}
