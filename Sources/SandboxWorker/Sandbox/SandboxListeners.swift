/// The sandbox's own addresses, served from outside. Descriptors, non-blocking; they belong to whoever takes the value.
struct SandboxListeners: Sendable, Equatable {
    /// 127.0.0.2:443, for the supervisor.
    let inference: CInt
    /// 127.0.0.1:<port>
    let port: CInt
    /// 127.0.0.1:3128
    let proxy: CInt
    /// 0.0.0.0:443; the local address of an accepted socket says which name was meant.
    let https: CInt
    /// 0.0.0.0:80
    let http: CInt
    /// 127.0.0.1:53
    let dnsUDP: CInt
    let dnsTCP: CInt

    var all: [CInt] { [inference, port, proxy, https, http, dnsUDP, dnsTCP] }

    /// In the order of `SandboxPlan.make`; nil when there are others.
    init?(_ descriptors: [CInt]) {
        guard descriptors.count == 7 else { return nil }
        inference = descriptors[0]
        port = descriptors[1]
        proxy = descriptors[2]
        https = descriptors[3]
        http = descriptors[4]
        dnsUDP = descriptors[5]
        dnsTCP = descriptors[6]
    }
}
