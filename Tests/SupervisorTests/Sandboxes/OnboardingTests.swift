import Glibc
import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite(.serialized, .timeLimit(.minutes(2))) struct OnboardingTests {
    @Test("two sandboxes at once get ports of their own; the first is the default; destroying leaves nothing")
    func two() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            try await harness.running {
                async let one = harness.operations.onboard(try SupervisorHarness.request("alpha"))
                async let two = harness.operations.onboard(try SupervisorHarness.request("beta"))
                let (alpha, beta) = (try await one.sandbox, try await two.sandbox)
                #expect(alpha.port != beta.port)
                #expect(alpha.state == .ready && beta.state == .ready)
                #expect(try await harness.store.defaultSandbox() != nil)
                try await harness.operations.destroy(alpha.name)
                #expect(access(harness.paths.folder(alpha.name), F_OK) != 0)
                #expect(try await harness.store.defaultSandbox() == beta.name)
                #expect(try await harness.operations.status(beta.name, probing: true).inference == .healthy)
                await harness.cleanUp()
            }
        }
    }

    @Test("an onboarding that fails leaves nothing half made")
    func nothingHalfMade() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder, mode: .permanent)
            try await harness.running {
                let request = try SupervisorHarness.request(
                    "alpha", provider: "openai", credential: "sk-test", port: 38_799)
                let error = await #expect(throws: NemoClawError.self) {
                    try await harness.operations.onboard(request)
                }
                #expect(error?.code == .sandboxFailed)
                #expect(try await harness.store.sandboxes().isEmpty)
                #expect(await harness.lifecycle.observe(request.name) == nil)
                #expect(access(harness.paths.folder(request.name), F_OK) != 0)
                #expect(access("\(folder)/credentials/OPENAI_API_KEY", F_OK) != 0)
                try PortRange.listen(38_799).close()
            }
        }
    }

    @Test("a provider that does not answer is refused before anything is made")
    func refusedProbe() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder) { () throws(NemoClawError) in
                throw NemoClawError(.endpointRefused, "refused")
            }
            try await harness.running {
                let error = await #expect(throws: NemoClawError.self) {
                    try await harness.operations.onboard(try SupervisorHarness.request("alpha"))
                }
                #expect(error?.code == .endpointRefused)
                #expect(access("\(folder)/sandboxes", F_OK) != 0)
            }
        }
    }

    @Test("a taken name is refused and the first sandbox is untouched; stop and start keep its port")
    func taken() async throws {
        try await TestFolder.with { folder in
            let harness = try SupervisorHarness(folder: folder)
            try await harness.running {
                let first = try await harness.operations.onboard(try SupervisorHarness.request("alpha")).sandbox
                let error = await #expect(throws: NemoClawError.self) {
                    try await harness.operations.onboard(try SupervisorHarness.request("alpha"))
                }
                #expect(error?.code == .nameTaken)
                #expect(try await harness.operations.status(first.name, probing: false).workerPid == first.workerPid)
                let stopped = try await harness.operations.stop(first.name)
                #expect(stopped.state == .stopped && stopped.wanted == .stopped)
                let started = try await harness.operations.start(first.name)
                #expect(started.state == .ready && started.port == first.port)
                #expect(try await harness.operations.restart(first.name).restarts == 0)
                await harness.cleanUp()
            }
        }
    }
}
