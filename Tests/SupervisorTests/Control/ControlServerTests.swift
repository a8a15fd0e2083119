import Glibc
import Logging
import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite(.serialized, .timeLimit(.minutes(2))) struct ControlServerTests {
    /// One raw exchange: whatever is sent, the answer to the end of the connection.
    static func exchange(_ path: String, _ bytes: [UInt8]) async throws -> String {
        let socket = try TestSocket(path)
        socket.write(bytes)
        return String(decoding: try await socket.readToEnd(), as: UTF8.self)
    }

    static func ask(_ path: String, _ line: String, _ body: String = "") async throws -> String {
        try await exchange(
            path,
            Array(
                "\(line) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    .utf8))
    }

    @Test("the API answers, refuses what is wrong with JSON, and ends when it is told to")
    func api() async throws {
        try await TestFolder.with { folder in
            let configuration = try SupervisorConfiguration(
                environment: [
                    "NEMOCLAW_HOME": "\(folder)", "NEMOCLAW_LIBEXEC": "/nonexistent", "NEMOCLAW_GATEWAY_PORT": "38080",
                ], user: geteuid())
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            async let end: Void = SupervisorAssembly(configuration: configuration, logger: logger).run()
            let deadline = ContinuousClock.now + .seconds(60)
            while access(configuration.folders.supervisorPid, F_OK) != 0, ContinuousClock.now < deadline {
                await Task.yield()
            }
            let path = configuration.folders.controlSocket
            #expect(try await Self.ask(path, "GET /v1/gateway").contains("\"certificateSerial\""))
            let list = try await Self.ask(path, "GET /v1/sandboxes")
            #expect(list.hasPrefix("HTTP/1.1 200"))
            #expect(list.contains("\"sandboxes\":[]"))
            for (line, body, status, code) in [
                ("GET /v1/nope", "", 404, "not_found"), ("DELETE /v1/gateway", "", 404, "not_found"),
                ("GET /v1/sandboxes/none", "", 404, "not_found"), ("GET /v1/sandboxes/NO", "", 400, "invalid_name"),
                ("POST /v1/sandboxes", "{", 400, "invalid_argument"),
                ("POST /v1/sandboxes", #"{"name":"A","provider":"p","model":"m","probe":false}"#, 400, "invalid_name"),
                (
                    "POST /v1/sandboxes", #"{"name":"a","provider":"p","model":"m","probe":false}"#, 400,
                    "unknown_provider"
                ),
                ("PUT /v1/default", #"{"name":"none"}"#, 404, "not_found"),
                ("POST /v1/approvals/x/approve", "", 404, "not_found"),
                (
                    "POST /v1/probe", String(repeating: "x", count: ControlBody.maximumBytes + 1), 400,
                    "invalid_argument"
                ),
                (
                    "POST /v1/probe",
                    #"{"provider":"custom","model":"m","endpoint":"http://127.0.0.1:1/v1","probe":true}"#, 422,
                    "endpoint_refused"
                ),
            ] {
                let answer = try await Self.ask(path, line, body)
                #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(line)")
                #expect(answer.contains("\"code\":\"\(code)\""), "\(line)")
            }
            #expect(!(try await Self.exchange(path, Array("garbage\r\n\r\n".utf8)).hasPrefix("HTTP/1.1 200")))
            // A sandbox whose programs are missing fails as a whole.
            let failed = try await Self.ask(
                path, "POST /v1/sandboxes",
                #"{"name":"alpha","provider":"ollama","model":"m","probe":false,"port":38801}"#)
            #expect(failed.contains("\"code\":\"sandbox_failed\""))
            #expect(try await Self.ask(path, "GET /v1/sandboxes").contains("\"sandboxes\":[]"))
            #expect(try await Self.ask(path, "POST /v1/shutdown").hasPrefix("HTTP/1.1 200"))
            try await end
            #expect(access(configuration.folders.supervisorPid, F_OK) != 0)
        }
    }

    @Test("only the owner and root may write")
    func rights() {
        #expect(ControlPeer(uid: 1_000, owner: 1_000).mayWrite)
        #expect(ControlPeer(uid: 0, owner: 1_000).mayWrite)
        #expect(!ControlPeer(uid: 1_001, owner: 1_000).mayWrite)
        let error = #expect(throws: NemoClawError.self) { try ControlPeer.nobody.requireWrite() }
        #expect(error?.code == .forbidden)
    }
}
