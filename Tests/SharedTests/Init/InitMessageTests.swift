import Shared
import Testing

@Suite struct InitMessageTests {
    static let messages: [InitMessage] = [
        .start(
            InitCommand(
                id: 7, terminal: nil, directory: "/sandbox", argv: ["bash", "-c", "echo ü"],
                environment: ["A=b", "EMPTY="])),
        .start(
            InitCommand(
                id: .max, terminal: InitTerminal(columns: 80, rows: 24), directory: "/", argv: ["x"], environment: [])),
        .signal(id: 1, signal: 15),
        .started(id: 2, pid: 33),
        .failed(id: 3, errno: 2, step: "execute the program"),
        .exited(id: 4, .code(255)),
        .exited(id: 5, .signal(9)),
        .shutdown(graceMilliseconds: 5000),
    ]

    @Test(arguments: messages)
    func `a packet reads back as the message it was`(message: InitMessage) throws {
        #expect(try InitMessage(packet: message.encoded()[...]) == message)
    }

    @Test(arguments: messages)
    func `every cut of a packet is refused, and so is a byte too many`(message: InitMessage) throws {
        let packet = try message.encoded()
        for count in 0..<packet.count {
            #expect(throws: InitMessageProblem.truncated) { try InitMessage(packet: packet[..<count]) }
        }
        #expect(throws: InitMessageProblem.trailingBytes) { try InitMessage(packet: (packet + [0])[...]) }
    }

    @Test(arguments: messages)
    func `no changed byte makes the reader trap`(message: InitMessage) throws {
        let packet = try message.encoded()
        for index in packet.indices {
            for value in [0, 1, 0x7f, 0x80, 0xff] as [UInt8] {
                var changed = packet
                changed[index] = value
                _ = try? InitMessage(packet: changed[...])  // try?: refused or not, it must only not trap
            }
        }
    }

    @Test func `a false count does not make the reader reserve memory`() {
        let packet: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]
        #expect(throws: InitMessageProblem.truncated) { try InitMessage(packet: packet[...]) }
        #expect(InitMessage.startIdentifier(packet: packet[...]) == 1)
    }

    @Test func `a text with a zero byte is refused in both directions`() throws {
        let command = InitCommand(id: 1, terminal: nil, directory: "/", argv: ["a\0b"], environment: [])
        #expect(throws: InitMessageProblem.invalidText) { try InitMessage.start(command).encoded() }
        #expect(throws: InitMessageProblem.invalidText) {
            try InitMessage(packet: [4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0])
        }
        #expect(throws: InitMessageProblem.invalidText) {
            try InitMessage(packet: [4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0xff])
        }
    }

    @Test func `a command without arguments is refused`() {
        let command = InitCommand(id: 1, terminal: nil, directory: "/", argv: [], environment: [])
        #expect(throws: InitMessageProblem.emptyCommand) { try InitMessage.start(command).encoded() }
        let packet: [UInt8] = [1, 0, 0, 0, 1, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 12)
        #expect(throws: InitMessageProblem.emptyCommand) { try InitMessage(packet: packet[...]) }
    }

    @Test func `a packet over the limit is refused in both directions`() {
        let text = String(repeating: "x", count: InitMessage.maximumSize)
        let command = InitCommand(id: 1, terminal: nil, directory: "/", argv: [text], environment: [])
        #expect(throws: InitMessageProblem.tooLong) { try InitMessage.start(command).encoded() }
        let bytes = [UInt8](repeating: 1, count: InitMessage.maximumSize + 1)
        #expect(throws: InitMessageProblem.tooLong) { try InitMessage(packet: bytes[...]) }
    }
}
