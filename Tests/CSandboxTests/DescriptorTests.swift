import CSandbox
import Glibc
import Testing

@Suite struct DescriptorTests {
    private func pair(_ type: __socket_type = SOCK_SEQPACKET) throws -> (CInt, CInt) {
        var ends: [CInt] = [-1, -1]
        try #require(socketpair(AF_UNIX, CInt(type.rawValue), 0, &ends) == 0)
        return (ends[0], ends[1])
    }

    /// Read ends of pipes whose write ends tell when the last copy of the read end is gone.
    private func pipes(_ count: Int) throws -> (read: [CInt], write: [CInt]) {
        var read: [CInt] = []
        var write: [CInt] = []
        for _ in 0..<count {
            var ends: [CInt] = [-1, -1]
            try #require(pipe(&ends) == 0)
            read.append(ends[0])
            write.append(ends[1])
        }
        return (read, write)
    }

    private func isOrphan(_ write: CInt) -> Bool {
        var entry = pollfd(fd: write, events: Int16(POLLOUT), revents: 0)
        poll(&entry, 1, 0)
        return entry.revents & Int16(POLLERR) != 0
    }

    @Test(arguments: [0, 1, 3, 16])
    func `descriptors arrive in their order and close on exec`(count: Int) throws {
        let (left, right) = try pair()
        let (read, write) = try pipes(count)
        defer { (read + write + [left, right]).forEach { close($0) } }
        #expect(csandbox_send_fds(left, "hello", 5, read, count) == 5)
        var bytes = [UInt8](repeating: 0, count: 16)
        var received = [CInt](repeating: -1, count: 16)
        var receivedCount = 99
        #expect(csandbox_recv_fds(right, &bytes, 16, &received, 16, &receivedCount) == 5)
        #expect(receivedCount == count)
        for index in 0..<count {
            var byte = UInt8(index)
            Glibc.write(write[index], &byte, 1)
            #expect(Glibc.read(received[index], &byte, 1) == 1 && byte == UInt8(index))
            #expect(fcntl(received[index], F_GETFD) & FD_CLOEXEC != 0)
            close(received[index])
        }
    }

    @Test(arguments: [(4, 3, 16), (16, 0, 16), (2, 8, 2)])
    func `what does not fit is refused and every descriptor of it closed`(sent: Int, room: Int, bytes: Int) throws {
        let (left, right) = try pair()
        let (read, write) = try pipes(sent)
        defer { (write + [left, right]).forEach { close($0) } }
        #expect(csandbox_send_fds(left, "hello", 5, read, sent) == 5)
        read.forEach { close($0) }
        #expect(!write.contains { isOrphan($0) })
        var buffer = [UInt8](repeating: 0, count: bytes)
        var received = [CInt](repeating: -1, count: 16)
        var count = 99
        #expect(csandbox_recv_fds(right, &buffer, bytes, &received, room, &count) == -Int(EMSGSIZE))
        #expect(count == 0)
        #expect(write.allSatisfy { isOrphan($0) })
    }

    @Test func `wrong calls and closed sockets answer with their cause`() throws {
        let (left, right) = try pair(SOCK_STREAM)
        let many = [CInt](repeating: 0, count: 17)
        #expect(csandbox_send_fds(left, "x", 1, many, 17) == -Int(EINVAL))
        #expect(csandbox_send_fds(left, "x", 0, many, 1) == -Int(EINVAL))
        #expect(csandbox_send_fds(left, "x", 1, [-1], 1) == -Int(EBADF))
        close(left)
        var byte: UInt8 = 0
        var count = 0
        var none: CInt = -1
        #expect(csandbox_recv_fds(right, &byte, 1, &none, 1, &count) == 0)
        #expect(csandbox_send_fds(right, "x", 1, nil, 0) == -Int(EPIPE))
        close(right)
        #expect(csandbox_recv_fds(-1, &byte, 1, &none, 1, &count) == -Int(EBADF))
    }

    @Test func `a peer is known by its process`() throws {
        let (left, right) = try pair()
        defer {
            close(left)
            close(right)
        }
        var user: uid_t = 9
        var group: gid_t = 9
        var process: pid_t = 0
        #expect(csandbox_peer_credentials(left, &user, &group, &process) == 0)
        #expect(user == geteuid() && group == getegid() && process == getpid())
        let alone = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(alone) }
        #expect(csandbox_peer_credentials(alone, &user, &group, &process) == -ENOTCONN)
        #expect(csandbox_peer_credentials(-1, &user, &group, &process) == -EBADF)
    }

    @Test func `process descriptors name a process or say why not`() {
        let descriptor = csandbox_pidfd_open(getpid())
        #expect(descriptor >= 0)
        #expect(csandbox_pidfd_send_signal(descriptor, 0) == 0)
        close(descriptor)
        #expect(csandbox_pidfd_open(-1) == -EINVAL)
        #expect(csandbox_pidfd_send_signal(-1, SIGTERM) == -EBADF)
        var kind: CInt = 0
        var value: CInt = 0
        #expect(csandbox_pidfd_wait(-1, 0, &kind, &value) < 0)
    }

    @Test func `every step has a name of its own, and other numbers have one too`() {
        let names = (0..<Int32(CSANDBOX_STEP_COUNT.rawValue)).map { String(cString: csandbox_step_name($0)) }
        #expect(!names.contains("unknown step"))
        #expect(Set(names).count == names.count)
        #expect(String(cString: csandbox_step_name(-1)) == "unknown step")
        #expect(String(cString: csandbox_step_name(9999)) == "unknown step")
    }
}
