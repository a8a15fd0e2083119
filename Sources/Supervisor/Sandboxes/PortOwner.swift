import Glibc

/// The process that listens on a port, as far as `/proc` shows it to us.
struct PortOwner: Sendable, Equatable {
    let name: String
    let pid: Int32

    /// `nginx (pid 812)`.
    var description: String { "\(name) (pid \(pid))" }

    /// Reads all of `/proc`: milliseconds, so only for a port that is really taken.
    static func find(port: UInt16) -> PortOwner? {
        let inodes = listeningInodes(port: port)
        guard !inodes.isEmpty else { return nil }
        let targets = Set(inodes.map { "socket:[\($0)]" })
        for entry in entries(of: "/proc") {
            guard let pid = Int32(entry) else { continue }
            for number in entries(of: "/proc/\(pid)/fd")
            where target(of: "/proc/\(pid)/fd/\(number)").map(targets.contains) == true {
                return PortOwner(name: ProcessIdentity.name(of: pid) ?? "a program", pid: pid)
            }
        }
        return nil
    }

    /// Columns of `/proc/net/tcp` (`proc_pid_net(5)`): 1 local address, 3 state (0A: LISTEN), 9 inode.
    private static func listeningInodes(port: UInt16) -> [String] {
        let hexadecimal = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
        return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { path -> [String] in
            guard let bytes = SmallFile.read(path, limit: tableLimit) else { return [] }
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
                let fields = line.split(separator: " ", omittingEmptySubsequences: true)
                guard fields.count > 9, fields[3] == "0A", fields[1].hasSuffix(suffix) else { return nil }
                return String(fields[9])
            }
        }
    }

    /// Enough for 25 000 connections.
    private static let tableLimit = 4 << 20

    private static func entries(of path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.first != "." { names.append(name) }
        }
        return names
    }

    private static func target(of path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
