@main struct SandboxWorkerMain { static func main() { print("SandboxWorker") } }
