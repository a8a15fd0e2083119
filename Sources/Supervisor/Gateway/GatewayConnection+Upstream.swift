import Logging
import NIOCore
import NIOHTTP1
import Shared

/// Between the request and the provider.
extension GatewayConnection {
    /// Asks for an upstream connection; the head's framing is settled here.
    func startUpstream() {
        guard let route = exchange.route else { return }
        settleFraming()
        phase = .connecting
        exchange.deadlineMeaning = .connectTimeout
        deadline = .now() + .milliseconds(Int64(route.route.timeouts.connectMilliseconds))
        if let upstream = loop.pool.takeIdle(route.upstream) {
            attach(upstream)
        } else {
            connect(route)
        }
    }

    private func settleFraming() {
        guard let splicer = exchange.splicer else { return }
        let length: Int? =
            if exchange.requestIsComplete {
                exchange.held.readableBytes
            } else if let announced = exchange.announcedLength, splicer.growthIsFinal {
                announced + splicer.growth
            } else {
                nil
            }
        if let length {
            exchange.upstreamHead?.headers.add(name: "content-length", value: String(length))
        } else {
            exchange.upstreamHead?.headers.add(name: "transfer-encoding", value: "chunked")
        }
    }

    private func connect(_ route: PreparedRoute) {
        let number = exchange.number
        let timeout = TimeAmount.milliseconds(Int64(route.route.timeouts.connectMilliseconds))
        loop.pool.connect(route.upstream, timeout: timeout) { result in
            let isWanted = self.phase == .connecting && self.exchange.number == number
            switch result {
            case .success(let upstream) where isWanted: self.attach(upstream)
            case .success(let upstream): upstream.abandon()
            case .failure(let failure) where isWanted: self.answerUpstream(failure)
            case .failure: break
            }
        }
    }

    private func attach(_ upstream: UpstreamConnection) {
        guard let head = exchange.upstreamHead, let context else { return upstream.abandon() }
        exchange.upstream = upstream
        phase = .awaiting
        upstream.lend(to: self)
        upstream.write(.head(head))
        exchange.mayRetry = upstream.isReused && exchange.requestIsComplete
        sendHeld(upstream)
        if exchange.requestIsComplete {
            if !upstream.isReused, upstream.key.scheme == .https {
                awaitHandshake(upstream, context)
            } else {
                upstream.write(.end(nil))
                expectFirstByte()
            }
        } else {
            exchange.deadlineMeaning = .idleTimeout
            renewIdleDeadline()
        }
        upstream.flush()
        resumeReading()
    }

    /// The request leaves when TLS is there, so its last write tells when connecting is over.
    private func awaitHandshake(_ upstream: UpstreamConnection, _ context: ChannelHandlerContext) {
        let number = exchange.number
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess {
            if self.phase == .awaiting, self.exchange.number == number { self.expectFirstByte() }
        }
        // An empty body part carries the promise: without chunked framing an end writes nothing.
        upstream.write(.body(.byteBuffer(ByteBuffer())), promise: promise)
        upstream.write(.end(nil))
    }

    func sendHeld(_ upstream: UpstreamConnection) {
        guard exchange.held.readableBytes > 0 else { return }
        upstream.write(.body(.byteBuffer(exchange.held)))
        if !exchange.mayRetry { exchange.held = ByteBuffer() }
    }

    func expectFirstByte() {
        guard let route = exchange.route else { return }
        exchange.deadlineMeaning = .firstByteTimeout
        deadline = .now() + .milliseconds(Int64(route.route.timeouts.firstByteMilliseconds))
    }

    func renewIdleDeadline() {
        guard let route = exchange.route else { return }
        guard phase == .streaming || (phase == .awaiting && !exchange.requestIsComplete) else { return }
        deadline = .now() + .milliseconds(Int64(route.route.timeouts.idleMilliseconds))
    }

    func upstreamBecameWritable() {
        renewIdleDeadline()
        resumeReading()
    }

    func upstreamFailed(_ failure: UpstreamFailure) {
        let upstream = exchange.upstream
        exchange.upstream = nil
        switch phase {
        case .awaiting:
            // A pooled connection that the provider had closed meanwhile: nothing was answered, so ask once more.
            if exchange.mayRetry, failure == .closed, upstream?.isReused == true, let route = exchange.route {
                exchange.mayRetry = false
                phase = .connecting
                exchange.deadlineMeaning = .connectTimeout
                deadline = .now() + .milliseconds(Int64(route.route.timeouts.connectMilliseconds))
                return connect(route)
            }
            answerUpstream(failure)
        case .streaming:
            log("provider ended in mid-stream", failure)
            abort()
        default: break
        }
    }

    func answerUpstream(_ failure: UpstreamFailure) {
        log("provider gave no answer", failure)
        answer(.upstream(failure, provider: exchange.route?.route.provider.id ?? "?"))
    }

    private func log(_ message: Logger.Message, _ failure: UpstreamFailure) {
        loop.logger.notice(
            message,
            metadata: [
                "request.id": "\(exchange.id)", "route.provider": "\(exchange.route?.route.provider.id ?? "")",
                "error.code": "\(failure)",
            ])
    }
}
