import HTTPTypes
import Hummingbird
import Shared

/// `/v1/sandboxes`, `/v1/default` and `/v1/probe`.
struct SandboxHandler: Sendable {
    private struct LogLines: Encodable { var lines: [String] }
    private struct Token: Encodable { var token: String }
    private struct DefaultRequest: Decodable { var name: SandboxName }

    static let defaultTail = 200

    let operations: SandboxOperations
    let gateway: GatewayReporter

    func add(to router: Router<ControlContext>) {
        router.get("/v1/gateway") { _, _ in try ControlBody.response(gateway.status()) }
        router.get("/v1/sandboxes", use: list)
        router.post("/v1/sandboxes", use: onboard)
        router.get("/v1/sandboxes/:name", use: show)
        router.delete("/v1/sandboxes/:name", use: destroy)
        router.post("/v1/sandboxes/:name/start") { _, context in
            try ControlBody.response(try await operations.start(try Self.name(context)))
        }
        router.post("/v1/sandboxes/:name/stop") { _, context in
            try ControlBody.response(try await operations.stop(try Self.name(context)))
        }
        router.post("/v1/sandboxes/:name/restart") { _, context in
            try ControlBody.response(try await operations.restart(try Self.name(context)))
        }
        router.put("/v1/sandboxes/:name/route", use: route)
        router.get("/v1/sandboxes/:name/logs", use: logs)
        router.get("/v1/sandboxes/:name/gateway-token", use: token)
        router.put("/v1/default", use: setDefault)
        router.post("/v1/probe", use: probe)
    }

    @Sendable private func list(_ request: Request, _ context: ControlContext) async throws -> Response {
        try ControlBody.response(
            try await operations.list(probing: Self.wantsProbe(request), gateway: gateway.status()))
    }

    @Sendable private func onboard(_ request: Request, _ context: ControlContext) async throws -> Response {
        let wish = try await ControlBody.decode(OnboardRequest.self, from: request)
        return try ControlBody.response(try await operations.onboard(wish), status: .created)
    }

    @Sendable private func show(_ request: Request, _ context: ControlContext) async throws -> Response {
        try ControlBody.response(
            try await operations.status(try Self.name(context), probing: Self.wantsProbe(request)))
    }

    @Sendable private func destroy(_ request: Request, _ context: ControlContext) async throws -> Response {
        try await operations.destroy(try Self.name(context))
        return try ControlBody.done()
    }

    @Sendable private func route(_ request: Request, _ context: ControlContext) async throws -> Response {
        let wish = try await ControlBody.decode(RouteRequest.self, from: request)
        return try ControlBody.response(try await operations.setRoute(try Self.name(context), wish))
    }

    @Sendable private func logs(_ request: Request, _ context: ControlContext) async throws -> Response {
        let text = request.uri.queryParameters["tail"].map(String.init)
        guard let tail = text.map({ Int($0) }) ?? Self.defaultTail, tail >= 0 else {
            throw NemoClawError(.invalidArgument, "tail is no number of lines")
        }
        return try ControlBody.response(
            LogLines(lines: try await operations.logs(try Self.name(context), tail: tail)))
    }

    /// A secret: for those who may write, although it is a GET.
    @Sendable private func token(_ request: Request, _ context: ControlContext) async throws -> Response {
        try context.peer.requireWrite()
        let token = try await operations.gatewayToken(try Self.name(context))
        return try ControlBody.response(Token(token: token.reveal()))
    }

    @Sendable private func setDefault(_ request: Request, _ context: ControlContext) async throws -> Response {
        try await operations.setDefault(try await ControlBody.decode(DefaultRequest.self, from: request).name)
        return try ControlBody.done()
    }

    @Sendable private func probe(_ request: Request, _ context: ControlContext) async throws -> Response {
        let wish = try await ControlBody.decode(RouteRequest.self, from: request)
        return try ControlBody.response(try await operations.probe(wish))
    }

    private static func name(_ context: ControlContext) throws -> SandboxName {
        try SandboxName(try context.parameters.require("name"))
    }

    private static func wantsProbe(_ request: Request) -> Bool {
        request.uri.queryParameters["probe"] == "1"
    }
}
