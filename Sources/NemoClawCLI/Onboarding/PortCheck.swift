import Glibc

/// Whether a port of 127.0.0.1 can be listened on, and who has it.
enum PortCheck {
    static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        // Connections that ended a moment ago do not count as users.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return result == 0 && listen(descriptor, 1) == 0
    }

    /// ` by nginx (pid 812)`, empty when that cannot be seen (another user's process).
    static func owner(_ port: UInt16) -> String {
        let inodes = listeningInodes(port)
        guard !inodes.isEmpty else { return "" }
        for pid in entries("/proc") where Int32(pid) != nil {
            for number in entries("/proc/\(pid)/fd") {
                guard let target = link("/proc/\(pid)/fd/\(number)"), target.hasPrefix("socket:["),
                    inodes.contains(String(target.dropFirst(8).dropLast()))
                else { continue }
                let name = SmallFile.read("/proc/\(pid)/comm")?.filter { !$0.isNewline } ?? "a program"
                return " by \(Printable.line(name, limit: 32)) (pid \(pid))"
            }
        }
        return ""
    }

    /// Socket inodes that listen (state 0A) on the port, from proc(5)'s tables.
    private static func listeningInodes(_ port: UInt16) -> Set<String> {
        let hex = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - hex.count) + hex
        var result: Set<String> = []
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in (SmallFile.read(table) ?? "").split(separator: "\n") {
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[1].hasSuffix(suffix), fields[3] == "0A" else { continue }
                result.insert(String(fields[9]))
            }
        }
        return result
    }

    private static func entries(_ folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var result: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { result.append(name) }
        }
        return result
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
