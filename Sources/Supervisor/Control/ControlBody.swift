import HTTPTypes
import Hummingbird
import NIOCore
import Shared

/// JSON bodies of the control API.
enum ControlBody {
    /// Far above any request, far below what hurts.
    static let maximumBytes = 1 << 20

    static func decode<Value: Decodable>(_ type: Value.Type, from request: Request) async throws -> Value {
        let buffer = try await request.body.collect(upTo: maximumBytes)
        do {
            return try JSONCoding.decode(type, from: buffer.readableBytesView)
        } catch {
            guard error.code == .protocolViolation else { throw error }
            throw NemoClawError(.invalidArgument, error.message, hint: error.hint)
        }
    }

    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws(NemoClawError) -> Response {
        let bytes = try JSONCoding.encode(value)
        return Response(
            status: status, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// `{}`: done.
    static func done() throws(NemoClawError) -> Response {
        try response(JSONValue.object([:]))
    }
}
