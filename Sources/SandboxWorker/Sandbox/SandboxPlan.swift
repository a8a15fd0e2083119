import CSandbox
import Glibc
import Shared

/// Everything that a launch does, as values. C executes it step by step and decides nothing.
struct SandboxPlan: Sendable, Equatable {
    struct Listener: Sendable, Equatable {
        enum Kind: Sendable, Equatable { case tcp, udp }

        var kind: Kind
        /// IPv4 in host byte order.
        var address: UInt32
        var port: UInt16
    }

    struct Bind: Sendable, Equatable {
        enum Source: Sendable, Equatable {
            case path(String)
            /// A detached mount; it can be attached once and stays the caller's to close.
            case mount(CInt)
        }

        enum Kind: Sendable, Equatable { case readOnly, writable, device }

        var source: Source
        /// In the new root, without a leading slash.
        var target: String
        var kind: Kind
        /// Skipped when the source does not exist.
        var optional = false
    }

    struct Directory: Sendable, Equatable {
        var path: String
        var mode: UInt32 = 0o755
    }

    struct Link: Sendable, Equatable {
        var path: String
        var target: String
    }

    struct File: Sendable, Equatable {
        var path: String
        var text: String
        var mode: UInt32 = 0o444
    }

    struct TemporaryFileSystem: Sendable, Equatable {
        var path: String
        var sizeInBytes: UInt64
        var mode: UInt32
    }

    struct Limit: Sendable, Equatable {
        /// `RLIMIT_…`
        var resource: Int32
        var soft: UInt64
        var hard: UInt64
    }

    var sandbox: SandboxName
    var listeners: [Listener]
    var binds: [Bind]
    /// Parents before children.
    var directories: [Directory]
    var links: [Link]
    var files: [File]
    var temporary: [TemporaryFileSystem]
    var limits: [Limit]
    /// Uid and gid of everything inside.
    var innerUser: UInt32
    var rootSizeInBytes: UInt64
    var hostname: String
    /// Absolute, inside.
    var program: String
    var arguments: [String]
    /// Of init itself; commands bring their own.
    var environment: [String]
    /// Init's stdout and stderr; nil is `/dev/null`.
    var log: CInt?
}
