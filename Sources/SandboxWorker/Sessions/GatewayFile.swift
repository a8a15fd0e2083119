import Shared

/// `/sandbox/.openclaw/openclaw.json`: how the agent inside finds its gateway. Written at each start.
enum GatewayFile {
    static func write(_ launch: WorkerLaunch, home: HomeFolder) throws(NemoClawError) {
        let path = [".openclaw", "openclaw.json"]
        // What the user of the sandbox set beside our members stays. A file that cannot be read is replaced.
        let old = try? home.read(path, maximum: 1 << 20)
        var root = old.flatMap { try? JSONCoding.decode(JSONValue.self, from: $0.bytes) }?.objectValue ?? [:]
        var gateway = root["gateway"]?.objectValue ?? [:]
        gateway["mode"] = "local"
        gateway["port"] = .int(Int64(launch.port))
        gateway["auth"] = ["mode": "token", "token": .string(launch.sandboxToken)]
        root["gateway"] = .object(gateway)
        let model = launch.configuration.model
        root["models"] = [
            "mode": "merge",
            "providers": [
                "inference": [
                    "baseUrl": "https://inference.local/v1", "api": "openai-completions", "apiKey": "unused",
                    "models": [["id": .string(model), "name": .string(model)]],
                ]
            ],
        ]
        var agents = root["agents"]?.objectValue ?? [:]
        var defaults = agents["defaults"]?.objectValue ?? [:]
        defaults["model"] = ["primary": .string("inference/\(model)")]
        agents["defaults"] = .object(defaults)
        root["agents"] = .object(agents)
        try home.write(path, try JSONCoding.encode(JSONValue.object(root), pretty: true))
    }
}
