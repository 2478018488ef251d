"""A gateway with the web app over the scripted engine: a process that may be killed and started anew where it was."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
from answers import ConversingEngine
from scripted_engine import ScriptedEngine
from scripted_gateway import endpoint

from pleiade.domain import DEFAULT_ORGANISATION, DEFAULT_PROJECT, OPERATOR, Endpoint, EndpointTable
from pleiade.store import migrate, open_database
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.members import add_member
from pleiade.tenancy.signin.passwords import set_password
from pleiade.tenancy.users import create_user
from serving import free_port, wait_for

PASSWORD = "seven stars in one night"


@dataclass
class Stage:
    """Where the app is, and its process."""

    home: Path
    port: int
    engine: ScriptedEngine
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The app's address, the same for every process that serves it."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve."""
        with socket.create_server(("127.0.0.1", self.port), reuse_port=False) as listener:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pleiade.gateway", "--fd", str(listener.fileno())],
                pass_fds=(listener.fileno(),),
                stdout=subprocess.DEVNULL,
                stderr=(self.home / "gateway.log").open("ab"),
                env={**os.environ, "PLEIADE_HOME": str(self.home), "PLEIADE_DRAIN_S": "1"},
            )
        wait_for(self._answers, 60, "the gateway answers")

    def kill(self) -> None:
        """As an out-of-memory killer does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As an operator does."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(30)

    def key(self) -> str:
        """A key for programs."""
        db = open_database(f"sqlite:///{self.home / 'pleiade.db'}")
        try:
            return create_key(db, name="programs", actor=OPERATOR)[0]
        finally:
            db.dispose()

    def person(self, email: str, name: str = "") -> str:
        """Somebody with a password; their address."""
        db = open_database(f"sqlite:///{self.home / 'pleiade.db'}")
        try:
            user = create_user(db, email=email, name=name, actor=OPERATOR)
            for project in ("", DEFAULT_PROJECT):
                add_member(db, DEFAULT_ORGANISATION, user.id, role="developer", project=project, actor=OPERATOR)
            set_password(db, user.id, PASSWORD, actor=OPERATOR)
        finally:
            db.dispose()
        return email

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def on_stage(home: Path, port: int | None = None) -> Iterator[Stage]:
    """A running stage with two deployments that talk, `chat` and `second`, and one that draws, `pictures`."""
    with ConversingEngine() as engine:
        endpoints = (
            endpoint(engine, aliases=(), context_length=32_768),
            endpoint(engine, deployment="second", model="pico-2", aliases=(), context_length=32_768),
            endpoint(engine, deployment="pictures", model="painter-1", kind="image", extra_usage=False, aliases=()),
        )
        with serve_endpoints(home, engine, endpoints, port) as stage:
            yield stage


@contextmanager
def serve_endpoints(
    home: Path, engine: ScriptedEngine, endpoints: tuple[Endpoint, ...], port: int | None = None
) -> Iterator[Stage]:
    """A running stage with these deployments, all of which `engine` answers."""
    (home / "run").mkdir(parents=True, exist_ok=True)
    (home / "run" / "endpoints.json").write_bytes(msgspec.json.encode(EndpointTable(version=1, endpoints=endpoints)))
    db = open_database(f"sqlite:///{home / 'pleiade.db'}")
    migrate(db)
    db.dispose()
    stage = Stage(home, port or free_port(), engine)
    stage.start()
    try:
        yield stage
    finally:
        if stage.process is not None and stage.process.poll() is None:
            stage.stop()
