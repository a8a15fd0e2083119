import Shared

/// A worker that proved itself on `worker.sock`.
struct WorkerArrival: Sendable {
    let sandbox: SandboxName
    let hello: LinkHello
    let socket: Descriptor
    /// By the names of `LinkHello.descriptors`.
    let descriptors: [String: Descriptor]
}
