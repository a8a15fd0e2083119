import Glibc

/// Facts of `/proc` that tell one process from a later one with the same pid.
enum ProcessIdentity {
    /// Start time in clock ticks since boot (field 22 of `proc_pid_stat(5)`); nil when there is no such process, or a dead one.
    static func startTicks(of pid: Int32) -> UInt64? {
        guard pid > 0, let text = SmallFile.read("/proc/\(pid)/stat", limit: 4_096),
            let end = text.lastIndex(of: UInt8(ascii: ")"))  // the name before it may hold anything
        else { return nil }
        let fields = text[(end + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, fields[0].first != UInt8(ascii: "Z") else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    /// Short name as the kernel has it, printable characters only.
    static func name(of pid: Int32) -> String? {
        guard let text = SmallFile.read("/proc/\(pid)/comm", limit: 64) else { return nil }
        let printable = text.filter { $0 > 0x20 && $0 < 0x7f }
        return printable.isEmpty ? nil : String(decoding: printable, as: UTF8.self)
    }
}
