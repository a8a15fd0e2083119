import Glibc
import Shared
import SystemPackage

/// A descriptor that closes itself.
struct OwnedDescriptor: ~Copyable {
    let raw: CInt

    deinit { close(raw) }
}

/// The sandbox's home, reached through its directory descriptor only. The sandbox owns what is in it and may put
/// anything there: links, pipes, endless files. So every component is opened with `O_NOFOLLOW`, only regular files are
/// read, and every read has a limit.
struct HomeFolder: Sendable {
    /// Directory descriptor; stays open as long as the worker lives.
    let descriptor: CInt

    /// The file's bytes, nil when there is none. A file longer than `maximum` is read from its end when `tail`.
    /// - Throws: `state_corrupt` for anything that is not a plain file below plain folders, or is too long.
    func read(_ path: [String], maximum: Int, tail: Bool = false) throws(NemoClawError) -> (bytes: [UInt8], cut: Bool)?
    {
        guard let name = path.last, let folder = try folder(path.dropLast(), create: false) else { return nil }
        let raw = openat(folder.raw, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("open", path, errno)
        }
        let file = OwnedDescriptor(raw: raw)
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw failure("look at", path, errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw corrupt(path, "is not a plain file") }
        let size = Int(status.st_size)
        let cut = size > maximum
        guard !cut || tail else { throw corrupt(path, "is longer than \(maximum) bytes") }
        return (try read(file, from: cut ? size - maximum : 0, count: min(size, maximum), path), cut)
    }

    /// Writes a file of mode 0600 in one step: a temporary one, then a rename over whatever is there.
    func write(_ path: [String], _ bytes: [UInt8]) throws(NemoClawError) {
        guard let name = path.last, let folder = try folder(path.dropLast(), create: true) else { return }
        let temporary = ".\(name).\(UInt64.random(in: 0...UInt64.max))"
        let raw = openat(folder.raw, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw failure("create", path, errno) }
        let file = OwnedDescriptor(raw: raw)
        do throws(NemoClawError) {
            var offset = 0
            while offset < bytes.count {
                let count = bytes.withUnsafeBytes {
                    Glibc.write(file.raw, $0.baseAddress?.advanced(by: offset), $0.count - offset)
                }
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw failure("write", path, errno) }
                offset += count
            }
            guard fsync(file.raw) == 0 else { throw failure("write", path, errno) }
            guard renameat(folder.raw, temporary, folder.raw, name) == 0 else { throw failure("rename", path, errno) }
        } catch {
            unlinkat(folder.raw, temporary, 0)
            throw error
        }
    }

    /// Names in a folder, sorted, at most `maximum`; none when it is not there.
    func names(in path: [String], maximum: Int) throws(NemoClawError) -> [String] {
        guard let folder = try folder(path[...], create: false) else { return [] }
        // fdopendir takes its descriptor over.
        let copy = fcntl(folder.raw, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = fdopendir(copy) else { throw failure("list", path, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < maximum, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private func folder(_ path: ArraySlice<String>, create: Bool) throws(NemoClawError) -> OwnedDescriptor? {
        var current = OwnedDescriptor(raw: fcntl(descriptor, F_DUPFD_CLOEXEC, 0))
        guard current.raw >= 0 else { throw failure("open", [], errno) }
        for component in path {
            guard Self.isPlain(component) else { throw corrupt(Array(path), "has a component that is not allowed") }
            if create && mkdirat(current.raw, component, 0o700) != 0 && errno != EEXIST {
                throw failure("create", Array(path), errno)
            }
            let next = openat(current.raw, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            guard next >= 0 else {
                if errno == ENOENT && !create { return nil }
                throw failure("open", Array(path), errno)
            }
            current = OwnedDescriptor(raw: next)
        }
        return current
    }

    private func read(
        _ file: borrowing OwnedDescriptor, from start: Int, count: Int, _ path: [String]
    ) throws(NemoClawError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var offset = 0
        while offset < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(file.raw, $0.baseAddress?.advanced(by: offset), count - offset, off_t(start + offset))
            }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw failure("read", path, errno) }
            if got == 0 { break }  // it shrank meanwhile
            offset += got
        }
        bytes.removeLast(count - offset)
        return bytes
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(where: { $0 == 0x2f || $0 == 0 })
    }

    private func failure(_ verb: String, _ path: [String], _ code: CInt) -> NemoClawError {
        switch code {
        case ELOOP, ENOTDIR, ENXIO: return corrupt(path, "is not a plain file below plain folders")
        case ENOSPC, EDQUOT: return NemoClawError(.diskFull, "cannot \(verb) \"\(shown(path))\": disk is full")
        default:
            return NemoClawError(
                .internalError, "cannot \(verb) \"\(shown(path))\": \(Errno(rawValue: code).description)")
        }
    }

    private func corrupt(_ path: [String], _ text: String) -> NemoClawError {
        NemoClawError(.stateCorrupt, "\"\(shown(path))\" \(text)")
    }

    private func shown(_ path: [String]) -> String { "/sandbox/" + path.joined(separator: "/") }
}
