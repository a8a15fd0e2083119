import Glibc
public import Shared
import Synchronization

/// Blocks of neighbouring loopback ports that nobody listens on, each given once in this process.
public enum FreePorts {
    private static let next = Mutex<UInt16>(UInt16(21_000 + Int(getpid()) % 400 * 24))

    /// First port of a block.
    public static func block(of count: UInt16) throws(NemoClawError) -> UInt16 {
        for _ in 0..<200 {
            let first = next.withLock { next in
                defer { next = next > 32_000 ? 21_000 : next + count }
                return next
            }
            if (first..<first + count).allSatisfy(isFree) { return first }
        }
        throw NemoClawError(.portsExhausted, "no free block of \(count) ports")
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
