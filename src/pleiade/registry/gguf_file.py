"""A GGUF file, read as a Model from its metadata."""

import re
from pathlib import Path
from typing import Any

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.registry.card import spdx
from pleiade.registry.errors import RegistryError

# llama.cpp's names of the families that our own engine also knows by their Hugging Face name.
HUGGING_FACE_NAMES = {
    "gpt2": "GPT2LMHeadModel",
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
ENCODERS = ("bert", "nomic-bert", "jina-bert-v2", "modern-bert", "gemma-embedding")


def inspect_gguf(path: Path) -> Model:
    """The model in a GGUF file, with every tensor's place checked against the file's size.

    Raises RegistryError for a truncated or damaged file, a missing part, or one without a tokenizer.
    """
    fields, parameters = _read(path)
    architecture = str(fields.get("general.architecture") or "")
    if not architecture:
        raise RegistryError(f"{path} names no architecture (general.architecture): convert the model again")
    if fields.get("general.type") in ("mmproj", "adapter", "imatrix") or architecture == "clip":
        raise RegistryError(f"{path} is a {fields.get('general.type') or architecture} file, not a whole model")
    if "tokenizer.ggml.model" not in fields:
        raise RegistryError(f"{path} has no tokenizer: convert it again from a folder with tokenizer files")
    encoder = architecture in ENCODERS
    _require_all_parts(path, fields)
    return Model(
        id=re.sub(r"-\d{5}-of-\d{5}$", "", path.stem),
        kind=ModelKind.EMBEDDING if encoder else ModelKind.TEXT,
        format=ModelFormat.GGUF,
        path=str(path),
        architecture=HUGGING_FACE_NAMES.get(architecture, architecture),
        parameters=parameters,
        context_length=int(fields.get(f"{architecture}.context_length") or 0),
        embedding_length=int(fields.get(f"{architecture}.embedding_length") or 0) if encoder else 0,
        licence=spdx(str(fields.get("general.license") or "")),
        source=str(path),
    )


def _read(path: Path) -> tuple[dict[str, Any], int]:
    """Scalar and string metadata, and the number of weights."""
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise RegistryError(f"{path} is not a GGUF file: it does not begin with the letters GGUF")
    from gguf import GGUFReader, GGUFValueType

    try:
        reader = GGUFReader(path)
    except (ValueError, IndexError, KeyError, OverflowError, MemoryError, OSError) as error:
        # The reader maps every tensor onto the file; one that lies beyond its end cannot be shaped.
        raise RegistryError(
            f"{path} is truncated or damaged ({path.stat().st_size:,} bytes are there; {error}). "
            "Download or copy it again."
        ) from error
    fields = {name: field.contents() for name, field in reader.fields.items() if GGUFValueType.ARRAY not in field.types}
    return fields, sum(int(tensor.n_elements) for tensor in reader.tensors)


def _require_all_parts(path: Path, fields: dict[str, Any]) -> None:
    parts = int(fields.get("split.count") or 1)
    if parts < 2:
        return
    stem = re.sub(r"-\d{5}-of-\d{5}$", "", path.stem)
    names = [f"{stem}-{part:05}-of-{parts:05}.gguf" for part in range(1, parts + 1)]
    missing = [name for name in names if not (path.parent / name).is_file()]
    if missing:
        raise RegistryError(f"{path} is one of {parts} parts; missing beside it: {', '.join(missing)}")
    if path.name != names[0]:
        raise RegistryError(f"{path} is not the first of {parts} parts: add {path.parent / names[0]}")
