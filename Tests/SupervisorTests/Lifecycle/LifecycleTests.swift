import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite(.serialized, .timeLimit(.minutes(2))) struct LifecycleTests {
    static let alpha = SupervisorNames.alpha

    @Test("a killed worker is replaced, on the same port")
    func killed() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            try await harness.running {
                let before = try await harness.operations.onboard(try SupervisorHarness.request("alpha")).sandbox
                let pid = try #require(before.workerPid)
                kill(pid, SIGKILL)
                let after = try await harness.ready(Self.alpha, otherThan: pid)
                #expect(after.restarts == 1)
                #expect(after.port == before.port)
                await harness.cleanUp()
                #expect(await harness.lifecycle.observe(Self.alpha)?.state == .stopped)
            }
        }
    }

    @Test(
        "a crash loop ends in failed with the reason, and frees the port",
        arguments: [
            (StandInWorker.Mode.die, "worker died 5 times in 60 s, last: worker exited with code 1", 5),
            (.permanent, "worker exited with code 78", 1),
        ])
    func loop(mode: StandInWorker.Mode, reason: String, deaths: Int) async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder, mode: mode)
            try await harness.running {
                try await harness.insert(Self.alpha, port: 21_795)
                await harness.lifecycle.handle(.startAsked, for: Self.alpha)
                let seen = try await harness.lifecycle.settle(Self.alpha, within: .seconds(60))
                #expect(seen.state == .failed)
                #expect(seen.reason == reason)
                #expect(seen.restarts == deaths)
                try PortRange.listen(21_795).close()
            }
        }
    }

    @Test("a supervisor that comes back adopts the worker: same pid, no restart, the port's listener back")
    func adoption() async throws {
        try await TestFolder.with { folder in
            let first = try SupervisorHarness(folder: folder)
            let pid = try await first.running {
                try await first.operations.onboard(try SupervisorHarness.request("alpha")).sandbox.workerPid
            }
            let second = try SupervisorHarness(folder: folder)
            try await second.running {
                try await second.lifecycle.restore(try await second.store.sandboxes())
                let seen = try await second.lifecycle.settle(Self.alpha, within: .seconds(20))
                #expect(seen.state == .ready)
                #expect(seen.workerPid == pid)
                #expect(seen.restarts == 0)
                #expect(await second.lifecycle.entries[Self.alpha]?.port != nil)
                await second.cleanUp()
            }
        }
    }

    @Test("a survivor that does not call is ended and replaced; a pid that is another process now is left alone")
    func silentSurvivor() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            try await harness.running {
                try await harness.insert(Self.alpha, port: 21_796)
                await harness.lifecycle.remove(Self.alpha)
                let deaf = try harness.launchDeaf(Self.alpha)
                try await harness.store.record(
                    worker: WorkerRecord(
                        name: Self.alpha, pid: deaf.pid, startTicks: deaf.startTicks, initPid: nil))
                #expect(WorkerProcess(survivor: deaf.pid, startTicks: deaf.startTicks + 1) == nil)
                try await harness.lifecycle.restore(try await harness.store.sandboxes())
                let seen = try await harness.ready(Self.alpha, otherThan: deaf.pid)
                #expect(seen.state == .ready)
                #expect(ProcessIdentity.startTicks(of: deaf.pid) == nil)
                await harness.cleanUp()
            }
        }
    }

    @Test("a sandbox that is wanted stopped stays stopped, and its survivor is ended")
    func wantedStopped() async throws {
        try await TestFolder.with { folder in
            let first = try SupervisorHarness(folder: folder)
            let pid = try await first.running {
                try await first.operations.onboard(try SupervisorHarness.request("alpha")).sandbox.workerPid
            }
            let second = try SupervisorHarness(folder: folder)
            try await second.running {
                try await second.store.setWanted(Self.alpha, .stopped)
                try await second.lifecycle.restore(try await second.store.sandboxes())
                let seen = try await second.lifecycle.settle(Self.alpha, within: .seconds(20))
                #expect(seen.state == .stopped)
                #expect(pid.map { ProcessIdentity.startTicks(of: $0) } == .some(nil))
            }
        }
    }
}

enum SupervisorNames {
    // swift-format-ignore: NeverUseForceTry
    static let alpha = try! SandboxName("alpha")
}

extension SupervisorHarness {
    /// A sandbox that is registered and has its folders, but was never started.
    func insert(_ name: SandboxName, port: UInt16) async throws {
        let record = SandboxRecord(
            name: name, port: port, uid: nil, provider: "ollama-local", endpoint: "http://127.0.0.1:1/v1", model: "m",
            wanted: .running, secret: Secret("s"), gatewayToken: Secret("g"), sandboxToken: Secret("t"),
            sandboxKey: Secret("k"), createdAtMs: 1)
        try SandboxFolders(paths: paths).create(name, uid: nil)
        try await store.insert(record)
        await lifecycle.add(record, port: nil)
    }

    /// A process that never calls.
    func launchDeaf(_ name: SandboxName) throws -> WorkerProcess {
        let launcher = DirectLauncher(
            program: StandInWorker.program, arguments: StandInWorker.arguments(.deaf), runFolder: folder,
            logLevel: "info")
        let launch = WorkerLaunch(
            sandbox: name, secret: "s", gatewayToken: "g", sandboxToken: "t", port: 1, caBundle: "",
            homePath: paths.home(name), initPath: "", agentPath: "", descriptors: [],
            configuration: WorkerConfiguration(provider: "p", providerLabel: "P", model: "m"))
        return try launcher.launch(
            LaunchOrder(launch: launch, logPath: paths.log(name), uid: nil, port: try PortRange.listen(0)))
    }

    func ready(_ name: SandboxName, otherThan pid: Int32) async throws -> SandboxObservation {
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if let seen = await lifecycle.observe(name), seen.state == .ready, seen.workerPid != pid,
                seen.workerPid != nil
            {
                return seen
            }
            await Task.yield()
        }
        throw NemoClawError(.timeout, "no new worker")
    }
}
