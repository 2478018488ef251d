"""Starts what bench/gateway.py measures: the mock engine, ours, LiteLLM's proxy and the bare pass-through."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from machine import free_port
from peers import ROOT, has_module, install
from pleiade.domain import OPERATOR, Endpoint, EndpointState, EndpointTable, ModelKind, Role
from pleiade.domain.limits import Budget, Capacity, Scope
from pleiade.domain.policy import FilterPolicy
from pleiade.domain.price import Rate, RateKind
from pleiade.domain.tenants import Billing
from pleiade.prices import set_price
from pleiade.prices.catalogue import Offer
from pleiade.quota.budgets import set_budget
from pleiade.quota.capacity import set_capacity
from pleiade.quota.rates import set_rate
from pleiade.registry import add_model, deploy, remote_model
from pleiade.registry.bundled import MODERATION_MODEL, bundled_folders
from pleiade.store import migrate, open_database
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.organisations import create_organisation
from pleiade.tenancy.projects import first_project

LITELLM = "litellm[proxy]==1.106.2"
PEER_KEY = "sk-bench-0123456789abcdef"
FIXED_ANSWER = "Hello! This is a fixed answer of the mock engine."


@dataclass(frozen=True)
class Gateway:
    """What answers /v1/chat/completions on 127.0.0.1:`port`; `pid` 0 = the engine itself."""

    name: str
    port: int
    pid: int
    key: str

    def pause(self) -> None:
        """Stop it where it stands, so that its idle timers do not disturb the one that is measured."""
        if self.pid:
            os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it run again."""
        if self.pid:
            os.kill(self.pid, signal.SIGCONT)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process that we started, running or paused."""
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start_mock(stack: ExitStack, binary: Path) -> tuple[int, int]:
    """The mock engine on the core of this process: its port and pid."""
    port = free_port()
    process = subprocess.Popen([binary, str(port)], stdout=subprocess.PIPE)
    stack.callback(end, process)
    assert process.stdout is not None
    if process.stdout.readline() != b"ready\n":
        raise SystemExit(f"the mock engine did not start on port {port}")
    return port, process.pid


EVERYTHING = "pleiade with limits"
FILTERED = "pleiade with filters"


def start_judge(stack: ExitStack, core: int, logs: Path) -> Endpoint:
    """The moderation worker that ships, on the core of the load: its own time is no gateway's."""
    folder = bundled_folders()[MODERATION_MODEL]
    port = free_port()
    worker = ["-m", "pleiade.engines.moderation", "--model", str(folder), "--model-id", MODERATION_MODEL]
    with (logs / "judge.log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, *worker, "--port", str(port)], stdout=log, stderr=log
        )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    _wait_until_healthy(port)
    return Endpoint(
        deployment=MODERATION_MODEL,
        model=MODERATION_MODEL,
        kind="moderation",
        engine="moderation",
        state=EndpointState.READY,
        url=f"http://127.0.0.1:{port}/v1",
    )


