"""`vllm serve` from a recording: takes our plan's command line, answers what a real one answered, byte for byte.

    python replay_vllm.py RECORDING serve MODEL --host H --port P --served-model-name NAME …

A request is known by its method, path and JSON. One that nobody recorded is 418, which no test expects. A
stream goes out event by event, as vLLM writes it.
"""

import argparse
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

UNRECORDED = 418
_FREE = ("/health",)  # what our middleware lets pass without a key


class Recording:
    """A file that record_vllm.py wrote."""

    def __init__(self, path: Path) -> None:
        written = json.loads(path.read_text())
        self.vllm: str = written["vllm"]
        self.model: str = written["model"]
        self.exchanges: dict[str, dict[str, Any]] = {exchange["name"]: exchange for exchange in written["exchanges"]}

    def request(self, name: str) -> dict[str, Any]:
        """The JSON that was asked."""
        return dict(self.exchanges[name]["request"])

    def body(self, name: str) -> bytes:
        """The bytes that were answered."""
        return "".join(self.exchanges[name]["body"]).encode()

    def find(self, method: str, path: str, request: object) -> str | None:
        """Name of the exchange with a key that began so."""
        for name, exchange in self.exchanges.items():
            if (exchange["method"], exchange["path"], exchange["request"]) == (method, path, request):
                return name
        return None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    recording: Recording
    authorization: str

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def _answer(self, request: object) -> None:
        name = self.recording.find(self.command, self.path, request)
        if self.path not in _FREE and self.headers["authorization"] != self.authorization:
            name = "no key"
        if name is None:
            told = {"error": {"message": f"never recorded: {self.command} {self.path} {json.dumps(request)}"}}
            self._send(UNRECORDED, {"content-type": "application/json"}, [json.dumps(told).encode()])
            return
        exchange = self.recording.exchanges[name]
        body = self.recording.body(name)
        streams = exchange["headers"].get("content-type", "").startswith("text/event-stream")
        parts = [event + b"\n\n" for event in body.split(b"\n\n")[:-1]] if streams else [body]
        assert b"".join(parts) == body
        self._send(exchange["status"], exchange["headers"], parts, chunked=streams)

    def _send(self, status: int, headers: dict[str, str], parts: list[bytes], *, chunked: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header(*(("transfer-encoding", "chunked") if chunked else ("content-length", str(len(parts[0])))))
        self.end_headers()
        for part in parts:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part) if chunked else part)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Nothing: a test reads answers, not logs."""


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recording", type=Path)
    parser.add_argument("command", choices=["serve"])
    parser.add_argument("folder")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--served-model-name", required=True)
    for name in ("--middleware", "--shutdown-timeout"):
        parser.add_argument(name, required=True)
    given = parser.parse_args()
    Handler.recording = Recording(given.recording)
    Handler.authorization = "Bearer " + os.environ["VLLM_API_KEY"]
    if given.served_model_name != Handler.recording.model:
        sys.exit(f"the recording is of {Handler.recording.model}, not of {given.served_model_name}")
    ThreadingHTTPServer((given.host, given.port), Handler).serve_forever()


if __name__ == "__main__":
    main()
