import Glibc
import Shared
import Testing

@testable import SandboxWorker

/// What a program in a sandbox is and may, asked from inside a real one.
@Suite(.serialized) struct SandboxIsolationTests {
    @Test func `everything inside is uid 1000 without any capability`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let lines = try await sandbox.lines("id -u; id -g; id -un; grep -E '^(Cap|NoNewPrivs)' /proc/self/status")
            #expect(lines.prefix(3) == ["1000", "1000", "sandbox"])
            for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                #expect(lines.contains("\(set):\t0000000000000000"))
            }
            #expect(lines.contains("NoNewPrivs:\t1"))
        }
    }

    @Test func `only the home and temporary folders can be written`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let script = """
                for f in /sandbox/x /tmp/x /run/x /dev/shm/x / /usr /etc /bin /opt/nemoclaw/bin /dev /etc/ssl/certs; do
                  [ -d $f ] && f=$f/x
                  if (echo x > $f) 2>/dev/null; then echo "$f yes"; else echo "$f no"; fi
                done
                """
            let lines = try await sandbox.lines(script)
            for path in ["/sandbox/x", "/tmp/x", "/run/x", "/dev/shm/x"] { #expect(lines.contains("\(path) yes")) }
            let refused = ["//x", "/usr/x", "/etc/x", "/bin/x", "/opt/nemoclaw/bin/x", "/dev/x", "/etc/ssl/certs/x"]
            for path in refused { #expect(lines.contains("\(path) no")) }
            #expect(try await sandbox.run("echo x >> /etc/hosts").exit.code != 0)
            #expect(try await sandbox.run("echo x >> /opt/nemoclaw/bin/openclaw").exit.code != 0)
        }
    }

    @Test func `nothing of the host is visible but its programs`() async throws {
        let marker = "/tmp/nemoclaw-host-marker-\(getpid())"
        close(open(marker, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
        defer { unlink(marker) }
        #expect(access(marker, F_OK) == 0)
        try await SandboxFixture.with { (sandbox) async throws in
            let lines = try await sandbox.lines("ls -A /; ls -A /tmp /run /opt; ls /proc | grep -c '^[0-9]'; ls /sys")
            for name in ["root", "home", "sys", "boot", "mnt", "srv", "work"] { #expect(!lines.contains(name)) }
            #expect(!lines.contains { $0.contains("nemoclaw-host-marker") })
            for path in ["/etc/shadow", "/etc/ssh", "/etc/nemoclaw", "/root", "/var/lib", "/proc/\(getpid())"] {
                #expect(try await sandbox.run("test -e \(path)").exit.code == 1, "\(path)")
            }
            #expect(try await sandbox.run("test -e /usr/bin/env").exit.code == 0)
        }
    }

    @Test func `the network is lo alone, with no way out`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            #expect(try await sandbox.lines("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '") == ["lo", ""])
            #expect(try await sandbox.lines("tail -n +2 /proc/net/route") == [""])
            #expect(try await sandbox.run("(: > /dev/tcp/192.0.2.1/80) 2>&1").output.contains("unreachable"))
        }
    }

    @Test(arguments: [
        "mount -t tmpfs none /tmp", "mount -o remount,rw /", "umount /proc", "unshare -U true", "unshare -n true",
        "unshare -m true", "nsenter -t 1 -n true", "/usr/sbin/chroot / true", "hostname other",
        "echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start", "cat /proc/1/environ", "readlink /proc/1/fd/3",
        "readlink /proc/1/exe", "echo h > /proc/sysrq-trigger", "echo 1 > /proc/sys/net/ipv4/ip_forward",
        "mknod /tmp/n c 1 3", "kill -KILL 1 && sleep 0.2 && kill -0 1 && false",
    ])
    func `what would change the isolation is refused`(command: String) async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let (exit, output) = try await sandbox.run(command)
            #expect(exit.code != 0 && exit.signal == nil, "\(output)")
            #expect(exit.code != 127, "the command is missing: \(output)")
            #expect(try await sandbox.run("true").exit.code == 0)  // and the sandbox goes on
        }
    }

    @Test func `neither a low port nor one of ours can be bound inside`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            let bind = """
                perl -MSocket -e 'socket(S,PF_INET,SOCK_STREAM,0); setsockopt(S,SOL_SOCKET,15,1);
                print bind(S,sockaddr_in($ARGV[1],inet_aton($ARGV[0]))) ? "yes" : "no: $!"' --
                """
            #expect(try await sandbox.run("\(bind) 127.0.0.1 18790").output == "yes")
            #expect(try await sandbox.run("\(bind) 127.0.0.1 18789").output == "no: Address already in use")
            #expect(try await sandbox.run("\(bind) 127.0.0.1 3128").output == "no: Address already in use")
            #expect(try await sandbox.run("\(bind) 127.0.0.2 443").output == "no: Permission denied")
            #expect(try await sandbox.run("\(bind) 127.0.0.1 81").output == "no: Permission denied")
        }
    }

    @Test func `the generated files say what the sandbox is`() async throws {
        try await SandboxFixture.with { (sandbox) async throws in
            #expect(try await sandbox.lines("hostname; cat /etc/hostname") == ["alpha", "alpha", ""])
            // Without a DNS server only the file can answer.
            let address = try await sandbox.run("getent ahostsv4 inference.local")
            #expect(address.output.hasPrefix("127.0.0.2"), "\(address)")
            #expect(try await sandbox.run("cat $SSL_CERT_FILE /etc/ssl/cert.pem").output == "a bundle\na bundle\n")
            #expect(try await sandbox.run("cat /etc/resolv.conf").output.contains("nameserver 127.0.0.1"))
            #expect(
                try await sandbox.lines("cat /proc/self/limits | grep core | tr -s ' '").first
                    == "Max core file size 0 0 bytes ")
        }
    }
}
