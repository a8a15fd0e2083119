import FoundationEssentials

/// Permission bits of a file. (`stat` itself cannot be named here: Foundation, which comes in with the supervisor, hides
/// who defines it.)
enum FileMode {
    static func of(_ path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? Int) ?? (attributes[.posixPermissions] as? UInt).map { Int($0) } ?? -1
    }
}
