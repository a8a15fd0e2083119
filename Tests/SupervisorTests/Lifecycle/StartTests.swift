import Glibc
import Logging
import Shared
import TestSupport
import Testing

@testable import Supervisor

@Suite struct StartTests {
    @Test("a locked state folder names its owner")
    func locked() async throws {
        try await TestFolder.with { folder in
            let lock = try StateLock(state: "\(folder)")
            let error = #expect(throws: NemoClawError.self) { try StateLock(state: "\(folder)") }
            #expect(error?.code == .stateLocked)
            #expect(error?.message.contains("(pid \(getpid()))") == true)
            withExtendedLifetime(lock) {}
        }
    }

    @Test("folders are closed to others, and one that belongs to another user is refused")
    func folders() async throws {
        try await TestFolder.with { folder in
            let folders = Folders(state: "\(folder)/a/state", run: "\(folder)/a/run", config: "\(folder)/a/config")
            mkdir("\(folder)/a", 0o700)
            mkdir("\(folder)/a/state", 0o777)
            try FolderSetup.prepare(folders, user: geteuid())
            #expect(try FileMode.of(folders.state) == 0o700)
            #expect(throws: NemoClawError.self) { try FolderSetup.prepare(folders, user: geteuid() + 1) }
        }
    }

    @Test("a corrupt registry stops the start and is left as it is")
    func corrupt() async throws {
        try await TestFolder.with { folder in
            let garbage = [UInt8](repeating: 0x5a, count: 5_000)
            mkdir("\(folder)/state", 0o700)
            try SmallFile.write("\(folder)/state/registry.sqlite", garbage)
            let configuration = try SupervisorConfiguration(
                environment: ["NEMOCLAW_HOME": "\(folder)"], user: geteuid())
            let error = await #expect(throws: NemoClawError.self) {
                try await SupervisorAssembly(configuration: configuration, logger: Logger(label: "test")).run()
            }
            #expect(error?.code == .stateCorrupt)
            #expect(SmallFile.read("\(folder)/state/registry.sqlite", limit: 10_000) == garbage)
            #expect(access("\(folder)/state/tls", F_OK) != 0)
        }
    }

    @Test("a socket path that does not fit is an error at the start")
    func longPath() {
        let path = "/tmp/" + String(repeating: "x", count: 100) + "/worker.sock"
        let error = #expect(throws: NemoClawError.self) { try UnixListener.open(path, mode: 0o600, group: nil) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("ports that are none are refused", arguments: ["0", "x", "70000", "-1"])
    func gatewayPort(text: String) {
        #expect(throws: NemoClawError.self) {
            try SupervisorConfiguration(environment: ["NEMOCLAW_HOME": "/x", "NEMOCLAW_GATEWAY_PORT": text], user: 1)
        }
    }
}
