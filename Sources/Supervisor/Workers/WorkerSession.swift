import NIOCore
import NIOPosix
import Shared

/// The link to one worker after its hello.
final class WorkerSession: Sendable {
    /// An ask's deadline, unless a method names another.
    static let askLimit = TimeAmount.seconds(30)
    private static let messageBuffer = 256
    /// A worker that does not read holds at most this much of ours.
    private static let writeLimit = 2 << 20

    /// What the worker asks and tells, in order; ends with the link.
    let messages: AsyncStream<WorkerMessage>
    private let channel: any Channel
    private let handler: NIOLoopBound<WorkerLinkHandler>

    private init(
        channel: any Channel, handler: NIOLoopBound<WorkerLinkHandler>, messages: AsyncStream<WorkerMessage>
    ) {
        self.channel = channel
        self.handler = handler
        self.messages = messages
    }

    /// Takes the socket over.
    static func open(_ socket: Descriptor, group: any EventLoopGroup) async throws(NemoClawError) -> WorkerSession {
        let (messages, continuation) = AsyncStream<WorkerMessage>.makeStream(
            bufferingPolicy: .bufferingOldest(messageBuffer))
        let loop = group.next()
        do {
            let number = socket.release()
            let channel = try await ClientBootstrap(group: loop)
                .channelOption(
                    .writeBufferWaterMark, value: .init(low: writeLimit / 2, high: writeLimit)
                )
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(WorkerLinkHandler(inbound: continuation))
                    }
                }
                .withConnectedSocket(number).get()
            let handler = try await channel.eventLoop.submit {
                NIOLoopBound(
                    try channel.pipeline.syncOperations.handler(type: WorkerLinkHandler.self),
                    eventLoop: channel.eventLoop)
            }.get()
            return WorkerSession(channel: channel, handler: handler, messages: messages)
        } catch {
            throw NemoClawError(.internalError, "cannot take over a worker's connection: \(error)")
        }
    }

    func ask(_ method: String, _ params: JSONValue, within limit: TimeAmount = askLimit) async throws(NemoClawError)
        -> JSONValue
    {
        let promise = channel.eventLoop.makePromise(of: JSONValue.self)
        channel.eventLoop.execute { [handler, channel] in
            handler.value.ask(method, params, within: limit, promise: promise, on: channel)
        }
        do {
            return try await promise.futureResult.get()
        } catch let error as NemoClawError {
            throw error
        } catch {
            throw NemoClawError(.internalError, "cannot ask the worker: \(error)")
        }
    }

    func tell(_ method: String, _ params: JSONValue) {
        send(.tell(method: method, params: params))
    }

    func send(_ message: LinkMessage) {
        channel.eventLoop.execute { [handler, channel] in handler.value.send(message, on: channel) }
    }

    /// Says that `message` was handled; an ask must be finished with its answer.
    func finish(_ message: WorkerMessage, answer: LinkMessage? = nil) {
        channel.eventLoop.execute { [handler, channel] in
            handler.value.finish(message, answer: answer, on: channel)
        }
    }

    func close() {
        channel.close(promise: nil)
    }
}
