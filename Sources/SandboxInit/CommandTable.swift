/// The running commands: the worker's id and the pid, which is also the process group.
struct CommandTable {
    /// Commands at once.
    static let limit = 256

    private var pids: [UInt32: Int32] = [:]
    private var identifiers: [Int32: UInt32] = [:]

    var isFull: Bool { pids.count >= Self.limit }

    func pid(of id: UInt32) -> Int32? { pids[id] }

    mutating func add(id: UInt32, pid: Int32) {
        pids[id] = pid
        identifiers[pid] = id
    }

    /// The command that was `pid`, nil for an adopted orphan.
    mutating func remove(pid: Int32) -> UInt32? {
        guard let id = identifiers.removeValue(forKey: pid) else { return nil }
        pids[id] = nil
        return id
    }
}
