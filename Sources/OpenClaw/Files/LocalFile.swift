import Glibc
import Shared
import SystemPackage

/// Small files in the agent's own home: bounded reads, atomic 0600 writes, no symbolic links followed at the end.
enum LocalFile {
    /// The file's bytes, nil when there is no such file.
    /// - Throws: `invalid_argument` above `limit` bytes, `state_corrupt` when it cannot be read.
    static func read(_ path: FilePath, limit: Int) throws(NemoClawError) -> [UInt8]? {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
            defer { try? file.close() }  // try?: nothing was written, so close cannot lose anything
            return try readAll(file, limit: limit, name: path.string)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch let error as NemoClawError {
            throw error
        } catch {
            throw NemoClawError(.stateCorrupt, "cannot read \"\(path)\": \(error)")
        }
    }

    /// Everything that `file` still has, at most `limit` bytes.
    static func readAll(_ file: FileDescriptor, limit: Int, name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 8)
        defer { chunk.deallocate() }
        while true {
            let count = try file.read(into: chunk)
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else {
                throw NemoClawError(.invalidArgument, "cannot read \"\(name)\": it is longer than \(limit) bytes")
            }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    /// Replaces `path` by a new file with `bytes`, mode 0600: written aside, synced, renamed.
    static func replace(_ path: FilePath, with bytes: [UInt8]) throws(NemoClawError) {
        let temporary = try writeAside(path, bytes)
        guard rename(temporary.string, path.string) == 0 else {
            throw failure("replace", path, removing: temporary)
        }
        syncFolder(of: path)
    }

    /// Creates `path` with `bytes`, mode 0600, whole or not at all.
    /// - Returns: false when somebody else created it first.
    static func create(_ path: FilePath, with bytes: [UInt8]) throws(NemoClawError) -> Bool {
        let temporary = try writeAside(path, bytes)
        if link(temporary.string, path.string) != 0 {
            if errno == EEXIST {
                unlink(temporary.string)
                return false
            }
            throw failure("create", path, removing: temporary)
        }
        unlink(temporary.string)
        syncFolder(of: path)
        return true
    }

    /// Makes the folder and what is missing above it, 0700.
    static func makeFolder(_ path: FilePath) throws(NemoClawError) {
        if mkdir(path.string, 0o700) == 0 || errno == EEXIST { return }
        let parent = path.removingLastComponent()
        guard errno == ENOENT, !parent.isEmpty, parent != path else {
            throw NemoClawError(.stateCorrupt, "cannot create folder \"\(path)\": \(Errno(rawValue: errno))")
        }
        try makeFolder(parent)
        guard mkdir(path.string, 0o700) == 0 || errno == EEXIST else {
            throw NemoClawError(.stateCorrupt, "cannot create folder \"\(path)\": \(Errno(rawValue: errno))")
        }
    }

    /// Makes a rename or a new file in `path`'s folder last over a power cut, as far as the file system does that.
    static func syncFolder(of path: FilePath) {
        let folder = open(path.removingLastComponent().string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { return }
        fsync(folder)
        close(folder)
    }

    private static func writeAside(_ path: FilePath, _ bytes: [UInt8]) throws(NemoClawError) -> FilePath {
        let temporary = FilePath("\(path.string).\(RandomText.hexadecimal(bytes: 8)).tmp")
        do {
            try makeFolder(path.removingLastComponent())
            let file = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite])
            try file.closeAfter {
                try file.writeAll(bytes)
                guard fsync(file.rawValue) == 0 else { throw Errno(rawValue: errno) }
            }
            return temporary
        } catch let error as NemoClawError {
            throw error
        } catch {
            unlink(temporary.string)
            let full = error as? Errno == .noSpace || error as? Errno == .diskQuotaExceeded
            throw NemoClawError(full ? .diskFull : .stateCorrupt, "cannot write \"\(path)\": \(error)")
        }
    }

    private static func failure(_ verb: String, _ path: FilePath, removing temporary: FilePath) -> NemoClawError {
        let reason = Errno(rawValue: errno)
        unlink(temporary.string)
        return NemoClawError(.stateCorrupt, "cannot \(verb) \"\(path)\": \(reason)")
    }
}
