import Glibc
import Shared
import Testing

@testable import Supervisor

@Suite(.serialized) struct PortRangeTests {
    /// A range of the test's own.
    static let range = PortRange(first: 28_789)

    @Test("a foreign owner is named with its pid, and the next free port is taken with a line saying so")
    func foreignOwner() throws {
        let foreign = try PortRange.listen(Self.range.first)
        let reservation = try Self.range.reserve(avoiding: [])
        #expect(reservation.port == Self.range.first + 1)
        let note = try #require(reservation.notes.first)
        #expect(note.hasPrefix("! Port \(Self.range.first) is taken by "))
        #expect(note.contains("(pid \(getpid()))"))
        #expect(note.hasSuffix("Using port \(Self.range.first + 1) instead."))
        foreign.close()
    }

    @Test("the reservation is the listener: nobody else gets the port while it lives")
    func atomic() throws {
        let first = try Self.range.reserve(avoiding: [])
        let second = try Self.range.reserve(avoiding: [first.port])
        #expect(first.port != second.port)
        #expect(PortRange.isListener(first.listener, on: first.port))
        #expect(!PortRange.isListener(first.listener, on: second.port))
        let error = #expect(throws: NemoClawError.self) { try PortRange.reserve(exactly: first.port) }
        #expect(error?.code == .portInUse)
        #expect(error?.message.contains("(pid \(getpid()))") == true)
    }

    @Test("a used-up range is an error that names the owners")
    func exhausted() throws {
        let all = Set(Self.range.first..<Self.range.first + PortRange.count)
        let error = #expect(throws: NemoClawError.self) { try Self.range.reserve(avoiding: all) }
        #expect(error?.code == .portsExhausted)
        #expect(error?.message.hasSuffix("all belong to sandboxes") == true)
        let foreign = try PortRange.listen(Self.range.first)
        let named = #expect(throws: NemoClawError.self) {
            try Self.range.reserve(avoiding: all.subtracting([Self.range.first]))
        }
        #expect(named?.message.contains("\(Self.range.first) by ") == true)
        foreign.close()
    }

    @Test("ports below 1024 and ranges that overflow are refused")
    func badInput() {
        #expect(throws: NemoClawError.self) { try PortRange.reserve(exactly: 80) }
        for text in ["abc", "0", "80", "65530", "-1", "70000"] {
            #expect(throws: NemoClawError.self) { try PortRange(environment: ["NEMOCLAW_DASHBOARD_PORT": text]) }
        }
        #expect((try? PortRange(environment: [:])) == .standard)
    }
}
