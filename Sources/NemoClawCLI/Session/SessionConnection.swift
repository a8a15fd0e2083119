import Glibc
import Shared

/// A session with a sandbox over `session.sock`: the handshake, then frames both ways.
final class SessionConnection {
    /// The supervisor answers after the worker dialled back; it gives the worker 30 s.
    static let handshakeMilliseconds = 35_000

    struct Frame: Equatable {
        let kind: SessionFrameKind
        let body: [UInt8]
    }

    private struct Answer: Decodable {
        let ok: Bool
        let error: NemoClawError?
    }

    let stream: UnixStream
    private var incoming = FrameBuffer(maximumBody: SessionFrameKind.maximumBody)
    private var outgoing: [UInt8] = []

    init(stream: UnixStream) {
        self.stream = stream
    }

    /// Connects, and asks the supervisor for a session with `sandbox`.
    static func open(
        socket: String, sandbox: SandboxName, interrupts: Interrupts?
    ) throws -> SessionConnection {
        let deadline = Deadline.after(milliseconds: handshakeMilliseconds)
        do {
            let connection = SessionConnection(
                stream: try UnixStream.connect(path: socket, until: deadline, interrupts: interrupts))
            try connection.handshake(sandbox: sandbox, until: deadline, interrupts: interrupts)
            return connection
        } catch let failure as ConnectFailure {
            throw SupervisorAbsence.error(failure, socket: socket)
        }
    }

    func handshake(sandbox: SandboxName, until deadline: Deadline, interrupts: Interrupts?) throws {
        let hello = try JSONCoding.encode(["sandbox": sandbox.rawValue])
        try stream.send(FrameBuffer.frame(hello), until: deadline, interrupts: interrupts)
        while true {
            if let body = try incoming.next() {
                let answer = try JSONCoding.decode(Answer.self, from: body)
                guard !answer.ok else { return }
                throw Self.explained(
                    answer.error ?? NemoClawError(.internalError, "the supervisor refused the session"), sandbox)
            }
            let bytes = try stream.receive(until: deadline, interrupts: interrupts)
            guard !bytes.isEmpty else {
                throw NemoClawError(
                    .unavailable, "the supervisor closed the session before it began", hint: "Run `nemoclaw status`")
            }
            incoming.append(bytes)
        }
    }

    private static func explained(_ error: NemoClawError, _ sandbox: SandboxName) -> NemoClawError {
        guard error.code == .notRunning, error.hint == nil else { return error }
        return NemoClawError(error.code, error.message, hint: "Run `nemoclaw \(sandbox) start`")
    }

    /// The next whole frame that came. Kinds this version does not know are passed over.
    func nextFrame() throws -> Frame? {
        while let bytes = try incoming.next() {
            guard let first = bytes.first else {
                throw NemoClawError(.protocolViolation, "the sandbox sent an empty frame")
            }
            if let kind = SessionFrameKind(rawValue: first) { return Frame(kind: kind, body: Array(bytes.dropFirst())) }
        }
        return nil
    }

    /// Reads what is there; false at the end of the stream.
    func fill() -> Bool {
        switch stream.receiveSome() {
        case .bytes(let bytes):
            incoming.append(bytes)
            return true
        case .nothingYet: return true
        case .end: return false
        }
    }

    /// Bytes that wait for the socket.
    var waiting: Int { outgoing.count }

    func enqueue(_ kind: SessionFrameKind, _ body: some Collection<UInt8>) {
        outgoing.append(contentsOf: FrameBuffer.frame([kind.rawValue] + body))
    }

    /// Drops what waits: nobody will read it.
    func discard() { outgoing.removeAll() }

    /// Sends what the socket takes; false when it is gone.
    func flush() -> Bool {
        while !outgoing.isEmpty {
            let count = stream.sendSome(outgoing[...])
            if count < 0 { return false }
            if count == 0 { return true }
            outgoing.removeFirst(count)
        }
        return true
    }
}
