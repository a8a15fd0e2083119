import Hummingbird
import NIOCore

/// A request on `control.sock`, with the connection that it came through.
struct ControlContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    /// Set before any handler runs.
    var peer = ControlPeer.nobody

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
