import Glibc

/// Constants that Swift's view of glibc hides behind `_GNU_SOURCE`; same on x86-64 and arm64.
enum LinuxConstants {
    /// `O_PATH` of `open(2)`.
    static let openPath: CInt = 0x20_0000
    /// `F_SETPIPE_SZ` of `fcntl(2)`.
    static let setPipeSize: CInt = 1031
}
