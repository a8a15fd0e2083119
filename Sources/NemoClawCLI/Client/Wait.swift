import Glibc
import Shared

/// `poll` on descriptors with a deadline; a signal ends it.
enum Wait {
    /// Why a wait on one descriptor ended.
    enum Outcome { case ready, deadline }

    /// - Throws: `Interrupted` when a signal came.
    static func on(
        _ descriptor: Int32, _ events: Int32, until deadline: Deadline, interrupts: Interrupts?
    ) throws -> Outcome {
        var entries = [pollfd(fd: descriptor, events: Int16(events), revents: 0)]
        if let interrupts { entries.append(pollfd(fd: interrupts.descriptor, events: Int16(POLLIN), revents: 0)) }
        while true {
            let count = poll(&entries, nfds_t(entries.count), deadline.pollTimeout)
            if count < 0 && errno != EINTR { throw SystemFailure.error("wait for an answer", errno) }
            if let signal = interrupts?.next() { throw Interrupted(signal: signal) }
            if count > 0 && entries[0].revents != 0 { return .ready }
            if deadline.hasPassed { return .deadline }
        }
    }

    /// Waits for time to pass; a signal ends it.
    static func pause(milliseconds: Int, interrupts: Interrupts?) throws {
        _ = try on(-1, 0, until: .after(milliseconds: milliseconds), interrupts: interrupts)
    }
}

/// Failed system calls as errors of ours.
enum SystemFailure {
    static func error(_ step: String, _ code: Int32, hint: String? = nil) -> NemoClawError {
        NemoClawError(.internalError, "cannot \(step): \(text(code))", hint: hint)
    }

    static func text(_ code: Int32) -> String {
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
