/// What was given to `onboard` by flags.
struct OnboardFlags: Equatable {
    var name: String?
    var provider: String?
    var model: String?
    var endpoint: String?
    var port: UInt16?
    var keyFromInput = false
    var nonInteractive = false
    var yes = false
    var noProbe = false
}
