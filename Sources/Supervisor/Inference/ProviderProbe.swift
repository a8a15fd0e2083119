import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Shared

/// Asks a route's provider for its models, to find out what is wrong before a sandbox does.
struct ProviderProbe {
    private static let upstreamTLS = UpstreamTLS()

    /// - Parameter deadlineMilliseconds: for everything together, name look-up included.
    static func probe(route: Route, deadlineMilliseconds: Int, group: any EventLoopGroup) async -> ProbeOutcome {
        let eventLoop = group.next()
        let result = eventLoop.makePromise(of: ProbeOutcome.self)
        let prepared = PreparedRoute(route)
        let once = NIOLoopBoundBox.makeBoxSendingValue(false, eventLoop: eventLoop)
        let settle: @Sendable (ProbeOutcome) -> Void = { outcome in
            eventLoop.execute {
                guard !once.value else { return }
                once.value = true
                result.succeed(outcome)
            }
        }
        let timer = eventLoop.scheduleTask(in: .milliseconds(Int64(deadlineMilliseconds))) { settle(.timedOut) }
        let connecting = connect(prepared, deadlineMilliseconds, eventLoop, settle)
        connecting.whenFailure { settle(Self.outcome(of: UpstreamFailure(connecting: $0))) }
        // try?: the promise is never failed.
        let outcome = (try? await result.futureResult.get()) ?? .timedOut
        timer.cancel()
        connecting.whenSuccess { $0.close(promise: nil) }
        return outcome
    }

    private static func connect(
        _ route: PreparedRoute, _ deadlineMilliseconds: Int, _ eventLoop: any EventLoop,
        _ settle: @escaping @Sendable (ProbeOutcome) -> Void
    ) -> EventLoopFuture<any Channel> {
        let context: NIOSSLContext?
        do {
            context = route.upstream.scheme == .https ? try upstreamTLS.context() : nil
        } catch {
            return eventLoop.makeFailedFuture(UpstreamFailure.tls)
        }
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(Int64(min(deadlineMilliseconds, route.route.timeouts.connectMilliseconds))))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context {
                        let name = route.route.baseURL.hostIsAddress ? nil : route.upstream.host
                        try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(ProbeHandler(route: route, settle: settle))
                }
            }
            .connect(host: route.upstream.host, port: route.upstream.port)
    }

    static func outcome(of failure: UpstreamFailure) -> ProbeOutcome {
        switch failure {
        case .refused: .refused
        case .nameUnknown: .nameUnknown
        case .connectTimeout, .firstByteTimeout, .idleTimeout: .timedOut
        case .tls: .wrongProtocol(detail: "TLS failed")
        case .closed: .wrongProtocol(detail: "the connection was closed without an answer")
        case .notHTTP: .wrongProtocol(detail: "the answer is not HTTP")
        case .unreachable: .unreachable(detail: "the host cannot be reached")
        }
    }

    static func outcome(status: Int, body: [UInt8], model: String) -> ProbeOutcome {
        switch status {
        case 200..<300: break
        case 401, 403: return .unauthorized
        case 500...: return .unhealthy(status: status)
        default: return .reachable(status: status)
        }
        guard let value = try? JSONCoding.decode(JSONValue.self, from: body) else {  // try?: any reason means the same
            return .wrongProtocol(detail: "the list of models is not JSON")
        }
        guard let list = value["data"]?.arrayValue ?? value["models"]?.arrayValue else {
            return .healthy(modelKnown: nil)
        }
        let names = list.compactMap { $0["id"]?.stringValue ?? $0["name"]?.stringValue }
        return .healthy(modelKnown: names.isEmpty ? nil : names.contains { isSame($0, model) })
    }

    /// Ollama adds `:latest`, Gemini lists `models/…`.
    private static func isSame(_ listed: String, _ model: String) -> Bool {
        listed == model || listed == "\(model):latest" || listed == "models/\(model)"
    }
}
