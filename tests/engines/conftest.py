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
    """A text worker on the tiny model."""
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
    log = tmp_path_factory.mktemp("worker") / "log"
    with run_worker("pleiade.engines.text_openvino", arguments, log) as worker:
        yield worker
