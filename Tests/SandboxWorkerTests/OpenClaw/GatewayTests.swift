import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import SandboxWorker

@Suite(.serialized, .timeLimit(.minutes(1))) struct GatewayTests {
    private func with(
        script: String = "exit 1", holdMilliseconds: Int = 10_000, _ body: (TestGateway) async throws -> Void
    ) async throws {
        try await TestFolder.with { path in
            let descriptor = open(path.string, O_RDONLY | O_DIRECTORY)
            defer { close(descriptor) }
            try await TestGateway.with(
                home: HomeFolder(descriptor: descriptor), script: script, holdMilliseconds: holdMilliseconds, body)
        }
    }

    @Test(
        "probes and refusals over HTTP",
        arguments: [
            ("GET", "/health", "200", #"{"ok":true,"status":"live"}"#), ("GET", "/readyz", "200", #"{"ready":true}"#),
            ("HEAD", "/healthz", "200", ""), ("POST", "/ready", "405", "Method Not Allowed"),
            ("GET", "/", "404", "Not Found"), ("GET", "/v1/models", "404", "Not Found"),
        ])
    func probes(method: String, path: String, status: String, body: String) async throws {
        try await with { test in
            let client = try TestClient(port: test.hostPort)
            let head = try await client.http("\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                .lowercased()
            #expect(head.hasPrefix("http/1.1 \(status)"))
            for header in ["cache-control: no-store", "x-content-type-options: nosniff", "x-frame-options: deny"] {
                #expect(head.contains(header))
            }
            #expect(try await client.rest() == body)
            if status == "405" { #expect(head.contains("allow: get, head")) }
        }
    }

    @Test("an upgrade is accepted on any path and answered with the challenge", arguments: ["/", "/gateway", "/x?y=1"])
    func upgrade(path: String) async throws {
        try await with { test in
            let client = try TestClient(port: test.hostPort)
            let head = try await client.upgrade(path: path)
            #expect(head.hasPrefix("HTTP/1.1 101"))
            #expect(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            let challenge = try await client.receive()
            #expect(challenge["event"] == "connect.challenge" && challenge["seq"] == nil)
            #expect(challenge["payload"]?["nonce"]?.stringValue?.count == 36)
        }
    }

    @Test("a client without a device gets hello, in both versions", arguments: [3, 4] as [Int64])
    func hello(version: Int64) async throws {
        try await with { test in
            let client = try TestClient(port: test.hostPort)
            _ = try await client.upgrade()
            _ = try await client.receive()
            try client.request(
                "c", "connect", Vector.params(signature: nil, minProtocol: version, maxProtocol: version))
            let answer = try await client.answer("c")
            #expect(answer["ok"] == true)
            let payload = try #require(answer["payload"])
            #expect(payload["type"] == "hello-ok" && payload["protocol"] == .int(version))
            #expect((payload["auth"] == nil) == (version == 3))
            #expect(payload["policy"]?["maxPayload"] == 26_214_400)
        }
    }

    @Test("a held connect goes on when an operator approves")
    func approved() async throws {
        try await with { test in
            test.supervisor.put(
                "device.connect",
                try JSONCoding.value(
                    DeviceConnectDecision(outcome: .pending, reason: .notPaired, requestId: "req-1")))
            test.supervisor.put(
                "device.connect",
                try JSONCoding.value(DeviceConnectDecision(outcome: .granted, scopes: ["operator.read"])))
            let watcher = try await test.client()
            let client = try await signed(test)
            // The pairing is known to be held once the supervisor was asked and the gateway took its answer.
            while await test.gateway.connections.values.allSatisfy({ $0.handshake.heldRequest == nil }) {
                await Task.yield()
            }
            await test.gateway.supervisorTold(
                "device.resolved", ["requestId": "req-1", "deviceId": "d", "decision": "approved"])
            #expect(try await client.answer("c")["payload"]?["auth"]?["scopes"] == ["operator.read"])
            let event = try await watcher.receive { $0["event"] == "device.pair.resolved" }
            #expect(event["payload"]?["decision"] == "approved" && event["payload"]?["ts"] != nil)
        }
    }

    @Test("a hold that ends is NOT_PAIRED and 1008")
    func notPaired() async throws {
        try await with(holdMilliseconds: 1) { test in
            test.supervisor.put(
                "device.connect",
                try JSONCoding.value(
                    DeviceConnectDecision(outcome: .pending, reason: .notPaired, requestId: "req-1")))
            let client = try await signed(test)
            #expect(try await client.answer("c")["error"]?["code"] == "NOT_PAIRED")
            await #expect(throws: TestClient.Closed.self) { try await client.receive() }
            #expect(client.closeCode == 1008)
        }
    }

    @Test("without a supervisor a device is told to retry and closed 1013")
    func away() async throws {
        try await with { test in
            let client = try await signed(test)
            let error = try #require(try await client.answer("c")["error"])
            #expect(error["code"] == "UNAVAILABLE" && error["retryable"] == true)
            await #expect(throws: TestClient.Closed.self) { try await client.receive() }
            #expect(client.closeCode == 1013)
        }
    }

    /// A connect that is signed for this socket's own challenge.
    private func signed(_ test: TestGateway) async throws -> TestClient {
        let client = try TestClient(port: test.hostPort)
        _ = try await client.upgrade()
        let nonce = try await client.receive()["payload"]?["nonce"]?.stringValue ?? ""
        try client.request("c", "connect", try SigningDevice().params(nonce: nonce))
        return client
    }

    @Test("requests are checked: scope, name, params, envelope, second connect")
    func requests() async throws {
        try await with { test in
            let reader = try await test.client(scopes: ["operator.read"])
            try reader.request("1", "chat.send", ["sessionKey": "main", "message": "m", "idempotencyKey": "k"])
            #expect(try await reader.answer("1")["error"]?["message"] == "missing scope: operator.write")
            try reader.request("2", "no.such")
            #expect(try await reader.answer("2")["error"]?["message"] == "unknown method: no.such")
            try reader.request("3", "status", ["x": 1])
            #expect(
                try await reader.answer("3")["error"]?["message"]
                    == "invalid status params: at root: unexpected property 'x'")
            try reader.request("4", "connect")
            #expect(try await reader.answer("4")["error"]?["message"] == "connect is only valid as the first request")
            reader.send(clientFrame(Array("garbage".utf8)))
            #expect(try await reader.answer("invalid")["error"]?["code"] == "INVALID_REQUEST")
            try reader.request("5", "models.list")
            let models = try await reader.answer("5")["payload"]?["models"]
            #expect(models == [["id": "m1", "name": "m1", "provider": "ollama-local"]])
            for method in ["health", "status", "system-presence", "sessions.list"] {
                try reader.request(method, method)
                #expect(try await reader.answer(method)["ok"] == true)
            }
        }
    }

    @Test("a frame over 64 KiB before hello closes 1009; after hello it is taken")
    func oversize() async throws {
        try await with { test in
            let early = try TestClient(port: test.hostPort)
            _ = try await early.upgrade()
            _ = try await early.receive()
            early.send(clientFrame([], claimed: 65_537))
            await #expect(throws: TestClient.Closed.self) { try await early.receive() }
            #expect(early.closeCode == 1009)
            let late = try await test.client()
            late.send(clientFrame([UInt8](repeating: 0x20, count: 200_000)))
            #expect(try await late.answer("invalid")["ok"] == false)
            late.send(clientFrame([], claimed: 26_214_401))
            await #expect(throws: TestClient.Closed.self) { try await late.receive() }
            #expect(late.closeCode == 1009)
        }
    }

    @Test("sockets without hello are bounded, on each listener by itself")
    func tooMany() async throws {
        try await with { test in
            var held: [TestClient] = []
            for _ in 0..<GatewayLimits.unauthenticatedSockets {
                let client = try TestClient(port: test.sandboxPort)
                _ = try await client.upgrade()
                _ = try await client.receive()
                held.append(client)
            }
            let refused = try TestClient(port: test.sandboxPort)
            #expect(try await refused.upgrade().hasPrefix("HTTP/1.1 503"))
            let owner = try await test.client()
            try owner.request("1", "health")
            #expect(try await owner.answer("1")["ok"] == true)
            withExtendedLifetime(held) {}
        }
    }

    @Test("agent answers twice with one id, and its run shows as events of the client's version")
    func agent() async throws {
        let script =
            #"echo '{"kind":"delta","text":"he"}'; echo '{"kind":"completed","text":"hey","provider":"p","model":"m","usage":{"input":1,"output":2,"cacheRead":0,"cacheWrite":0,"total":3}}'"#
        try await with(script: script) { test in
            let old = try await test.client(version: 3)
            let client = try await test.client(scopes: ["operator.write"])
            try client.request(
                "a", "agent",
                ["message": "hi", "agentId": "main", "sessionId": "s1", "idempotencyKey": "k1", "deliver": false])
            let accepted = try #require(try await client.answer("a")["payload"])
            #expect(accepted["status"] == "accepted" && accepted["runId"] == "k1")
            #expect(accepted["sessionKey"] == "agent:main:explicit:s1")
            let delta = try await client.receive { $0["event"] == "chat" }
            #expect(delta["payload"]?["state"] == "delta" && delta["payload"]?["deltaText"] == "he")
            let final = try #require(try await client.answer("a")["payload"])
            #expect(final["status"] == "ok" && final["summary"] == "completed")
            let meta = final["result"]?["meta"]?["agentMeta"]
            #expect(meta?["sessionId"] == "s1" && meta?["provider"] == "p" && meta?["usage"]?["total"] == 3)
            #expect(final["result"]?["payloads"] == [["text": "hey", "mediaUrl": nil]])
            try client.request("w", "agent.wait", ["runId": "k1"])
            #expect(try await client.answer("w")["payload"]?["status"] == "ok")
            try client.request("again", "agent", ["message": "hi", "idempotencyKey": "k1"])
            #expect(try await client.answer("again")["payload"]?["runId"] == "k1")
            let oldDelta = try await old.receive { $0["event"] == "chat" }
            #expect(oldDelta["payload"]?["deltaText"] == nil)
            #expect(oldDelta["payload"]?["message"]?["content"] == [["type": "text", "text": "he"]])
        }
    }

    @Test("a run that fails is an error with a payload; events are numbered without a gap")
    func failure() async throws {
        try await with(script: #"echo '{"kind":"failed","code":"c","message":"model is gone"}'"#) { test in
            let client = try await test.client()
            try client.request("a", "chat.send", ["sessionKey": "main", "message": "m", "idempotencyKey": "k"])
            #expect(try await client.answer("a")["payload"] == ["runId": "k", "status": "started"])
            var last: Int64 = 0
            while true {
                let event = try await client.receive { $0["type"] == "event" }
                #expect(event["seq"]?.intValue == last + 1)
                last += 1
                guard event["event"] == "chat" else { continue }
                #expect(event["payload"]?["state"] == "error")
                #expect(event["payload"]?["errorMessage"] == "model is gone")
                break
            }
        }
    }

    @Test("events of runs need read; pairing questions carry the caller")
    func scopes() async throws {
        try await with { test in
            test.supervisor.put("device.list", ["pending": [], "paired": []])
            let client = try await test.client(scopes: ["operator.pairing"], sandbox: true)
            await test.gateway.broadcast(.chat, ["x": 1])
            await test.gateway.broadcast(.tick, ["ts": 1])
            let event = try await client.receive { $0["type"] == "event" }
            #expect(event["event"] == "tick" && event["seq"] == 1)
            try client.request("l", "device.pair.list")
            #expect(try await client.answer("l")["payload"] == ["pending": [], "paired": []])
            let caller = test.supervisor.asked("device.list").first?["caller"]
            #expect(caller?["provenance"] == "sandbox" && caller?["scopes"] == ["operator.pairing"])
        }
    }

    @Test("stopping tells clients and closes 1012; a revoked device is closed 4001")
    func stop() async throws {
        try await with { test in
            test.supervisor.put(
                "device.connect",
                try JSONCoding.value(DeviceConnectDecision(outcome: .granted, scopes: ["operator.read"])))
            let device = try await signed(test)
            #expect(try await device.answer("c")["ok"] == true)
            await test.gateway.revoked(deviceId: try SigningDevice().id)
            await #expect(throws: TestClient.Closed.self) { while true { _ = try await device.receive() } }
            #expect(device.closeCode == 4001)
            let client = try await test.client()
            await test.gateway.stop(reason: "service restart", restartExpectedMs: 1500)
            let event = try await client.receive { $0["event"] == "shutdown" }
            #expect(event["payload"] == ["reason": "service restart", "restartExpectedMs": 1500])
            await #expect(throws: TestClient.Closed.self) { try await client.receive() }
            #expect(client.closeCode == 1012)
        }
    }
}
