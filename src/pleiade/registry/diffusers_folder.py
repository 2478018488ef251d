"""A folder that diffusers wrote (model_index.json, a subfolder for each part), read as a Model."""

import json
import re
from pathlib import Path
from typing import Any

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.registry.card import read_licence
from pleiade.registry.errors import RegistryError
from pleiade.registry.safetensors_header import count_parameters

INDEX = "model_index.json"
VARIANT = re.compile(r"\.(fp16|bf16|non_ema|ema)\b")  # a second copy of the same weights, in its file's name
# Parts from elsewhere bring code of their own; the third is how diffusers names its safety checker.
LIBRARIES = ("diffusers", "transformers", "stable_diffusion")


def inspect_diffusers(folder: Path) -> Model:
    """The picture model in `folder`, without loading it.

    Raises RegistryError where its index is broken, names parts with code of their own, or lacks weights.
    """
    parts = _parts(folder)
    return Model(
        id=folder.name,
        kind=ModelKind.IMAGE,
        format=ModelFormat.SAFETENSORS,
        path=str(folder),
        architecture=str(parts["_class_name"]),
        parameters=count_parameters(part_files(folder)),
        licence=read_licence(folder),
        source=str(folder),
    )


def part_files(folder: Path) -> list[Path]:
    """The weights of all parts, sorted; of a part in several precisions, the plain one. Raises RegistryError."""
    files: list[Path] = []
    for name, part in _parts(folder).items():
        if name.startswith("_") or not isinstance(part, list) or part[0] is None:
            continue
        found = sorted((folder / name).glob("*.safetensors"))
        files += [file for file in found if not VARIANT.search(file.name)] or found
        if not found and any((folder / name).glob("*.bin")):
            raise RegistryError(
                f"{folder / name} has its weights only as pickled PyTorch files, which Pleiade does not open: they can "
                "run code. Save them as safetensors: pipeline.save_pretrained(folder, safe_serialization=True)"
            )
    if not files:
        raise RegistryError(f"{folder} has no weights: its parts need *.safetensors. Download the folder again.")
    return sorted(files)


def _parts(folder: Path) -> dict[str, Any]:
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RegistryError(f"{folder / INDEX} cannot be read: {error}. Download the folder again.") from error
    if not isinstance(index, dict) or not isinstance(index.get("_class_name"), str):
        raise RegistryError(f"{folder / INDEX} names no pipeline of diffusers; one with code of its own is not run")
    for name, part in index.items():
        if isinstance(part, list) and not name.startswith("_") and part[:1] != [None] and part[0] not in LIBRARIES:
            raise RegistryError(
                f"{folder}: its part {name!r} comes from {part[0]!r}, code that Pleiade does not run "
                f"(known: diffusers, transformers)"
            )
    return index
