import FoundationEssentials

/// JSON in and out of bytes, with the same settings everywhere: sorted keys, no escaped slashes.
public enum JSONCoding {
    /// - Throws: `NemoClawError` `protocol_violation` when the bytes are not a `Value`.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>)
        throws(NemoClawError)
        -> Value
    {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as NemoClawError {
            throw error
        } catch {
            throw NemoClawError(.protocolViolation, "cannot read JSON of \(Value.self): \(describe(error))")
        }
    }

    /// - Throws: `NemoClawError` `internal_error` when the value has no JSON form (not-a-number).
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws(NemoClawError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
            : [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw NemoClawError(.internalError, "cannot write JSON of \(type(of: value))")
        }
    }

    /// The value as a `JSONValue`, for a dynamic envelope.
    public static func value(_ value: some Encodable) throws(NemoClawError) -> JSONValue {
        try decode(JSONValue.self, from: try encode(value))
    }

    /// The reverse of `value`.
    public static func decode<Value: Decodable>(_ type: Value.Type, from value: JSONValue) throws(NemoClawError)
        -> Value
    {
        try decode(type, from: try encode(value))
    }

    private static func describe(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" has the wrong type"
        case DecodingError.dataCorrupted(let context) where !context.codingPath.isEmpty:
            "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is not valid"
        default: "not valid JSON"
        }
    }
}
