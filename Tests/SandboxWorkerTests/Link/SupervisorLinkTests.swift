import CSandbox
import Glibc
import Logging
import NIOPosix
import Shared
import SystemPackage
import TestSupport
import Testing

@testable import SandboxWorker

/// The supervisor's side of `worker.sock`, blocking, with a time limit on every read.
final class FakeWorkerSocket {
    let listener: CInt

    init(_ path: String) throws {
        listener = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, listen(listener, 8) == 0 else { throw TestClient.Closed() }
    }

    deinit { close(listener) }

    func accept() async throws -> FakeLink {
        let listener = listener
        return FakeLink(try await blocking { Glibc.accept(listener, nil, nil) })
    }
}

/// Unchecked: a test uses it from one place at a time.
final class FakeLink: @unchecked Sendable {
    let descriptor: CInt
    private var frames = FrameBuffer(maximumBody: LinkMessage.maximumBody)
    private(set) var received: [CInt] = []

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
        var time = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit {
        for descriptor in received + [descriptor] { close(descriptor) }
    }

    func receive() async throws -> LinkMessage { try await blocking { try self.readMessage() } }

    private func readMessage() throws -> LinkMessage {
        while true {
            if let body = try frames.next() { return try JSONCoding.decode(LinkMessage.self, from: body) }
            var bytes = [UInt8](repeating: 0, count: 65_536)
            var descriptors = [CInt](repeating: -1, count: 4)
            var count = 0
            let got = csandbox_recv_fds(descriptor, &bytes, bytes.count, &descriptors, 4, &count)
            guard got > 0 else { throw TestClient.Closed() }
            received += descriptors[..<count]
            frames.append(bytes[..<got])
        }
    }

    func send(_ message: LinkMessage, descriptors: [CInt] = []) throws {
        let frame = FrameBuffer.frame(try JSONCoding.encode(message))
        guard csandbox_send_fds(descriptor, frame, frame.count, descriptors, descriptors.count) == frame.count else {
            throw TestClient.Closed()
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct SupervisorLinkTests {
    private func with(
        _ body: (FakeWorkerSocket, SupervisorLink, AsyncStream<String>) async throws -> Void
    ) async throws {
        try await TestFolder.with { path in
            let socket = try FakeWorkerSocket(path.string + "/worker.sock")
            let folder = open(path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            let first = open("/dev/null", O_RDONLY | O_CLOEXEC)
            defer { for descriptor in [folder, first] { close(descriptor) } }
            let link = SupervisorLink(
                eventLoop: MultiThreadedEventLoopGroup.singleton.next(), socket: WorkerSocket(folder: folder),
                hello: LinkHello(
                    kind: .worker, sandbox: try SandboxName("alpha"), secret: "s", pid: 1,
                    descriptors: ["inference", "port"]), descriptors: [first, first], logger: Logger(label: "test"))
            let (events, report) = AsyncStream.makeStream(of: String.self)
            await link.start(
                answerer: { method, params throws(NemoClawError) in
                    guard method == "echo" else { throw NemoClawError(.unknownMethod, "unknown") }
                    return params
                }, listener: { method, _ in report.yield(method) },
                refused: { report.yield("refused \($0.code.rawValue)") })
            try await body(socket, link, events)
            await link.close()
        }
    }

    private let configuration = WorkerConfiguration(provider: "p", providerLabel: "P", model: "m")

    @Test("hello carries its descriptors, and both sides ask")
    func conversation() async throws {
        try await with { socket, link, events in
            let peer = try await socket.accept()
            guard case .hello(let hello) = try await peer.receive() else {
                Issue.record("no hello")
                return
            }
            #expect(hello.descriptors == ["inference", "port"] && peer.received.count == 2)
            try peer.send(.welcome(configuration: configuration))
            #expect(await events.first { _ in true } == "configuration")
            try peer.send(.ask(id: 7, method: "echo", params: ["x": 1]))
            #expect(try await peer.receive() == .answer(id: 7, result: ["x": 1]))
            try peer.send(.ask(id: 8, method: "other", params: [:]))
            guard case .failure(8, let error) = try await peer.receive() else {
                Issue.record("no failure")
                return
            }
            #expect(error.code == .unknownMethod)
            async let answer = link.ask("device.list", [:], milliseconds: 20_000)
            guard case .ask(let id, "device.list", _) = try await peer.receive() else {
                Issue.record("no question")
                return
            }
            try peer.send(.answer(id: 999, result: "nobody asked"))
            try peer.send(.answer(id: id, result: ["ok": true]))
            #expect(try await answer == ["ok": true])
        }
    }

    @Test("after the supervisor went away the worker dials again, with the same hello and its state")
    func again() async throws {
        try await with { socket, link, events in
            await link.tell("state", ["state": "ready"])
            do {
                let first = try await socket.accept()
                _ = try await first.receive()
                try first.send(.welcome(configuration: nil))
                #expect(try await first.receive() == .tell(method: "state", params: ["state": "ready"]))
            }
            let second = try await socket.accept()
            guard case .hello = try await second.receive() else {
                Issue.record("no hello")
                return
            }
            #expect(second.received.count == 2)
            try second.send(.welcome(configuration: nil))
            #expect(try await second.receive() == .tell(method: "state", params: ["state": "ready"]))
        }
    }

    @Test("a question under way fails when the link is lost, and none is asked without a link")
    func lost() async throws {
        try await with { socket, link, events in
            async let early = link.ask("a", [:], milliseconds: 20_000)
            do {
                let peer = try await socket.accept()
                _ = try await peer.receive()
                try peer.send(.welcome(configuration: nil))
                guard case .ask = try await peer.receive() else {
                    Issue.record("no question")
                    return
                }
            }
            do {
                _ = try await early
                Issue.record("an answer came from nowhere")
            } catch { #expect((error as? NemoClawError)?.code == .unavailable) }
            let error = await #expect(throws: NemoClawError.self) { try await link.ask("b", [:], milliseconds: 1) }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("a refusal ends it")
    func refused() async throws {
        try await with { socket, link, events in
            let peer = try await socket.accept()
            _ = try await peer.receive()
            try peer.send(.refused(NemoClawError(.forbidden, "not you")))
            #expect(await events.first { _ in true } == "refused forbidden")
        }
    }

    @Test("garbage from the other side closes the connection, and it is dialled again")
    func garbage() async throws {
        try await with { socket, _, _ in
            for bytes in [
                [0xff, 0xff, 0xff, 0xff, 0], FrameBuffer.frame(Array("{".utf8)),
                FrameBuffer.frame(Array(#"{"type":"welcomed"}"#.utf8)),
            ] as [[UInt8]] {
                let peer = try await socket.accept()
                _ = try await peer.receive()
                _ = Glibc.send(peer.descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL))
                await #expect(throws: TestClient.Closed.self) { try await peer.receive() }
            }
        }
    }

    @Test("waiting times grow to a quarter of a second")
    func backoff() {
        var backoff = LinkBackoff()
        #expect((0..<7).map { _ in backoff.failed() } == [10, 20, 40, 80, 160, 250, 250])
        backoff.succeeded()
        #expect(backoff.failed() == 10)
    }
}
