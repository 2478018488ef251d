"""`pleiade up` as a process: how it starts, what refuses it, how it stops. tests/e2e has what it serves."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from engines.tiny_model import write_tiny_reward_model
from pleiade.registry.bundled import EMBEDDING_MODEL, bundled_folders
from pleiade.registry.deployments import DEFAULTS

Shell = Any  # tests/cli/conftest.py
UP = [sys.executable, "-m", "pleiade.cli", "up"]
# Without this capability root obeys permissions like everybody else.
OBEY = ["setpriv", "--inh-caps=-dac_override", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []


@pytest.fixture
def obeying() -> list[str]:
    """What to put before a command so that permissions bind it, root or not."""
    if OBEY and (not shutil.which(OBEY[0]) or subprocess.run([*OBEY, "true"], capture_output=True).returncode):
        pytest.skip("root may not give up its right to write everywhere here")
    return OBEY


class Up:
    """A running `pleiade up --json` without engines (its default deployments are removed beforehand)."""

    def __init__(self, home: Path, *words: str, env: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [*UP, "--home", str(home), "--port", "0", "--json", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )

    def until(self, event: str) -> dict[str, Any]:
        """Read events up to the one of that name."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if said["event"] == event:
                return dict(said)
        assert self.process.stderr is not None
        raise AssertionError(f"ended without {event}: {self.process.stderr.read()}")


@pytest.fixture
def quiet_home(shell: Shell) -> Path:
    """A home that deploys nothing, so that `up` is ready as soon as its gateway is."""
    import sqlite3

    with sqlite3.connect(shell.home / "pleiade.db") as connection:
        names = [(f"default:{deployment.name}",) for deployment in DEFAULTS]
        connection.executemany("INSERT INTO versions VALUES (?, 1)", names)
    connection.close()
    return Path(shell.home)


@pytest.fixture
def up(quiet_home: Path) -> Iterator[Up]:
    """A running `up` on that home."""
    running = Up(quiet_home)
    yield running
    running.process.kill()
    running.process.communicate()


def refused(*words: str, prefix: list[str] | None = None, env: dict[str, str] | None = None) -> str:
    """What an `up` says that cannot start: one message on stderr, exit code 1, no traceback."""
    done = subprocess.run(
        [*(prefix or []), *UP, *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **(env or {})},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("pleiade: ")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_deployment_made_meanwhile_is_ready_when_the_command_returns(up: Up, shell: Shell) -> None:
    url = up.until("ready")["url"]
    deployed = shell.json("deploy", "vectors", "--model", EMBEDDING_MODEL, "--alias", "ada")
    assert (deployed["state"], deployed["detail"]) == ("ready", "")
    key = (shell.home / "admin.key").read_text().strip()
    with httpx.Client(base_url=url, headers={"api-key": key}, timeout=60, trust_env=False) as client:
        body = {"model": "ada", "input": "Hello"}
        while (answer := client.post("/v1/embeddings", json=body)).status_code == 404:
            time.sleep(0.05)  # a gateway under load may read the new table a moment later
        assert len(answer.json()["data"][0]["embedding"]) > 0
    (listed,) = shell.json("deployments")
    assert listed["state"] == "ready"
    shell.ok("undeploy", "vectors")


def test_a_reward_model_is_added_deployed_and_asked_with_the_official_clients(
    up: Up, shell: Shell, tmp_path: Path
) -> None:
    url = up.until("ready")["url"]
    added = shell.json("model", "add", str(write_tiny_reward_model(tmp_path / "reward-export")))
    assert (added["id"], added["kind"]) == ("reward-export", "reward")
    deployed = shell.json("deploy", "my-reward", "--model", "reward-export")
    assert (deployed["engine"], deployed["state"]) == ("reward_openvino", "ready")
    key = (shell.home / "admin.key").read_text().strip()
    asked = {"messages": [{"role": "user", "content": "Is ice cold?"}], "candidates": ["Yes.", "Blue."]}
    plain = openai.OpenAI(base_url=f"{url}/v1", api_key=key)
    azure = openai.AzureOpenAI(azure_endpoint=url, api_version="2024-10-21", azure_deployment="my-reward", api_key=key)
    answers = []
    for client in (plain, azure):
        with client:
            body = {"model": "my-reward", "input": asked}
            answers.append(client.post("/rewards", body=body, cast_to=object))
            with pytest.raises(openai.BadRequestError, match="use POST /rewards"):
                client.chat.completions.create(model="my-reward", messages=[{"role": "user", "content": "Hi"}])
    assert answers[0] == answers[1]
    assert [item["object"] for item in answers[0]["data"]] == ["reward", "reward"]
    assert answers[0]["data"][0]["score"] != answers[0]["data"][1]["score"]
    assert (answers[0]["model"], answers[0]["usage"]["prompt_tokens"]) == ("reward-export", 37 + 38)


def test_a_deployment_whose_engine_does_not_start_is_told_with_its_last_words(
    up: Up, shell: Shell, tmp_path: Path
) -> None:
    up.until("ready")
    folder = tmp_path / "encoder"
    shutil.copytree(bundled_folders()[EMBEDDING_MODEL], folder)
    shell.ok("model", "add", str(folder))
    (folder / "tokenizer.json").write_text("damaged after it was added")
    said = shell("deploy", "vectors", "--model", "encoder").stderr
    assert "vectors is deployed, but the engine of vectors exited with code" in said
    assert "tokenizer.json" in said


def test_the_first_start_makes_a_private_key_and_shows_it_once(quiet_home: Path) -> None:
    first = Up(quiet_home)
    ready = first.until("ready")
    key_file = quiet_home / "admin.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert ready["new_key"] == key_file.read_text().strip()
    assert ready["url"].startswith("http://127.0.0.1:")
    assert ready["join_url"].startswith(f"{ready['url']}/join#"), "nobody has joined yet"
    first.process.send_signal(signal.SIGINT)
    first.process.communicate(timeout=60)
    second = Up(quiet_home)
    try:
        ready = second.until("ready")
        assert (ready["new_key"], ready["key_file"]) == ("", str(key_file))
    finally:
        second.process.terminate()
        second.process.communicate(timeout=60)


def test_control_c_ends_everything_with_exit_code_zero(up: Up) -> None:
    port = int(up.until("ready")["url"].rsplit(":", 1)[1])
    up.process.send_signal(signal.SIGINT)
    up.until("stopped")
    assert up.process.wait(60) == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))  # the port is free again


