"""Commands that read and write a home: keys, models, deployments, version. Nothing runs meanwhile."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pleiade import __version__
from pleiade.registry.bundled import CHAT_MODEL, EMBEDDING_MODEL, bundled_folders

Shell = Any  # tests/cli/conftest.py


def test_help_imports_no_heavy_room() -> None:
    heavy = ["torch", "openvino", "sqlalchemy", "alembic", "aiohttp", "uvicorn", "numpy", "huggingface_hub"]
    code = f"import sys, pleiade.cli; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_command_has_help_and_shell_completion_can_be_installed(shell: Shell) -> None:
    from typer.testing import CliRunner

    from pleiade.cli import app

    said = CliRunner().invoke(app, ["--help"]).stdout
    for command in ("up", "model", "deploy", "undeploy", "deployments", "key", "doctor", "version", "train", "eval"):
        assert command in said
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0
    assert "--install-completion" in said


def test_version_is_told_to_people_and_programs() -> None:
    from typer.testing import CliRunner

    from pleiade.cli import app

    parts = json.loads(CliRunner().invoke(app, ["version", "--json"]).stdout)
    assert parts["pleiade"] == __version__
    assert parts["openvino"]
    assert f"pleiade    {__version__}" in CliRunner().invoke(app, ["version"]).stdout


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("pleiade mod", ["model"]),
        ("pleiade model show all-", [EMBEDDING_MODEL]),
        ("pleiade deploy x --model all", [EMBEDDING_MODEL]),
        ("pleiade deploy x --engine text_", ["text_openvino", "text_llamacpp"]),
        ("pleiade undeploy no-such", []),
    ],
)
def test_the_shell_completes_commands_and_names(shell: Shell, words: str, offered: list[str]) -> None:
    asked = {
        "_PLEIADE_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
        "PLEIADE_HOME": str(shell.home),
    }
    program = str(Path(sys.executable).parent / "pleiade")
    said = subprocess.run([program], env={**os.environ, **asked}, capture_output=True, text=True)
    assert said.stdout.split() == offered, said.stderr


def test_the_life_of_a_key(shell: Shell) -> None:
    secret = shell.ok("key", "create", "laptop").strip()
    assert secret.startswith("sk-pleiade-")
    (listed,) = shell.json("key", "list")
    assert (listed["name"], listed["role"], listed["hint"]) == ("laptop", "member", secret[-4:])
    rotated = shell.json("key", "rotate", "laptop")
    assert rotated["secret"] != secret
    assert rotated["key"]["revoked"] == 0
    assert shell.json("key", "revoke", "laptop")["revoked"] > 0
    assert shell.json("key", "list") == []
    assert len(shell.json("key", "list", "--all")) == 2
    everything = shell.ok("key", "list", "--all") + shell.ok("key", "list", "--all", "--json")
    assert secret not in everything
    assert "sha256" not in everything


def test_a_key_may_expire_and_administer(shell: Shell) -> None:
    created = shell.json("key", "create", "ops", "--admin", "--expires-in", "90d", "--project", "research")["key"]
    assert (created["role"], created["project"]) == ("admin", "research")
    assert created["expires"] - created["created"] == 90 * 86400
    assert "say 90d" in shell.fails("key", "create", "ops", "--expires-in", "soon")


def test_an_unknown_key_is_told(shell: Shell) -> None:
    assert "pleiade key list" in shell.fails("key", "revoke", "nobody")


def test_the_bundled_models_are_there_before_the_first_start(new_shell: Shell) -> None:
    models = {model["id"]: model for model in new_shell.json("model", "list")}
    assert models[EMBEDDING_MODEL]["bundled"]
    assert "all-minilm-l6-v2" in new_shell.ok("model", "list")


def test_the_life_of_a_model(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "my-encoder"
    shutil.copytree(bundled_folders()[EMBEDDING_MODEL], folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").symlink_to(bundled_folders()[EMBEDDING_MODEL] / "model.safetensors")
    added = shell.json("model", "add", str(folder))
    assert (added["id"], added["kind"], added["licence"]) == ("my-encoder", "embedding", "Apache-2.0")
    shown = shell.json("model", "show", "my-encoder")
    assert shown["sha256"] == added["sha256"]
    assert shown["deployments"] == []
    assert "sentence-transformers" in shown["card"]
    assert "22.7 M" in shell.ok("model", "show", "my-encoder")
    assert "registered already" in shell.fails("model", "add", str(folder))
    assert shell.json("model", "add", str(folder), "--name", "second")["id"] == "second"
    shell.ok("model", "remove", "my-encoder")
    assert "no model is called 'my-encoder'" in shell.fails("model", "show", "my-encoder")
    assert folder.exists()


def test_a_model_behind_a_url_is_deployed_without_a_file(shell: Shell) -> None:
    shell.ok("model", "add", "https://models.example/v1", "--name", "far")
    deployment = shell.json("deploy", "far-chat", "--model", "far", "--option", "key=sk-secret")
    assert deployment["engine"] == "upstream"
    assert deployment["options"] == {"key": "…", "url": "https://models.example/v1"}
    assert "sk-secret" not in shell.ok("deployments") + shell.ok("deployments", "--json")
    direct = shell.json(
        "deploy",
        "direct",
        "--model",
        "gpt-4o",
        "--engine",
        "upstream",
        "--option",
        "url=https://x.example/v1",
    )
    assert direct["model"] == "gpt-4o"


def test_the_life_of_a_deployment(shell: Shell) -> None:
    words = (
        "deploy",
        "vectors",
        "--model",
        EMBEDDING_MODEL,
        "--alias",
        "text-embedding-3-small",
        "--alias",
        "ada",
    )
    made = shell.json(*words)
    assert (made["engine"], made["aliases"]) == ("embed_openvino", ["text-embedding-3-small", "ada"])
    (listed,) = [entry for entry in shell.json("deployments") if entry["name"] == "vectors"]
    assert (listed["state"], listed["model"]) == ("stopped", EMBEDDING_MODEL)
    assert "text-embedding-3-small" in shell.ok("deployments")
    assert "'ada' is already an alias of 'vectors'" in shell.fails(
        "deploy", "other", "--model", EMBEDDING_MODEL, "--alias", "ada"
    )
    assert "deployed as vectors" in shell.fails("model", "remove", EMBEDDING_MODEL)
    shell.ok("undeploy", "vectors")
    assert "vectors" not in shell.ok("deployments")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--model", "nothing"), "no model is called 'nothing'"),
        (("--model", EMBEDDING_MODEL, "--engine", "abacus"), "no engine 'abacus'; this Pleiade has: "),
        (("--model", EMBEDDING_MODEL, "--engine", "text_openvino"), "is of the kind embedding"),
        (("--model", EMBEDDING_MODEL, "--option", "colour=red"), "'colour' is not known"),
        (("--model", EMBEDDING_MODEL, "--option", "threads"), "write KEY=VALUE"),
    ],
)
def test_a_deployment_that_cannot_work_is_refused_before_anything_is_written(
    shell: Shell, words: tuple[str, ...], says: str
) -> None:
    assert says in shell.fails("deploy", "x", *words)
    assert shell.json("deployments") == []


def test_a_model_goes_to_the_first_engine_that_can_really_load_it(shell: Shell, gguf_file: Callable[..., Path]) -> None:
    shell.ok("model", "add", str(gguf_file()))
    assert shell.json("deploy", "m", "--model", "mamba")["engine"] == "text_llamacpp"
    assert "text_llamacpp" in shell.fails("deploy", "m", "--model", "mamba", "--engine", "text_openvino")
    if CHAT_MODEL in bundled_folders():
        assert shell.json("deploy", "c", "--model", CHAT_MODEL)["engine"] == "text_openvino"


def test_a_wrong_setting_is_told_with_its_variable(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLEIADE_PORT", "many")
    monkeypatch.setenv("PLEIADE_LOG_FORMAT", "xml")
    said = shell.fails("key", "list")
    assert "PLEIADE_PORT='many'" in said
    assert "log_format 'xml': choose json or text" in said


def test_a_home_from_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from pleiade.cli import app

    monkeypatch.setenv("PLEIADE_HOME", str(tmp_path / "from-environment"))
    assert CliRunner().invoke(app, ["key", "create", "x"]).exit_code == 0
    assert (tmp_path / "from-environment" / "pleiade.db").exists()


def test_training_without_the_lab_says_how_to_add_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    import typer
    from typer.testing import CliRunner

    from pleiade.cli.train_command import add_to

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    app = typer.Typer()
    app.command("other")(lambda: None)
    add_to(app)
    result = CliRunner().invoke(app, ["train", "toy"])
    assert result.exit_code == 1
    assert "pip install 'pleiade[lab]'" in result.stderr
    assert "make install-lab" in result.stderr
