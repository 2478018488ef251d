"""The engines that bench/engine.py runs side by side, each a process, reached by HTTP or by lines of JSON."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from machine import free_port

TOKEN = "bench"
SLOTS, SLOT_CONTEXT = 32, 1280


@dataclass(frozen=True)
class Answer:
    """When the tokens of one request came: seconds on time.perf_counter's clock."""

    first: float
    last: float
    tokens: int


@dataclass
class Peer:
    """A running engine."""

    name: str
    command: list[str]
    process: subprocess.Popen[str]
    url: str = ""  # empty: spoken to in lines of JSON

    def generate(self, prompts: Sequence[Sequence[int]], tokens: int) -> list[Answer]:
        """Send all prompts at once, wait for all answers. Raises RuntimeError on a wrong length."""
        if self.url:
            answers = asyncio.run(_over_http(self.url, prompts, tokens))
        else:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(json.dumps({"prompts": prompts, "tokens": tokens}) + "\n")
            self.process.stdin.flush()
            answers = [Answer(*entry) for entry in json.loads(self.process.stdout.readline())]
        if any(answer.tokens != tokens for answer in answers):
            raise RuntimeError(f"{self.name} gave {[a.tokens for a in answers]} tokens instead of {tokens}")
        return answers

    def close(self) -> None:
        """End the process that we started."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()


async def _over_http(url: str, prompts: Sequence[Sequence[int]], tokens: int) -> list[Answer]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        return await asyncio.gather(*(_stream(session, url, prompt, tokens) for prompt in prompts))


async def _stream(session: aiohttp.ClientSession, url: str, prompt: Sequence[int], tokens: int) -> Answer:
    body = {
        "model": "bench",
        "prompt": list(prompt),
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
        "ignore_eos": True,
        "stream_options": {"include_usage": True},
    }
    first = last = 0.0
    tail = b""
    async with session.post(url + "/v1/completions", json=body) as response:
        if response.status != 200:
            raise RuntimeError(f"{url}: {response.status} {(await response.text())[:300]}")
        async for data in response.content.iter_any():
            last = time.perf_counter()
            first = first or last
            tail = (tail + data)[-4096:]
    counts = re.findall(rb'"completion_tokens": ?(\d+)', tail)
    return Answer(first, last, int(counts[-1]) if counts else -1)


def _start(name: str, command: list[str], url: str = "", **environment: str) -> Peer:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL if url else subprocess.PIPE,
        stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
        text=True,
        env=os.environ | environment,
    )
    peer = Peer(name, command, process, url)
    if url:
        asyncio.run(_wait_until_ready(peer))
    else:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "ready":
            raise SystemExit(f"{name} did not start; run it by hand: {' '.join(command)}")
    return peer


async def _wait_until_ready(peer: Peer) -> None:
    deadline = time.monotonic() + 180
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {TOKEN}"}) as session:
        while time.monotonic() < deadline and peer.process.poll() is None:
            with suppress(aiohttp.ClientError):
                async with session.get(peer.url + "/health") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.2)
    raise SystemExit(f"{peer.name} did not start; run it by hand: {' '.join(peer.command)}")


def start_worker(folder: Path, threads: int) -> Peer:
    """Our worker over HTTP, speculation off."""
    port = free_port()
    command = [sys.executable, "-m", "pleiade.engines.text_openvino", "--model", str(folder)]
    command += ["--model-id", "bench", "--port", str(port), "--speculation", "off", "--threads", str(threads)]
    return _start("pleiade worker", command, f"http://127.0.0.1:{port}", PLEIADE_ENGINE_TOKEN=TOKEN)


def start_in_process(folder: Path, threads: int) -> Peer:
    """Our engine without HTTP."""
    return _start("pleiade in process", _child("engine", folder, threads))


def start_transformers(folder: Path, threads: int) -> Peer:
    """transformers' generate on a static batch in bfloat16: all start and end together, an easier case."""
    return _start("transformers bf16", _child("transformers", folder, threads))


def start_xllamacpp(gguf: Path, threads: int) -> Peer:
    """llama.cpp's server in the `xllamacpp` wheel."""
    port = free_port()
    return _start("xllamacpp q8_0", _child("xllamacpp", gguf, threads, str(port)), f"http://127.0.0.1:{port}")


def start_native(gguf: Path, threads: int) -> Peer | None:
    """A `llama-server` built for this machine, where there is one on the PATH."""
    program = shutil.which("llama-server")
    if program is None:
        return None
    port = free_port()
    command = [program, "-m", str(gguf), "--host", "127.0.0.1", "--port", str(port), "--no-webui"]
    command += ["-t", str(threads), "-tb", str(threads), "-np", str(SLOTS), "-c", str(SLOTS * SLOT_CONTEXT)]
    command += ["--api-key", TOKEN, "--cache-ram", "0"]
    return _start("llama-server q8_0", command, f"http://127.0.0.1:{port}")


def _child(kind: str, model: Path, threads: int, *more: str) -> list[str]:
    script = Path(__file__).with_name("engine_child.py")
    return [sys.executable, str(script), kind, str(model), str(threads), *more]
