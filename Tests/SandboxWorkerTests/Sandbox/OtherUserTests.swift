import CSandbox
import Glibc
import SystemPackage
import TestSupport
import Testing

/// The same promises for the callers of production: an ordinary user, and a worker to which root gave an id.
@Suite(.enabled(if: getuid() == 0 && !TestRerun.isRerun, "needs root, to become another user"))
struct OtherUserTests {
    @Test func `an ordinary user cannot take on an id`() throws {
        let (code, output) = try TestRerun.run(filter: "cannot take on an id", user: 65534)
        #expect(
            code == 0 && output.contains("child cannot take on an id, and says at which step\" passed"), "\(output)")
    }

    @Test func `sandboxes of an ordinary user keep every promise`() throws {
        let (code, output) = try TestRerun.run(
            filter: "SandboxIsolationTests|SandboxListenerTests|InitLinkTests|SandboxFailureTests", user: 65534)
        #expect(code == 0 && output.contains("SandboxIsolationTests"), "\(output)")
    }

    @Test func `a worker needs no right on a path when it gets detached mounts`() async throws {
        try await TestFolder.with { folder in  // 0700 and root's
            let home = folder.appending("home").string
            let program = try #require(SandboxFixture.initProgram())
            try #require(mkdir(home, 0o700) == 0 && chown(home, 231_072, 231_072) == 0)
            let mounts: [CInt] = ([home, program, program] as [String]).map { csandbox_open_mount($0, 1) }
            defer { mounts.forEach { close($0) } }
            try #require(mounts.allSatisfy { $0 >= 0 })
            let (code, output) = try TestRerun.run(
                filter: "curl inside speaks|curl_inside_speaks", user: 231_072, mounts: mounts)
            #expect(code == 0 && output.contains("1 test"), "\(output)")
        }
    }
}
