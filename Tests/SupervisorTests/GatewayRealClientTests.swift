import Foundation
import Testing

@testable import Supervisor

/// Programs that nobody here wrote judge certificates and framing.
@Suite("gateway: real clients", .timeLimit(.minutes(1)))
struct GatewayRealClientTests {
    static func run(_ program: String, _ arguments: [String]) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { process in
                let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
                continuation.resume(returning: (process.terminationStatus, output))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }

    static func exists(_ program: String) -> Bool { FileManager.default.isExecutableFile(atPath: program) }

    @Test("curl trusts the CA for inference.local and for no other name", .enabled(if: exists("/usr/bin/curl")))
    func curl() async throws {
        try await GatewayFixture.with { fixture in
            let common = ["-sS", "--cacert", "\(fixture.folder)/tls/ca.pem", "--max-time", "20"]
            async let result = Self.run(
                "/usr/bin/curl",
                common + [
                    "--resolve", "inference.local:\(fixture.port):127.0.0.1", "-H", "Authorization: Bearer x", "-d",
                    #"{"model":"x"}"#, "https://inference.local:\(fixture.port)/v1/chat/completions", "--next", "-sS",
                    "--cacert", "\(fixture.folder)/tls/ca.pem", "--http1.0",
                    "https://inference.local:\(fixture.port)/nemoclaw/route",
                ])
            try await fixture.upstream.nextRequest().sendJSON(#"{"answer":42}"#)
            let (status, output) = try await result
            #expect(status == 0)
            #expect(output.contains(#"{"answer":42}"#) && output.contains("providerLabel"))
            let wrongName = try await Self.run("/usr/bin/curl", common + ["https://127.0.0.1:\(fixture.port)/"])
            #expect(wrongName.status == 60, "\(wrongName.output)")
        }
    }

    @Test(
        "openssl verifies the leaf, and refuses another name signed by our CA", .enabled(if: exists("/usr/bin/openssl"))
    )
    func openssl() async throws {
        try await GatewayFixture.with { fixture in
            let tls = "\(fixture.folder)/tls"
            let verified = try await Self.run(
                "/usr/bin/openssl",
                [
                    "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "inference.local", "-CAfile",
                    "\(tls)/ca.pem", "\(tls)/inference.pem",
                ])
            #expect(verified.status == 0, "\(verified.output)")
            for (number, name) in ["DNS:example.com", "IP:127.0.0.1", "DNS:xinference.local"].enumerated() {
                let leaf = "\(fixture.folder)/other\(number)"
                let made = try await Self.run(
                    "/usr/bin/openssl",
                    [
                        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                        "/CN=x", "-addext", "subjectAltName=\(name)", "-addext", "basicConstraints=critical,CA:FALSE",
                        "-CA", "\(tls)/ca.pem", "-CAkey", "\(tls)/ca.key", "-keyout", "\(leaf).key", "-out",
                        "\(leaf).pem",
                    ])
                #expect(made.status == 0, "\(made.output)")
                let refused = try await Self.run(
                    "/usr/bin/openssl", ["verify", "-CAfile", "\(tls)/ca.pem", "\(leaf).pem"])
                #expect(
                    refused.status != 0 && refused.output.contains("permitted subtree violation")
                        || refused.output.contains("excluded subtree violation"), "\(name): \(refused.output)")
            }
        }
    }
}
