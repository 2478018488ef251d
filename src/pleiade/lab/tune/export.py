"""Writes what was trained: a PEFT folder that our engine serves, or a whole Hugging Face folder."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import torch

# What travels with whole weights; the config and the weights are written anew.
COMPANIONS = re.compile(
    r"tokenizer.*|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt|chat_template.*|"
    r"generation_config\.json|LICEN[SC]E.*"
)


def export(model: Any, base: Path, folder: Path, card: str, *, adapter: bool, reward: bool) -> None:
    """Write `folder`, whole or not at all; an older one is replaced. Whole weights keep the base's storage type."""
    unfinished = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    if adapter:
        model.save_pretrained(unfinished, selected_adapters=["default"])
        if reward:
            _copy(base, unfinished)
    else:
        config = json.loads((base / "config.json").read_text("utf-8"))
        stored = getattr(torch, str(config.get("dtype") or config.get("torch_dtype") or "float32"))
        model.to(stored).save_pretrained(unfinished)
        _copy(base, unfinished)
    (unfinished / "README.md").write_text(card, "utf-8")
    for file in unfinished.iterdir():
        file.chmod(0o644)  # safetensors writes for the owner alone; another account may serve
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)


def _copy(base: Path, folder: Path) -> None:
    for file in base.iterdir():
        if file.is_file() and COMPANIONS.fullmatch(file.name):
            shutil.copyfile(file, folder / file.name)


def licence_of(base: Path) -> str:
    """The `license:` of the base's card; "" where it says none."""
    card = base / "README.md"
    found = (
        re.search(r"^license:\s*(\S+)", card.read_text("utf-8", "replace"), re.MULTILINE) if card.is_file() else None
    )
    return found[1] if found else ""
