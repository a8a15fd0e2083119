import Shared

/// One frame from a gateway (`openclaw-gateway-protocol.md` 1.1).
enum GatewayFrame: Sendable, Equatable {
    case response(id: String, ok: Bool, payload: JSONValue, error: JSONValue)
    case event(name: String, payload: JSONValue)
    case unknown

    /// Longest frame in bytes, the protocol's own limit.
    static let maximumBytes = 26_214_400

    /// - Throws: `protocol_violation` for bytes that are not a JSON object.
    init(_ bytes: some Sequence<UInt8>) throws(NemoClawError) {
        let json = try JSONCoding.decode(JSONValue.self, from: bytes)
        guard json.objectValue != nil else { throw NemoClawError(.protocolViolation, "gateway frame is not an object") }
        let payload = json["payload"] ?? .null
        if json["type"] == "res", let id = json["id"]?.stringValue {
            self = .response(
                id: id, ok: json["ok"]?.boolValue ?? false, payload: payload, error: json["error"] ?? .null)
        } else if json["type"] == "event", let name = json["event"]?.stringValue {
            self = .event(name: name, payload: payload)
        } else {
            self = .unknown
        }
    }

    /// A request, ready to send.
    static func request(id: String, method: String, params: JSONValue) throws(NemoClawError) -> [UInt8] {
        try JSONCoding.encode(
            ["type": "req", "id": .string(id), "method": .string(method), "params": params] as JSONValue)
    }
}
