import Glibc
import Shared

@main
struct Main {
    static func main() {
        let environment = ProcessEnvironment.all()
        let console = Console(environment: environment)
        do throws(NemoClawError) {
            let context = try Context(
                environment: environment, console: console, executable: ProcessEnvironment.executable(), user: geteuid()
            )
            exit(Program.run(Array(CommandLine.arguments.dropFirst()), context: context))
        } catch {
            exit(Program.report(error, wantsJSON: false, console))
        }
    }
}
