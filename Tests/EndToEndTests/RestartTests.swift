import Glibc
import Shared
import TestSupport
import Testing

extension EndToEnd {
    /// What may die without anyone else noticing.
    @Suite(.serialized) struct Restarts {
        private static let chunks = (0..<400).map { "c\($0) " }.joined()

        @Test("restart, stop and kill -9 of alpha leave beta's stream whole and the gateway untouched")
        func alphaDies() async throws {
            try await TwoSandboxes.with { both in
                let before = try await both.installation.list()
                let stream = try both.startAgent("beta", "stream 400 10", session: "long")
                try await waitForRequest(both.beta)
                try await both.installation.succeed(["alpha", "restart"])
                let worker = try await both.installation.list().sandboxes.first { $0.name.rawValue == "alpha" }?
                    .workerPid
                kill(try #require(worker), SIGKILL)
                try await waitForNewWorker(both.installation, "alpha", not: try #require(worker))
                try await both.installation.succeed(["alpha", "stop"])
                #expect(!stream.hasExited, "the stream ended before alpha was stopped: the test proves nothing")
                let turn = try AgentTurn(try await stream.result(seconds: 60))
                #expect(turn.text == Self.chunks)
                turn.expectGateway()
                let after = try await both.installation.list()
                #expect(after.gateway == before.gateway)
                #expect(after.sandboxes.last?.workerPid == before.sandboxes.last?.workerPid)
                #expect(after.sandboxes.first?.state == .stopped)
                try await both.installation.succeed(["alpha", "start"])
                try await both.agent("alpha", "back again", session: "x").expectGateway()
            }
        }

        @Test("kill -9 of the supervisor: workers live on, a request made meanwhile is answered, sandboxes are adopted")
        func supervisorDies() async throws {
            try await TwoSandboxes.with { both in
                let before = try await both.installation.list()
                // The command starts now and asks only when its input ends: by then no supervisor is there to answer.
                let request = try both.installation.start([
                    "alpha", "exec", "--no-tty", "--", "sh", "-c",
                    "echo ready; read line; curl -sS --fail https://inference.local/v1/models && echo answered",
                ])
                try await request.wait("the command") { $0.output.contains("ready") }
                kill(try both.installation.supervisorPid(), SIGKILL)
                request.write("go\n")
                try await both.installation.succeed(["up"])
                let answer = try await request.result()
                #expect(answer.status == 0 && answer.output.contains("answered"), "\(answer)")
                let after = try await both.installation.list()
                #expect(after.gateway.pid != before.gateway.pid)
                #expect(after.gateway.certificateSerial == before.gateway.certificateSerial)
                #expect(after.sandboxes.map(\.workerPid) == before.sandboxes.map(\.workerPid))
                #expect(after.sandboxes.map(\.initPid) == before.sandboxes.map(\.initPid))
                #expect(after.sandboxes.allSatisfy { $0.state == .ready })
                try await both.agent("alpha", "after the crash", session: "y").expectGateway()
                try await both.agent("beta", "after the crash", session: "y").expectGateway()
            }
        }
    }
}

/// Waits until a chat request reached the server.
func waitForRequest(_ server: ModelServer, seconds: Int = 30) async throws {
    try await eventually("a request at \(server.name)", seconds: seconds) {
        try server.requests().contains { $0["path"]?.stringValue == "/v1/chat/completions" }
    }
}

/// Waits until a sandbox is ready with another worker.
func waitForNewWorker(_ installation: Installation, _ name: String, not old: Int32) async throws {
    try await eventually("a new worker of \(name)") {
        let sandbox = try await installation.list().sandboxes.first { $0.name.rawValue == name }
        return sandbox?.state == .ready && sandbox?.workerPid != old
    }
}

/// Asks again and again until `condition` holds; a deadline, not a measure.
func eventually(_ what: String, seconds: Int = 30, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw NemoClawError(.timeout, "timed out waiting for \(what)") }
        await Task.yield()
    }
}
