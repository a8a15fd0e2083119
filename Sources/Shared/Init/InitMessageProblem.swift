/// Why a packet is no `InitMessage`. No text of the packet: it comes from the other side.
public enum InitMessageProblem: Error, Sendable, Equatable {
    case truncated
    case trailingBytes
    case unknownKind
    case unknownFlags
    case invalidText
    case emptyCommand
    /// Longer than `InitMessage.maximumSize`.
    case tooLong
}
