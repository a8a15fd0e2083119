import Foundation
import Glibc
import Shared
import Synchronization

/// The worker's side of one session, blocking, for a thread of its own.
final class StubSession {
    private let descriptor: Int32
    private var buffer = FrameBuffer(maximumBody: SessionFrameKind.maximumBody)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func body() throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let body = try buffer.next() { return body }
            let count = read(descriptor, &bytes, bytes.count)
            guard count > 0 else { return nil }
            buffer.append(bytes[..<count])
        }
    }

    func frame() throws -> (kind: SessionFrameKind, body: [UInt8])? {
        guard let body = try body(), let first = body.first, let kind = SessionFrameKind(rawValue: first) else {
            return nil
        }
        return (kind, Array(body.dropFirst()))
    }

    func send(_ kind: SessionFrameKind, _ text: String) { send(kind, Array(text.utf8)) }
    func send(_ kind: SessionFrameKind, _ body: [UInt8]) {
        StubSocket.write(descriptor, FrameBuffer.frame([kind.rawValue] + body))
    }
    func raw(_ bytes: [UInt8]) { StubSocket.write(descriptor, bytes) }
    func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// A `session.sock` that says yes and then plays `script`; or refuses.
final class StubSessionServer: Sendable {
    private let listener: Int32

    init(
        path: String, refusal: NemoClawError? = nil,
        script: @escaping @Sendable (StubSession) throws -> Void = { _ in }
    ) {
        listener = StubSocket.listen(path)
        let listener = listener
        Thread {
            while case let client = StubSocket.accept(listener), client >= 0 {
                Thread {
                    let session = StubSession(client)
                    // try?: what a broken client sends is the test's to judge by its own output.
                    guard (try? session.body()) != nil else { return }
                    if let refusal, let error = try? JSONCoding.value(refusal),
                        let bytes = try? JSONCoding.encode(["ok": false, "error": error] as JSONValue)
                    {
                        session.raw(FrameBuffer.frame(bytes))
                    } else {
                        session.raw(FrameBuffer.frame(Array("{\"ok\":true}".utf8)))
                        try? script(session)
                    }
                    close(client)
                }.start()
            }
        }.start()
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}
