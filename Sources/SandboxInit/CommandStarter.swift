import CSandbox
import Glibc
import Shared

/// Starts one command.
struct CommandStarter {
    struct Failure: Error {
        let errno: CInt
        let step: String
    }

    /// The pid and, with a terminal, its master. Closes `descriptors` in every case.
    static func start(
        _ command: InitCommand, descriptors: [CInt]
    ) throws(Failure) -> (pid: Int32, master: CInt?) {
        defer { descriptors.forEach { close($0) } }
        guard let terminal = command.terminal else {
            guard descriptors.count == InitMessage.standardDescriptors else {
                throw Failure(errno: EINVAL, step: "take the descriptors")
            }
            return (try run(command, stdio: (descriptors[0], descriptors[1], descriptors[2]), terminal: false), nil)
        }
        guard descriptors.isEmpty else { throw Failure(errno: EINVAL, step: "take the descriptors") }
        var master: CInt = -1
        var slave: CInt = -1
        let result = csandbox_open_terminal(terminal.columns, terminal.rows, &master, &slave)
        guard result == 0 else { throw Failure(errno: -result, step: "open a terminal") }
        defer { close(slave) }
        do throws(Failure) {
            return (try run(command, stdio: (slave, slave, slave), terminal: true), master)
        } catch {
            close(master)
            throw error
        }
    }

    private static func run(
        _ command: InitCommand, stdio: (CInt, CInt, CInt), terminal: Bool
    ) throws(Failure) -> Int32 {
        var pid: pid_t = -1
        var failure = csandbox_failure()
        let result = StringVector.with(command.argv) { argv in
            StringVector.with(command.environment) { environment in
                command.directory.withCString { directory in
                    var plan = csandbox_command(
                        argv: argv, envp: environment, directory: directory, stdio: stdio, terminal: terminal ? 1 : 0)
                    return csandbox_start_command(&plan, &pid, &failure)
                }
            }
        }
        guard result == 0 else {
            throw Failure(errno: failure.error, step: String(cString: csandbox_step_name(failure.step)))
        }
        return pid
    }
}
