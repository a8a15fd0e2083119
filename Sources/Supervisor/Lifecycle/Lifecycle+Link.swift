import Logging
import NIOCore
import Shared

extension Lifecycle {
    /// A worker said hello: takes its descriptors, welcomes it, and serves its link to the end.
    func receive(_ arrival: WorkerArrival) async {
        let name = arrival.sandbox
        do {
            let session = try await register(arrival)
            await serve(session, of: name)
            guard entries[name]?.session === session else { return }
            entries[name]?.session = nil
            handle(.linkLost, for: name)
        } catch {
            logger.warning(
                "cannot register a worker", metadata: ["sandbox.name": "\(name)", "error": "\(error.message)"])
            FrameReply.send(LinkMessage.refused(error), to: arrival.socket)
        }
    }

    private func register(_ arrival: WorkerArrival) async throws(NemoClawError) -> WorkerSession {
        let name = arrival.sandbox
        guard let entry = entries[name], let process = entry.process, process.pid == arrival.hello.pid else {
            throw NemoClawError(.forbidden, "cannot accept the worker: another one serves the sandbox")
        }
        guard let inference = arrival.descriptors["inference"], ListenerCheck.isListening(inference) else {
            throw NemoClawError(.protocolViolation, "hello brings no inference listener")
        }
        if entry.port == nil, let port = arrival.descriptors["port"], PortRange.isListener(port, on: entry.record.port)
        {
            entries[name]?.port = port
        }
        try await environment.services.attach(inference, to: name)
        let session = try await WorkerSession.open(arrival.socket, group: environment.group)
        guard let entry = entries[name], entry.process?.pid == process.pid else {
            session.close()  // it died while we waited
            throw NemoClawError(.notRunning, "the worker ended while it registered")
        }
        session.send(.welcome(configuration: entry.configuration))
        entry.session?.close()
        entries[name]?.session = session
        await took(arrival.hello, process, of: name)
        return session
    }

    private func took(_ hello: LinkHello, _ process: WorkerProcess, of name: SandboxName) async {
        if let initPid = hello.initPid { entries[name]?.initPid = initPid }
        handle(.registered, for: name)
        // A worker that was ready before we came only says what changes.
        if entries[name]?.isSurvivor == true, hello.initPid != nil { handle(.ready, for: name) }
        do {
            try await environment.store.record(
                worker: WorkerRecord(
                    name: name, pid: process.pid, startTicks: process.startTicks, initPid: hello.initPid))
        } catch {
            logger.error(
                "cannot record a worker", metadata: ["sandbox.name": "\(name)", "error.code": "\(error.code)"])
        }
    }

    /// Until the link ends: tells in order, asks side by side.
    private func serve(_ session: WorkerSession, of name: SandboxName) async {
        await withDiscardingTaskGroup { group in
            for await message in session.messages {
                switch message.kind {
                case .tell:
                    if entries[name]?.session === session { hear(message, of: name) }
                    session.finish(message)
                case .ask(let id):
                    group.addTask { await self.answer(message, id: id, over: session, of: name) }
                }
            }
        }
    }

    private nonisolated func answer(
        _ message: WorkerMessage, id: UInt64, over session: WorkerSession, of name: SandboxName
    ) async {
        do {
            let answer = try await environment.services.answer(message.method, message.params, from: name)
            session.finish(message, answer: .answer(id: id, result: answer.result))
            for tell in answer.tells { session.send(tell) }
        } catch {
            session.finish(message, answer: .failure(id: id, error: error))
        }
    }

    private func hear(_ message: WorkerMessage, of name: SandboxName) {
        guard message.method == "state" else { return }
        let params = message.params
        // From an untrusted parser: numbers are clamped to what can be shown.
        if let count = params["connections"]?.intValue { entries[name]?.connections = Int(max(0, min(count, 1 << 20))) }
        if let count = params["runs"]?.intValue { entries[name]?.runs = Int(max(0, min(count, 1 << 20))) }
        if params["state"]?.stringValue == "ready" { handle(.ready, for: name) }
    }

    /// Asks the worker to dial for a session.
    func openSession(_ name: SandboxName, ticket: String) async throws(NemoClawError) {
        guard let entry = entries[name] else { throw Store.unknown(name) }
        guard let session = entry.session, entry.machine.state == .ready else {
            throw NemoClawError(
                .notRunning, "sandbox \"\(name)\" is \(entry.machine.state.rawValue)",
                hint: "Start it: nemoclaw \(name) start")
        }
        _ = try await session.ask("session.open", .object(["ticket": .string(ticket)]), within: .seconds(10))
    }
}
