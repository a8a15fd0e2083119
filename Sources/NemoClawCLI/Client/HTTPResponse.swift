/// An answer of the control API.
struct HTTPResponse: Equatable {
    var status: Int
    var body: [UInt8]
}
