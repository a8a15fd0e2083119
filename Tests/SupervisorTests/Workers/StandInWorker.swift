/// A worker of a few lines for tests of the supervisor's side: it speaks `worker.sock`, and has no sandbox.
enum StandInWorker {
    static let program = "/usr/bin/python3"

    enum Mode: String { case normal, die, permanent, unready, deaf }

    static func arguments(_ mode: Mode) -> [String] { ["nemoclaw-sandbox-worker", "-c", script, mode.rawValue] }

    private static let script = #"""
        import array, json, os, signal, socket, struct, sys, time
        mode = sys.argv[1]
        if mode == "die": sys.exit(1)
        if mode == "permanent": sys.exit(78)
        if mode == "deaf":
            time.sleep(600)
        launch = json.loads(os.fdopen(3, "rb").read())
        listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(8)
        def dial():
            link = socket.socket(socket.AF_UNIX); link.connect("/proc/self/fd/4/worker.sock"); return link
        def send(link, value, fds=()):
            body = json.dumps(value).encode()
            extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
            link.sendmsg([struct.pack(">I", len(body)) + body], extra)
        def exactly(link, count):
            data = b""
            while len(data) < count:
                part = link.recv(count - len(data))
                if not part: raise EOFError
                data += part
            return data
        def receive(link): return json.loads(exactly(link, struct.unpack(">I", exactly(link, 4))[0]))
        def hello(kind, **more):
            return dict(type="hello", kind=kind, version=1, sandbox=launch["sandbox"], secret=launch["secret"],
                        pid=os.getpid(), descriptors=[], **more)
        def session(ticket):
            link = dial(); send(link, hello("session", ticket=ticket))
            header, fds, _, _ = socket.recv_fds(link, 4, 4)
            exactly(link, struct.unpack(">I", header)[0])
            if fds:
                client = socket.socket(fileno=fds[0]); client.setblocking(True)
                client.sendall(struct.pack(">I", 6) + b"\x11hello"); client.close()
            link.close()
        while True:
            try:
                link = dial()
                greeting = hello("worker", initPid=os.getpid()); greeting["descriptors"] = ["inference", "port"]
                send(link, greeting, [listener.fileno(), 5])
                if receive(link)["type"] != "welcome": raise EOFError
                if mode != "unready":
                    send(link, dict(type="tell", method="state", params=dict(state="ready", connections=2, runs=1)))
                while True:
                    message = receive(link)
                    if message["type"] != "ask": continue
                    send(link, dict(type="answer", id=message["id"], result={}))
                    if message["method"] == "stop": sys.exit(0)
                    if message["method"] == "session.open": session(message["params"]["ticket"])
            except (EOFError, OSError):
                time.sleep(0.02)
        """#
}
