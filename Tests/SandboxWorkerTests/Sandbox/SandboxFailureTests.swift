import CSandbox
import Glibc
import Shared
import Testing

@testable import SandboxWorker

@Suite(.serialized) struct SandboxFailureTests {
    private typealias Change = @Sendable (inout SandboxPlan) -> Void

    /// One plan that fails for each step that can be made to fail from here.
    private static let failures: [(step: String, change: Change)] = [
        (
            "bind a listener: address already in use",
            { $0.listeners[3] = .init(kind: .tcp, address: 0x7f00_0001, port: 3128) }
        ),
        ("bind a listener: cannot assign requested address", { $0.listeners[0].address = 0x0808_0808 }),
        ("open a bind source: no such file or directory", { $0.binds[0].source = .path("/nonexistent") }),
        ("restrict a bind source: bad file descriptor", { $0.binds[0].source = .mount(1_000_000) }),
        ("create a folder: file exists", { $0.directories.append(.init(path: "etc")) }),
        ("create a folder: no such file or directory", { $0.directories.append(.init(path: "a/b")) }),
        ("create a symbolic link: file exists", { $0.links.append(.init(path: "etc", target: "x")) }),
        ("write a file: file exists", { $0.files.append($0.files[0]) }),
        (
            "write a file: no space left on device",
            {
                $0.files[0].text = String(repeating: "x", count: 1 << 20)
                $0.rootSizeInBytes = 4096
            }
        ),
        ("create a temporary file system: no such file or directory", { $0.temporary[0].path = "a/b" }),
        ("create a mount point: no such file or directory", { $0.binds[0].target = "a/b" }),
        ("set a resource limit: invalid argument", { $0.limits[0].resource = 999 }),
        ("set the host name: invalid argument", { $0.hostname = String(repeating: "x", count: 65) }),
        ("execute the program: no such file or directory", { $0.program = "/nonexistent" }),
        ("execute the program: permission denied", { $0.program = "/etc/hosts" }),
        (
            "check the plan: argument list too long",
            {
                $0.binds = Array(repeating: $0.binds[0], count: Int(CSANDBOX_MAX_BINDS) + 1)
            }
        ),
        ("check the plan: argument list too long", { $0.listeners = Array(repeating: $0.listeners[0], count: 17) }),
        ("check the plan: invalid argument", { $0.arguments = [] }),
        ("the plan has 6 listeners, not 7", { $0.listeners.removeLast() }),
    ]

    @Test(arguments: failures.indices)
    func `a failing step is named`(index: Int) async throws {
        let failure = Self.failures[index]
        try await Scratch.withFolder { folder in
            var plan = try SandboxFixture.plan(folder)
            failure.change(&plan)
            #expect(throws: NemoClawError(.sandboxFailed, "cannot start sandbox \"alpha\": \(failure.step)")) {
                _ = try SandboxLauncher.launch(plan)
            }
        }
    }

    private func openDescriptors() -> Int {
        var count = 0
        guard let folder = opendir("/proc/self/fd") else { return -1 }
        while readdir(folder) != nil { count += 1 }
        closedir(folder)
        return count
    }

    /// Alone in its process: other tests open descriptors too.
    @Test(.enabled(if: TestRerun.isRerun, "runs in a process of its own"))
    func `launches that fail and launches that succeed leave no descriptor`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in _ = try await sandbox.run("true") }
        let before = openDescriptors()  // after a first one: what is opened once, stays open
        for _ in 0..<3 {
            try await SandboxFixture.with { (sandbox) async throws in
                _ = try await sandbox.run("true")
                #expect(openDescriptors() > before)
            }
        }
        for failure in Self.failures {
            try await Scratch.withFolder { folder in
                var plan = try SandboxFixture.plan(folder)
                failure.change(&plan)
                #expect(throws: NemoClawError.self) { _ = try SandboxLauncher.launch(plan) }
            }
        }
        // The reading thread lets go of the process a moment after it said that it ended.
        for _ in 0..<1000 where openDescriptors() != before { usleep(1000) }
        #expect(openDescriptors() == before)
        #expect(waitpid(-1, nil, WNOHANG) == -1 && errno == ECHILD)
    }

    @Test(.enabled(if: !TestRerun.isRerun))
    func `nothing leaks`() throws {
        let (code, output) = try TestRerun.run(filter: "leave_no_descriptor|leave no descriptor")
        #expect(code == 0 && output.contains("1 test"), "\(output)")
    }
}
