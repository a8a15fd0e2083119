import Glibc
import NIOCore
import NIOPosix
import Shared

/// The command's side of a session: its input, and its one or two outputs.
struct SessionStreams: Sendable {
    struct Callbacks: Sendable {
        var output: @Sendable (ByteBuffer) -> Void
        var errors: @Sendable (ByteBuffer) -> Void
        var inputWritable: @Sendable (Bool) -> Void
        var ended: @Sendable () -> Void
    }

    let input: any Channel
    let outputs: [any Channel]
    /// A duplicate of the terminal's master, for its size.
    let terminal: CInt?

    static func pipes(_ pipes: inout Pipes, eventLoop: any EventLoop, _ callbacks: Callbacks) async throws
        -> SessionStreams
    {
        let input = try await bootstrap(eventLoop) { _ in
        } writable: {
            callbacks.inputWritable($0)
        } ended: {
        }
        .takingOwnershipOfDescriptor(output: pipes.takeWriteEnd(0)).get()
        let output = try await bootstrap(eventLoop) {
            callbacks.output($0)
        } writable: { _ in
        } ended: {
            callbacks.ended()
        }
        .takingOwnershipOfDescriptor(input: pipes.takeReadEnd(1)).get()
        let errors = try await bootstrap(eventLoop) {
            callbacks.errors($0)
        } writable: { _ in
        } ended: {
            callbacks.ended()
        }
        .takingOwnershipOfDescriptor(input: pipes.takeReadEnd(2)).get()
        return SessionStreams(input: input, outputs: [output, errors], terminal: nil)
    }

    /// Takes `master` over.
    static func terminal(_ master: CInt, eventLoop: any EventLoop, _ callbacks: Callbacks) async throws
        -> SessionStreams
    {
        let copy = fcntl(master, F_DUPFD_CLOEXEC, 0)
        let channel: any Channel
        do {
            channel = try await bootstrap(eventLoop) {
                callbacks.output($0)
            } writable: {
                callbacks.inputWritable($0)
            } ended: {
                callbacks.ended()
            }.takingOwnershipOfDescriptor(inputOutput: master).get()
        } catch {
            Glibc.close(copy)
            throw error
        }
        return SessionStreams(input: channel, outputs: [channel], terminal: copy)
    }

    func resize(columns: UInt16, rows: UInt16) {
        guard let terminal else { return }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(terminal, UInt(TIOCSWINSZ), &size)  // a terminal that is gone has no size to change
    }

    func pauseOutput(_ isPaused: Bool) {
        for channel in outputs { channel.setOption(.autoRead, value: !isPaused).whenFailure { _ in } }
    }

    func close() {
        input.close(promise: nil)
        for channel in outputs { channel.close(promise: nil) }
        if let terminal { Glibc.close(terminal) }
    }

    private static func bootstrap(
        _ eventLoop: any EventLoop, read: @escaping @Sendable (ByteBuffer) -> Void,
        writable: @escaping @Sendable (Bool) -> Void, ended: @escaping @Sendable () -> Void
    ) -> NIOPipeBootstrap {
        NIOPipeBootstrap(group: eventLoop)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 32_768))
            .channelOption(.writeBufferWaterMark, value: .init(low: 65_536, high: 262_144))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        RelayHandler(read: read, writable: writable, ended: ended))
                }
            }
    }
}
