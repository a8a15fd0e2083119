import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Why a provider gave no answer.
enum UpstreamFailure: Error, Equatable, Sendable {
    case refused
    case nameUnknown
    case unreachable
    case tls
    case closed
    case notHTTP
    case connectTimeout
    case firstByteTimeout
    case idleTimeout

    /// What an error of connecting or of TLS means.
    init(connecting error: any Error) {
        switch error {
        case let error as UpstreamFailure: self = error
        case let error as NIOConnectionError: self.init(attempts: error)
        case ChannelError.connectTimeout: self = .connectTimeout
        case let error as IOError: self.init(error)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self = .tls
        default: self = .unreachable
        }
    }

    private init(attempts error: NIOConnectionError) {
        guard let last = error.connectionErrors.last?.error else {
            self = .nameUnknown
            return
        }
        if error.connectionErrors.contains(where: { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }) {
            self = .refused
        } else {
            self = UpstreamFailure(connecting: last)
        }
    }

    private init(_ error: IOError) {
        switch error.errnoCode {
        case ECONNREFUSED: self = .refused
        case ETIMEDOUT: self = .connectTimeout
        case ECONNRESET, EPIPE: self = .closed
        default: self = .unreachable
        }
    }
}
