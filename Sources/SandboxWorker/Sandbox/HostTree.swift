import Glibc

/// What of the host's file system a sandbox can be made of. Read once; the plan is computed from it alone.
struct HostTree: Sendable, Equatable {
    enum Entry: Sendable, Equatable {
        case link(name: String, target: String)
        case directory(name: String)
    }

    /// `/bin`, `/sbin`, `/lib…`: links on hosts with a merged `/usr`, folders on others.
    var topLevel: [Entry]
    /// Names below `/etc` that exist.
    var etc: [String]
    /// Folders outside `/usr` with libraries that our own programs were linked to; empty for an installed product, which
    /// is linked statically.
    var libraries: [String]

    /// Harmless and useful below `/etc`; whatever is not named is not there.
    static let etcNames = [
        "alternatives", "bash.bashrc", "crypto-policies", "debian_version", "fonts", "inputrc", "ld.so.cache",
        "ld.so.conf", "ld.so.conf.d", "localtime", "lsb-release", "magic", "mime.types", "os-release", "perl",
        "profile", "protocols", "python3", "rpc", "services", "shells", "ssl/openssl.cnf", "terminfo", "timezone",
    ]
    private static let topLevelNames = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]

    static func read() -> HostTree {
        HostTree(
            topLevel: topLevelNames.compactMap(entry), etc: etcNames.filter { exists("/etc/\($0)") },
            libraries: swiftLibraries())
    }

    private static func entry(_ name: String) -> Entry? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/\(name)", &target, target.count)
        if count > 0, count < target.count {
            let text = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return .link(name: name, target: text)
        }
        return exists("/\(name)") ? .directory(name: name) : nil
    }

    private static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// The folder of the Swift runtime when it is a shared library outside `/usr`: a development build.
    private static func swiftLibraries() -> [String] {
        guard let file = fopen("/proc/self/maps", "re") else { return [] }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 8192)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            guard text.hasSuffix("/libswiftCore.so\n"), let start = text.firstIndex(of: "/") else { continue }
            let folder = String(text[start...].dropLast("/libswiftCore.so\n".count))
            return folder.isEmpty || folder.hasPrefix("/usr/") ? [] : [folder]
        }
        return []
    }
}
