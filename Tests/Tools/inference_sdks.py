#!/usr/bin/env python3
"""Runs the openai and anthropic SDKs, plain and streaming, against https://inference.local inside a sandbox."""
import json

import anthropic
import openai

QUESTION = [{"role": "user", "content": "hello sdk"}]


def main() -> None:
    result = {}
    client = openai.OpenAI(base_url="https://inference.local/v1", api_key="sandbox-made-this-up", max_retries=0)
    plain = client.chat.completions.create(model="whatever", messages=QUESTION)
    result["openai"] = plain.choices[0].message.content
    result["openai_model"] = plain.model
    stream = client.chat.completions.create(model="whatever", messages=QUESTION, stream=True)
    result["openai_stream"] = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    result["models"] = [model.id for model in client.models.list()]
    try:
        client.post("/images/generations", body={"prompt": "x"}, cast_to=object)
    except openai.NotFoundError as error:
        result["openai_refused"] = error.body.get("message") if isinstance(error.body, dict) else str(error.body)
    claude = anthropic.Anthropic(base_url="https://inference.local", api_key="sandbox-made-this-up", max_retries=0)
    try:
        message = claude.messages.create(model="whatever", max_tokens=64, messages=QUESTION)
        result["anthropic"] = message.content[0].text
        with claude.messages.stream(model="whatever", max_tokens=64, messages=QUESTION) as events:
            result["anthropic_stream"] = "".join(events.text_stream)
    except anthropic.NotFoundError as error:
        result["anthropic_refused"] = error.body["error"]["message"]
    print(json.dumps(result))


main()