def test_a_second_up_is_refused_with_the_pid_and_the_url_of_the_first(up: Up, quiet_home: Path) -> None:
    url = up.until("ready")["url"]
    said = refused("--home", str(quiet_home), "--port", "0")
    assert f"process {up.process.pid}, {url}" in said
    assert "--home" in said


def test_a_port_in_use_is_told_and_the_home_is_free_again(quiet_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for _ in range(2):  # the first refusal leaves no lock behind
            assert f"--port {port + 1}" in refused("--home", str(quiet_home), "--port", str(port))


def test_a_read_only_home_is_told(tmp_path: Path, obeying: list[str]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o555)
    said = refused("--home", str(home), "--port", "0", prefix=obeying)
    assert str(home) in said
    assert "make it writable, or choose another folder with --home" in said
    assert list(home.iterdir()) == []


def test_a_read_only_database_in_a_writable_home_is_told(quiet_home: Path, obeying: list[str]) -> None:
    (quiet_home / "pleiade.db").chmod(0o444)
    said = refused("--home", str(quiet_home), "--port", "0", prefix=obeying)
    assert "pleiade.db" in said
    assert "writable" in said


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounting = f'mount -t tmpfs -o size=24k tmpfs {small} && exec "$@"'
    prefix = ["unshare", "--mount", "sh", "-c", mounting, "sh"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    said = refused("--home", str(small / "home"), "--port", "0", prefix=prefix)
    assert "free some disk space" in said


def test_all_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    said = refused(
        "--home",
        str(tmp_path / "home"),
        "--workers",
        "0",
        env={"PLEIADE_LOG_LEVEL": "loud", "PLEIADE_PORT": "70000"},
    )
    assert "workers 0" in said
    assert "log_level 'loud'" in said
    assert "port 70000" in said
    assert not (tmp_path / "home").exists()


def test_a_gateway_that_cannot_start_is_told_with_its_last_words(quiet_home: Path, tmp_path: Path) -> None:
    # A broken installation: a module that fails on import, found before the real one.
    (tmp_path / "httptools.py").write_text("raise ImportError('this wheel is for another machine')")
    said = refused("--home", str(quiet_home), "--port", "0", env={"PYTHONPATH": str(tmp_path)})
    assert "gateway 1 does not start" in said
    assert "this wheel is for another machine" in said


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://pleiade:hunter2@127.0.0.1:1/pleiade"
    said = refused("--home", str(tmp_path / "home"), "--port", "0", env={"PLEIADE_DATABASE_URL": url})
    assert "check that PostgreSQL runs there" in said
    assert "hunter2" not in said


def test_keys_and_deployments_may_live_in_postgresql(tmp_path: Path, postgresql: str) -> None:
    running = Up(tmp_path / "home", env={"PLEIADE_DATABASE_URL": postgresql})
    try:
        running.until("endpoint")
        assert not (tmp_path / "home" / "pleiade.db").exists()
        assert (tmp_path / "home" / "admin.key").exists()
    finally:
        running.process.terminate()
        running.process.communicate(timeout=60)
