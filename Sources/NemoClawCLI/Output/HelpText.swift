/// `nemoclaw help`.
enum HelpText {
    static let text = """
        nemoclaw: OpenClaw sandboxes on one shared inference gateway

        Getting Started
          nemoclaw onboard                      Set up a sandbox in eight steps
          nemoclaw up                           Start the gateway and the sandboxes that were running
          nemoclaw down                         Stop the gateway and all sandboxes

        Sandbox Management
          nemoclaw list                         Show all sandboxes
          nemoclaw status                       Show sandboxes, routes (probed) and the gateway
          nemoclaw use <name>                   Make a sandbox the default one
          nemoclaw <name>                       Open a shell in the sandbox (the same as connect)
          nemoclaw <name> connect               Open a shell in the sandbox
          nemoclaw <name> exec -- <command>     Run a command, with its own exit code
          nemoclaw <name> agent -m <text>       Send a message to the agent (--agent, --session-id)
          nemoclaw <name> status                Show one sandbox
          nemoclaw <name> logs [--follow]       Show the sandbox's log
          nemoclaw <name> start|stop|restart    Start or stop it; its data stays
          nemoclaw <name> gateway-token         Print the token for the dashboard
          nemoclaw <name> destroy               Stop it and delete its data

        Inference
          nemoclaw inference get                Show the sandboxes' routes
          nemoclaw inference set --provider <id> --model <model> [--sandbox <name>]

        Approvals
          nemoclaw approvals list               Show devices that wait for approval
          nemoclaw approvals approve <id>
          nemoclaw approvals reject <id>

        All commands take --json. `nemoclaw help <command>` shows a command's options.
        Without a name, connect, exec, agent, logs, start, stop, restart and gateway-token mean the default sandbox.
        """
}
