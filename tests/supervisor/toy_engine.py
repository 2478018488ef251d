"""A tiny engine process that behaves as its options say: the supervisor's tests want real signals and ports.

python toy_engine.py PORT [--load-s S] [--die-after-s S] [--hang-file FILE] [--ignore-drain]
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

options = argparse.ArgumentParser()
options.add_argument("port", type=int)
options.add_argument("--load-s", type=float, default=0.0)
options.add_argument("--die-after-s", type=float, default=0.0)
options.add_argument("--hang-file", type=Path)
options.add_argument("--ignore-drain", action="store_true")
options.add_argument("--no-lifeline", action="store_true")
options.add_argument("--adapters", default="")
said = options.parse_args()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        while said.hang_file and said.hang_file.exists():
            time.sleep(0.05)
        allowed = self.headers["authorization"] == f"Bearer {os.environ['PLEIADE_ENGINE_TOKEN']}"
        body = json.dumps({"pid": os.getpid(), "adapters": said.adapters}).encode()
        self.answer(200 if allowed else 401, body)

    def do_POST(self) -> None:
        """Load an adapter, or forget it."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if "broken" in asked.get("folder", ""):
            self.answer(400, b'{"error": {"message": "it was made for another model"}}')
            return
        there = {name for name in said.adapters.split(",") if name} - {asked["name"]}
        said.adapters = ",".join(sorted(there | ({asked["name"]} if "folder" in asked else set())))
        self.answer(200, b"{}")

    def answer(self, status: int, body: bytes) -> None:
        """One whole answer."""
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def lifeline() -> None:
    os.read(int(os.environ["PLEIADE_LIFELINE_FD"]), 1)
    os._exit(0)


def drain(*_: object) -> None:
    if not said.ignore_drain:
        print("drained", flush=True)
        os._exit(0)


signal.signal(signal.SIGTERM, drain)
if not said.no_lifeline:
    threading.Thread(target=lifeline, daemon=True).start()
print("loading weights", flush=True)
if said.die_after_s:
    threading.Timer(said.die_after_s, lambda: os._exit(3)).start()
time.sleep(said.load_s)
if "PLEIADE_DATABASE_URL" in os.environ:
    sys.exit("an engine must not know the database")
print("out of memory, say", file=sys.stderr, flush=True)
ThreadingHTTPServer(("127.0.0.1", said.port), Handler).serve_forever()
