import Foundation
public import Shared
import SystemPackage

/// One home of the product with its own ports, and the commands of its operator. Everything in it is real.
public final class Installation: Sendable {
    /// Who operates it.
    public enum Operator: String, Sendable, CaseIterable { case root, ordinaryUser }

    public let home: String
    public let gatewayPort: UInt16
    public let firstPort: UInt16
    public let environment: [String: String]
    private let user: Operator
    private let programs: String

    /// An ordinary user of tests that has no entry anywhere.
    private static let ordinaryUID: UInt32 = 61_234

    /// Runs `body` with a fresh home and takes everything down after it.
    public static func with<Result>(
        as user: Operator = .root, environment: [String: String] = [:], _ body: (Installation) async throws -> Result
    ) async throws -> Result {
        try await TestFolder.with { folder in
            let installation = try Installation(folder: folder.string, user: user, environment: environment)
            do {
                let result = try await body(installation)
                try await installation.tearDown()
                return result
            } catch {
                let log =
                    (try? String(contentsOfFile: "\(installation.home)/state/supervisor.log", encoding: .utf8)) ?? ""
                print("--- supervisor.log\n\(log.suffix(6000))")
                for name
                    in (try? FileManager.default.contentsOfDirectory(atPath: "\(installation.home)/state/sandboxes"))
                    ?? []
                {
                    let path = "\(installation.home)/state/sandboxes/\(name)/worker.log"
                    print("--- \(name)\n\(((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").suffix(4000))")
                }
                try? await installation.tearDown()  // try?: the first error is the one to report
                throw error
            }
        }
    }

    private init(folder: String, user: Operator, environment extra: [String: String]) throws {
        guard let built = ProcessInfo.processInfo.environment["NEMOCLAW_TEST_PROGRAMS"] else {
            throw NemoClawError(.invalidArgument, "NEMOCLAW_TEST_PROGRAMS is not set", hint: "Run make test")
        }
        self.user = user
        home = "\(folder)/h"
        gatewayPort = try FreePorts.block(of: 12)
        firstPort = gatewayPort + 1
        var environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "\(folder)/user",
            "LANG": "C.UTF-8",
            "NEMOCLAW_HOME": home, "NEMOCLAW_GATEWAY_PORT": "\(gatewayPort)", "NEMOCLAW_DASHBOARD_PORT": "\(firstPort)",
            "NEMOCLAW_NON_INTERACTIVE": "1",
        ]
        environment.merge(extra) { $1 }
        self.environment = environment
        try FileManager.default.createDirectory(atPath: "\(folder)/user", withIntermediateDirectories: true)
        if user == .ordinaryUser {
            programs = "\(folder)/programs"
            try FileManager.default.createDirectory(atPath: programs, withIntermediateDirectories: true)
            for name in ["nemoclaw", "nemoclaw-supervisor", "nemoclaw-sandbox-worker", "nemoclaw-init", "openclaw"] {
                try FileManager.default.copyItem(atPath: "\(built)/\(name)", toPath: "\(programs)/\(name)")
            }
            for path in [folder, "\(folder)/user"] { chown(path, Self.ordinaryUID, Self.ordinaryUID) }
            chmod(folder, 0o755)
        } else {
            programs = built
        }
    }

    /// Starts `nemoclaw` with these arguments.
    public func start(_ arguments: [String], environment extra: [String: String] = [:]) throws -> Program {
        let environment = environment.merging(extra) { $1 }
        let path = "\(programs)/nemoclaw"
        guard user == .ordinaryUser else { return try Program(path, arguments, environment: environment) }
        let identity = "\(Self.ordinaryUID)"
        return try Program(
            "/usr/bin/setpriv", ["--reuid", identity, "--regid", identity, "--clear-groups", path] + arguments,
            environment: environment)
    }

    /// Runs `nemoclaw` to its end.
    public func run(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil, seconds: Int = 60
    ) async throws -> ProgramResult {
        let program = try start(arguments, environment: environment)
        if let input { program.write(input) }
        return try await program.result(seconds: seconds)
    }

    /// Runs `nemoclaw … --json`, which must succeed, and decodes what it prints.
    public func json<Value: Decodable>(_ type: Value.Type, _ arguments: [String], seconds: Int = 60) async throws
        -> Value
    {
        let result = try await run(arguments + ["--json"], seconds: seconds)
        guard result.status == 0 else { throw CommandFailed(arguments: arguments, result: result) }
        return try JSONCoding.decode(type, from: Array(result.output.utf8))
    }

    /// Runs `nemoclaw`, which must succeed.
    @discardableResult
    public func succeed(
        _ arguments: [String], environment: [String: String] = [:], input: String? = nil, seconds: Int = 60
    ) async throws -> ProgramResult {
        let result = try await run(arguments, environment: environment, input: input, seconds: seconds)
        guard result.status == 0 else { throw CommandFailed(arguments: arguments, result: result) }
        return result
    }

    /// Onboards a sandbox on a model server on loopback.
    public func onboard(_ name: String, port: UInt16, model: String, provider: String = "compatible-endpoint")
        async throws
    {
        try await succeed([
            "onboard", "--name", name, "--provider", provider, "--model", model,
            "--endpoint-url", "http://127.0.0.1:\(port)/v1",
        ])
    }

    public func list() async throws -> SandboxList {
        try await json(SandboxList.self, ["list"])
    }

    public func supervisorPid() throws -> Int32 {
        let text = try String(contentsOfFile: "\(home)/run/supervisor.pid", encoding: .utf8)
        guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw NemoClawError(.internalError, "supervisor.pid holds no number")
        }
        return pid
    }

    private func tearDown() async throws {
        guard FileManager.default.fileExists(atPath: "\(home)/run/control.sock") else { return }
        if try await run(["up"]).status == 0 { try await succeed(["down"]) }
    }
}

/// A command of the operator that should have succeeded.
public struct CommandFailed: Error, CustomStringConvertible {
    let arguments: [String]
    let result: ProgramResult

    public var description: String {
        "nemoclaw \(arguments.joined(separator: " ")) ended with \(result.status)\n\(result.output)\n\(result.errors)"
    }
}
