import Shared

/// What `openclaw agent --json` printed. Text alone proves nothing: an embedded run answers just as nicely.
struct AgentReply {
    let texts: [String]
    /// Why this does not count as an answer through the gateway; nil when it does.
    let problem: String?

    init(json: [UInt8]) throws(NemoClawError) {
        guard json.contains(where: { $0 > 0x20 }) else {
            self.init(texts: [], problem: "the agent printed nothing")
            return
        }
        let value = try JSONCoding.decode(JSONValue.self, from: json)
        let result = value["result"]
        let payloads = (result ?? value)["payloads"]?.arrayValue ?? []
        let texts = payloads.compactMap { $0["text"]?.stringValue }
        self.init(texts: texts, problem: Self.problem(value, hasText: texts.contains { !$0.isEmpty }))
    }

    private init(texts: [String], problem: String?) {
        self.texts = texts
        self.problem = problem
    }

    private static func problem(_ value: JSONValue, hasText: Bool) -> String? {
        let result = value["result"]
        let metas = [result?["meta"], value["meta"], value].compactMap { $0 }
        if value["ok"]?.boolValue == false {
            return "the agent failed: \(value["error"]?["message"]?.stringValue ?? "no reason given")"
        }
        if metas.contains(where: { $0["fallbackFrom"].map { !$0.isNull } ?? false }) {
            return "the agent did not go through the gateway but fell back"
        }
        if let transport = metas.compactMap({ $0["transport"]?.stringValue }).first {
            if transport != "gateway" { return "the agent used the transport \"\(transport)\", not the gateway" }
        } else if result == nil {
            // The gateway's answer has `result`; an embedded run has its payloads at the root.
            return "the agent's answer does not say that it came through the gateway"
        }
        if let status = value["status"]?.stringValue, status != "ok" {
            return "the agent's run ended as \"\(status)\""
        }
        return hasText ? nil : "the agent's answer is empty"
    }
}
