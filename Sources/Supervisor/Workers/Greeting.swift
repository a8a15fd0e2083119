/// The first frame of a peer that was let in, with the descriptors that rode on it.
struct Greeting: Sendable {
    let socket: Descriptor
    let peer: PeerCredentials
    let body: [UInt8]
    let descriptors: [Descriptor]
}
