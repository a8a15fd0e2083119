import HTTPTypes
import Hummingbird
import Logging
import Shared

/// Before and after the router: the peer's rights, and one shape for every error.
struct ControlResponder: HTTPResponder {
    let router: RouterResponder<ControlContext>
    let owner: UInt32
    let logger: Logger

    func respond(to request: Request, context: ControlContext) async throws -> Response {
        do {
            var context = context
            context.peer = try await ControlPeer.of(context.channel, owner: owner)
            if request.method != .get && request.method != .head { try context.peer.requireWrite() }
            let response = try await router.respond(to: request, context: context)
            guard response.status.code >= 400 else { return response }
            throw Self.error(of: response.status, for: request)
        } catch let error as NemoClawError {
            return Self.failure(error)
        } catch {
            logger.error("control request failed", metadata: ["error": "\(error)"])
            return Self.failure(NemoClawError(.internalError, "the request failed inside the supervisor"))
        }
    }

    /// Our own errors are thrown, so a response with an error's status is the router's.
    private static func error(of status: HTTPResponse.Status, for request: Request) -> NemoClawError {
        switch status {
        case .notFound:
            NemoClawError(
                .notFound, "there is no \(request.method.rawValue) \(printable(request.uri.path))",
                hint: "The requests are listed in openapi.yaml")
        case .contentTooLarge:
            NemoClawError(.invalidArgument, "the request's body is over \(ControlBody.maximumBytes) bytes")
        default:
            NemoClawError(.invalidArgument, "the request is not valid (\(status.code))")
        }
    }

    static func failure(_ error: NemoClawError) -> Response {
        let status = HTTPResponse.Status(code: error.code.httpStatus)
        do {
            return try ControlBody.response(ControlFailure(error: error), status: status)
        } catch {
            return Response(status: status)  // our own type always has a JSON form
        }
    }

    private static func printable(_ path: String) -> String {
        String(path.unicodeScalars.prefix(128).map { $0.value < 0x20 || $0.value == 0x7f ? "?" : Character($0) })
    }
}
