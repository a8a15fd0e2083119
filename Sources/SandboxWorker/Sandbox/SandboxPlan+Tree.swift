extension SandboxPlan {
    static let deviceBinds = ["null", "zero", "full", "random", "urandom", "tty"].map {
        Bind(source: .path("/dev/\($0)"), target: "dev/\($0)", kind: .device)
    }

    /// The host's programs and libraries, read-only. No `/sys`, `/root`, `/home`, `/var`, `/opt` and host `/run`.
    static func hostBinds(_ host: HostTree) -> [Bind] {
        var binds = [Bind(source: .path("/usr"), target: "usr", kind: .readOnly)]
        for case .directory(let name) in host.topLevel {
            binds.append(Bind(source: .path("/\(name)"), target: name, kind: .readOnly))
        }
        for name in host.etc {
            binds.append(Bind(source: .path("/etc/\(name)"), target: "etc/\(name)", kind: .readOnly, optional: true))
        }
        for folder in host.libraries {
            binds.append(Bind(source: .path(folder), target: String(folder.dropFirst()), kind: .readOnly))
        }
        return binds
    }

    static func directories(_ host: HostTree) -> [Directory] {
        var paths = [
            "dev", "dev/pts", "etc", "etc/pki", "etc/pki/tls", "etc/pki/tls/certs", "etc/ssl", "etc/ssl/certs", "opt",
            "opt/nemoclaw", "opt/nemoclaw/bin", "proc", "var",
        ]
        for folder in host.libraries {
            var path = ""
            for part in folder.split(separator: "/").dropLast() {
                path += path.isEmpty ? String(part) : "/\(part)"
                if !paths.contains(path) { paths.append(path) }
            }
        }
        return paths.map { Directory(path: $0) }
    }

    static func links(_ host: HostTree) -> [Link] {
        var links = [
            Link(path: "dev/ptmx", target: "pts/ptmx"),
            Link(path: "dev/fd", target: "/proc/self/fd"),
            Link(path: "dev/stdin", target: "/proc/self/fd/0"),
            Link(path: "dev/stdout", target: "/proc/self/fd/1"),
            Link(path: "dev/stderr", target: "/proc/self/fd/2"),
            Link(path: "etc/mtab", target: "/proc/self/mounts"),
            Link(path: "etc/pki/tls/certs/ca-bundle.crt", target: bundle),
            Link(path: "etc/ssl/cert.pem", target: bundle),
            Link(path: "var/tmp", target: "/tmp"),
            Link(path: "var/run", target: "/run"),
        ]
        for case .link(let name, let target) in host.topLevel {
            links.append(Link(path: name, target: target))
        }
        return links
    }

    static func files(name: String, caBundle: String) -> [File] {
        [
            // No ::1: the listeners are IPv4, and a program that tried IPv6 first would be refused.
            File(
                path: "etc/hosts",
                text: "127.0.0.1 localhost \(name)\n127.0.0.2 inference.local\n"),
            File(path: "etc/resolv.conf", text: "nameserver 127.0.0.1\noptions timeout:5 attempts:2\n"),
            File(path: "etc/hostname", text: "\(name)\n"),
            File(
                path: "etc/passwd",
                text: """
                    root:x:0:0:root:/:/usr/sbin/nologin
                    sandbox:x:1000:1000:sandbox:/sandbox:/bin/bash
                    nobody:x:65534:65534:nobody:/:/usr/sbin/nologin

                    """),
            File(path: "etc/group", text: "root:x:0:\ntty:x:5:\nsandbox:x:1000:\nnogroup:x:65534:\n"),
            File(
                path: "etc/nsswitch.conf",
                text: """
                    passwd: files
                    group: files
                    shadow: files
                    hosts: files dns
                    services: files
                    protocols: files

                    """),
            File(path: String(bundle.dropFirst()), text: caBundle),
        ]
    }
}
