"""A running `pleiade up` for a measurement, on a home of its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def running_server(port: int, *options: str) -> Iterator[str]:
    """Starts `pleiade up` with `options`; its URL once all engines answer, SystemExit if they do not."""
    program = Path(sys.executable).parent / "pleiade"
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="pleiade-bench-") as folder:
        log_path = Path(folder) / "up.log"
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [program, "up", "--home", f"{folder}/home", "--port", str(port), *options],
                env={**os.environ, "PLEIADE_DRAIN_S": "2"},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            deadline = time.monotonic() + 120
            while not _ready(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("pleiade up did not come up:\n" + log_path.read_text()[-3000:])
                time.sleep(0.2)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url + "/readyz", timeout=5) as answer:
            deployments = json.load(answer)["deployments"]
            return {"pleiade-chat", "pleiade-embed"} <= {
                name for name, state in deployments.items() if state == "ready"
            }
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
