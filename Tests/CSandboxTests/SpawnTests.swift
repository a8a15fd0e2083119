import CSandbox
import Glibc
import Testing

@Suite struct SpawnTests {
    @Test func `a child has its program, its arguments, its environment and nothing else`() throws {
        let child = try Spawned.run(
            "/bin/sh", ["-c", "echo \"$1 $MARK\"; ls /proc/self/fd; pwd; umask", "sh", "one"],
            environment: ["PATH=/usr/bin:/bin", "MARK=two"])
        #expect(child.result == 0)
        #expect(child.exit == (0, 0))
        // ls itself opens /proc/self/fd as the next free number, which is 0: it was not in the map.
        let lines = child.output.split(separator: "\n")
        #expect(lines.first == "one two")
        #expect(lines.dropFirst().prefix(3).elementsEqual(["0", "1", "2"]))
        #expect(lines.suffix(2).elementsEqual(["/", "0077"]))
    }

    @Test func `descriptors may change places`() throws {
        let (first, second) = try (file("first"), file("second"))
        defer {
            close(first)
            close(second)
        }
        // Each target is another one's source.
        let map = [
            csandbox_fd_map(source: first, target: second), csandbox_fd_map(source: second, target: first),
        ]
        try #require(max(first, second) < 64)
        let child = try Spawned.run(
            "/bin/sh", ["-c", "cat /proc/self/fd/\(first) /proc/self/fd/\(second)"], extra: map)
        #expect(child.output == "secondfirst")
    }

    private func file(_ text: String) throws -> CInt {
        let descriptor = try Scratch.file()
        try #require(write(descriptor, text, text.utf8.count) == text.utf8.count)
        return descriptor
    }

    @Test func `signals are at their defaults in the child and the caller's stay`() throws {
        var before = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &before)
        let child = try Spawned.run("/bin/sh", ["-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status"])
        #expect(child.output == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n")
        var after = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &after)
        for signal in 1..<CInt(65) {
            #expect(sigismember(&before, signal) == sigismember(&after, signal))
        }
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `root's child takes on an id with exactly one group`() throws {
        let child = try Spawned.run(
            "/bin/sh", ["-c", "grep -E '^(Uid|Gid|Groups|CapEff)' /proc/self/status"], user: 231_072, group: 4242)
        #expect(child.output.contains("Uid:\t231072\t231072\t231072\t231072\n"))
        #expect(child.output.contains("Gid:\t231072\t231072\t231072\t231072\n"))
        #expect(child.output.contains("Groups:\t4242 \n"))
        #expect(child.output.contains("CapEff:\t0000000000000000\n"))
    }

    @Test(.enabled(if: getuid() != 0, "needs an ordinary user"))
    func `an ordinary user's child cannot take on an id, and says at which step`() throws {
        let child = try Spawned.run("/bin/sh", user: 231_072)
        #expect(child.result == -EPERM)
        #expect(child.step == "set the supplementary groups")
    }

    @Test func `a file that is no program fails at its step and leaves no child`() throws {
        let child = try Spawned.run("/etc/passwd")
        #expect(child.result == -EACCES || child.result == -ENOEXEC)
        #expect(child.step == "execute the program")
        #expect(child.pid == -1)
    }

    @Test func `wrong plans are refused before anything starts`() throws {
        #expect(try Spawned.run("/nonexistent").step == "check the plan")
        let high = [csandbox_fd_map(source: 0, target: 64)]
        #expect(try Spawned.run("/bin/sh", extra: high).result == -EBADF)
        let many = [csandbox_fd_map](repeating: csandbox_fd_map(source: 0, target: 5), count: 40)
        #expect(try Spawned.run("/bin/sh", extra: many).result == -E2BIG)
        let closed = [csandbox_fd_map(source: 1_000_000, target: 5)]
        #expect(try Spawned.run("/bin/sh", extra: closed).step == "arrange the descriptors")
    }

    @Test func `a killed child is told from one that left`() throws {
        #expect(try Spawned.run("/bin/sh", ["-c", "exit 7"]).exit == (0, 7))
        #expect(try Spawned.run("/bin/sh", ["-c", "kill -TERM $$"]).exit == (1, SIGTERM))
    }
}
