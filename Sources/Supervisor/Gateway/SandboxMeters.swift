import Shared
import Synchronization

/// The meters of all sandboxes that were seen since the start.
final class SandboxMeters: Sendable {
    private let meters = Mutex<[SandboxName: SandboxMeter]>([:])

    func meter(of sandbox: SandboxName) -> SandboxMeter {
        meters.withLock { meters in
            if let meter = meters[sandbox] { return meter }
            let meter = SandboxMeter()
            meters[sandbox] = meter
            return meter
        }
    }

    func usage(of sandbox: SandboxName) -> GatewayUsage {
        meters.withLock { $0[sandbox] }?.usage ?? GatewayUsage()
    }
}
