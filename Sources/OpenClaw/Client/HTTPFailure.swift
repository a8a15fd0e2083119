import NIOCore
import NIOPosix

/// Why an HTTP exchange gave no answer.
enum HTTPFailure: Error, Equatable {
    case refused
    case connect(String)
    case connectTimeout
    case firstByteTimeout
    case idleTimeout
    case closedEarly
    case tooLong(limit: Int)

    /// What a failed connect means.
    static func connecting(_ error: any Error) -> HTTPFailure {
        if let error = error as? HTTPFailure { return error }
        if let error = error as? NIOConnectionError {
            if let first = error.connectionErrors.first { return connecting(first.error) }
            return .connect("the name \"\(error.host)\" is not known")
        }
        if let error = error as? IOError {
            return error.errnoCode == ECONNREFUSED ? .refused : .connect(PrintableText.line("\(error)", limit: 200))
        }
        if case ChannelError.connectTimeout? = error as? ChannelError { return .connectTimeout }
        return .connect(PrintableText.line("\(error)", limit: 200))
    }

    var text: String {
        switch self {
        case .refused: "connection refused"
        case .connect(let reason): reason
        case .connectTimeout: "no connection within the time limit"
        case .firstByteTimeout: "no answer within the time limit"
        case .idleTimeout: "the answer stopped in the middle"
        case .closedEarly: "the connection was closed before the answer ended"
        case .tooLong(let limit): "the answer is longer than \(limit) bytes"
        }
    }
}
