"""Records what a real `vllm serve` answers, byte by byte, for the tests that replay it (docs/engines.md, vllm).

    python tests/engines/record_vllm.py --url http://127.0.0.1:4100 --key TOKEN --model pleiade-pico

writes `recordings/vllm-VERSION.json` beside this file. The server must have been started as our plan starts it
(`src/pleiade/engines/vllm.py`) with `max_model_len=256`, `max_num_seqs=4` and, for the tool
calls, `--enable-auto-tool-choice --tool-call-parser hermes`. Ids and times differ from run to run; nearly everything
else is asked for at temperature 0.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

HELLO = [{"role": "user", "content": "Tell me about the sea."}]
EVERY_CHUNK = {"stream": True, "stream_options": {"include_usage": True, "continuous_usage_stats": True}}
FEW = {"temperature": 0, "max_tokens": 8}
WEATHER = {  # few words: the bundled model needs room for its answer in a small context
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"enum": ["Paris"]}}, "required": ["city"]},
    },
}
NAMED = {"type": "function", "function": {"name": "weather"}}
HEADERS = ("content-type", "retry-after", "www-authenticate", "allow")  # the rest says when and where, not what


@dataclass(frozen=True)
class Ask:
    """One request to record; `body` None is a GET."""

    name: str
    path: str
    body: dict[str, Any] | None = None
    with_key: bool = True


def asks(model: str) -> Iterator[Ask]:
    """Everything that the tests want to know of vLLM, for a server that calls its model `model`."""
    chat = {"model": model, "messages": HELLO, **FEW}
    legacy = {"model": model, "prompt": "The sea is", **FEW}
    chat_path, legacy_path = "/v1/chat/completions", "/v1/completions"
    yield Ask("health", "/health", with_key=False)
    yield Ask("models", "/v1/models")
    yield Ask("chat", chat_path, chat)
    yield Ask("chat, streamed", chat_path, {**chat, **EVERY_CHUNK})
    yield Ask(
        "chat, streamed, usage at the end",
        chat_path,
        {**chat, "stream": True, "stream_options": {"include_usage": True}},
    )
    yield Ask("chat, log-probabilities", chat_path, {**chat, "max_tokens": 2, "logprobs": True, "top_logprobs": 2})
    yield Ask(
        "chat, log-probabilities, streamed",
        chat_path,
        {**chat, "max_tokens": 2, "logprobs": True, "top_logprobs": 1, **EVERY_CHUNK},
    )
    two = {**chat, "max_tokens": 3, "n": 2, "temperature": 0.7, "seed": 1}  # vLLM takes no n at temperature 0
    yield Ask("chat, two answers", chat_path, two)
    yield Ask("chat, two answers, streamed", chat_path, {**two, **EVERY_CHUNK})
    tools = {**chat, "max_tokens": 64, "tools": [WEATHER], "tool_choice": NAMED}
    yield Ask("tool call", chat_path, tools)
    yield Ask("tool call, streamed", chat_path, {**tools, **EVERY_CHUNK})
    yield Ask("tool call, automatic", chat_path, {**tools, "tool_choice": "auto"})
    yield Ask("completion", legacy_path, legacy)
    yield Ask("completion, streamed", legacy_path, {**legacy, **EVERY_CHUNK})
    yield Ask("completion, echo", legacy_path, {**legacy, "max_tokens": 1, "echo": True, "logprobs": 1})
    yield Ask("context overflow", chat_path, {**chat, "messages": [{"role": "user", "content": "the sea " * 400}]})
    yield Ask("too many tokens wanted", chat_path, {**chat, "max_tokens": 1_000_000})
    yield Ask("context overflow, streamed", legacy_path, {**legacy, "prompt": "the sea " * 400, **EVERY_CHUNK})
    yield Ask("wrong type", chat_path, {**chat, "temperature": "warm"})
    yield Ask("out of range", chat_path, {**chat, "temperature": -1})
    yield Ask("no messages", chat_path, {"model": model})
    yield Ask("unknown model", chat_path, {**chat, "model": "nobody"})
    yield Ask("unknown route", "/v1/no-such-route", {"model": model})
    yield Ask("queue full", chat_path, {**chat, "temperature": 0.7, "n": 100})  # counts as 100 in the queue
    yield Ask("no key", chat_path, chat, with_key=False)
    yield Ask("no key, a route beside OpenAI's", "/invocations", legacy, with_key=False)


def record(client: httpx.Client, ask: Ask, key: str, folder: str) -> dict[str, Any]:
    """One exchange, its body as lines that join to the very bytes that came; but where the model lies is nobody's
    business.
    """
    headers = {"authorization": f"Bearer {key}"} if ask.with_key else {}
    answer = client.request("GET" if ask.body is None else "POST", ask.path, json=ask.body, headers=headers)
    return {
        "name": ask.name,
        "method": answer.request.method,
        "path": ask.path,
        "with_key": ask.with_key,
        "request": ask.body,
        "status": answer.status_code,
        "headers": {name: answer.headers[name] for name in HEADERS if name in answer.headers},
        "body": answer.content.decode().replace(folder, "/models/m").splitlines(keepends=True),
    }


def main() -> None:
    """Ask everything, write one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="http://host:port, without /v1")
    parser.add_argument("--key", required=True, help="what the server got as VLLM_API_KEY")
    parser.add_argument("--model", required=True, help="its --served-model-name")
    given = parser.parse_args()
    with httpx.Client(base_url=given.url, timeout=600, trust_env=False) as client:
        key = {"authorization": f"Bearer {given.key}"}
        version = client.get("/version", headers=key).raise_for_status().json()["version"].split("+")[0]
        told = client.get("/v1/models", headers=key).raise_for_status().json()
        folder = told["data"][0]["root"]
        exchanges = []
        for ask in asks(given.model):
            exchanges.append(record(client, ask, given.key, folder))
            print(f"{exchanges[-1]['status']} {ask.name}")
    path = Path(__file__).parent / "recordings" / f"vllm-{version}.json"
    text = json.dumps({"vllm": version, "model": given.model, "exchanges": exchanges}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n")
    print(f"{path}: {len(exchanges)} exchanges, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
