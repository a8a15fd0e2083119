import NIOCore
import Shared
import SystemPackage
import Testing
import TestSupport

@testable import OpenClaw

@Suite("openclaw agent through the gateway")
struct GatewayTurnTests {
    private static let runEvent: @Sendable (JSONValue, JSONValue) -> StubGateway.Reply = { params, data in
        .frame([
            "type": "event", "event": "agent", "seq": 1,
            "payload": ["runId": params["idempotencyKey"] ?? .null, "stream": "assistant", "data": data],
        ])
    }

    private static let final: JSONValue = [
        "runId": "x", "status": "ok", "summary": "completed",
        "result": [
            "payloads": [["text": "Hello there"]],
            "meta": [
                "durationMs": 5,
                "agentMeta": ["provider": "ollama-local", "model": "m1", "usage": ["input": 10, "output": 3]],
            ],
        ],
    ]

    /// Runs `body` with a gateway that says hello and then follows `agent`.
    private func scene(
        calls: Log<(String, JSONValue)> = Log(), pongs: Log<String> = Log(), connect: StubGateway.Script? = nil,
        agent: @escaping StubGateway.Script, _ body: (Scene) async throws -> Void
    ) async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            try await StubServer.with({ _ in
                StubGateway(pongs: pongs) { method, id, params in
                    calls.add((method, params))
                    if method == "connect" {
                        return connect?(method, id, params) ?? [StubGateway.answer(id, StubGateway.hello)]
                    }
                    return agent(method, id, params)
                }
            }) { port, group in
                try await body(try Scene(home: home, group: group, gateway: port))
            }
        }
    }

    private static let happy: StubGateway.Script = { _, id, params in
        [
            StubGateway.answer(id, ["runId": "x", "status": "accepted"]), .ping,
            runEvent(params, ["text": "Hello", "delta": "Hello"]),
            runEvent(["idempotencyKey": "another run"], ["text": "NOT MINE", "delta": "NOT MINE"]),
            runEvent(params, ["text": "Hello there", "delta": " there"]), StubGateway.answer(id, final),
        ]
    }

    @Test("the answer is printed exactly once, with who answered on stderr; the issued token is kept")
    func plain() async throws {
        let calls = Log<(String, JSONValue)>()
        try await scene(calls: calls, agent: Self.happy) { scene in
            #expect(await scene.agent() == 0)
            #expect(scene.stdout == "Hello there\n")
            #expect(
                scene.stderr.hasSuffix("transport: gateway  model: m1  provider: ollama-local  tokens: 10/3\n"))
            let connect = try #require(calls.all.first)
            #expect(connect.0 == "connect")
            #expect(connect.1["scopes"] == ["operator.write"])
            #expect(connect.1["minProtocol"] == 3)
            #expect(connect.1["device"]?["nonce"] == "nonce-1")
            #expect(connect.1["auth"] == ["token": "shared"])
            let agent = try #require(calls.all.last)
            #expect(agent.1["sessionKey"] == "agent:main:explicit:debug")
            #expect(agent.1["sessionId"] == "debug")
            let credentials = try scene.environment.connector(try scene.environment.configuration()).credentials
            let stored = try credentials.tokens.token(deviceId: credentials.device.deviceId, role: "operator")
            #expect(stored?.token == "issued-token")
        }
    }

    @Test("--json prints one payload that names the gateway as transport")
    func json() async throws {
        try await scene(agent: Self.happy) { scene in
            #expect(await scene.agent(json: true) == 0)
            let payload = try JSONCoding.decode(JSONValue.self, from: scene.stdout.utf8)
            #expect(payload["result"]?["meta"]?["transport"] == "gateway")
            #expect(payload["result"]?["payloads"] == [["text": "Hello there"]])
        }
    }

    @Test("a pending approval ends with 1, the reason and the command to type, and no model is asked")
    func notPaired() async throws {
        let error: JSONValue = [
            "code": "NOT_PAIRED",
            "message": "pairing required: device is asking for more scopes than currently approved",
            "details": [
                "code": "PAIRING_REQUIRED", "reason": "scope-upgrade", "requestId": "1d872890-aa",
                "requestedScopes": ["operator.write"],
            ],
        ]
        let requests = Log<String>()
        try await StubServer.with({ _ in StubModel(.hello, requests: requests) }) { model, _ in
            try await TestFolder.with { (home: FilePath) async throws in
                try await StubServer.with({ _ in
                    StubGateway { _, id, _ in [StubGateway.refusal(id, error), .close(1008, "pairing required")] }
                }) { port, group in
                    let scene = try Scene(home: home, group: group, gateway: port, model: model)
                    #expect(await scene.agent() == 1)
                    #expect(scene.stdout.isEmpty)
                    #expect(scene.stderr.contains("scope upgrade pending approval (requestId: 1d872890-aa)"))
                    #expect(scene.stderr.contains("nemoclaw approvals approve 1d872890-aa"))
                }
            }
        }
        #expect(requests.all.allSatisfy { $0.hasPrefix("GET /nemoclaw/route ") }, "nobody fell back to the model")
    }

    @Test("a wrong token, a policy close and a refused request end with 1 and a reason")
    func otherRefusals() async throws {
        let mismatch: JSONValue = [
            "code": "INVALID_REQUEST", "message": "unauthorized: gateway token mismatch",
            "details": ["code": "AUTH_TOKEN_MISMATCH"],
        ]
        let refused: [(StubGateway.Script, String)] = [
            ({ _, id, _ in [StubGateway.refusal(id, mismatch), .close(1008, "")] }, "gateway token mismatch"),
            ({ _, _, _ in [.close(1008, "slow\u{1b}[31m consumer")] }, "gateway closed (1008): slow [31m consumer"),
            ({ _, id, _ in [StubGateway.answer(id, ["type": "other"])] }, "is not a hello"),
        ]
        for (connect, words) in refused {
            try await scene(connect: connect, agent: Self.happy) { scene in
                #expect(await scene.agent() == 1)
                #expect(scene.stdout.isEmpty)
                #expect(scene.stderr.contains(words), "\(scene.stderr)")
            }
        }
        try await scene(agent: { _, id, _ in
            [StubGateway.refusal(id, ["code": "INVALID_REQUEST", "message": "missing scope: operator.write"])]
        }) { scene in
            #expect(await scene.agent(json: true) == 1)
            #expect(scene.stderr.contains("missing scope: operator.write\nOn the host, run: nemoclaw approvals"))
            let failure = try JSONCoding.decode(JSONValue.self, from: scene.stdout.utf8)
            #expect(failure["ok"] == false)
        }
    }

    @Test("a connection lost during the run is an error and the run is not started again")
    func lost() async throws {
        let calls = Log<(String, JSONValue)>()
        try await scene(
            calls: calls,
            agent: { _, id, params in
                [
                    StubGateway.answer(id, ["status": "accepted"]),
                    Self.runEvent(params, ["text": "Hel", "delta": "Hel"]),
                    .close(1012, "service restart"),
                ]
            }
        ) { scene in
            #expect(await scene.agent(patience: .seconds(15)) == 1)
            #expect(scene.stdout == "Hel\n")
            #expect(scene.stderr.contains("went away before the answer: gateway closed (1012): service restart"))
        }
        #expect(calls.all.filter { $0.0 == "agent" }.count == 1)
    }

    @Test("a gateway that is starting is tried again, and the user is told")
    func restarting() async throws {
        let attempts = Counter()
        let starting: JSONValue = [
            "code": "UNAVAILABLE", "message": "gateway starting; retry shortly", "retryable": true, "retryAfterMs": 1,
        ]
        try await scene(
            connect: { _, id, _ in
                switch attempts.next() {
                case 0: [StubGateway.refusal(id, starting), .close(1013, "gateway starting")]
                case 1: [.close(1012, "service restart")]
                default: [StubGateway.answer(id, StubGateway.hello)]
                }
            }, agent: Self.happy
        ) { scene in
            #expect(await scene.agent(patience: .seconds(15)) == 0)
            #expect(scene.stdout == "Hello there\n")
            #expect(scene.stderr.contains("is not ready (gateway starting; retry shortly)"))
            #expect(scene.stderr.contains("is not ready (service restart)"))
        }
    }

    @Test("without a gateway the command ends with 1 and says how to ask for an embedded run")
    func noGateway() async throws {
        try await TestFolder.with { (home: FilePath) async throws in
            let requests = Log<String>()
            try await StubServer.with({ _ in StubModel(.hello, requests: requests) }) { model, group in
                let scene = try Scene(home: home, group: group, gateway: 1, model: model)
                #expect(await scene.agent() == 1)
                #expect(scene.stderr.contains("connection refused"))
                #expect(scene.stderr.contains("openclaw agent --local"))
                #expect(scene.stdout.isEmpty)
            }
            #expect(requests.all.allSatisfy { $0.hasPrefix("GET /nemoclaw/route ") })
        }
    }

    @Test("a signal aborts the run at the gateway and ends with 128 + n", arguments: [2, 15] as [Int32])
    func signal(number: Int32) async throws {
        let calls = Log<(String, JSONValue)>()
        let stop = Log<StopRequest>()
        try await scene(
            calls: calls,
            agent: { method, id, params in
                if method == "chat.abort" { return [StubGateway.answer(id, ["ok": true, "aborted": true])] }
                stop.all.first?.send(number)
                return [
                    StubGateway.answer(id, ["status": "accepted"]),
                    Self.runEvent(params, ["text": "Hel", "delta": "Hel"]),
                ]
            }
        ) { scene in
            stop.add(scene.stop)
            #expect(await scene.agent() == 128 + number)
            let abort = try #require(calls.all.last)
            #expect(abort.0 == "chat.abort")
            #expect(abort.1["sessionKey"] == "agent:main:explicit:debug")
            #expect(abort.1["runId"] == calls.all[1].1["idempotencyKey"])
        }
    }

    @Test("a run that timed out prints what there is and ends with 1")
    func timedOut() async throws {
        try await scene(agent: { _, id, _ in
            [
                StubGateway.answer(
                    id,
                    [
                        "status": "timeout", "summary": "aborted", "stopReason": "rpc",
                        "result": ["payloads": [["text": "Hel"]], "meta": [:]],
                    ])
            ]
        }) { scene in
            #expect(await scene.agent() == 1)
            #expect(scene.stdout == "Hel\n")
            #expect(scene.stderr.contains("did not complete: timeout (rpc)"))
        }
    }

    @Test("pings are answered")
    func pings() async throws {
        let pongs = Log<String>()
        try await scene(
            pongs: pongs,
            agent: { method, id, params in
                method == "agent" ? Self.happy(method, id, params) : []
            }
        ) { scene in
            #expect(await scene.agent() == 0)
            #expect(await scene.agent() == 0)
        }
        #expect(pongs.all.first == "are you there")
    }

    @Test("the registration block names endpoint, provider and model")
    func registration() async throws {
        let route = StubModel.Answer.whole(
            "200 OK", "{\"provider\":\"ollama-local\",\"providerLabel\":\"Local Ollama\",\"model\":\"qwen2.5:32b\"}")
        try await TestFolder.with { (home: FilePath) async throws in
            try await StubServer.with({ _ in StubModel(route, requests: Log()) }) { model, group in
                let scene = try Scene(home: home, group: group, model: model)
                await RegistrationBlock.show(try scene.environment.httpClient(), scene.environment.output)
                #expect(
                    scene.stderr == """
                        NemoClaw registered
                          Endpoint:  Managed Inference Route (inference.local)
                          Provider:  Local Ollama
                          Model:     qwen2.5:32b
                          Slash:     /nemoclaw


                        """)
            }
        }
    }
}
