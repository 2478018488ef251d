"""The safetensors format: 8 bytes of header length, a JSON header, then raw little-endian data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pleiade.engines.text_openvino.files.tensors import Array, StoredTensor


def open_safetensors(folder: Path) -> dict[str, StoredTensor]:
    """All tensors of a folder (one file, or the shards that its index names), memory-mapped, by their names.

    Raises ValueError where a file is missing or truncated.
    """
    index = folder / "model.safetensors.index.json"
    files = ["model.safetensors"]
    if index.exists():
        try:
            files = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (json.JSONDecodeError, KeyError):
            raise ValueError(f"{index} is not a safetensors index; fetch the model again") from None
    tensors: dict[str, StoredTensor] = {}
    for name in files:
        tensors.update(open_safetensors_file(folder / name))
    return tensors


def open_safetensors_file(path: Path) -> dict[str, StoredTensor]:
    """The tensors of one file. Raises ValueError where it is missing or truncated."""
    if not path.is_file():
        raise ValueError(f"{path} is missing; fetch it again, as safetensors")
    size = path.stat().st_size
    truncated = ValueError(f"{path} is truncated or no safetensors file ({size} bytes); fetch the model again")
    if size < 10:
        raise truncated
    data = np.memmap(path, mode="r", dtype=np.uint8)
    start = 8 + int(data[:8].view("<u8")[0])
    if start > size:
        raise truncated
    try:
        header = json.loads(data[8:start].tobytes())
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise truncated from None
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (start + offset for offset in entry["data_offsets"])
        if end > size:
            raise truncated
        tensors[name] = _stored(name, data[begin:end], entry["dtype"], tuple(entry["shape"]))
    return tensors


def _stored(name: str, raw: NDArray[np.uint8], kind: str, shape: tuple[int, ...]) -> StoredTensor:
    def read() -> Array:
        if kind == "BF16":
            return bfloat16_to_float32(raw.view("<u2")).reshape(shape)
        if kind == "F16":
            return raw.view("<f2").astype(np.float32).reshape(shape)
        if kind == "F32":
            return np.asarray(raw.view("<f4"), np.float32).reshape(shape)
        raise ValueError(f"tensor {name!r} is stored as {kind}; convert the model to BF16, F16 or F32")

    return StoredTensor(shape, read)


def bfloat16_to_float32(bits: NDArray[np.uint16]) -> Array:
    """A bfloat16 is the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
