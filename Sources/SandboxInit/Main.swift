import CSandbox
import Glibc

/// Pid 1 of a sandbox: starts commands for the worker, reaps, ends. Everything it knows comes over descriptor 3.
@main
struct SandboxInitMain {
    static func main() {
        let signals = csandbox_init_prepare()
        guard signals >= 0 else { exit(71) }  // EX_OSERR
        var service = InitService(link: InitSocket(descriptor: 3), signals: signals)
        exit(service.run())
    }
}
