import NIOCore
import NIOWebSocket
import Shared

/// Runs a `GatewayClientStateMachine` on a WebSocket connection: frames in, frames out, deadlines.
final class GatewayClientHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Wait for the challenge, the protocol's own limit.
    static let challengeLimit = TimeAmount.seconds(15)
    /// Wait for the hello: a gateway may hold a connect up to 120 s for an approval.
    static let helloLimit = TimeAmount.seconds(130)

    private var machine = GatewayClientStateMachine()
    private let makeConnect: (_ nonce: String) throws -> JSONValue
    private let onEvent: @Sendable (_ name: String, _ payload: JSONValue) -> Void
    private let hello: EventLoopPromise<GatewayHello>
    private var pending: [String: (promise: EventLoopPromise<JSONValue>, timer: Scheduled<Void>)] = [:]
    private var handshakeTimer: Scheduled<Void>?
    private var ending: GatewayRefusal?
    private var context: ChannelHandlerContext?

    init(
        hello: EventLoopPromise<GatewayHello>, makeConnect: @escaping (_ nonce: String) throws -> JSONValue,
        onEvent: @escaping @Sendable (_ name: String, _ payload: JSONValue) -> Void
    ) {
        self.hello = hello
        self.makeConnect = makeConnect
        self.onEvent = onEvent
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        startHandshakeTimer(context, Self.challengeLimit)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        perform(machine.closed(code: 1006, reason: "connection lost"), context)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        perform(machine.closed(code: 1006, reason: "connection lost"), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let reason = (error as? HTTPFailure)?.text ?? PrintableText.line("\(error)", limit: 200)
        perform(machine.closed(code: 1006, reason: reason), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary:
            do {
                perform(machine.received(try GatewayFrame(frame.unmaskedData.readableBytesView)), context)
            } catch {
                perform(machine.closed(code: 1002, reason: error.message), context)
            }
        case .ping: send(.pong, frame.unmaskedData, context)
        case .connectionClose:
            var data = frame.unmaskedData
            let code = data.readInteger(as: UInt16.self).map(Int.init) ?? 1005
            perform(machine.closed(code: code, reason: String(buffer: data)), context)
        default: break
        }
    }

    /// Sends a request. The future fails with `GatewayRefusal`.
    func call(_ method: String, _ params: JSONValue, expectingFinal: Bool, limit: TimeAmount, on loop: any EventLoop)
        -> EventLoopFuture<JSONValue>
    {
        guard let context, let id = machine.begin(expectingFinal: expectingFinal) else {
            return loop.makeFailedFuture(
                ending
                    ?? GatewayRefusal(phase: .call, code: GatewayRefusal.closedCode, message: "connection is closed"))
        }
        let promise = loop.makePromise(of: JSONValue.self)
        let bound = NIOLoopBound(self, eventLoop: loop)
        let timer = loop.scheduleTask(in: limit) { bound.value.expire(id) }
        pending[id] = (promise, timer)
        do {
            let bytes = try GatewayFrame.request(id: id, method: method, params: params)
            send(.text, ByteBuffer(bytes: bytes), context)
        } catch {
            machine.expire(id)
            take(id)?.fail(error)
        }
        return promise.futureResult
    }

    private func expire(_ id: String) {
        machine.expire(id)
        take(id)?.fail(
            GatewayRefusal(phase: .call, code: GatewayRefusal.timeoutCode, message: "no answer within the time limit"))
    }

    private func take(_ id: String) -> EventLoopPromise<JSONValue>? {
        guard let entry = pending.removeValue(forKey: id) else { return nil }
        entry.timer.cancel()
        return entry.promise
    }

    private func perform(_ action: GatewayClientStateMachine.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .nothing: break
        case .sendConnect(let nonce, let id): sendConnect(nonce: nonce, id: id, context)
        case .ready(let hello):
            handshakeTimer?.cancel()
            self.hello.succeed(hello)
        case .answer(let id, let payload): take(id)?.succeed(payload)
        case .refuse(let id, let refusal): take(id)?.fail(refusal)
        case .event(let name, let payload): onEvent(name, payload)
        case .end(let refusal): end(refusal, context)
        }
    }

    private func sendConnect(nonce: String, id: String, _ context: ChannelHandlerContext) {
        do {
            let bytes = try GatewayFrame.request(id: id, method: "connect", params: try makeConnect(nonce))
            startHandshakeTimer(context, Self.helloLimit)
            send(.text, ByteBuffer(bytes: bytes), context)
        } catch {
            perform(machine.closed(code: 1008, reason: "cannot sign the connect: \(error)"), context)
        }
    }

    private func end(_ refusal: GatewayRefusal, _ context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        ending = refusal
        hello.fail(refusal)
        for id in Array(pending.keys) { take(id)?.fail(refusal) }
        context.close(promise: nil)
    }

    private func startHandshakeTimer(_ context: ChannelHandlerContext, _ limit: TimeAmount) {
        handshakeTimer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        handshakeTimer = context.eventLoop.scheduleTask(in: limit) {
            let (handler, context) = bound.value
            handler.perform(handler.machine.handshakeExpired(), context)
        }
    }

    private func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
