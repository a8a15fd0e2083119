import Shared
import Testing

@testable import NemoClawCLI

@Suite struct AgentReplyTests {
    @Test(
        "an answer through the gateway counts",
        arguments: [
            #"{"runId":"r","status":"ok","result":{"payloads":[{"text":"42"}],"meta":{"transport":"gateway"}}}"#,
            #"{"runId":"r","status":"ok","result":{"payloads":[{"text":"42"}],"meta":{}}}"#,
            #"{"payloads":[{"text":"42"}],"meta":{"transport":"gateway"}}"#,
        ])
    func good(_ text: String) throws {
        let reply = try AgentReply(json: Array(text.utf8))
        #expect(reply.problem == nil)
        #expect(reply.texts == ["42"])
    }

    @Test(
        "an embedded run, a fallback, a failure or nothing does not count, whatever its text",
        arguments: [
            "", " \n", #"{"payloads":[{"text":"42"}],"meta":{}}"#,
            #"{"payloads":[{"text":"42"}],"meta":{"transport":"embedded","fallbackFrom":"gateway"}}"#,
            #"{"status":"ok","result":{"payloads":[{"text":"42"}],"meta":{"transport":"embedded"}}}"#,
            #"{"status":"ok","result":{"payloads":[{"text":"42"}],"meta":{"transport":"gateway","fallbackFrom":"x"}}}"#,
            #"{"status":"ok","result":{"payloads":[],"meta":{"transport":"gateway"}}}"#,
            #"{"status":"ok","result":{"payloads":[{"text":""}],"meta":{"transport":"gateway"}}}"#,
            #"{"status":"timeout","result":{"payloads":[{"text":"4"}],"meta":{"transport":"gateway"}}}"#,
            #"{"ok":false,"error":{"type":"cli_error","message":"m"}}"#, "{}", "[]", "1",
        ])
    func bad(_ text: String) throws {
        #expect(try AgentReply(json: Array(text.utf8)).problem != nil)
    }

    @Test("text that is no JSON is an error")
    func noJSON() {
        #expect(throws: NemoClawError.self) { try AgentReply(json: Array("42".utf8) + [0xff]) }
    }
}
