"""A tiny model and a text worker that serves it, shared by the tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engines.tiny_model import write_tiny_model
from engines.worker_process import Worker, run_worker


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random model of Qwen3's shape with one token per byte."""
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="session")
def text_worker(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A text worker on the tiny model, in whose world torch and transformers raise on import."""
    arguments = [
        "--model",
        str(tiny_model),
        "--model-id",
        "tiny",
        "--queue-limit",
        "32",
        "--kv-cache-mb",
        "64",
    ]
    folder = tmp_path_factory.mktemp("worker")
    for name in ("torch", "transformers"):
        (folder / f"{name}.py").write_text("raise ImportError('not in the serving path')")
    env = {"PYTHONPATH": str(folder)}
    with run_worker("pleiade.engines.text_openvino", arguments, folder / "log", env=env) as worker:
        yield worker
