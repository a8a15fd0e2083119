import Foundation
public import Shared

/// A model server on loopback, in a process of its own.
public final class ModelServer: Sendable {
    public let name: String
    public let port: UInt16
    private let program: Program
    private let log: String

    /// One that does as it is told and logs what it is asked (`Tests/Tools/upstream.py`).
    public static func scripted(_ name: String, folder: String) async throws -> ModelServer {
        let log = "\(folder)/\(name).log"
        let program = try Program(
            "/usr/bin/env", ["python3", "\(root)/Tests/Tools/upstream.py", name, log], environment: environment)
        try await program.wait("the port of \(name)") { $0.output.hasSuffix("\n") || $0.hasExited }
        guard let port = UInt16(program.output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw NemoClawError(.unavailable, "model server \"\(name)\" did not start: \(program.errors)")
        }
        return ModelServer(name: name, port: port, program: program, log: log)
    }

    /// A real small language model (`scripts/model-server`).
    public static func real(_ name: String, maximumTokens: Int = 24) async throws -> ModelServer {
        guard let venv = ProcessInfo.processInfo.environment["NEMOCLAW_TEST_VENV"] else {
            throw NemoClawError(.invalidArgument, "NEMOCLAW_TEST_VENV is not set", hint: "Run make test")
        }
        let port = try FreePorts.block(of: 1)
        let program = try Program(
            "\(venv)/bin/python", ["\(root)/scripts/model-server", "\(port)", name, "\(maximumTokens)"],
            environment: environment)
        try await program.wait("\(name) to listen") { $0.output.contains("listening") || $0.hasExited }
        guard !program.hasExited else {
            throw NemoClawError(.unavailable, "model \"\(name)\" did not start: \(program.errors.suffix(2000))")
        }
        return ModelServer(name: name, port: port, program: program, log: "")
    }

    /// What a scripted server was asked.
    public func requests() throws -> [JSONValue] {
        let text = try String(contentsOfFile: log, encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONCoding.decode(JSONValue.self, from: Array($0.utf8)) }
    }

    public func stop() {
        program.signal(SIGTERM)
    }

    deinit { program.signal(SIGKILL) }

    private init(name: String, port: UInt16, program: Program, log: String) {
        self.name = name
        self.port = port
        self.program = program
        self.log = log
    }

    /// The checkout's folder.
    public static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static let environment = [
        "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LANG": "C.UTF-8",
    ]
}
