import Glibc
import NIOCore
import Shared

/// Who speaks on `control.sock`. To open the socket (0660) takes its owner, its group or root, which the kernel checks;
/// whoever is not the owner or root therefore came through the group and may only read.
struct ControlPeer: Sendable, Equatable {
    let uid: UInt32
    let mayWrite: Bool

    static let nobody = ControlPeer(uid: UInt32.max, mayWrite: false)

    init(uid: UInt32, mayWrite: Bool) {
        self.uid = uid
        self.mayWrite = mayWrite
    }

    init(uid: UInt32, owner: UInt32) {
        self.init(uid: uid, mayWrite: uid == owner || uid == 0)
    }

    /// `struct ucred` of `unix(7)`.
    private struct Credentials: Sendable {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    /// `SO_PEERCRED` of the connection (`unix(7)`).
    static func of(_ channel: any Channel, owner: UInt32) async throws(NemoClawError) -> ControlPeer {
        guard let options = channel as? any SocketOptionProvider else {
            throw NemoClawError(.forbidden, "cannot tell who is asking")
        }
        do {
            let credentials: Credentials = try await options.unsafeGetSocketOption(
                level: NIOBSDSocket.OptionLevel(rawValue: SOL_SOCKET),
                name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
            ).get()
            return ControlPeer(uid: credentials.uid, owner: owner)
        } catch {
            throw NemoClawError(.forbidden, "cannot tell who is asking")
        }
    }

    func requireWrite() throws(NemoClawError) {
        guard mayWrite else {
            throw NemoClawError(
                .forbidden, "user \(uid) may look but not change anything",
                hint: "Ask the user who runs the supervisor, or root")
        }
    }
}
