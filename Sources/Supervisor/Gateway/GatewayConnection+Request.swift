import Crypto
import NIOCore
import NIOHTTP1
import Shared

/// From the client's request to the bytes for the provider.
extension GatewayConnection {
    func receive(_ head: HTTPRequestHead) {
        exchange.reset()
        exchange.id = loop.nextRequestID()
        exchange.isHead = head.method == .HEAD
        exchange.isHTTP10 = head.version.minor == 0
        exchange.clientKeepsAlive = head.isKeepAlive && !exchange.isHTTP10
        phase = .receiving
        deadline = .now() + GatewayLimits.body
        let path = head.uri.prefix { $0 != "?" }
        exchange.family = GatewayEndpoint.family(ofPath: path)
        do {
            try begin(head, path: path)
        } catch {
            refuse(error, head)
        }
    }

    private func begin(_ head: HTTPRequestHead, path: Substring) throws(GatewayProblem) {
        try checkLength(head)
        let endpoint = GatewayEndpoint(method: head.method, path: path)
        switch endpoint {
        case .health, .ready: return answerLater(LocalAnswer(status: .ok, body: Array("{\"status\":\"ok\"}".utf8)))
        case .unknown where exchange.isUnrouted(path):
            throw GatewayProblem(.notFound, "unknown_path", "the gateway does not serve \(head.method) \(shown(path))")
        case .methodNotAllowed(let allow):
            throw GatewayProblem(
                .methodNotAllowed, "method_not_allowed", "\(shown(path)) does not take \(head.method)", allow: allow)
        default: break
        }
        let sandbox = try authenticate(head.headers)
        guard let route = loop.preparedRoutes.routes[sandbox] else {
            throw GatewayProblem(.serviceUnavailable, "no_route", "sandbox \"\(sandbox)\" has no inference route")
        }
        exchange.route = route
        switch endpoint {
        case .route: answerLater(routeAnswer(route))
        case .inference(let family):
            guard route.route.provider.families.contains(family) else { throw notServed(route, head.method, path) }
            exchange.splicer = ModelSplicer(replacement: route.modelJSON)
            startMetering(sandbox)
            prepareUpstreamHead(head, route, path: path)
            sendContinueIfAsked(head)
        case .models:
            startMetering(sandbox)
            prepareUpstreamHead(head, route, path: path)
        default: throw notServed(route, head.method, path)
        }
    }

    private func startMetering(_ sandbox: SandboxName) {
        let meter = loop.meter(of: sandbox)
        meter.streamStarted()
        exchange.meter = meter
    }

    private func notServed(_ route: PreparedRoute, _ method: HTTPMethod, _ path: Substring) -> GatewayProblem {
        GatewayProblem(
            .notFound, "path_not_served",
            "provider \"\(route.route.provider.id)\" does not serve \(method) \(shown(path))")
    }

    private func shown(_ path: Substring) -> String {
        String(path.unicodeScalars.prefix(128).map { $0.value < 0x20 || $0.value >= 0x7f ? "?" : Character($0) })
    }

    private func checkLength(_ head: HTTPRequestHead) throws(GatewayProblem) {
        guard let text = head.headers.first(name: "content-length") else { return }
        guard let length = Int(text), length >= 0 else {
            throw GatewayProblem(.badRequest, "invalid_request", "the content length is not a number")
        }
        guard length <= GatewayLimits.bodyBytes else { throw tooLarge }
        exchange.announcedLength = length
    }

    private var tooLarge: GatewayProblem {
        GatewayProblem(
            .payloadTooLarge, "body_too_large", "the request body is larger than \(GatewayLimits.bodyBytes >> 20) MiB")
    }

    /// The sandbox that the request is made for: the listener says it, or the key does.
    private func authenticate(_ headers: HTTPHeaders) throws(GatewayProblem) -> SandboxName {
        if case .sandbox(let name) = origin { return name }
        var key: Substring?
        if let value = headers.first(name: "authorization"), HeaderRules.starts(value, "bearer ") {
            key = value.dropFirst(7).drop { $0 == " " }
        } else if let value = headers.first(name: "x-api-key") {
            key = Substring(value)
        }
        if let key, let name = loop.preparedRoutes.keys[Array(SHA256.hash(data: Array(key.utf8)))] { return name }
        throw GatewayProblem(.unauthorized, "invalid_api_key", "the sandbox key is missing or not valid")
    }

    private func routeAnswer(_ route: PreparedRoute) -> LocalAnswer {
        let value: JSONValue = [
            "endpoint": "Managed Inference Route (inference.local)", "provider": .string(route.route.provider.id),
            "providerLabel": .string(route.route.provider.label), "model": .string(route.route.model),
        ]
        // try?: strings always have a JSON form.
        return LocalAnswer(status: .ok, body: (try? JSONCoding.encode(value)) ?? [])
    }

