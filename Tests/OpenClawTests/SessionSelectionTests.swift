import Shared
import SystemPackage
import Testing
import TestSupport

@testable import OpenClaw

@Suite("Session selection")
struct SessionSelectionTests {
    private func resolve(
        _ folder: FilePath, agent: String? = nil, id: String? = nil, key: String? = nil, to: String? = nil,
        configuration: JSONValue = .null
    ) throws -> SessionSelection {
        try SessionSelection.resolve(
            agent: agent, sessionId: id, sessionKey: key, to: to, configuration: OpenClawConfiguration(configuration),
            folders: try OpenClawFolders(environment: ["HOME": folder.string]))
    }

    @Test("selectors lead to OpenClaw's keys")
    func keys() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            #expect(try resolve(folder, agent: "main").sessionKey == "agent:main:main")
            #expect(try resolve(folder, agent: "Main", id: "debug").sessionKey == "agent:main:explicit:debug")
            #expect(try resolve(folder, id: "debug").sessionKey == "agent:main:explicit:debug")
            #expect(try resolve(folder, to: "+49").sessionKey == "agent:main:main")
            #expect(try resolve(folder, key: "agent:ops:x:y").agentId == "ops")
            #expect(try resolve(folder, agent: "ops", key: "old").sessionKey == "agent:ops:old")
            let custom: JSONValue = ["session": ["mainKey": "home"]]
            #expect(try resolve(folder, agent: "main", configuration: custom).sessionKey == "agent:main:home")
        }
    }

    @Test("a stored session id keeps its key, in any agent's store")
    func stored() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let folders = try OpenClawFolders(environment: ["HOME": folder.string])
            let path = SessionIndex(folder: folders.sessions(agent: "ops")).path
            try LocalFile.replace(path, with: Array("{\"agent:ops:main\":{\"sessionId\":\"debug\"}}".utf8))
            let found = try resolve(folder, id: "debug")
            #expect(found == SessionSelection(agentId: "ops", sessionKey: "agent:ops:main", sessionId: "debug"))
            #expect(try resolve(folder, agent: "main", id: "debug").sessionKey == "agent:main:explicit:debug")
        }
    }

    @Test(
        "ids that could name another file are refused",
        arguments: ["", ".", "..", "../x", "a/b", ".hidden", "a\0b", "ä", String(repeating: "a", count: 129)])
    func badIds(id: String) async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            #expect(throws: NemoClawError.self) { try resolve(folder, id: id) }
            #expect(throws: NemoClawError.self) { try resolve(folder, agent: id) }
        }
    }

    @Test("keys that contradict themselves or the agent are refused")
    func badKeys() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            for key in ["", "agent:", "agent:main", "agent:main:", "agent:../x:y", "a\nb"] {
                #expect(throws: NemoClawError.self) { try resolve(folder, key: key) }
            }
            #expect(throws: NemoClawError.self) { try resolve(folder, agent: "main", key: "agent:ops:x") }
            #expect(throws: NemoClawError.self) { try resolve(folder) }
        }
    }

    @Test("an agent that the configuration does not know is refused")
    func unknownAgent() async throws {
        try await TestFolder.with { (folder: FilePath) async throws in
            let configuration: JSONValue = ["agents": ["list": [["id": "main"]]]]
            let error = #expect(throws: NemoClawError.self) {
                try resolve(folder, agent: "x", configuration: configuration)
            }
            #expect(error?.hint?.contains("main") == true)
        }
    }
}
