"""vLLM's plan, started as the supervisor would: with a stand-in that answers in vLLM's words where vLLM is not."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import Process
from pleiade.engines.catalogue import ENGINES
from pleiade.gateway.streaming import last_usage

# Chunks as vLLM's protocol.py writes them with continuous_usage_stats: `usage` is the last key of each.
CHUNKS = [
    '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    '{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":5,'
    '"total_tokens":5,"completion_tokens":0}}',
    '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    '{"content":"Hello"},"logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":5,"total_tokens":6,'
    '"completion_tokens":1}}',
    '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":'
    '{"prompt_tokens":5,"total_tokens":7,"completion_tokens":2}}',
]

STAND_IN = f"""#!{sys.executable}
import http.server, os, sys
assert sys.argv[1] == "serve", sys.argv
flags = dict(zip(sys.argv[3::2], sys.argv[4::2]))
chunks = {CHUNKS!r}

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.reply(200 if self.path == "/health" else 404, b"")

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        if self.headers["authorization"] != "Bearer " + os.environ["VLLM_API_KEY"]:
            return self.reply(401, b'{{"error":"Unauthorized"}}')
        body = "".join("data: " + chunk + "\\n\\n" for chunk in chunks) + "data: [DONE]\\n\\n"
        self.reply(200 if self.path == "/v1/chat/completions" else 404, body.encode())

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass

http.server.HTTPServer((flags["--host"], int(flags["--port"])), Handler).serve_forever()
"""


def test_the_planned_process_is_healthy_takes_our_token_and_its_chunks_can_be_settled(tmp_path: Path) -> None:
    program = tmp_path / "vllm"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    model = Model(id="m", kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path=str(tmp_path))
    deployment = Deployment(name="d", model="m", engine="vllm", options={"command": str(program)})
    plan = ENGINES["vllm"].plan(deployment, model, port=port, token="secret", queue_limit=8, adapters={})
    assert isinstance(plan, Process)
    process = subprocess.Popen(plan.argv, env={**os.environ, **plan.env})
    try:
        base = f"http://127.0.0.1:{port}"
        with httpx.Client(timeout=10, trust_env=False) as client:
            _wait_until_healthy(client, base + plan.health_path)
            request = {"model": plan.send_model, "messages": [], "stream": True}
            url = f"{base}{plan.base_path}/chat/completions"
            assert client.post(url, json=request).status_code == 401
            answer = client.post(url, json=request, headers=plan.headers)
        events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
        assert events[-1] == "[DONE]"
        assert plan.extra_usage
        counts = [last_usage(event.encode()) for event in events[:-1]]
        assert [usage.completion_tokens for usage in counts if usage is not None] == [0, 1, 2]
        assert json.loads(events[-2])["choices"] == []
    finally:
        process.kill()
        process.wait()


def _wait_until_healthy(client: httpx.Client, url: str) -> None:
    give_up = time.monotonic() + 30
    while True:
        try:
            assert client.get(url).status_code == 200
        except httpx.TransportError:
            if time.monotonic() > give_up:
                pytest.fail("the stand-in did not start")
            time.sleep(0.05)
        else:
            return
