import Crypto
import Shared
import Synchronization

/// Which processes may call on `worker.sock`, and the secret each must know. Written by `Lifecycle`, read by the door.
final class WorkerRoster: Sendable {
    struct Entry: Sendable {
        let sandbox: SandboxName
        let uid: UInt32
        let secret: Secret<String>
    }

    private let entries = Mutex<[Int32: Entry]>([:])

    func admit(pid: Int32, _ entry: Entry) {
        entries.withLock { $0[pid] = entry }
    }

    func dismiss(pid: Int32) {
        entries.withLock { $0[pid] = nil }
    }

    /// The entry of a peer whose pid and uid are those of a worker we started.
    func entry(for peer: PeerCredentials) -> Entry? {
        entries.withLock { $0[peer.pid] }.flatMap { $0.uid == peer.uid ? $0 : nil }
    }

    /// Compares in a time that does not depend on where they differ.
    static func matches(_ secret: Secret<String>, _ shown: String) -> Bool {
        let expected = Array(SHA256.hash(data: Array(secret.reveal().utf8)))
        let given = Array(SHA256.hash(data: Array(shown.utf8)))
        return zip(expected, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
