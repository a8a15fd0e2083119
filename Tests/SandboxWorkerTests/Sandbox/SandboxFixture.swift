import CSandbox
import Glibc
import Shared
import SystemPackage
import Testing

@testable import SandboxWorker

/// A real sandbox around a scratch folder.
struct SandboxFixture {
    let process: SandboxProcess
    let link: InitLink
    let folder: FilePath
    let port: UInt16

    static func plan(_ folder: FilePath, port: UInt16 = 18789) throws -> SandboxPlan {
        let home = folder.appending("home").string
        if mkdir(home, 0o700) != 0 { try #require(errno == EEXIST) }
        let program = try #require(initProgram())
        let launch = WorkerLaunch(
            sandbox: try SandboxName("alpha"), secret: "", gatewayToken: "", sandboxToken: "", port: port,
            caBundle: "a bundle\n", homePath: home, initPath: program, agentPath: program, descriptors: [],
            configuration: WorkerConfiguration(provider: "p", providerLabel: "P", model: "m"))
        return SandboxPlan.make(launch: launch, descriptors: TestRerun.mounts(), host: .read())
    }

    /// Launches, runs `body`, and ends the sandbox.
    static func with(
        change: (inout SandboxPlan) -> Void = { _ in }, _ body: (SandboxFixture) async throws -> Void
    ) async throws {
        try await Scratch.withFolder { folder in
            var plan = try plan(folder)
            change(&plan)
            let process = try SandboxLauncher.launch(plan)
            let fixture = SandboxFixture(
                process: process, link: try InitLink(process), folder: folder, port: 18789)
            do {
                try await body(fixture)
            } catch {
                await fixture.end()
                throw error
            }
            await fixture.end()
        }
    }

    private func end() async {
        process.kill()
        _ = await process.exit()
        await link.ended
        process.listeners.all.forEach { close($0) }
    }

    /// nemoclaw-init beside the test's own program.
    static func initProgram() -> String? {
        guard var path = TestRerun.ownProgram() else { return nil }
        path.removeLastComponent()
        let program = path.appending("nemoclaw-init").string
        return access(program, X_OK) == 0 ? program : nil
    }

    var environment: [String] {
        SandboxPlan.commandEnvironment(port: port).map { "\($0.key)=\($0.value)" }
    }

    /// Runs a shell script inside; stdout and stderr together.
    func run(_ script: String) async throws -> (exit: SessionExit, output: String) {
        let output = try Scratch.file()
        let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(output)
            close(input)
        }
        let command = try await link.start(
            argv: ["bash", "-c", script], environment: environment, directory: "/sandbox",
            stdio: (input, output, output))
        let exit = await command.exit()
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(output, &bytes, bytes.count, 0)
        return (exit, String(decoding: bytes[..<max(0, count)], as: UTF8.self))
    }

    /// Lines of `run`.
    func lines(_ script: String) async throws -> [String] {
        try await run(script).output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
}
