/// The first frame of a worker on `worker.sock`.
public struct LinkHello: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable { case worker, session }

    public var kind: Kind
    public var version: Int
    public var sandbox: SandboxName
    /// The sandbox's secret, hexadecimal. It proves the peer, with its uid and pid.
    public var secret: String
    public var pid: Int32
    public var initPid: Int32?
    /// Names of the descriptors that ride on this frame, in order: `inference`, `port`.
    public var descriptors: [String]
    /// For `session`: the supervisor's one-time ticket.
    public var ticket: String?

    public init(
        kind: Kind, sandbox: SandboxName, secret: String, pid: Int32, initPid: Int32? = nil, descriptors: [String] = [],
        ticket: String? = nil
    ) {
        self.kind = kind
        self.version = ProductVersion.wire
        self.sandbox = sandbox
        self.secret = secret
        self.pid = pid
        self.initPid = initPid
        self.descriptors = descriptors
        self.ticket = ticket
    }
}
