import Glibc
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import NemoClawCLI

@Suite struct ControlClientTests {
    static func client(_ folder: FilePath) -> ControlClient { ControlClient(socket: "\(folder)/control.sock") }

    @Test("an answer is decoded, a failed one is the error in it")
    func answers() async throws {
        let list = try Samples.text(try Samples.list())
        try await TestFolder.with { folder in
            let server = StubServer(path: "\(folder)/control.sock") { request in
                request.path == "/v1/sandboxes"
                    ? .json(200, list) : .json(404, Samples.failure(.notFound, "no sandbox"))
            }
            let client = Self.client(folder)
            let expected = try Samples.list()
            #expect(try client.sandboxes(probe: false) == expected)
            let error = #expect(throws: NemoClawError.self) { try client.sandbox(try SandboxName("x")) }
            #expect(error?.code == .notFound)
            server.stop()
        }
    }

    @Test(
        "a server that sends garbage, too much or the wrong JSON is an error, never a crash",
        arguments: [
            "", "garbage\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 500 Oops\r\n\r\n<html>",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\"",
        ])
    func garbage(_ text: String) async throws {
        try await TestFolder.with { folder in
            let server = StubServer(path: "\(folder)/control.sock") { _ in .raw(Array(text.utf8)) }
            #expect(throws: NemoClawError.self) { try Self.client(folder).sandboxes(probe: false) }
            server.stop()
        }
    }

    @Test("a server that never answers is given up at the deadline")
    func slow() async throws {
        try await TestFolder.with { folder in
            let server = StubServer(path: "\(folder)/control.sock") { _ in .hang }
            let error = #expect(throws: NemoClawError.self) { try Self.client(folder).gateway(milliseconds: 50) }
            #expect(error?.code == .timeout)
            server.stop()
        }
    }

    @Test("nobody there, a leftover socket and a path that is too long each say what to do")
    func absent() async throws {
        try await TestFolder.with { folder in
            let none = #expect(throws: NemoClawError.self) { try Self.client(folder).gateway() }
            #expect(none?.code == .unavailable)
            #expect(none?.hint == "Run `nemoclaw up`")
            close(StubSocket.listen("\(folder)/control.sock"))
            let leftover = #expect(throws: NemoClawError.self) { try Self.client(folder).gateway() }
            #expect(leftover?.message.contains("leftover") == true)
            let long = ControlClient(socket: "/" + String(repeating: "a", count: 200))
            #expect(throws: NemoClawError.self) { try long.gateway() }
        }
    }

    @Test("without a name the default sandbox is meant, or the only one")
    func resolve() async throws {
        var one = try Samples.list()
        one.defaultSandbox = nil
        let two = try Samples.text(one)
        one.sandboxes.removeLast()
        let text = try Samples.text(one)
        try await TestFolder.with { folder in
            let server = StubServer(path: "\(folder)/control.sock") { _ in .json(200, text) }
            let only = try Self.client(folder).resolve(nil)
            #expect(only.rawValue == "ollama-resume")
            let named = try Self.client(folder).resolve("beta")
            #expect(named.rawValue == "beta")
            server.stop()
            let both = StubServer(path: "\(folder)/control.sock") { _ in .json(200, two) }
            #expect(throws: NemoClawError.self) { try Self.client(folder).resolve(nil) }
            both.stop()
        }
    }
}
