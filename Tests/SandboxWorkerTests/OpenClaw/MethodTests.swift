import NIOCore
import Shared
import Testing

@testable import SandboxWorker

@Suite struct MethodTests {
    @Test(
        "params of every method are closed", arguments: GatewayMethod.allCases)
    func closed(method: GatewayMethod) {
        let error = #expect(throws: GatewayError.self) { try method.validate(["zzz": 1]) }
        #expect(error?.message.hasPrefix("invalid \(method.rawValue) params: at root: ") == true)
        #expect(error?.code == .invalidRequest)
    }

    @Test(
        "values of the wrong kind are named",
        arguments: [
            (.agent, ["message": "", "idempotencyKey": "k"], "at /message: must NOT have fewer than 1 characters"),
            (.agent, ["message": 5, "idempotencyKey": "k"], "at /message: must be string"),
            (.agent, ["message": "m"], "at root: must have required property 'idempotencyKey'"),
            (.agent, ["message": "m", "idempotencyKey": "k", "timeout": -1], "at /timeout: must be >= 0"),
            (.agentWait, ["runId": "r", "timeoutMs": 1.5], "at /timeoutMs: must be integer"),
            (.chatHistory, ["sessionKey": "s", "limit": 1001], "at /limit: must be <= 1000"),
            (.modelsList, ["view": "x"], "at /view: must be equal to one of the allowed values"),
            (.sessionsPatch, ["key": "k", "fastMode": "x"], "at /fastMode: must be equal to constant"),
            (.health, [], "at root: must be object"),
        ] as [(GatewayMethod, JSONValue, String)])
    func kinds(method: GatewayMethod, params: JSONValue, text: String) {
        let error = #expect(throws: GatewayError.self) { try method.validate(params) }
        #expect(error?.message == "invalid \(method.rawValue) params: \(text)")
    }

    @Test("what the stock client sends is accepted")
    func accepted() throws {
        try GatewayMethod.agent.validate([
            "message": "hi", "agentId": "main", "sessionId": "s1", "sessionKey": "agent:main:explicit:s1",
            "deliver": false, "timeout": 600, "idempotencyKey": "k",
        ])
        try GatewayMethod.sessionsPatch.validate(["key": "main", "model": nil, "label": "x"])
        try GatewayMethod.chatSend.validate(["sessionKey": "main", "message": "", "idempotencyKey": "k"])
    }

    @Test("request frames are closed and have an id of bounded length")
    func frames() {
        let problems: [String] = [
            #"{"type":"req","id":"1","method":"m","x":1}"#, #"{"type":"res","id":"1","method":"m"}"#,
            #"{"type":"req","id":"","method":"m"}"#, #"{"type":"req","id":7,"method":"m"}"#,
            #"{"type":"req","id":"\#(String(repeating: "i", count: 257))","method":"m"}"#, "[]", "5",
        ]
        for text in problems {
            #expect(throws: GatewayRequest.Problem.self) { try GatewayRequest(.init(string: text)) }
        }
    }
}
