import Glibc
import Shared

/// Makes the folders of `Folders`, with the rights of `docs/wire-protocols.md`.
enum FolderSetup {
    /// - Parameter user: the supervisor's effective user.
    static func prepare(_ folders: Folders, user: UInt32) throws(NemoClawError) {
        try prepare(folders.state, mode: 0o700, user: user)
        // Root's workers have users of their own and reach worker.sock through a descriptor of RUN.
        try prepare(folders.run, mode: user == 0 ? 0o711 : 0o700, user: user)
        try prepare(folders.config, mode: 0o700, user: user)
    }

    private static func prepare(_ path: String, mode: mode_t, user: UInt32) throws(NemoClawError) {
        try makeParents(of: path)
        let isNew = mkdir(path, mode) == 0
        guard isNew || errno == EEXIST else { throw .system("cannot create \"\(path)\"", errno) }
        let folder = Descriptor(owning: open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
        var status = stat()
        guard folder.number >= 0, fstat(folder.number, &status) == 0 else {
            throw .system("cannot open folder \"\(path)\"", errno)
        }
        guard status.st_uid == user else {
            throw NemoClawError(
                .forbidden, "folder \"\(path)\" belongs to user \(status.st_uid), not to us (\(user))",
                hint: "Run as that user, or set NEMOCLAW_HOME to a folder of your own")
        }
        guard fchmod(folder.number, mode) == 0 else { throw .system("cannot set the rights of \"\(path)\"", errno) }
    }

    private static func makeParents(of path: String) throws(NemoClawError) {
        var end = path.startIndex
        while let slash = path[path.index(after: end)...].firstIndex(of: "/") {
            end = slash
            let parent = String(path[..<slash])
            guard mkdir(parent, 0o700) == 0 || errno == EEXIST || errno == EROFS || errno == EISDIR else {
                throw .system("cannot create \"\(parent)\"", errno)
            }
        }
    }
}
