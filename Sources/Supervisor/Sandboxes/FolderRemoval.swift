import Glibc
import Shared

/// Removes a folder whose contents a sandbox made. Nothing is followed, and no depth of nesting costs stack or
/// descriptors: folders found inside are moved up to the top, so that only two are ever open.
struct FolderRemoval {
    private let top: Descriptor
    private var counter: UInt64 = 0

    /// A folder that is not there is removed already.
    static func remove(_ path: String) throws(NemoClawError) {
        let number = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if number < 0 && errno == ENOENT { return }
        guard number >= 0 else { throw .system("cannot open \"\(path)\"", errno) }
        var removal = FolderRemoval(top: Descriptor(owning: number))
        try removal.empty()
        guard rmdir(path) == 0 || errno == ENOENT else { throw .system("cannot remove \"\(path)\"", errno) }
    }

    private init(top: Descriptor) {
        self.top = top
    }

    /// Passes over the top until it is empty; each pass ends at least the folders it found.
    private mutating func empty() throws(NemoClawError) {
        while true {
            let folders = try sweep(top.number, isTop: true)
            guard folders > 0 else { return }
        }
    }

    /// Unlinks the files of a folder. Folders in it are moved to the top, or emptied and removed when it is the top.
    /// - Returns: folders that were found.
    private mutating func sweep(_ folder: CInt, isTop: Bool) throws(NemoClawError) -> Int {
        let copy = fcntl(folder, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0, let stream = fdopendir(copy) else {
            let failure = errno
            if copy >= 0 { close(copy) }
            throw .system("cannot read a folder of the sandbox", failure)
        }
        defer { closedir(stream) }
        rewinddir(stream)  // the copy shares its position with earlier passes
        var folders = 0
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) + [0] }
                .map { CChar(bitPattern: $0) }
            guard name != [46, 0], name != [46, 46, 0] else { continue }
            if unlinkat(folder, name, 0) == 0 || errno == ENOENT { continue }
            guard errno == EISDIR || errno == EPERM else { throw .system("cannot remove a file of the sandbox", errno) }
            folders += 1
            if isTop {
                try removeFolder(name)
            } else {
                try lift(name, from: folder)
            }
        }
        return folders
    }

    private mutating func removeFolder(_ name: [CChar]) throws(NemoClawError) {
        let number = try unlock(name, in: top.number)
        let folder = Descriptor(owning: number)
        _ = try sweep(folder.number, isTop: false)
        guard unlinkat(top.number, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw .system("cannot remove a folder of the sandbox", errno)
        }
    }

    private mutating func lift(_ name: [CChar], from folder: CInt) throws(NemoClawError) {
        close(try unlock(name, in: folder))  // moving a folder changes its "..": it must be writable
        while true {
            counter += 1
            if renameat(folder, name, top.number, ".removed-\(counter)") == 0 { return }
            // Something of the sandbox has that name: take the next.
            guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else {
                throw .system("cannot move a folder of the sandbox", errno)
            }
        }
    }

    /// Opens a folder, whatever mode the sandbox gave it.
    private func unlock(_ name: [CChar], in folder: CInt) throws(NemoClawError) -> CInt {
        let handle = openat(folder, name, LinuxConstants.openPath | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard handle >= 0 else { throw .system("cannot open a folder of the sandbox", errno) }
        defer { close(handle) }
        let path = "/proc/self/fd/\(handle)"  // the very folder of the handle: no link can be put in its place
        guard chmod(path, 0o700) == 0 else { throw .system("cannot unlock a folder of the sandbox", errno) }
        let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw .system("cannot open a folder of the sandbox", errno) }
        return number
    }
}
