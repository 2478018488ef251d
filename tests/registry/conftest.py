"""Small model folders and GGUF files, written by hand: no torch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def safetensors_bytes(tensors: dict[str, tuple[int, ...]]) -> bytes:
    """A safetensors file of zeros in F32."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape in tensors.items():
        size = 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + bytes(offset)


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a model folder; `without` names files to leave out, other keywords change config.json."""

    def write(name: str = "toy", *, without: tuple[str, ...] = (), **config: Any) -> Path:
        path = tmp_path / name
        path.mkdir()
        fields = {"architectures": ["Qwen3ForCausalLM"], "max_position_embeddings": 2048, "hidden_size": 8}
        files = {
            "config.json": json.dumps({**fields, **config}).encode(),
            "tokenizer.json": b"{}",
            "model.safetensors": safetensors_bytes({"embed": (10, 8), "head": (8, 10)}),
            "README.md": b"---\nlanguage: en\nlicense: apache-2.0\n---\n# A toy\nIt plays.\n",
        }
        for file, content in files.items():
            if file not in without:
                (path / file).write_bytes(content)
        return path

    return write


@pytest.fixture
def gguf_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a GGUF file with one tensor, as llama.cpp's converter does; None leaves a field out."""

    def write(
        name: str = "toy.gguf", *, architecture: str = "llama", tokenizer: str | None = "gpt2", split: int = 0
    ) -> Path:
        from gguf import GGUFWriter

        path = tmp_path / name
        writer = GGUFWriter(path, architecture)
        writer.add_context_length(4096)
        writer.add_embedding_length(32)
        writer.add_license("apache-2.0")
        if tokenizer:
            writer.add_tokenizer_model(tokenizer)
            writer.add_token_list([f"token {n}" for n in range(50)])
        if split:
            writer.add_uint16("split.count", split)
        writer.add_tensor("token_embd.weight", np.ones((50, 32), np.float32))
        writer.add_tensor("output.weight", np.ones((50, 32), np.float16))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


@pytest.fixture
def zeros() -> Callable[[dict[str, tuple[int, ...]]], bytes]:
    """Content of a safetensors file of zeros."""
    return safetensors_bytes
