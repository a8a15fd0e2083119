import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite struct RoutePlanTests {
    @Test(
        "bad wishes are refused with their own code",
        arguments: [
            ("nonsense", "m", nil, nil, ErrorCode.unknownProvider),
            ("ollama", "", nil, nil, .invalidArgument),
            ("ollama", "a\nb", nil, nil, .invalidArgument),
            ("ollama", "m", "ftp://x", nil, .invalidArgument),
            ("ollama", "m", nil, "key", .invalidArgument),
            ("custom", "m", nil, nil, .invalidArgument),
            ("openai", "m", nil, nil, .missingCredential),
            ("openai", "m", nil, "two words", .invalidArgument),
        ] as [(String, String, String?, String?, ErrorCode)])
    func refused(provider: String, model: String, endpoint: String?, key: String?, code: ErrorCode) async throws {
        try await TestFolder.with { folder in
            let request = RouteRequest(provider: provider, model: model, endpoint: endpoint, credential: key)
            let error = #expect(throws: NemoClawError.self) {
                try RoutePlan(request, credentials: CredentialFolder(state: "\(folder)"))
            }
            #expect(error?.code == code)
            #expect(error.map { !"\($0)".contains("two words") } == true)
            if code == .missingCredential { #expect(error?.hint?.contains("OPENAI_API_KEY") == true) }
        }
    }

    @Test("a key is a file of its own, readable by its owner only, and a failed onboarding puts the old one back")
    func credentials() async throws {
        try await TestFolder.with { folder in
            let credentials = CredentialFolder(state: "\(folder)")
            try credentials.store(Secret("first"), as: "OPENAI_API_KEY")
            #expect(try FileMode.of("\(credentials.path)/OPENAI_API_KEY") == 0o600)
            try credentials.store(Secret("second"), as: "OPENAI_API_KEY")
            try credentials.restore(Secret("first"), as: "OPENAI_API_KEY")
            #expect(credentials.credential("OPENAI_API_KEY")?.reveal() == "first")
            try credentials.restore(nil, as: "OPENAI_API_KEY")
            #expect(credentials.credential("OPENAI_API_KEY") == nil)
        }
    }

    @Test("secrets are fresh, and have the length they promise")
    func secrets() {
        #expect(SandboxSecrets.token().count == 43)
        #expect(SandboxSecrets.hexadecimal().count == 64)
        #expect(SandboxSecrets.token() != SandboxSecrets.token())
    }

    @Test("the tail of a log is bounded")
    func logTail() async throws {
        try await TestFolder.with { folder in
            let path = "\(folder)/log"
            #expect(try LogTail.read(path, lines: 5).isEmpty)
            let line = [UInt8](repeating: UInt8(ascii: "x"), count: 99) + [UInt8(ascii: "\n")]
            try SmallFile.write(path, (0..<20_000).flatMap { _ in line })
            #expect(try LogTail.read(path, lines: 3).count == 3)
            #expect(try LogTail.read(path, lines: 1_000_000).count == LogTail.maximumLines)
            #expect(try LogTail.read(path, lines: -1).isEmpty)
        }
    }
}
