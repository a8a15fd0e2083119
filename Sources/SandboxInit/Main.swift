@main struct SandboxInitMain { static func main() { print("SandboxInit") } }
