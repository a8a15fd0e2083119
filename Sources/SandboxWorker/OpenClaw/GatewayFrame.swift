import NIOCore
import Shared

/// A request of a client: `{type:"req", id, method, params?}`, closed.
struct GatewayRequest: Sendable, Equatable {
    var id: String
    var method: String
    var params: JSONValue

    /// Longest request id in bytes: ids come back in every answer.
    static let maximumID = 256

    enum Problem: Error, Equatable {
        /// Not JSON at all.
        case unreadable
        /// JSON, but no request; `id` if there is one to answer to.
        case invalid(id: String?, text: String)
    }

    init(id: String, method: String, params: JSONValue = .object([:])) {
        self.id = id
        self.method = method
        self.params = params
    }

    init(_ bytes: ByteBuffer) throws(Problem) {
        let value: JSONValue
        do throws(NemoClawError) {
            value = try JSONCoding.decode(JSONValue.self, from: bytes.readableBytesView)
        } catch { throw .unreadable }
        let id = value["id"]?.stringValue.flatMap { (1...Self.maximumID).contains($0.utf8.count) ? $0 : nil }
        if let text = Self.schema.problem(in: value) { throw .invalid(id: id, text: text) }
        guard let id, let method = value["method"]?.stringValue else {
            throw .invalid(id: id, text: "must NOT have more than \(Self.maximumID) characters at /id")
        }
        self.init(id: id, method: method, params: value["params"] ?? .object([:]))
    }

    private static let schema = ObjectSchema([
        "type": .required(.constant("req")), "id": .required(.text), "method": .required(.text),
        "params": .optional(.anything), "traceparent": .optional(.string), "expectedProfileId": .optional(.string),
    ])
}

/// Frames of the server, as JSON text.
enum GatewayFrame {
    static func result(id: String, payload: JSONValue) -> JSONValue {
        ["type": "res", "id": .string(id), "ok": true, "payload": payload]
    }

    static func failure(id: String, error: GatewayError, payload: JSONValue? = nil) -> JSONValue {
        var members: [String: JSONValue] = ["type": "res", "id": .string(id), "ok": false, "error": error.json]
        members["payload"] = payload
        return .object(members)
    }

    static func event(_ name: String, payload: JSONValue, sequence: Int64? = nil, stateVersion: JSONValue? = nil)
        -> JSONValue
    {
        var members: [String: JSONValue] = ["type": "event", "event": .string(name), "payload": payload]
        members["seq"] = sequence.map { .int($0) }
        members["stateVersion"] = stateVersion
        return .object(members)
    }
}
