import CSandbox
import Glibc
import Shared

/// Who connected to a Unix-domain socket, as the kernel saw it then.
struct PeerCredentials: Sendable, Equatable {
    let uid: UInt32
    let gid: UInt32
    let pid: Int32

    init(uid: UInt32, gid: UInt32, pid: Int32) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
    }

    init(of socket: CInt) throws(NemoClawError) {
        var uid: uid_t = 0
        var gid: gid_t = 0
        var pid: pid_t = 0
        let result = csandbox_peer_credentials(socket, &uid, &gid, &pid)
        guard result == 0 else { throw .system("cannot read the peer's credentials", -result) }
        self.init(uid: uid, gid: gid, pid: pid)
    }
}
