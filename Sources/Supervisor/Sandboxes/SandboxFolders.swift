import Glibc
import NIOPosix
import Shared

/// Makes and removes the folders of sandboxes.
struct SandboxFolders: Sendable {
    let paths: SandboxPaths

    /// Makes the sandbox's folder with an empty home that belongs to its user.
    func create(_ name: SandboxName, uid: UInt32?) throws(NemoClawError) {
        try Self.make(paths.all)
        try setAside(name)
        try Self.make(paths.folder(name))
        try Self.make(paths.home(name))
        if let uid, lchown(paths.home(name), uid, uid) != 0 {
            throw .system("cannot give \"\(paths.home(name))\" to uid \(uid)", errno)
        }
    }

    /// Takes the folder out of sight at once, then deletes it, which may take long.
    func remove(_ name: SandboxName) async throws(NemoClawError) {
        let doomed = "\(paths.all)/.removing-\(SandboxSecrets.hexadecimal().prefix(16))"
        guard rename(paths.folder(name), doomed) == 0 else {
            if errno == ENOENT { return }
            throw .system("cannot remove the data of sandbox \"\(name)\"", errno)
        }
        try await Self.delete(doomed)
    }

    /// Ends removals that a crash interrupted.
    func removeLeftovers() async throws(NemoClawError) {
        guard let folder = opendir(paths.all) else { return }
        var doomed: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix(".removing-") { doomed.append("\(paths.all)/\(name)") }
        }
        closedir(folder)
        for path in doomed { try await Self.delete(path) }
    }

    private static func delete(_ path: String) async throws(NemoClawError) {
        do {
            try await NIOThreadPool.singleton.runIfActive { try FolderRemoval.remove(path) }
        } catch let error as NemoClawError {
            throw error
        } catch {
            throw NemoClawError(.internalError, "cannot remove \"\(path)\": \(error)")
        }
    }

    /// Data without a registry entry is nobody's to reuse and not ours to delete.
    private func setAside(_ name: SandboxName) throws(NemoClawError) {
        let aside = "\(paths.all)/.unregistered-\(name)-\(SandboxSecrets.hexadecimal().prefix(8))"
        guard rename(paths.folder(name), aside) == 0 || errno == ENOENT else {
            throw .system("cannot move \"\(paths.folder(name))\" aside", errno)
        }
    }

    private static func make(_ path: String) throws(NemoClawError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system("cannot create \"\(path)\"", errno) }
    }
}
