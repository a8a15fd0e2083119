import Glibc
import SystemPackage

/// Names in a folder.
enum FolderListing {
    /// At most `limit` names, in no order; empty when the folder cannot be read.
    static func names(in folder: FilePath, limit: Int) -> [String] {
        guard let stream = opendir(folder.string) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
