import CSandbox
import Glibc
import Shared

/// One connection that has yet to say its first frame. Reads exactly that frame and nothing after it, so that the socket
/// can be handed on.
struct Greeter {
    enum Progress { case waits, greeted(Greeting), gone }

    let socket: Descriptor
    let peer: PeerCredentials
    let deadline: Int64
    private let limit: Int
    private var bytes: [UInt8] = []
    private var expected = Self.headerLength
    private var descriptors: [Descriptor] = []

    private static let headerLength = 4

    init(socket: Descriptor, peer: PeerCredentials, deadline: Int64, maximumFrame: Int) {
        self.socket = socket
        self.peer = peer
        self.deadline = deadline
        limit = maximumFrame
    }

    /// Reads what is there.
    mutating func advance() -> Progress {
        while true {
            var chunk = [UInt8](repeating: 0, count: min(expected - bytes.count, 16_384))
            var numbers = [CInt](repeating: -1, count: Int(CSANDBOX_MAX_FDS))
            var received = 0
            let count = csandbox_recv_fds(socket.number, &chunk, chunk.count, &numbers, numbers.count, &received)
            descriptors += numbers.prefix(received).map { Descriptor(owning: $0) }
            if count == -Int(EAGAIN) { return .waits }
            guard count > 0, descriptors.count <= Int(CSANDBOX_MAX_FDS) else { return .gone }
            bytes += chunk.prefix(count)
            guard bytes.count == expected else { continue }
            if expected > Self.headerLength { return .greeted(greeting) }
            let length = bytes.reduce(0) { $0 << 8 | Int($1) }
            guard length > 0, length <= limit else { return .gone }
            expected = Self.headerLength + length
        }
    }

    private var greeting: Greeting {
        Greeting(
            socket: socket, peer: peer, body: Array(bytes.dropFirst(Self.headerLength)), descriptors: descriptors)
    }
}
