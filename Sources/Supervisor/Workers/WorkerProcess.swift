import CSandbox
import Glibc
import Shared

/// A worker that runs: its pid with a process descriptor, so that no signal ever meets a stranger.
struct WorkerProcess: Sendable {
    let pid: Int32
    let startTicks: UInt64
    let descriptor: Descriptor

    init(pid: Int32, startTicks: UInt64, descriptor: Descriptor) {
        self.pid = pid
        self.startTicks = startTicks
        self.descriptor = descriptor
    }

    /// A worker of an earlier supervisor, if that very process still lives.
    init?(survivor pid: Int32, startTicks: UInt64) {
        let number = csandbox_pidfd_open(pid)
        guard number >= 0 else { return nil }
        let descriptor = Descriptor(owning: number)
        // After opening: the descriptor now names whoever has the pid, so a match proves it is ours.
        guard ProcessIdentity.startTicks(of: pid) == startTicks else { return nil }
        self.init(pid: pid, startTicks: startTicks, descriptor: descriptor)
    }

    /// A process that is gone already is no error.
    func signal(_ number: CInt) {
        _ = csandbox_pidfd_send_signal(descriptor.number, number)
    }
}
