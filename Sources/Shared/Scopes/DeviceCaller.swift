/// Who asks for `device.list`, `device.approve`, `device.reject` or `device.remove` on `worker.sock`: the connection on
/// whose behalf the worker speaks. It travels as the member `caller` of the parameters.
public struct DeviceCaller: Sendable, Equatable, Codable {
    /// nil for a connection without a device.
    public var deviceId: String?
    /// Scopes the connection holds.
    public var scopes: [String]
    /// What authenticated it.
    public var method: AuthenticationMethod
    /// Where it came from.
    public var provenance: Provenance

    public init(deviceId: String?, scopes: [String], method: AuthenticationMethod, provenance: Provenance) {
        self.deviceId = deviceId
        self.scopes = scopes
        self.method = method
        self.provenance = provenance
    }
}
