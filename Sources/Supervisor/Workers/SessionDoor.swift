import Logging
import ServiceLifecycle
import Shared

/// `session.sock`: the operator's CLI asks for a connection into a sandbox.
struct SessionDoor: Service {
    /// `{"sandbox":"…"}` and room.
    static let maximumRequest = 4_096
    private static let pendingRequests = 64

    private struct Request: Codable { var sandbox: SandboxName }

    private let tickets: SessionTickets
    private let owner: UInt32
    private let logger: Logger
    /// Asks the sandbox's worker to dial with this ticket.
    private let open: @Sendable (SandboxName, String) async throws(NemoClawError) -> Void
    private let greetings: AsyncStream<Greeting>
    private let continuation: AsyncStream<Greeting>.Continuation

    init(
        tickets: SessionTickets, owner: UInt32, logger: Logger,
        open: @escaping @Sendable (SandboxName, String) async throws(NemoClawError) -> Void
    ) {
        self.tickets = tickets
        self.owner = owner
        self.logger = logger
        self.open = open
        (greetings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.pendingRequests))
    }

    func door(listener: Descriptor) -> Door {
        Door(
            name: "session.sock", listener: listener, maximumFrame: Self.maximumRequest,
            admits: { [owner] in $0.uid == owner || $0.uid == 0 },
            greeted: { [continuation] greeting in
                if case .dropped(let dropped) = continuation.yield(greeting) {
                    let error = NemoClawError(.busy, "cannot open a session: too many are being opened")
                    FrameReply.send(SessionAnswer(ok: false, error: error), to: dropped.socket)
                }
            })
    }

    func run() async {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await greeting in greetings {
                    group.addTask { await serve(greeting) }
                }
            }
        } onGracefulShutdown: {
            continuation.finish()
        }
    }

    /// Returns when the ticket was redeemed, its time is over, or the process ends.
    private func redemption(of ticket: String) async {
        await cancelWhenGracefulShutdown {
            let deadline = MonotonicClock.milliseconds() + SessionTickets.lifetimeMilliseconds
            while tickets.holds(ticket), MonotonicClock.milliseconds() < deadline, !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(20))  // try?: cancelled is looked at above
            }
        }
    }

    private func serve(_ greeting: Greeting) async {
        do {
            let request = try JSONCoding.decode(Request.self, from: greeting.body)
            let ticket = try tickets.issue(for: request.sandbox, client: greeting.socket)
            do {
                try await open(request.sandbox, ticket)
            } catch {
                guard tickets.withdraw(ticket) != nil else { return }  // redeemed: the worker has the connection
                throw error
            }
            await redemption(of: ticket)
            if tickets.withdraw(ticket) != nil {
                throw NemoClawError(.sandboxFailed, "the worker of \"\(request.sandbox)\" did not take the session")
            }
        } catch let error as NemoClawError {
            logger.notice("refused a session", metadata: ["error.code": "\(error.code.rawValue)"])
            FrameReply.send(SessionAnswer(ok: false, error: error), to: greeting.socket)
        } catch {
            logger.error("session failed", metadata: ["error": "\(error)"])
        }
    }
}
