import Glibc
import Shared

/// The ports that sandboxes get on the host's loopback. Listening on one is the reservation: nobody else can have it then.
struct PortRange: Sendable, Equatable {
    struct Reservation: Sendable {
        let port: UInt16
        let listener: Descriptor
        /// Lines worth showing about ports that were passed over.
        let notes: [String]
    }

    /// Upstream's dashboard ports: 18789 to 18799.
    static let standard = PortRange(first: 18_789)
    static let count: UInt16 = 11
    private static let backlog: CInt = 128

    let first: UInt16

    /// `NEMOCLAW_DASHBOARD_PORT` moves the range.
    init(environment: [String: String]) throws(NemoClawError) {
        guard let text = environment["NEMOCLAW_DASHBOARD_PORT"], !text.isEmpty else {
            self = .standard
            return
        }
        guard let first = UInt16(text), first >= 1_024, first <= UInt16.max - Self.count else {
            throw NemoClawError(
                .invalidArgument, "NEMOCLAW_DASHBOARD_PORT is \"\(text.prefix(32))\", which is no port for a range",
                hint: "Use a number from 1024 to \(UInt16.max - Self.count)")
        }
        self.init(first: first)
    }

    init(first: UInt16) {
        self.first = first
    }

    private var ports: Range<UInt16> { first..<first + Self.count }

    /// The first free port that no sandbox has.
    /// - Parameter avoiding: ports in the registry.
    /// - Parameter preferred: tried before the range, without a note when nothing is in its way.
    func reserve(avoiding: Set<UInt16>, preferred: UInt16? = nil) throws(NemoClawError) -> Reservation {
        var owners: [(port: UInt16, owner: PortOwner?)] = []
        let candidates = (preferred.map { [$0] } ?? []) + ports.filter { $0 != preferred && !avoiding.contains($0) }
        for port in candidates {
            do {
                let listener = try Self.listen(port)
                let notes = owners.map {
                    "! Port \($0.port) is taken by \(Self.text($0.owner)). Using port \(port) instead."
                }
                return Reservation(port: port, listener: listener, notes: notes)
            } catch {
                guard error.code == .portInUse else { throw error }
                owners.append((port, PortOwner.find(port: port)))
            }
        }
        let taken = owners.map { "\($0.port) by \(Self.text($0.owner))" }.joined(separator: ", ")
        throw NemoClawError(
            .portsExhausted,
            "no port from \(first) to \(first + Self.count - 1) is free"
                + (taken.isEmpty ? ": all belong to sandboxes" : ": \(taken)"),
            hint: "Choose one with --port, or free one: nemoclaw list")
    }

    /// This port or none.
    static func reserve(exactly port: UInt16) throws(NemoClawError) -> Reservation {
        guard port >= 1_024 else {
            throw NemoClawError(.invalidArgument, "port \(port) is reserved for the system", hint: "Use 1024 or above")
        }
        do {
            return Reservation(port: port, listener: try listen(port), notes: [])
        } catch {
            guard error.code == .portInUse else { throw error }
            throw NemoClawError(
                .portInUse, "port \(port) is in use by \(text(PortOwner.find(port: port)))",
                hint: "Choose another port, or leave --port away to get a free one")
        }
    }

    /// A listener on the host's loopback.
    static func listen(_ port: UInt16) throws(NemoClawError) -> Descriptor {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(AF_INET, type, 0)
        guard number >= 0 else { throw .system("cannot create a socket", errno) }
        let listener = Descriptor(owning: number)
        var yes: CInt = 1  // old connections in TIME_WAIT do not count; a listener still does
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, Glibc.listen(number, backlog) == 0 else {
            guard errno == EADDRINUSE else { throw .system("cannot listen on port \(port)", errno) }
            throw NemoClawError(.portInUse, "port \(port) is in use")
        }
        return listener
    }

    /// Whether a descriptor that a worker gave back is a listener on this port of the loopback.
    static func isListener(_ descriptor: Descriptor, on port: UInt16) -> Bool {
        guard ListenerCheck.isListening(descriptor) else { return false }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor.number, $0, &length)
            }
        }
        return result == 0 && address.sin_family == sa_family_t(AF_INET) && address.sin_port == port.bigEndian
            && address.sin_addr.s_addr == UInt32(0x7f00_0001).bigEndian
    }

    private static func text(_ owner: PortOwner?) -> String {
        owner?.description ?? "another program"
    }
}
