"""Starts the real `pleiade up`, as a person does, and speaks to it over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
PLEIADE = Path(sys.executable).parent / "pleiade"
CHAT, EMBED, IMAGE = "pleiade-chat", "pleiade-embed", "pleiade-image"
API_VERSION = "2024-10-21"


@dataclass
class Server:
    """A running `pleiade up`: where it is, its first key, its process and its home."""

    url: str  # http://127.0.0.1:port
    key: str
    home: Path
    process: subprocess.Popen[bytes] | None = None  # None: somebody else started it
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    @property
    def bearer(self) -> dict[str, str]:
        """The key as OpenAI's clients send it."""
        return {"authorization": f"Bearer {self.key}"}

    def post(self, path: str, body: object = None, *, key: str | None = None, **more: object) -> httpx.Response:
        """POST JSON (`body`), or whatever `more` gives to httpx, with the key as Bearer."""
        headers = {"authorization": f"Bearer {self.key if key is None else key}"}
        headers |= dict(more.pop("headers", {}))  # type: ignore[call-overload]
        if body is not None:
            more["json"] = body
        return self.client.post(self.url + path, headers=headers, **more)  # type: ignore[arg-type]

    def get(self, path: str, *, key: str | None = None) -> httpx.Response:
        """GET with the key as Bearer."""
        bearer = f"Bearer {self.key if key is None else key}"
        return self.client.get(self.url + path, headers={"authorization": bearer})

    def chat(self, text: str = "Hello!", **more: object) -> httpx.Response:
        """One chat completion on OpenAI's surface."""
        body = {"model": CHAT, "messages": [{"role": "user", "content": text}], "max_tokens": 8, **more}
        return self.post("/v1/chat/completions", body)

    def children(self) -> dict[int, str]:
        """Process id -> command line of what `up` started."""
        assert self.process is not None
        found = {}
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found[int(child)] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
        return found

    def child(self, word: str) -> int:
        """The process id of the one child whose command line holds `word`."""
        pids = [pid for pid, command in self.children().items() if word in command]
        assert len(pids) == 1, f"{word}: {self.children()}"
        return pids[0]

    def log(self) -> str:
        """What `up` wrote so far."""
        return (self.home.parent / f"{self.home.name}.log").read_text(errors="replace")


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: object, seconds: float, what: str) -> None:
    """Until `condition()` is true. A deadline for what would otherwise hang, not a claim about speed."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def is_ready(url: str) -> bool:
    """Whether all engines of a server answer (`/readyz` itself is content with one)."""
    try:
        deployments = httpx.get(url + "/readyz", timeout=5, trust_env=False).json()["deployments"]
        return {CHAT, EMBED, IMAGE} <= {name for name, state in deployments.items() if state == "ready"}
    except httpx.TransportError:
        return False


@contextmanager
def serve(
    home: Path, *options: str, env: Mapping[str, str] | None = None, argv: tuple[str, ...] = (str(PLEIADE),)
) -> Iterator[Server]:
    """A running `pleiade up` on `home`; at the end it gets SIGTERM and must have gone within 60 s."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    log_path = home.parent / f"{home.name}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [*argv, "up", "--home", str(home), "--port", str(port), *options],
            env={**os.environ, "PLEIADE_DRAIN_S": "5", **(env or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home.parent,
        )
    try:

        def ready_or_dead() -> bool:
            return process.poll() is not None or is_ready(url)

        wait_for(ready_or_dead, 120, f"pleiade up is ready; its output:\n{log_path.read_text(errors='replace')}")
        assert process.poll() is None, f"pleiade up ended: {log_path.read_text(errors='replace')}"
        server = Server(url=url, key=(home / "admin.key").read_text().strip(), home=home, process=process)
        with server.client:
            yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def events(body: str) -> list[dict[str, object]]:
    """The JSON objects of a stream that ended with [DONE]; fails on any other line."""
    lines = [line for line in body.split("\n") if line]
    assert all(line.startswith("data: ") for line in lines), body[:500]
    assert lines[-1] == "data: [DONE]", lines[-1]
    return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
