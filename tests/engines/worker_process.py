"""A worker as the supervisor starts it: a real process, spoken to over real HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

TOKEN = "engine-token"


class Worker:
    """A running worker; `post` and `stream` carry its token."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        self.client = httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {TOKEN}"}, timeout=60, trust_env=False
        )

    def post(self, path: str, **body: Any) -> httpx.Response:
        """POST JSON to `/v1` + path."""
        return self.client.post(f"/v1{path}", json=body)

    def ok(self, path: str, **body: Any) -> dict[str, Any]:
        """POST, expect 200, return the JSON."""
        answer = self.post(path, **body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def error(self, path: str, **body: Any) -> dict[str, Any]:
        """POST, expect 400, return the inner error."""
        answer = self.post(path, **body)
        assert answer.status_code == 400, answer.text
        error: dict[str, Any] = answer.json()["error"]
        assert set(error) == {"message", "type", "param", "code"}
        return error

    def stream(self, path: str, **body: Any) -> list[dict[str, Any]]:
        """POST with `stream`, return the events; the last line must be [DONE]."""
        with self.client.stream("POST", f"/v1{path}", json={"stream": True, **body}) as answer:
            assert answer.status_code == 200, answer.read()
            lines = [line for line in answer.iter_lines() if line]
        assert all(line.startswith("data: ") for line in lines)
        assert lines[-1] == "data: [DONE]"
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]


@contextmanager
def run_worker(
    module: str,
    arguments: Sequence[str],
    log: Path,
    *,
    env: dict[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[Worker]:
    """Start `python -m module --port P …`, wait until it is healthy, and end it afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [sys.executable, "-m", module, "--port", str(port), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            argv,
            env={**os.environ, "PLEIADE_ENGINE_TOKEN": TOKEN, **(env or {})},
            stdout=output,
            stderr=output,
            pass_fds=tuple(pass_fds),
        )
    worker = Worker(process, port, log)
    try:
        _wait_until_healthy(worker)
        yield worker
    finally:
        worker.client.close()
        if process.poll() is None:
            process.kill()
        process.wait()


def _wait_until_healthy(worker: Worker) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        if worker.process.poll() is not None:
            raise AssertionError(f"the worker ended ({worker.process.returncode}): {worker.log.read_text()}")
        try:
            if worker.client.get("/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"the worker was not ready: {worker.log.read_text()}")
