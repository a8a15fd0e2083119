import Logging
import Shared

/// `worker.sock`: checks who calls, then hands workers to `Lifecycle` and sessions their CLI's connection.
final class WorkerDoor: Sendable {
    /// A hello is a few hundred bytes.
    static let maximumHello = 65_536
    private static let arrivalBuffer = 256

    let arrivals: AsyncStream<WorkerArrival>
    private let continuation: AsyncStream<WorkerArrival>.Continuation
    private let roster: WorkerRoster
    private let tickets: SessionTickets
    private let logger: Logger

    init(roster: WorkerRoster, tickets: SessionTickets, logger: Logger) {
        self.roster = roster
        self.tickets = tickets
        self.logger = logger
        (arrivals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.arrivalBuffer))
    }

    func door(listener: Descriptor) -> Door {
        Door(
            name: "worker.sock", listener: listener, maximumFrame: Self.maximumHello,
            admits: { [roster] in roster.entry(for: $0) != nil },
            greeted: { [self] in greet($0) })
    }

    func close() {
        continuation.finish()
    }

    private func greet(_ greeting: Greeting) {
        do {
            try receive(greeting)
        } catch {
            logger.notice(
                "refused a worker",
                metadata: ["peer.pid": "\(greeting.peer.pid)", "error.code": "\(error.code.rawValue)"])
            FrameReply.send(LinkMessage.refused(error), to: greeting.socket)
        }
    }

    private func receive(_ greeting: Greeting) throws(NemoClawError) {
        guard case .hello(let hello) = try JSONCoding.decode(LinkMessage.self, from: greeting.body) else {
            throw NemoClawError(.protocolViolation, "the first frame is not hello")
        }
        guard let entry = roster.entry(for: greeting.peer), entry.sandbox == hello.sandbox,
            WorkerRoster.matches(entry.secret, hello.secret)
        else { throw NemoClawError(.forbidden, "cannot accept the worker: it is not the one that was started") }
        guard hello.version == ProductVersion.wire else {
            throw NemoClawError(.protocolViolation, "cannot talk to a worker of wire version \(hello.version)")
        }
        switch hello.kind {
        case .session:
            try tickets.redeem(hello.ticket ?? "", for: hello.sandbox, over: greeting.socket)
        case .worker:
            try enter(greeting, hello)
        }
    }

    private func enter(_ greeting: Greeting, _ hello: LinkHello) throws(NemoClawError) {
        guard hello.descriptors.count == greeting.descriptors.count else {
            throw NemoClawError(
                .protocolViolation,
                "hello names \(hello.descriptors.count) descriptors and brings \(greeting.descriptors.count)")
        }
        let named = Dictionary(
            zip(hello.descriptors, greeting.descriptors), uniquingKeysWith: { first, _ in first })
        let arrival = WorkerArrival(
            sandbox: hello.sandbox, hello: hello, socket: greeting.socket, descriptors: named)
        guard case .enqueued = continuation.yield(arrival) else {
            throw NemoClawError(.busy, "cannot accept the worker: too many wait")
        }
    }
}
