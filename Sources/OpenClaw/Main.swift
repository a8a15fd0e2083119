@main struct OpenClawMain { static func main() { print("OpenClaw") } }
