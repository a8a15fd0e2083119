import Glibc
import Shared

/// The operator's side of `control.sock`: one connection an exchange, blocking, with a deadline.
struct ControlClient {
    let socket: String
    var interrupts: Interrupts?

    /// Plain reads are answered from memory.
    static let readMilliseconds = 10_000
    /// Probes, stops, restarts: minutes are wrong, half a minute may be right.
    static let changeMilliseconds = 60_000
    /// A sandbox is given 180 s to become ready; the supervisor's own deadline comes first.
    static let createMilliseconds = 200_000

    /// Sends a request and decodes its answer.
    /// - Throws: the error in a failed answer; `unavailable` when no supervisor listens; `Interrupted`.
    func call<Answer: Decodable>(
        _ method: String, _ path: String, body: [UInt8]? = nil, milliseconds: Int = readMilliseconds,
        as type: Answer.Type = JSONValue.self
    ) throws -> Answer {
        let response = try exchange(method, path, body: body, milliseconds: milliseconds)
        guard (200..<300).contains(response.status) else { throw Self.failure(response) }
        return try JSONCoding.decode(type, from: response.body)
    }

    /// Sends a request; the answer as it came, whatever its status.
    func exchange(
        _ method: String, _ path: String, body: [UInt8]?, milliseconds: Int
    ) throws -> HTTPResponse {
        let deadline = Deadline.after(milliseconds: milliseconds)
        let stream = try connect(until: deadline)
        try stream.send(Self.request(method, path, body: body), until: deadline, interrupts: interrupts)
        return try receive(stream, until: deadline)
    }

    /// The same in two halves, for a caller that must not lose the answer when a signal comes.
    func begin(_ method: String, _ path: String, body: [UInt8]?, until deadline: Deadline) throws -> UnixStream {
        let stream = try connect(until: deadline)
        // Once a byte is out, the whole request goes: half a request is neither done nor not done.
        try stream.send(Self.request(method, path, body: body), until: deadline, interrupts: nil)
        return stream
    }

    func receive(_ stream: UnixStream, until deadline: Deadline) throws -> HTTPResponse {
        var parser = HTTPResponseParser()
        return try receive(stream, until: deadline, parser: &parser)
    }

    /// Goes on where `parser` stopped.
    func receive(
        _ stream: UnixStream, until deadline: Deadline, parser: inout HTTPResponseParser
    ) throws -> HTTPResponse {
        while true {
            let bytes = try stream.receive(until: deadline, interrupts: interrupts)
            if bytes.isEmpty { return try parser.end() }
            if let response = try parser.append(bytes) { return response }
            if deadline.hasPassed { throw UnixStream.timeout }
        }
    }

    /// Whether something answers at all.
    func isAnswering() throws -> Bool {
        do {
            _ = try gateway(milliseconds: 2000)
            return true
        } catch is NemoClawError {
            return false
        }
    }

    func gateway(milliseconds: Int = readMilliseconds) throws -> GatewayStatus {
        try call("GET", "/v1/gateway", milliseconds: milliseconds, as: GatewayStatus.self)
    }

    func sandboxes(probe: Bool) throws -> SandboxList {
        try call("GET", "/v1/sandboxes" + (probe ? "?probe=1" : ""), as: SandboxList.self)
    }

    func sandbox(_ name: SandboxName, probe: Bool = false) throws -> SandboxStatus {
        try call("GET", "/v1/sandboxes/\(name)" + (probe ? "?probe=1" : ""), as: SandboxStatus.self)
    }

    /// The name itself, else the default sandbox's.
    func resolve(_ name: String?) throws -> SandboxName {
        if let name { return try SandboxName(name) }
        let list = try sandboxes(probe: false)
        if let name = list.defaultSandbox { return name }
        guard let only = list.sandboxes.first, list.sandboxes.count == 1 else {
            throw NemoClawError(
                .notFound, list.sandboxes.isEmpty ? "no sandboxes registered" : "no default sandbox is set",
                hint: list.sandboxes.isEmpty ? "Run `nemoclaw onboard`" : "Run `nemoclaw use <name>`")
        }
        return only.name
    }

    private func connect(until deadline: Deadline) throws -> UnixStream {
        do {
            return try UnixStream.connect(path: socket, until: deadline, interrupts: interrupts)
        } catch let failure as ConnectFailure {
            throw SupervisorAbsence.error(failure, socket: socket)
        }
    }

    private static func request(_ method: String, _ path: String, body: [UInt8]?) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: nemoclaw\r\nConnection: close\r\nAccept: application/json\r\n"
        if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
        if body == nil && method != "GET" { head += "Content-Length: 0\r\n" }
        return Array((head + "\r\n").utf8) + (body ?? [])
    }

    static func failure(_ response: HTTPResponse) -> NemoClawError {
        do {
            return try JSONCoding.decode(ControlFailure.self, from: response.body).error
        } catch {
            return NemoClawError(
                response.status == 403 ? .forbidden : .internalError,
                "the supervisor answered with status \(response.status)")
        }
    }
}

/// Why nobody answers at a socket of ours.
enum SupervisorAbsence {
    static func error(_ failure: ConnectFailure, socket: String) -> NemoClawError {
        switch failure.code {
        case ENOENT:
            NemoClawError(.unavailable, "the supervisor is not running", hint: "Run `nemoclaw up`")
        case ECONNREFUSED:
            NemoClawError(
                .unavailable, "the supervisor is not running, its socket is a leftover; sandboxes that run go on",
                hint: "Run `nemoclaw up`")
        case EACCES, EPERM:
            NemoClawError(
                .forbidden, "this user may not talk to the supervisor at \"\(socket)\"",
                hint: "Run nemoclaw as the user who started the supervisor")
        case EAGAIN:
            NemoClawError(.busy, "the supervisor takes no more connections", hint: "Run `nemoclaw status`")
        default:
            NemoClawError(
                .unavailable, "cannot reach the supervisor at \"\(socket)\": \(SystemFailure.text(failure.code))",
                hint: "Run `nemoclaw up`")
        }
    }
}
