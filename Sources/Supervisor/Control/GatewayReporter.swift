import FoundationEssentials
import Glibc
import Shared
import Synchronization

/// What `GET /v1/gateway` shows.
final class GatewayReporter: Sendable {
    private struct State {
        var state = "starting"
        var certificateSerial: String
        var certificateNotAfterMs: Int64
    }

    private let state: Mutex<State>
    private let port: UInt16
    private let startedAtMs: Int64

    init(certificates: GatewayCertificates, port: UInt16, startedAtMs: Int64) {
        self.port = port
        self.startedAtMs = startedAtMs
        state = Mutex(
            State(
                certificateSerial: certificates.leafSerial,
                certificateNotAfterMs: Self.milliseconds(certificates.notAfter)))
    }

    func hostListener(is text: String) {
        state.withLock { $0.state = text }
    }

    func use(_ certificates: GatewayCertificates) {
        state.withLock { state in
            state.certificateSerial = certificates.leafSerial
            state.certificateNotAfterMs = Self.milliseconds(certificates.notAfter)
        }
    }

    func status() -> GatewayStatus {
        let state = state.withLock { $0 }
        return GatewayStatus(
            state: state.state, pid: getpid(), version: ProductVersion.string, address: "127.0.0.1", port: port,
            certificateSerial: state.certificateSerial, certificateNotAfterMs: state.certificateNotAfterMs,
            startedAtMs: startedAtMs)
    }

    private static func milliseconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1_000) }
}
