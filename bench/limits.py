"""Do limits hold? Four gateways on one Redis or Valkey, overloaded for a whole minute of the calendar, twice.

Run: python bench/limits.py       (about 3 minutes; needs valkey-server or redis-server, and a C compiler)

The first minute overloads a key that may make so many requests a minute, the second a deployment with so many thousand
tokens a minute. A limiter that multiplies with replicas would let four times as much through. The last line:

limits_requests  requests that passed ÷ the key's limit
limits_tokens    tokens that passed (of each call the estimate, or what it used where that is more) ÷ the capacity
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import aiohttp
import msgspec

from gateway import compiled
from gateways import end, start_mock
from machine import free_port
from pleiade.domain.limits import Capacity, Scope
from pleiade.quota.capacity import set_capacity
from pleiade.quota.estimate import estimate
from pleiade.quota.rates import set_rate
from pleiade.registry import add_model, adopt_defaults, deploy, remote_model, undeploy
from pleiade.store import migrate, open_database
from pleiade.tenancy.keys import create_key
from report import result_line, table, write_json

WORKERS, CALLERS = 4, 64
REQUESTS, UNITS = 3000, 120  # a minute; thousands of tokens a minute
MINUTE_S = 60
# The mock engine always answers 64 tokens: asking for fewer would measure an engine that overruns its own limit.
BODY = {"model": "tokens", "max_tokens": 64, "messages": [{"role": "user", "content": "Say hello. pace=0"}]}


def start_store(stack: ExitStack, folder: Path) -> str:
    """A private Redis or Valkey on a Unix socket; its URL."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        raise SystemExit("neither valkey-server nor redis-server is installed: apt-get install redis-server")
    path = folder / "store.sock"
    argv = [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    stack.callback(end, subprocess.Popen(argv, stdout=subprocess.DEVNULL))
    while not path.exists():
        time.sleep(0.05)
    return f"unix://{path}"


def prepare(home: Path, mock_port: int) -> tuple[str, str]:
    """Two deployments of the mock engine, one of them limited; a limited key and one that is not."""
    db = open_database(f"sqlite:///{home / 'pleiade.db'}")
    migrate(db)
    for default in adopt_defaults(db):
        undeploy(db, default.name)
    url = f"http://127.0.0.1:{mock_port}/v1"
    add_model(db, remote_model(url, model_id="mock"))
    for name in ("requests", "tokens"):
        deploy(db, name, model="mock", engine="upstream", options={"url": url, "extra_usage": True})
    set_capacity(db, "tokens", Capacity(units=UNITS, requests_per_unit=1000.0))
    limited, key = create_key(db, name="limited")
    set_rate(db, Scope.KEY, key.id, {"max_requests_per_1_minute": REQUESTS})
    free, _ = create_key(db, name="free")
    db.dispose()
    return limited, free


async def overload(url: str, key: str, model: str) -> tuple[Counter[int], int]:
    """Ask for as much as can be for one minute of the calendar: answers by status, and the tokens that passed."""
    await asyncio.sleep(MINUTE_S - time.time() % MINUTE_S + 0.05)
    until = time.time() + MINUTE_S - 0.5
    found: Counter[int] = Counter()
    passed = 0
    fields = msgspec.json.decode(json.dumps(BODY), type=dict[str, msgspec.Raw])
    estimated = estimate(fields, "/chat/completions").tokens
    headers = {"authorization": f"Bearer {key}"}

    async def call_on(session: aiohttp.ClientSession) -> None:
        nonlocal passed
        while time.time() < until:
            async with session.post(url, json=BODY | {"model": model}, headers=headers) as answer:
                body = await answer.json()
                found[answer.status] += 1
            if answer.status == 200:
                passed += max(estimated, body["usage"]["total_tokens"])
            else:
                await asyncio.sleep(0.05)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(call_on(session) for _ in range(CALLERS)))
    return found, passed


def wait_until_ready(port: int) -> None:
    """Until the gateways answer."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the gateways do not become ready")


def main() -> None:
    """Start everything, overload it twice, tell."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pleiade-limits-")))
        home = folder / "home"
        home.mkdir(mode=0o700)
        store = start_store(stack, folder)
        mock_port, _ = start_mock(stack, compiled("mock_engine"))
        limited, free = prepare(home, mock_port)
        port = free_port()
        variables = {"PLEIADE_VALKEY_URL": store, "PLEIADE_WORKERS": str(WORKERS), "PLEIADE_LOG_LEVEL": "warning"}
        argv = [sys.executable, "-m", "pleiade.cli", "up", "--home", str(home), "--port", str(port)]
        with (folder / "up.log").open("wb") as log:
            up = subprocess.Popen(argv, env={**os.environ, **variables}, stdout=log, stderr=subprocess.STDOUT)
        stack.callback(end, up)
        wait_until_ready(port)
        url = f"http://127.0.0.1:{port}/v1/chat/completions"
        by_key, _ = asyncio.run(overload(url, limited, "requests"))
        by_deployment, tokens = asyncio.run(overload(url, free, "tokens"))
    rows = [
        [f"key, {REQUESTS:,} requests/min", f"{by_key[200]:,}", f"{sum(by_key.values()):,}"],
        [f"deployment, {UNITS},000 tokens/min", f"{tokens:,}", f"{sum(by_deployment.values()):,}"],
    ]
    print(table([f"{WORKERS} gateways, one minute", "passed", "asked (requests)"], rows))
    summary = {
        "limits_requests": by_key[200] / REQUESTS,
        "limits_tokens": tokens / (UNITS * 1000),
    }
    write_json("limits", {"statuses": {"key": by_key, "deployment": by_deployment}, "result": summary})
    print(result_line(summary))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the children are ended too
    main()
