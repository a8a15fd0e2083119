import Shared

/// One sandbox's lifecycle as a value: no clock, no processes. `Lifecycle` runs it.
///
/// Deadlines carry the epoch of the state that armed them, so that a late one meets a newer epoch and is ignored.
struct SandboxStateMachine: Sendable, Equatable {
    enum Event: Sendable, Equatable {
        case startAsked
        case stopAsked
        case restartAsked
        /// A worker of an earlier supervisor is alive.
        case foundAlive
        case spawned
        case spawnFailed(reason: String, permanent: Bool)
        /// The worker said hello with a right secret.
        case registered
        /// The worker said that its sandbox is up.
        case ready
        case linkLost
        case exited(WorkerExit)
        case deadline(epoch: UInt64)
    }

    enum Action: Sendable, Equatable {
        case spawn
        case arm(milliseconds: Int64, epoch: UInt64)
        case askStop(graceMilliseconds: Int64)
        case terminate
        case kill
    }

    /// From spawn to ready; a sandbox takes milliseconds, a loaded host seconds.
    static let startMilliseconds: Int64 = 30_000
    /// A living worker dials at least every 250 ms.
    static let adoptionMilliseconds: Int64 = 2_000
    /// Commands get TERM and this long, then the worker ends.
    static let graceMilliseconds: Int64 = 5_000
    /// After the grace the worker itself gets TERM, and this long, before KILL.
    static let terminateMilliseconds: Int64 = 2_000
    /// A worker that lost its link redials within 250 ms; one that does not in this time hangs.
    static let linkMilliseconds: Int64 = 10_000

    private enum State: Sendable, Equatable {
        case provisioning  // → spawning, adopting, stopped
        case spawning  // → launched, restarting, failed, stopped (after the spawn's answer)
        case adopting  // → launched, replacing, restarting, stopping
        case launched  // → registered, replacing, restarting, failed, stopping
        case registered  // → ready, launched, replacing, restarting, failed, stopping
        case ready  // → unlinked, restarting, failed, stopping
        case unlinked  // → ready, replacing, restarting, failed, stopping
        case replacing(why: String, killed: Bool)  // hung worker is being ended → restarting, failed, stopping
        case restarting  // waits for its delay → spawning, stopped
        case stopping(step: StopStep, thenStart: Bool)  // → stopped, spawning
        case stopped  // → spawning
        case failed(why: String)  // → spawning, stopped
    }

    private enum StopStep: Sendable, Equatable { case asked, terminated, killed }

    private var current = State.provisioning
    private var policy = RestartPolicy()
    private var wantsStop = false
    private(set) var epoch: UInt64 = 0
    /// Unplanned deaths since it was last started by hand.
    private(set) var restarts = 0
    private(set) var lastDeath: String?

    /// What the operator is shown.
    var state: SandboxState {
        switch current {
        case .provisioning: .provisioning
        case .spawning, .adopting, .launched, .registered, .replacing, .restarting: .starting
        case .ready, .unlinked: .ready
        case .stopping: .stopping
        case .stopped: .stopped
        case .failed: .failed
        }
    }

    /// Why it is not ready, when there is something to say.
    var reason: String? {
        switch current {
        case .failed(let why), .replacing(let why, _): why
        case .spawning, .launched, .registered, .restarting: lastDeath
        case .adopting: "waits for a worker that survived the supervisor"
        default: nil
        }
    }

    mutating func handle(_ event: Event, at now: Int64) -> [Action] {
        switch event {
        case .startAsked: start()
        case .stopAsked: stop(thenStart: false)
        case .restartAsked: stop(thenStart: true)
        case .foundAlive: foundAlive()
        case .spawned: spawned()
        case .spawnFailed(let reason, let permanent): spawnFailed(reason, permanent: permanent, at: now)
        case .registered: registered(at: now)
        case .ready: ready(at: now)
        case .linkLost: linkLost()
        case .exited(let exit): exited(exit, at: now)
        case .deadline(let armed): armed == epoch ? deadline(at: now) : []
        }
    }
}

extension SandboxStateMachine {
    private mutating func enter(_ next: State, deadline: Int64? = nil) -> [Action] {
        current = next
        epoch += 1
        return deadline.map { [.arm(milliseconds: $0, epoch: epoch)] } ?? []
    }

    private mutating func spawn() -> [Action] {
        wantsStop = false
        return enter(.spawning) + [.spawn]
    }

    private mutating func start() -> [Action] {
        switch current {
        case .provisioning, .stopped, .failed:
            policy.forget()
            restarts = 0
            lastDeath = nil
            return spawn()
        case .restarting:
            return spawn()
        case .stopping(let step, _):
            current = .stopping(step: step, thenStart: true)  // same deadlines: no new epoch
            return []
        case .spawning:
            wantsStop = false
            return []
        case .adopting, .launched, .registered, .ready, .unlinked, .replacing:
            return []
        }
    }