def _wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def start_ours(
    stack: ExitStack, mock_port: int, core: int, logs: Path, *, everything: bool = False, judge: Endpoint | None = None
) -> Gateway:
    """Our gateway as `pleiade up` starts it, on a home with a key and a table of one endpoint.

    Every call is in its journal (the keeper, another process, is not started: entries wait there). `everything`: of an
    organisation that pays, with a price, a hard budget, limits of key, project and organisation, and a capacity.
    `judge`: with the standard filter, which asks it.
    """
    name = EVERYTHING if everything else FILTERED if judge is not None else "pleiade"
    home = logs / name
    run = home / "run"
    (run / "metrics").mkdir(parents=True)
    database_url = f"sqlite:///{home / 'pleiade.db'}"
    database = open_database(database_url)
    migrate(database)
    secret = sell_everything(database) if everything else create_key(database, name="bench", role=Role.MEMBER)[0]
    database.dispose()
    endpoint = Endpoint(
        deployment="mock",
        model="mock",
        kind="text",
        engine="mock",
        state=EndpointState.READY,
        url=f"http://127.0.0.1:{mock_port}/v1",
        extra_usage=True,  # as with our own engines: usage is asked for with each chunk, and cut out again
        policy=FilterPolicy() if judge is not None else None,
    )
    endpoints = (endpoint,) if judge is None else (endpoint, judge)
    (run / "endpoints.json").write_bytes(msgspec.json.encode(EndpointTable(version=1, endpoints=endpoints)))
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    ready_read, ready_write = os.pipe()
    environment = {
        **os.environ,
        "PLEIADE_HOME": str(home),
        "PLEIADE_DATABASE_URL": database_url,
        "PROMETHEUS_MULTIPROC_DIR": str(run / "metrics"),
    }
    command = [
        sys.executable,
        "-m",
        "pleiade.gateway",
        "--fd",
        str(listener.fileno()),
        "--pulse-fd",
        str(ready_write),
    ]
    with (logs / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env=environment,
            pass_fds=(listener.fileno(), ready_write),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    stack.callback(end, process)
    os.close(ready_write)
    port = int(listener.getsockname()[1])
    listener.close()
    with os.fdopen(ready_read, "rb") as ready:
        if ready.readline() != b"ready\n":
            raise SystemExit("our gateway did not start:\n" + (logs / f"{name}.log").read_text()[-3000:])
    gateway = Gateway(name=name, port=port, pid=process.pid, key=secret)
    wait_for_answer(gateway, process, logs / f"{name}.log")
    return gateway


def sell_everything(database: sa.Engine) -> str:
    """A paying organisation with every kind of limit, none of which is reached; the secret of its key."""
    organisation = create_organisation(database, name="Bench", actor=OPERATOR, billing=Billing.INVOICED)
    project = first_project(database, organisation.id)
    secret, key = create_key(database, name="bench", organisation=organisation.id, project=project.id)
    rates = tuple(Rate(kind=kind, amount="0.5", per=1_000_000) for kind in (RateKind.INPUT, RateKind.OUTPUT))
    set_price(database, Offer(storefront="openai", model="mock", currency="USD", rates=rates, kind=ModelKind.TEXT))
    url = "http://127.0.0.1:1/v1"  # where the engine is stands in the table of endpoints
    add_model(database, remote_model(url, model_id="mock"))
    deploy(database, "mock", model="mock", engine="upstream", options={"url": url})
    set_capacity(database, "mock", Capacity(units=1_000_000, requests_per_unit=1000.0))
    names = ("max_requests_per_1_minute", "max_tokens_per_1_minute", "max_requests_per_1_day")
    most = dict.fromkeys(names, 10**9)
    subjects = ((Scope.KEY, key.id), (Scope.PROJECT, project.id), (Scope.ORGANISATION, organisation.id))
    for scope, subject in subjects:
        set_rate(database, scope, subject, most)
        set_budget(database, Budget(scope=scope, subject=subject, nano=10**18, currency="USD"))
    return secret


def start_bare(stack: ExitStack, mock_port: int, core: int, logs: Path) -> Gateway:
    """The bare pass-through under uvicorn, one process."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "bare_gateway:application",
        "--port",
        str(port),
        "--no-access-log",
    ]
    extra = {"UPSTREAM": f"http://127.0.0.1:{mock_port}", "BARE_KEY": PEER_KEY}
    return _start(stack, "bare", port, [*command, "--log-level", "warning"], extra, core, logs)


def start_litellm(stack: ExitStack, mock_port: int, core: int, logs: Path) -> Gateway:
    """LiteLLM's proxy, one process, with a key and quiet logs, as its own advice for production is."""
    folder = install("litellm", LITELLM)
    if has_module(folder, "torch"):
        print("note: the environment of LiteLLM holds torch; it is not imported by the proxy")
    port = free_port()
    config = {
        "model_list": [
            {
                "model_name": "mock",
                "litellm_params": {
                    "model": "openai/mock",
                    "api_base": f"http://127.0.0.1:{mock_port}/v1",
                    "api_key": "none",
                },
            }
        ],
        "general_settings": {"master_key": PEER_KEY},
        "litellm_settings": {"telemetry": False, "request_timeout": 60},
    }
    path = logs / "litellm.json"  # JSON is YAML
    path.write_text(json.dumps(config))
    # The map of costs is read from the package: the measurement must not depend on somebody's web server.
    extra = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}
    command = [str(folder / "litellm"), "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
    return _start(stack, "litellm", port, [*command, "--num_workers", "1"], extra, core, logs)


def _start(
    stack: ExitStack, name: str, port: int, command: list[str], extra: dict[str, str], core: int, logs: Path
) -> Gateway:
    log_path = logs / f"{name}.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *command],
            env={**os.environ, **extra},
            cwd=ROOT / "bench",
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    stack.callback(end, process)
    gateway = Gateway(name=name, port=port, pid=process.pid, key=PEER_KEY)
    wait_for_answer(gateway, process, log_path)
    return gateway


def wait_for_answer(gateway: Gateway, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a plain request is answered as the mock answers. Raises SystemExit after 240 s or at its death."""
    body = b'{"model":"mock","messages":[{"role":"user","content":"Say hello."}]}'
    headers = {"content-type": "application/json", "authorization": f"Bearer {gateway.key}"}
    url = f"http://127.0.0.1:{gateway.port}/v1/chat/completions"
    deadline = time.monotonic() + 240
    problem: object = None
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
                content = json.load(answer)
            if content["choices"][0]["message"]["content"] != FIXED_ANSWER or content["usage"]["total_tokens"] != 84:
                raise SystemExit(f"{gateway.name} changed the answer: {content}")
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            problem = error.read() if isinstance(error, urllib.error.HTTPError) else error
            time.sleep(0.1)
    raise SystemExit(f"{gateway.name} does not answer ({problem}); its log ends:\n{log.read_text()[-3000:]}")
