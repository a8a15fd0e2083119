import Shared

/// Who decides about a request or removes a device.
enum Approver: Sendable, Equatable {
    /// A user on `control.sock`: may everything.
    case `operator`(uid: UInt32)
    /// A connection to a worker's port, with `ApprovalRules` as its limits.
    case connection(DeviceCaller)

    var auditName: String {
        switch self {
        case .operator(let uid): "operator:\(uid)"
        case .connection(let caller): "connection:\(caller.provenance.rawValue):\(caller.method.rawValue)"
        }
    }
}
