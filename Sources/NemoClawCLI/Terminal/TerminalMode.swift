import Glibc

/// A terminal's settings, changed for a while. `restore` runs at the latest when the value goes.
final class TerminalMode {
    enum Kind { case raw, noEcho }

    private let descriptor: Int32
    private let kind: Kind
    private var former: termios
    private var isChanged = false

    /// nil when `descriptor` is no terminal.
    init?(_ descriptor: Int32, _ kind: Kind) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { return nil }
        self.descriptor = descriptor
        self.kind = kind
        former = settings
        change()
    }

    deinit { restore() }

    func change() {
        var settings = former
        switch kind {
        case .raw: cfmakeraw(&settings)
        case .noEcho: settings.c_lflag &= ~tcflag_t(ECHO)
        }
        isChanged = tcsetattr(descriptor, TCSANOW, &settings) == 0
    }

    func restore() {
        guard isChanged else { return }
        isChanged = false
        tcsetattr(descriptor, TCSANOW, &former)
    }

    /// Columns and rows, nil when unknown.
    static func size(of descriptor: Int32) -> (columns: UInt16, rows: UInt16)? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (size.ws_col, size.ws_row)
    }
}
