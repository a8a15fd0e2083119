import NIOCore
import Shared

/// Connects as this device, waiting a while for a gateway that is restarting. Never anything but the gateway.
struct GatewayConnector: Sendable {
    let group: any EventLoopGroup
    let target: GatewayTarget
    let trustFile: String
    let credentials: GatewayCredentials
    /// Tells the user what is being waited for.
    let notice: @Sendable (String) -> Void
    /// How long a gateway may take to come back.
    var patience = Duration.seconds(15)
    var backoff: [Duration] = [.milliseconds(250), .milliseconds(500), .seconds(1), .seconds(2)]

    /// - Throws: `NemoClawError` that says why and what to type; `CancellationError`.
    func connect(
        scopes: [String], onEvent: @escaping @Sendable (_ name: String, _ payload: JSONValue) -> Void = { _, _ in }
    ) async throws -> GatewayConnection {
        let deadline = ContinuousClock.now + patience
        var attempt = 0
        var auth = try credentials.choose()
        while true {
            let chosen = auth
            let opening = GatewayConnection.Opening(
                target: target, trustFile: trustFile,
                makeConnect: { try credentials.connectParams(nonce: $0, scopes: scopes, auth: chosen) },
                onEvent: onEvent)
            do {
                let connection = try await GatewayConnection.open(opening, group: group)
                try credentials.keep(connection.hello)
                return connection
            } catch let refusal as GatewayRefusal where !refusal.isRestart {
                guard let other = try credentials.afterRefusal(refusal, of: auth, target: target) else {
                    throw refusal.explained(target: target)
                }
                auth = other
            } catch let error where error is GatewayRefusal || error as? HTTPFailure == .refused {
                let wait = pause(attempt, after: error)
                guard ContinuousClock.now + wait < deadline else { throw explain(error) }
                notice("gateway at \(target.url) is not ready (\(reason(error))), trying again in \(wait)")
                attempt += 1
                try await Task.sleep(for: wait)
            } catch let failure as HTTPFailure {
                throw explain(failure)
            }
        }
    }

    private func pause(_ attempt: Int, after error: any Error) -> Duration {
        let ours = backoff[min(attempt, backoff.count - 1)]
        guard let asked = (error as? GatewayRefusal)?.retryAfterMs, (1...5000).contains(asked) else { return ours }
        return max(ours, .milliseconds(asked))
    }

    private func reason(_ error: any Error) -> String {
        if let refusal = error as? GatewayRefusal {
            return refusal.message.isEmpty ? "closed without a reason" : refusal.message
        }
        return (error as? HTTPFailure)?.text ?? "no connection"
    }

    private func explain(_ error: any Error) -> NemoClawError {
        if let refusal = error as? GatewayRefusal { return refusal.explained(target: target) }
        return NemoClawError(
            .unavailable, "cannot connect to the gateway at \(target.url): \(reason(error))",
            hint: "On the host, run: nemoclaw status  For a run without the gateway, ask for it: openclaw agent --local"
        )
    }
}
