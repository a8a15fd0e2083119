import Synchronization

/// The connection of a run, once there is one, for the task that may have to abort it.
final class ConnectionSlot: Sendable {
    private let connection = Mutex<GatewayConnection?>(nil)

    var current: GatewayConnection? { connection.withLock { $0 } }

    func set(_ new: GatewayConnection) {
        connection.withLock { $0 = new }
    }
}