    private mutating func stop(thenStart: Bool) -> [Action] {
        switch current {
        case .registered, .ready:
            return enter(.stopping(step: .asked, thenStart: thenStart), deadline: Self.graceMilliseconds + 1_000)
                + [.askStop(graceMilliseconds: Self.graceMilliseconds)]
        case .adopting, .launched, .unlinked, .replacing:  // nobody to ask
            return enter(.stopping(step: .terminated, thenStart: thenStart), deadline: Self.terminateMilliseconds)
                + [.terminate]
        case .spawning:
            wantsStop = !thenStart
            return []
        case .stopping(let step, _):
            current = .stopping(step: step, thenStart: thenStart)
            return []
        case .provisioning, .restarting, .stopped, .failed:
            return thenStart ? startAnew() : enter(.stopped)
        }
    }

    private mutating func startAnew() -> [Action] {
        current = .stopped
        return start()
    }

    private mutating func foundAlive() -> [Action] {
        current == .provisioning ? enter(.adopting, deadline: Self.adoptionMilliseconds) : []
    }

    private mutating func spawned() -> [Action] {
        guard current == .spawning else { return [.kill] }  // nobody waits for this worker
        if wantsStop {
            return enter(.stopping(step: .terminated, thenStart: false), deadline: Self.terminateMilliseconds)
                + [.terminate]
        }
        return enter(.launched, deadline: Self.startMilliseconds)
    }

    private mutating func spawnFailed(_ reason: String, permanent: Bool, at now: Int64) -> [Action] {
        guard current == .spawning else { return [] }
        if wantsStop { return enter(.stopped) }
        return died(reason, permanent: permanent, at: now)
    }

    private mutating func registered(at now: Int64) -> [Action] {
        switch current {
        case .adopting, .launched: enter(.registered, deadline: Self.startMilliseconds)
        case .unlinked: enter(.ready)
        default: []
        }
    }

    private mutating func ready(at now: Int64) -> [Action] {
        guard current == .registered else { return [] }
        policy.becameReady(at: now)
        return enter(.ready)
    }

    private mutating func linkLost() -> [Action] {
        switch current {
        case .ready: enter(.unlinked, deadline: Self.linkMilliseconds)
        case .registered: enter(.launched, deadline: Self.startMilliseconds)
        default: []
        }
    }

    private mutating func exited(_ exit: WorkerExit, at now: Int64) -> [Action] {
        switch current {
        case .stopping(_, let thenStart):
            return thenStart ? startAnew() : enter(.stopped)
        case .replacing(let why, _):
            return died(why, permanent: false, at: now)
        case .adopting, .launched, .registered, .ready, .unlinked:
            return died("worker \(exit.sentence)", permanent: exit.isPermanent, at: now)
        case .provisioning, .spawning, .restarting, .stopped, .failed:
            return []
        }
    }

    private mutating func died(_ why: String, permanent: Bool, at now: Int64) -> [Action] {
        restarts += 1
        lastDeath = why
        if permanent { return enter(.failed(why: why)) }
        switch policy.died(at: now) {
        case .giveUp:
            let seconds = RestartPolicy.windowMilliseconds / 1_000
            return enter(.failed(why: "worker died \(RestartPolicy.ceiling) times in \(seconds) s, last: \(why)"))
        case .restart(afterMilliseconds: 0): return spawn()
        case .restart(let delay): return enter(.restarting, deadline: delay)
        }
    }

    private mutating func deadline(at now: Int64) -> [Action] {
        switch current {
        case .restarting:
            return spawn()
        case .adopting:
            return replace("worker that survived the supervisor did not call")
        case .launched, .registered:
            return replace("worker was not ready within \(Self.startMilliseconds / 1_000) s")
        case .unlinked:
            return replace("worker lost its link and did not call again")
        case .replacing(let why, false):
            return enter(.replacing(why: why, killed: true)) + [.kill]
        case .stopping(.asked, let thenStart):
            return enter(
                .stopping(step: .terminated, thenStart: thenStart), deadline: Self.terminateMilliseconds)
                + [.terminate]
        case .stopping(.terminated, let thenStart):
            return enter(.stopping(step: .killed, thenStart: thenStart)) + [.kill]
        case .replacing, .stopping, .provisioning, .spawning, .ready, .stopped, .failed:
            return []
        }
    }

    private mutating func replace(_ why: String) -> [Action] {
        enter(.replacing(why: why, killed: false), deadline: Self.terminateMilliseconds) + [.terminate]
    }
}
