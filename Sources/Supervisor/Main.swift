@main struct SupervisorMain { static func main() { print("Supervisor") } }
