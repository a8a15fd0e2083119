@main struct NemoClawCLIMain { static func main() { print("NemoClawCLI") } }