    private func prepareUpstreamHead(_ head: HTTPRequestHead, _ route: PreparedRoute, path: Substring) {
        let prefix = exchange.family == .anthropic ? route.anthropicPrefix : route.openAIPrefix
        var headers = HTTPHeaders()
        headers.reserveCapacity(head.headers.count + 3)
        headers.add(name: "host", value: route.authority)
        let hopNames = HeaderRules.namedInConnection(head.headers)
        for (name, value) in head.headers where HeaderRules.requestHeaderPasses(name) {
            if let hopNames, hopNames.contains(Substring(name.lowercased())) { continue }
            headers.add(name: name, value: value)
        }
        if let bearer = route.bearer { headers.add(name: "authorization", value: bearer.reveal()) }
        if exchange.family == .anthropic, let key = route.apiKey { headers.add(name: "x-api-key", value: key.reveal()) }
        // Both families' paths start with /v1, which the prefix already has.
        let uri = prefix + head.uri.dropFirst("/v1".count)
        exchange.upstreamHead = HTTPRequestHead(version: .http1_1, method: head.method, uri: uri, headers: headers)
    }

    private func sendContinueIfAsked(_ head: HTTPRequestHead) {
        guard !exchange.isHTTP10, let value = head.headers.first(name: "expect"),
            HeaderRules.equal(value, "100-continue"), let context
        else { return }
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
    }

    private func answerLater(_ answer: LocalAnswer) {
        exchange.pendingAnswer = answer
        phase = .swallowing
    }

    /// A small body is read first, so that the connection can be kept; a large one is not waited for.
    private func refuse(_ problem: GatewayProblem, _ head: HTTPRequestHead) {
        let isChunked = head.headers.contains(name: "transfer-encoding")
        let expectsContinue = head.headers.contains(name: "expect")
        guard !isChunked, !expectsContinue, exchange.announcedLength ?? 0 <= Self.swallowed,
            problem.status != .payloadTooLarge
        else { return answer(problem) }
        answerLater(localAnswer(problem))
    }

    /// Bytes of a refused body that are worth reading to keep the connection.
    private static let swallowed = 64 * 1024

    // MARK: Body

    func receive(_ buffer: ByteBuffer) {
        switch phase {
        case .receiving, .connecting, .awaiting, .streaming: break
        case .swallowing:
            exchange.bodyBytes += buffer.readableBytes
            if exchange.bodyBytes > GatewayLimits.heldBytes { answer(tooLarge) }
            return
        default: return
        }
        exchange.bodyBytes += buffer.readableBytes
        guard exchange.bodyBytes <= GatewayLimits.bodyBytes else { return breakOff(tooLarge) }
        guard exchange.splicer != nil else { return }  // a GET's body is not forwarded
        do {
            try splice(buffer)
        } catch {
            return breakOff(.splice(error))
        }
        if let upstream = exchange.upstream {
            sendHeld(upstream)
            renewIdleDeadline()
        } else if phase == .receiving {
            deadline = .now() + GatewayLimits.body
            if exchange.held.readableBytes > GatewayLimits.heldBytes { startUpstream() }
        }
    }

    private func splice(_ buffer: ByteBuffer) throws(ModelSplicer.Problem) {
        guard var splicer = exchange.splicer else { return }
        // Taken out of the exchange, so that it stays the only reference and grows in place.
        var held = exchange.held
        exchange.held = ByteBuffer()
        if held.capacity == 0 {
            held.reserveCapacity(buffer.readableBytes + (exchange.route?.modelJSON.count ?? 0) + 16)
        }
        let result = buffer.withUnsafeReadableBytes { bytes -> Result<Void, ModelSplicer.Problem> in
            do throws(ModelSplicer.Problem) {
                try splicer.feed(bytes, into: &held)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        exchange.splicer = splicer
        exchange.held = held
        try result.get()
    }

    func receiveEnd() {
        exchange.requestIsComplete = true
        switch phase {
        case .swallowing:
            if let answer = exchange.pendingAnswer { send(answer) }
        case .receiving, .connecting, .awaiting, .streaming: finishBody()
        case .draining: if exchange.answerCloses { closeGracefully() }
        case .handshaking, .idle, .closed: break
        }
    }

    private func finishBody() {
        do {
            try exchange.splicer?.finish()
        } catch {
            return breakOff(.splice(error))
        }
        if let upstream = exchange.upstream {
            sendHeld(upstream)
            upstream.write(.end(nil))
            upstream.flush()
            if phase == .awaiting { expectFirstByte() }
        } else if phase == .receiving {
            startUpstream()
        }
        edge.watchForEnd()
    }

    /// A body that turns out wrong after its first part went out: the provider never gets the rest.
    private func breakOff(_ problem: GatewayProblem) {
        if phase == .streaming { return abort() }
        dropUpstream()
        if phase == .receiving, !exchange.requestIsComplete, let length = exchange.announcedLength,
            length <= Self.swallowed
        {
            exchange.held = ByteBuffer()
            return answerLater(localAnswer(problem))
        }
        answer(problem)
    }
}

extension Exchange {
    /// Paths outside the API are unknown whatever the route is.
    func isUnrouted(_ path: Substring) -> Bool { !path.hasPrefix("/v1/") }
}
