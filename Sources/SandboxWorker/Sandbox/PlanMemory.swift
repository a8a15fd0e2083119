import CSandbox
import Glibc
import Shared

/// The C form of a plan. Everything it points to lives as long as this object.
final class PlanMemory {
    private(set) var plan = csandbox_plan()
    private var blocks: [UnsafeMutableRawPointer] = []

    init(_ source: SandboxPlan) {
        plan.listeners = array(source.listeners.map(Self.listener))
        plan.listener_count = UInt32(source.listeners.count)
        plan.binds = array(source.binds.map(bind))
        plan.bind_count = UInt32(source.binds.count)
        plan.directories = array(
            source.directories.map { csandbox_directory(path: text($0.path), mode: $0.mode, reserved: 0) })
        plan.directory_count = UInt32(source.directories.count)
        plan.symlinks = array(source.links.map { csandbox_symlink(target: text($0.target), path: text($0.path)) })
        plan.symlink_count = UInt32(source.links.count)
        plan.files = array(source.files.map(file))
        plan.file_count = UInt32(source.files.count)
        plan.tmpfs = array(
            source.temporary.map {
                csandbox_tmpfs(path: text($0.path), bytes: $0.sizeInBytes, mode: $0.mode, reserved: 0)
            })
        plan.tmpfs_count = UInt32(source.temporary.count)
        plan.limits = array(
            source.limits.map { csandbox_limit(soft: $0.soft, hard: $0.hard, resource: $0.resource, reserved: 0) })
        plan.limit_count = UInt32(source.limits.count)
        plan.inner_uid = source.innerUser
        plan.root_bytes = source.rootSizeInBytes
        plan.hostname = text(source.hostname)
        plan.program = text(source.program)
        plan.argv = vector(source.arguments)
        plan.envp = vector(source.environment)
        plan.log_fd = source.log ?? -1
    }

    deinit {
        blocks.forEach { $0.deallocate() }
    }

    private static func listener(_ listener: SandboxPlan.Listener) -> csandbox_listener {
        csandbox_listener(
            type: Int32(listener.kind == .tcp ? SOCK_STREAM.rawValue : SOCK_DGRAM.rawValue), address: listener.address,
            port: listener.port,
            // As many waiting connections as the kernel's default for a whole host; the supervisor may be restarting.
            backlog: 4096, reserved: 0)
    }

    private func bind(_ bind: SandboxPlan.Bind) -> csandbox_bind {
        var flags = bind.optional ? UInt32(CSANDBOX_BIND_OPTIONAL) : 0
        switch bind.kind {
        case .readOnly: flags |= UInt32(CSANDBOX_BIND_READ_ONLY)
        case .device: flags |= UInt32(CSANDBOX_BIND_DEVICE)
        case .writable: break
        }
        switch bind.source {
        case .path(let path):
            return csandbox_bind(source: text(path), target: text(bind.target), source_fd: -1, flags: flags)
        case .mount(let descriptor):
            return csandbox_bind(source: nil, target: text(bind.target), source_fd: descriptor, flags: flags)
        }
    }

    private func file(_ file: SandboxPlan.File) -> csandbox_file {
        csandbox_file(
            path: text(file.path), bytes: text(file.text), count: file.text.utf8.count, mode: file.mode, reserved: 0)
    }

    private func array<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
        for (index, element) in elements.enumerated() { (memory + index).initialize(to: element) }
        blocks.append(UnsafeMutableRawPointer(memory))
        return UnsafePointer(memory)
    }

    private func text(_ text: String) -> UnsafePointer<CChar> {
        array(text.utf8.map { CChar(bitPattern: $0) } + [0])
    }

    private func vector(_ texts: [String]) -> UnsafePointer<UnsafeMutablePointer<CChar>?> {
        array(texts.map { UnsafeMutablePointer(mutating: text($0)) } + [nil])
    }
}
