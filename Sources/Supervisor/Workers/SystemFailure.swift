import Glibc
import Shared
import SystemPackage

extension NemoClawError {
    /// A failed system call: `step` says what was tried; a full disk keeps its own code.
    static func system(_ step: String, _ number: CInt) -> NemoClawError {
        switch number {
        case ENOSPC, EDQUOT:
            NemoClawError(.diskFull, "\(step): the disk is full", hint: "Free some space, then try again")
        default:
            NemoClawError(.internalError, "\(step): \(Errno(rawValue: number))")
        }
    }
}
