import Logging
import NIOCore
import Shared

extension Lifecycle {
    /// Waits until the sandbox is ready, stopped or failed.
    /// - Throws: `timeout`.
    func settle(_ name: SandboxName, within limit: Duration) async throws(NemoClawError) -> SandboxObservation {
        let deadline = ContinuousClock.now + limit
        while true {
            guard let observation = observe(name) else { throw Store.unknown(name) }
            switch observation.state {
            case .ready, .stopped, .failed: return observation
            case .provisioning, .starting, .stopping: break
            }
            guard ContinuousClock.now < deadline else {
                throw NemoClawError(
                    .timeout,
                    "sandbox \"\(name)\" is still \(observation.state.rawValue) after \(limit.components.seconds) s",
                    hint: "See its log: nemoclaw \(name) logs")
            }
            await change(before: deadline)
        }
    }

    /// Returns at the next change of any sandbox, or at the deadline.
    private func change(before deadline: ContinuousClock.Instant) async {
        let id = nextWaiter
        nextWaiter += 1
        let left = ContinuousClock.now.duration(to: deadline)
        let timer = environment.group.next().scheduleTask(in: TimeAmount(left)) {
            Task { await self.wake(id) }  // from the event loop into the actor
        }
        await withCheckedContinuation { waiters[id] = $0 }
        timer.cancel()
    }

    private func wake(_ id: UInt64) {
        waiters.removeValue(forKey: id)?.resume()
    }

    func wakeWaiters() {
        let woken = waiters
        waiters = [:]
        for waiter in woken.values { waiter.resume() }
    }

    /// Stops all sandboxes side by side; their wanted states stay.
    func stopAll(within limit: Duration) async {
        for name in entries.keys { handle(.stopAsked, for: name) }
        for name in entries.keys {
            do {
                _ = try await settle(name, within: limit)
            } catch {
                logger.error("sandbox did not stop", metadata: ["sandbox.name": "\(name)"])
            }
        }
    }
}
