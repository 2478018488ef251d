"""What a person is told who starts the server or adds a model wrongly: cause and way out, no traceback."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFWriter

import pleiade.registry
from serving import PLEIADE, Server, free_port


def told(*argv: str | Path, home: Path) -> str:
    """What `pleiade` says when it fails: exit code above 0, no traceback."""
    done = subprocess.run(
        [PLEIADE, *argv, "--home", home],
        env={**os.environ, "COLUMNS": "400", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode > 0, said
    assert "Traceback" not in said, said
    return said


def bundled_chat_model() -> Path:
    """The folder of pleiade-pico inside the package."""
    return Path(pleiade.registry.__file__).parent / "bundled" / "pleiade-pico"


def test_a_truncated_gguf_file_is_refused(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.gguf", tmp_path / "cut.gguf"
    writer = GGUFWriter(whole, "llama")
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_tensor("token_embd.weight", np.zeros((64, 32), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    cut.write_bytes(whole.read_bytes()[:-1000])
    said = told("model", "add", cut, home=tmp_path / "home")
    assert "cut.gguf" in said
    assert "truncated" in said or "incomplete" in said


def test_a_folder_without_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "no-tokenizer"
    shutil.copytree(bundled_chat_model(), folder, ignore=shutil.ignore_patterns("tokenizer*"))
    said = told("model", "add", folder, home=tmp_path / "home")
    assert "tokenizer.json" in said


def test_a_port_in_use_is_told_with_a_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = told("up", "--port", str(port), home=tmp_path / "home")
    assert str(port) in said
    assert "--port" in said


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    # Nobody, not even root, can make a folder below a file.
    (tmp_path / "file").write_text("")
    home = tmp_path / "file" / "home"
    assert str(home) in told("up", "--port", str(free_port()), home=home)


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes where the mode forbids it")
def test_a_read_only_home_is_told(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    assert str(home) in told("up", "--port", str(free_port()), home=home)


@pytest.mark.skipif(os.geteuid() != 0, reason="the one above is the same for those who are not root")
def test_a_home_on_a_read_only_file_system_is_told() -> None:
    home = Path("/sys/pleiade-home")  # nothing can be created there, whoever asks
    assert str(home) in told("up", "--port", str(free_port()), home=home)


def test_a_second_up_on_the_same_home_is_refused(server: Server) -> None:
    said = told("up", "--port", str(free_port()), home=server.home)
    assert str(server.home) in said
    assert server.chat().status_code == 200
