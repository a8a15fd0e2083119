import Shared
import Testing

@testable import Supervisor

@Suite struct SandboxStateMachineTests {
    typealias Machine = SandboxStateMachine

    /// Every state, named, with the events that lead there.
    static let paths: [String: [Machine.Event]] = [
        "provisioning": [],
        "spawning": [.startAsked],
        "adopting": [.foundAlive],
        "launched": [.startAsked, .spawned],
        "registered": [.startAsked, .spawned, .registered],
        "ready": [.startAsked, .spawned, .registered, .ready],
        "unlinked": [.startAsked, .spawned, .registered, .ready, .linkLost],
        "stopping": [.startAsked, .spawned, .registered, .ready, .stopAsked],
        "stopped": [.startAsked, .spawned, .registered, .ready, .stopAsked, .exited(.code(0))],
        "failed": [.startAsked, .spawned, .exited(.code(78))],
        "restarting": [
            .startAsked, .spawned, .exited(.code(1)), .spawned, .exited(.code(1)),
        ],
    ]

    static let events: [String: Machine.Event] = [
        "start": .startAsked, "stop": .stopAsked, "restart": .restartAsked, "found": .foundAlive, "spawned": .spawned,
        "spawnFailed": .spawnFailed(reason: "x", permanent: true), "registered": .registered, "ready": .ready,
        "linkLost": .linkLost, "exited": .exited(.signal(9)),
    ]

    /// What the operator sees after each event in each state; a state that is not named keeps what it shows.
    static let changes: [String: [String: SandboxState]] = [
        "provisioning": ["start": .starting, "stop": .stopped, "restart": .starting, "found": .starting],
        "spawning": ["spawnFailed": .failed],
        "adopting": ["stop": .stopping, "restart": .stopping],
        "launched": ["stop": .stopping, "restart": .stopping],
        "registered": ["stop": .stopping, "restart": .stopping, "ready": .ready],
        "ready": ["stop": .stopping, "restart": .stopping, "exited": .starting],
        "unlinked": ["stop": .stopping, "restart": .stopping, "exited": .starting],
        "stopping": ["exited": .stopped],
        "stopped": ["start": .starting, "restart": .starting],
        "failed": ["start": .starting, "stop": .stopped, "restart": .starting],
        "restarting": ["stop": .stopped],
    ]

    static func machine(in state: String) -> Machine {
        var machine = Machine()
        for event in paths[state] ?? [] { _ = machine.handle(event, at: 0) }
        return machine
    }

    @Test("every state meets every event", arguments: paths.keys.sorted(), events.keys.sorted())
    func table(state: String, event: String) throws {
        var machine = Self.machine(in: state)
        let before = machine.state
        let actions = machine.handle(try #require(Self.events[event]), at: 1)
        #expect(machine.state == Self.changes[state]?[event] ?? before)
        // A worker that nobody waits for is ended, and only then is anything killed here.
        #expect(actions.contains(.kill) == (event == "spawned" && state != "spawning"))
        // A deadline of an earlier state changes nothing.
        let settled = machine
        #expect(machine.handle(.deadline(epoch: machine.epoch &- 1), at: 2).isEmpty)
        #expect(machine == settled)
    }

    @Test("the first restart is at once, the next ones wait 100, 200, 400 ms, the fifth death fails")
    func backoff() {
        var machine = Self.machine(in: "ready")
        #expect(machine.handle(.exited(.signal(9)), at: 0) == [.spawn])
        for delay in [100, 200, 400] as [Int64] {
            _ = machine.handle(.spawned, at: 0)
            #expect(
                machine.handle(.exited(.code(1)), at: 0) == [.arm(milliseconds: delay, epoch: machine.epoch)])
            #expect(machine.handle(.deadline(epoch: machine.epoch), at: 0) == [.spawn])
        }
        _ = machine.handle(.spawned, at: 0)
        #expect(machine.handle(.exited(.code(1)), at: 0).isEmpty)
        #expect(machine.state == .failed)
        #expect(machine.restarts == 5)
        #expect(machine.reason == "worker died 5 times in 60 s, last: worker exited with code 1")
        #expect(machine.handle(.startAsked, at: 0) == [.spawn])
        #expect(machine.restarts == 0)
    }

    @Test("deaths that are rare enough never reach the ceiling, and the delay stays below ten seconds")
    func rareDeaths() {
        var policy = RestartPolicy()
        var longest: Int64 = 0
        for number in 0..<40 as Range<Int64> {
            guard case .restart(let delay) = policy.died(at: number * 15_001) else {
                Issue.record("gave up at death \(number)")
                return
            }
            longest = max(longest, delay)
        }
        #expect(longest == 10_000)
    }

    @Test("a worker that was ready for a minute is restarted at once again")
    func forgivenAfterAMinute() {
        var policy = RestartPolicy()
        _ = policy.died(at: 0)
        #expect(policy.died(at: 1) == .restart(afterMilliseconds: 100))
        policy.becameReady(at: 2)
        #expect(policy.died(at: 60_002) == .restart(afterMilliseconds: 0))
    }

    @Test("stopping asks, then TERM, then KILL")
    func stopLadder() {
        var machine = Self.machine(in: "ready")
        #expect(machine.handle(.stopAsked, at: 0).last == .askStop(graceMilliseconds: 5_000))
        #expect(machine.handle(.deadline(epoch: machine.epoch), at: 0).last == .terminate)
        #expect(machine.handle(.deadline(epoch: machine.epoch), at: 0) == [.kill])
        #expect(machine.handle(.exited(.signal(9)), at: 0).isEmpty)
        #expect(machine.state == .stopped)
        #expect(machine.restarts == 0)
    }

    @Test("a survivor that does not call is told TERM, then KILL, then replaced")
    func silentSurvivor() {
        var machine = Self.machine(in: "adopting")
        #expect(machine.handle(.deadline(epoch: machine.epoch), at: 0).last == .terminate)
        #expect(machine.handle(.deadline(epoch: machine.epoch), at: 0) == [.kill])
        #expect(machine.handle(.exited(.unknown), at: 0) == [.spawn])
    }

    @Test("a stop during the spawn ends the new worker; a start during a stop starts again")
    func crossings() {
        var machine = Self.machine(in: "spawning")
        _ = machine.handle(.stopAsked, at: 0)
        #expect(machine.handle(.spawned, at: 0).last == .terminate)
        #expect(machine.state == .stopping)
        _ = machine.handle(.startAsked, at: 0)
        #expect(machine.handle(.exited(.signal(15)), at: 0) == [.spawn])
        #expect(machine.state == .starting)
    }

    @Test("a hung start and a lost link end the worker and count as a death", arguments: ["launched", "unlinked"])
    func hung(state: String) {
        var machine = Self.machine(in: state)
        #expect(machine.handle(.deadline(epoch: machine.epoch), at: 0).last == .terminate)
        #expect(machine.handle(.exited(.signal(15)), at: 0) == [.spawn])
        #expect(machine.restarts == 1)
    }
}
