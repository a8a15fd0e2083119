/// How a worker ended, as far as anyone can know.
enum WorkerExit: Sendable, Equatable {
    case code(Int32)
    case signal(Int32)
    /// An adopted worker is not our child: its status went to init.
    case unknown

    /// Exit code of a worker that says restarting cannot help (`EX_CONFIG` of `sysexits.h`).
    static let permanentCode: Int32 = 78

    /// From `waitpid`'s status word (`wait(2)`).
    init(status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    var isPermanent: Bool { self == .code(Self.permanentCode) }

    /// Continues "worker …".
    var sentence: String {
        switch self {
        case .code(let code): "exited with code \(code)"
        case .signal(let signal): "was killed by signal \(signal)"
        case .unknown: "ended"
        }
    }
}
