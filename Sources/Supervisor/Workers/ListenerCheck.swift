import Glibc

/// A worker parses untrusted bytes: what it hands over is looked at before it is served.
enum ListenerCheck {
    /// Whether it is a listening stream socket.
    static func isListening(_ descriptor: Descriptor) -> Bool {
        option(SO_ACCEPTCONN, of: descriptor) == 1 && option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue)
    }

    private static func option(_ name: CInt, of descriptor: Descriptor) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor.number, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }
}
