import NIOCore
import Shared

/// Frames of one worker's link, on its event loop. It bounds what waits in each direction: a worker that floods or does
/// not read loses its link (and dials again).
final class WorkerLinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Asks under way in one direction.
    static let maximumAsks = 64
    /// Bytes of messages that were read and wait to be handled.
    static let maximumQueuedBytes = 4 << 20

    private var frames = FrameBuffer(maximumBody: LinkMessage.maximumBody)
    private var waiting: [UInt64: Waiting] = [:]
    private var nextID: UInt64 = 1
    private var asksToUs = 0
    private var queuedBytes = 0
    private var closed = false
    private let inbound: AsyncStream<WorkerMessage>.Continuation

    private struct Waiting {
        let promise: EventLoopPromise<JSONValue>
        let timeout: Scheduled<Void>
    }

    init(inbound: AsyncStream<WorkerMessage>.Continuation) {
        self.inbound = inbound
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !closed else { return }
        frames.append(unwrapInboundIn(data).readableBytesView)
        do {
            while let body = try frames.next() {
                try receive(try JSONCoding.decode(LinkMessage.self, from: body), bytes: body.count, context: context)
            }
        } catch {
            shut(context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        shut(context.channel)
    }

    private func receive(_ message: LinkMessage, bytes: Int, context: ChannelHandlerContext) throws(NemoClawError) {
        switch message {
        case .ask(let id, let method, let params):
            guard asksToUs < Self.maximumAsks else {
                let error = NemoClawError(.busy, "cannot answer: \(Self.maximumAsks) asks are under way")
                return send(.failure(id: id, error: error), on: context.channel)
            }
            asksToUs += 1
            try queue(WorkerMessage(kind: .ask(id: id), method: method, params: params, bytes: bytes))
        case .tell(let method, let params):
            try queue(WorkerMessage(kind: .tell, method: method, params: params, bytes: bytes))
        case .answer(let id, let result):
            settle(id)?.succeed(result)
        case .failure(let id, let error):
            settle(id)?.fail(error)
        case .hello, .welcome, .refused:
            throw NemoClawError(.protocolViolation, "unexpected frame")
        }
    }

    private func queue(_ message: WorkerMessage) throws(NemoClawError) {
        queuedBytes += message.bytes
        guard queuedBytes <= Self.maximumQueuedBytes, case .enqueued = inbound.yield(message) else {
            throw NemoClawError(.protocolViolation, "too much waits")
        }
    }

    private func settle(_ id: UInt64) -> EventLoopPromise<JSONValue>? {
        guard let entry = waiting.removeValue(forKey: id) else { return nil }  // an answer after its deadline
        entry.timeout.cancel()
        return entry.promise
    }

    /// The message was handled; an ask's answer goes out.
    func finish(_ message: WorkerMessage, answer: LinkMessage?, on channel: any Channel) {
        queuedBytes -= message.bytes
        if case .ask = message.kind { asksToUs -= 1 }
        if let answer { send(answer, on: channel) }
    }

    func ask(
        _ method: String, _ params: JSONValue, within limit: TimeAmount, promise: EventLoopPromise<JSONValue>,
        on channel: any Channel
    ) {
        guard !closed else {
            return promise.fail(NemoClawError(.notRunning, "cannot ask the worker: its link is closed"))
        }
        guard waiting.count < Self.maximumAsks else {
            return promise.fail(NemoClawError(.busy, "cannot ask the worker: \(Self.maximumAsks) asks are under way"))
        }
        let id = nextID
        nextID += 1
        let timeout = channel.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            guard let entry = self.waiting.removeValue(forKey: id) else { return }
            entry.promise.fail(NemoClawError(.timeout, "the worker did not answer \(method) in time"))
        }
        waiting[id] = Waiting(promise: promise, timeout: timeout)
        send(.ask(id: id, method: method, params: params), on: channel)
    }

    func send(_ message: LinkMessage, on channel: any Channel) {
        guard !closed else { return }
        guard channel.isWritable, let body = try? JSONCoding.encode(message), body.count <= LinkMessage.maximumBody
        else { return shut(channel) }  // try?: a message that has no JSON ends the link like one that cannot be sent
        channel.writeAndFlush(ByteBuffer(bytes: FrameBuffer.frame(body)), promise: nil)
    }

    private func shut(_ channel: any Channel) {
        end()
        channel.close(promise: nil)
    }

    private func end() {
        guard !closed else { return }
        closed = true
        inbound.finish()
        let left = waiting
        waiting = [:]
        for entry in left.values {
            entry.timeout.cancel()
            entry.promise.fail(NemoClawError(.notRunning, "the worker's link was closed before it answered"))
        }
    }
}
