"""How much memory an engine will want for a model, told before it is started: arithmetic over files' sizes."""

import json
import os
from pathlib import Path

import msgspec

from pleiade.domain import Model
from pleiade.engines.offered import Value

# Bytes that a weight takes as the engine holds it; int4 has its scales beside it.
_WIDTHS = {"int8": 1.06, "int4": 0.6, "bf16": 2.0, "f16": 2.0, "f32": 4.0}
_DEFAULTS = {"text_openvino": "int8", "reward_openvino": "bf16", "image_openvino": "bf16", "image_diffusers": "bf16"}
# A worker's program and libraries: workers of the pico models, with next to no weights, are a little smaller.
PROGRAM_BYTES = 200 << 20
MOST_CACHE_BYTES = 2048 << 20  # what text_openvino takes at most by itself
_GPU = ("vllm",)


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine will want, in bytes; and what the machine has left."""

    weights: int
    cache: int  # keys and values of running answers
    program: int
    total: int
    available: int | None  # None where it is not known, or is a GPU's
    fits: bool | None


def need_of(model: Model, engine: str, options: dict[str, Value]) -> Need:
    """An estimate: of everything for engines on the CPU, of weights alone for those on a GPU. Reads files' sizes."""
    size = weights_size(model.path)
    width = _WIDTHS.get(str(options.get("weights") or options.get("precision") or _DEFAULTS.get(engine, "")))
    weights = int(model.parameters * width) if model.parameters and width else size
    cache = _cache(model, engine, options)
    gpu = engine in _GPU or options.get("device") == "cuda" or bool(options.get("gpu_layers"))
    program = 0 if gpu else PROGRAM_BYTES
    total = weights + cache + program
    available = None if gpu else available_bytes()
    return Need(
        weights=weights,
        cache=cache,
        program=program,
        total=total,
        available=available,
        fits=None if available is None else total <= available,
    )


def weights_size(path: str) -> int:
    """Bytes of a model's files; 0 where there are none (a remote one)."""
    if not path:
        return 0
    root = Path(path)
    try:
        files = [root] if root.is_file() else [file for file in root.rglob("*") if file.is_file()]
        return sum(file.stat().st_size for file in files if file.suffix in (".safetensors", ".gguf", ".onnx", ".data"))
    except OSError:
        return 0


def available_bytes() -> int | None:
    """Memory that a new process could have on this machine now; None where the system does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _cache(model: Model, engine: str, options: dict[str, Value]) -> int:
    """Memory for keys and values, by the rule of engines/text_openvino/engine.py and llama.cpp's."""
    if engine not in ("text_openvino", "text_llamacpp"):
        return 0
    if options.get("kv_cache_mb"):
        return int(options["kv_cache_mb"]) << 20
    token = _token_bytes(model)
    if engine == "text_llamacpp":
        return token * int(options.get("context", 4096)) * int(options.get("slots", 4))
    if not token:
        return MOST_CACHE_BYTES
    return min(token * max(2 * model.context_length, 1024 * int(options.get("max_batch", 32))), MOST_CACHE_BYTES)


def _token_bytes(model: Model) -> int:
    """Bytes of one token's keys and values in half precision; 0 where the model's folder does not tell."""
    try:
        shape = json.loads((Path(model.path) / "config.json").read_text())
        layers = int(shape.get("num_hidden_layers") or shape["n_layer"])
        heads = int(shape.get("num_attention_heads") or shape["n_head"])
        width = int(shape.get("head_dim") or int(shape.get("hidden_size") or shape["n_embd"]) // heads)
        return 2 * layers * int(shape.get("num_key_value_heads") or heads) * width * 2
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        return 0
