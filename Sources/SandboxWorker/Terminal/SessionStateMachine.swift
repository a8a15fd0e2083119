import Glibc
import Shared

/// What the CLI may send in a session, and when. A value: frames in, actions out.
struct SessionStateMachine: Sendable {
    enum Action: Sendable, Equatable {
        case start(SessionRequest)
        case input([UInt8])
        case endOfInput
        case resize(columns: UInt16, rows: UInt16)
        case signal(Int32)
        case ignore
    }

    private enum State: Sendable {
        /// → starting
        case awaitingOpen
        /// → running, ended
        case starting(isTerminal: Bool)
        /// → running (without input), ended
        case running(isTerminal: Bool, takesInput: Bool)
        case ended
    }

    /// Signals that a session may send.
    static let signals: Set<UInt8> = Set(
        [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH].map { UInt8($0) })

    private var state = State.awaitingOpen

    /// No frame is taken between `open` and the start of the command.
    var isStarting: Bool { if case .starting = state { true } else { false } }
    var isEnded: Bool { if case .ended = state { true } else { false } }

    /// - Throws: `protocol_violation`, after which the session ends.
    mutating func frame(_ body: [UInt8]) throws(NemoClawError) -> Action {
        guard let first = body.first, let kind = SessionFrameKind(rawValue: first) else {
            throw NemoClawError(.protocolViolation, "unknown frame in a session")
        }
        let content = body.dropFirst()
        switch (state, kind) {
        case (.awaitingOpen, .open):
            let request = try Self.checked(try JSONCoding.decode(SessionRequest.self, from: content))
            state = .starting(isTerminal: request.terminal != nil)
            return .start(request)
        case (.running(let isTerminal, let takesInput), .input):
            guard takesInput else { return .ignore }
            guard content.isEmpty else { return .input(Array(content)) }
            if isTerminal { return .ignore }  // a terminal ends its input with a character, not with an end of file
            state = .running(isTerminal: isTerminal, takesInput: false)
            return .endOfInput
        case (.running(let isTerminal, _), .resize):
            let size = try JSONCoding.decode(Size.self, from: content)
            return isTerminal ? .resize(columns: size.columns, rows: size.rows) : .ignore
        case (.running, .signal):
            guard content.count == 1, let number = content.first, Self.signals.contains(number) else {
                throw NemoClawError(.protocolViolation, "signal is not one that a session may send")
            }
            return .signal(Int32(number))
        case (.ended, _): return .ignore
        default: throw NemoClawError(.protocolViolation, "frame is out of order in a session")
        }
    }

    mutating func started() {
        if case .starting(let isTerminal) = state { state = .running(isTerminal: isTerminal, takesInput: true) }
    }

    mutating func ended() { state = .ended }

    private struct Size: Codable {
        var columns: UInt16
        var rows: UInt16
    }

    private static func checked(_ request: SessionRequest) throws(NemoClawError) -> SessionRequest {
        let texts = request.argv + [request.directory] + request.environment.flatMap { [$0.key, $0.value] }
        guard !texts.contains(where: { $0.utf8.contains(0) }) else {
            throw NemoClawError(.invalidArgument, "an argument holds a zero byte")
        }
        guard !request.environment.keys.contains(where: { $0.isEmpty || $0.contains("=") }) else {
            throw NemoClawError(.invalidArgument, "an environment variable has no proper name")
        }
        guard request.directory.hasPrefix("/") else {
            throw NemoClawError(.invalidArgument, "directory \"\(request.directory.prefix(64))\" is not absolute")
        }
        var request = request
        if request.argv.isEmpty { request.argv = ["/bin/bash"] }
        return request
    }
}
