import Shared

/// Something a worker asks or tells.
struct WorkerMessage: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case ask(id: UInt64)
        case tell
    }

    let kind: Kind
    let method: String
    let params: JSONValue
    /// Length of its frame, for the bound on what waits.
    let bytes: Int
}
