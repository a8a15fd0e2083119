import Shared
import Synchronization

/// Single-use tickets that bind a CLI's waiting connection to the worker's second connection.
final class SessionTickets: Sendable {
    /// The worker dials at once.
    static let lifetimeMilliseconds: Int64 = 10_000
    /// Shells that are being opened at one moment.
    static let maximum = 64

    private struct Waiting: Sendable {
        let sandbox: SandboxName
        let client: Descriptor
        let deadline: Int64
    }

    private let waiting = Mutex<[String: Waiting]>([:])

    /// A fresh ticket for `client`.
    func issue(for sandbox: SandboxName, client: Descriptor, at now: Int64 = MonotonicClock.milliseconds())
        throws(NemoClawError) -> String
    {
        let ticket = SandboxSecrets.token()
        let issued = waiting.withLock { waiting in
            waiting = waiting.filter { $0.value.deadline > now }
            guard waiting.count < Self.maximum else { return false }
            waiting[ticket] = Waiting(
                sandbox: sandbox, client: client, deadline: now + Self.lifetimeMilliseconds)
            return true
        }
        guard issued else { throw NemoClawError(.busy, "cannot open a session: too many are being opened") }
        return ticket
    }

    /// Whether nobody redeemed the ticket yet.
    func holds(_ ticket: String) -> Bool {
        waiting.withLock { $0[ticket] != nil }
    }

    /// Takes the ticket back; the client's connection if nobody redeemed it.
    func withdraw(_ ticket: String) -> Descriptor? {
        waiting.withLock { $0.removeValue(forKey: ticket) }?.client
    }

    /// Says ok to the CLI, then gives its connection to the worker behind `worker`. In that order: after the second step
    /// the worker may write to the CLI.
    func redeem(
        _ ticket: String, for sandbox: SandboxName, over worker: Descriptor,
        at now: Int64 = MonotonicClock.milliseconds()
    ) throws(NemoClawError) {
        let found = waiting.withLock { waiting -> Waiting? in
            guard let entry = waiting[ticket], entry.sandbox == sandbox else { return nil }
            waiting[ticket] = nil
            return entry.deadline > now ? entry : nil
        }
        guard let found else { throw NemoClawError(.forbidden, "cannot open a session: the ticket is not valid") }
        guard FrameReply.send(SessionAnswer(ok: true), to: found.client) else { return }  // the CLI went away
        FrameReply.send(LinkMessage.welcome(configuration: nil), to: worker, passing: found.client)
    }
}

/// The supervisor's one frame to the CLI on `session.sock`.
struct SessionAnswer: Sendable, Codable, Equatable {
    var ok: Bool
    var error: NemoClawError?
}
