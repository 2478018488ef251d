"""The command line, called as a person calls it, on a home of its own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from pleiade.cli import app


class Shell:
    """Runs `pleiade …` on one home, in this process (what needs its own process starts one)."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def __call__(self, *words: str) -> Result:
        """The result of `pleiade words --home HOME`: exit_code, stdout, stderr."""
        return CliRunner().invoke(app, [*words, "--home", str(self.home)])

    def ok(self, *words: str) -> str:
        """What a command that must work prints."""
        result = self(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        """The JSON that a command that must work prints."""
        return json.loads(self.ok(*words, "--json"))

    def fails(self, *words: str) -> str:
        """What a command that must fail says: one message, no traceback."""
        result = self(*words)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        assert result.stderr.startswith("pleiade: ")
        assert "Traceback" not in result.stderr
        return result.stderr


@pytest.fixture(scope="session")
def first_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that a first command makes, with the bundled models: made once, copied for every test."""
    home = tmp_path_factory.mktemp("first") / "home"
    Shell(home).ok("model", "list")
    return home / "pleiade.db"


@pytest.fixture
def new_shell(tmp_path: Path) -> Shell:
    """`pleiade` on a home that does not exist yet."""
    return Shell(tmp_path / "home")


@pytest.fixture
def shell(new_shell: Shell, first_database: Path) -> Shell:
    """`pleiade` on a home that has seen its first command."""
    new_shell.home.mkdir(mode=0o700)
    shutil.copy(first_database, new_shell.home)
    return new_shell


@pytest.fixture
def gguf_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a GGUF file of a family that only llama.cpp knows."""

    def write(name: str = "mamba.gguf") -> Path:
        from gguf import GGUFWriter

        path = tmp_path / name
        writer = GGUFWriter(path, "mamba")
        writer.add_context_length(512)
        writer.add_tokenizer_model("gpt2")
        writer.add_token_list(["a", "b"])
        writer.add_tensor("token_embd.weight", np.zeros((2, 32), np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write
