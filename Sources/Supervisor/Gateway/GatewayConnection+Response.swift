import NIOCore
import NIOHTTP1
import Shared

/// From the provider's answer, or our own, to the client.
extension GatewayConnection {
    func upstreamHead(_ head: HTTPResponseHead) {
        guard phase == .awaiting, let context else { return }
        phase = .streaming
        exchange.held = ByteBuffer()
        renewIdleDeadline()
        var headers = HTTPHeaders()
        headers.reserveCapacity(head.headers.count + 5)
        let hopNames = HeaderRules.namedInConnection(head.headers)
        for (name, value) in head.headers where HeaderRules.responseHeaderPasses(name) {
            if let hopNames, hopNames.contains(Substring(name.lowercased())) { continue }
            headers.add(name: name, value: value)
        }
        addFraming(of: head, to: &headers)
        addOwnHeaders(&headers)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: head.status, headers: headers))),
            promise: nil)
    }

    private func addFraming(of head: HTTPResponseHead, to headers: inout HTTPHeaders) {
        let length = head.headers.first(name: "content-length")
        exchange.answerCloses = !exchange.clientKeepsAlive || !exchange.requestIsComplete
        let isBodyless = exchange.isHead || head.status.code == 204 || head.status.code == 304
        if let length, head.status.code != 204 {
            headers.add(name: "content-length", value: length)
        } else if !isBodyless {
            if exchange.isHTTP10 {
                exchange.answerCloses = true
            } else {
                headers.add(name: "transfer-encoding", value: "chunked")
            }
        }
        if exchange.answerCloses { headers.add(name: "connection", value: "close") }
    }

    private func addOwnHeaders(_ headers: inout HTTPHeaders) {
        headers.add(name: "x-nemoclaw-request-id", value: exchange.id)
        guard let route = exchange.route else { return }
        headers.add(name: "x-nemoclaw-route", value: route.route.provider.id)
        if !route.modelHeader.isEmpty { headers.add(name: "x-nemoclaw-model", value: route.modelHeader) }
    }

    func upstreamBody(_ buffer: ByteBuffer) {
        guard phase == .streaming, let context else { return }
        buffer.withUnsafeReadableBytes { exchange.usage.feed($0) }
        context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    func upstreamReadComplete() {
        guard phase == .streaming else { return }
        renewIdleDeadline()
        context?.flush()
    }

    func upstreamEnd() {
        guard phase == .streaming else { return }
        exchange.upstream = nil
        endMetering()
        finishAnswer()
    }

    /// Writes the answer's end. The connection's state is settled before that, as the write may deliver the next
    /// pipelined request.
    private func finishAnswer() {
        guard let context else { return }
        guard exchange.answerCloses else {
            phase = .idle
            deadline = .now() + GatewayLimits.keepAlive
            context.write(wrapOutboundOut(.end(nil)), promise: nil)
            context.flush()
            return
        }
        phase = .draining
        // While the client takes what is written it may have its time; what follows is cut short.
        deadline = .now() + .milliseconds(Int64(RouteTimeouts().idleMilliseconds))
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.answerWasWritten() }
        // An empty part carries the promise: an end that is not chunked writes nothing.
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
        context.flush()
    }

    private func answerWasWritten() {
        guard phase == .draining else { return }
        deadline = .now() + GatewayLimits.linger
        // A request that still comes in is read to its end first: closing now would reset the connection, and the
        // client might never see the answer.
        if exchange.requestIsComplete { closeGracefully() }
    }

    // MARK: Own answers

    func answer(_ problem: GatewayProblem) {
        send(localAnswer(problem))
    }

    func localAnswer(_ problem: GatewayProblem) -> LocalAnswer {
        LocalAnswer(
            status: problem.status, body: problem.body(family: exchange.family, requestID: exchange.id),
            allow: problem.allow)
    }

    func send(_ answer: LocalAnswer) {
        guard let context, phase != .closed, phase != .draining, phase != .streaming else { return }
        dropUpstream()
        endMetering()
        exchange.held = ByteBuffer()
        exchange.answerCloses = !exchange.clientKeepsAlive || !exchange.requestIsComplete
        var headers = HTTPHeaders([("content-type", "application/json")])
        headers.add(name: "content-length", value: "\(answer.body.count)")
        if let allow = answer.allow { headers.add(name: "allow", value: allow) }
        if answer.status == .unauthorized { headers.add(name: "www-authenticate", value: "Bearer") }
        if exchange.answerCloses { headers.add(name: "connection", value: "close") }
        addOwnHeaders(&headers)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers))),
            promise: nil)
        if !exchange.isHead {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        }
        finishAnswer()
    }
}
