#!/usr/bin/env python3
"""Talks to a worker's port with OpenClaw clients that others wrote, and prints one JSON object with what they got.

    gateway_clients.py PORT        (the gateway token comes on standard input)

HOME must be an empty folder: the clients keep their keys there.
"""
import asyncio
import contextlib
import io
import json
import sys

PORT = int(sys.argv[1])
TOKEN = sys.stdin.readline().strip()
URL = f"ws://127.0.0.1:{PORT}"


async def xsafeclaw() -> dict:
    from xsafeclaw.gateway_client import GatewayClient

    client = GatewayClient(URL, TOKEN)
    await client.connect()
    events = [event async for event in client.stream_chat("agent:main:main", "hello from xsafeclaw", timeout_ms=60000)]
    models = await client.list_models()
    history = await client.load_history("agent:main:main")
    await client.disconnect()
    return {"events": events, "models": models, "history": history}


def webchat(protocol: str) -> dict:
    from openclaw_webchat_adapter.config import AdapterSettings
    from openclaw_webchat_adapter.ws_adapter import DeviceIdentity, OpenClawChatWsAdapter

    import os

    os.environ.update({
        "OPENCLAW_GATEWAY_URL": URL, "OPENCLAW_GATEWAY_TOKEN": TOKEN, "OPENCLAW_PROTOCOL_VERSION": protocol,
    })
    adapter = OpenClawChatWsAdapter.create_connected(
        AdapterSettings.from_env(), ensure_session_key="agent:main:webchat", device=DeviceIdentity.generate(), timeout_s=20)
    answer = adapter.chat(f"hello from webchat {protocol}", timeout_s=60)
    history = adapter.get_chat_history_simple()
    hello = adapter.hello_payload
    adapter.stop()
    return {"answer": answer, "protocol": hello.get("protocol"), "history": len(list(history or []))}


def main() -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        result = {"xsafeclaw": asyncio.run(xsafeclaw()), "webchat3": webchat("3"), "webchat4": webchat("4")}
    print(json.dumps(result, default=str))


main()
