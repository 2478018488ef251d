"""What a stage was begun with (configuration, tokenizer, model): it goes on with the same, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

BEGUN = "begun.json"


def begin(folder: Path, facts: Mapping[str, Any], may_change: Callable[[str], bool] = lambda _: False) -> None:
    """Record nested `facts` in `folder`, or compare them with those recorded when the stage was begun.

    Raises ValueError, naming every differing key, unless `may_change` lets it pass. Facts that the record lacks (those
    of an older version) are taken at their word.
    """
    path = folder / BEGUN
    recorded = read_json(path) if path.exists() else {}
    differing = differences(recorded, facts, may_change)
    if differing:
        raise ValueError(
            f"the stage in {folder} was begun with something else ({'; '.join(differing)}): give it the same, "
            f"or remove {folder} to train this stage anew"
        )
    if any(key not in recorded for key in facts):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, {**facts, **recorded})


def differences(old: Mapping[str, Any], new: Mapping[str, Any], may_change: Callable[[str], bool]) -> list[str]:
    """ "key: was → is" for each dotted key of `new` whose value in `old` is another."""
    there, here = flat(old), flat(json.loads(json.dumps(new)))
    return [
        f"{key}: {there[key]} there, {here[key]} here"
        for key in here
        if key in there and there[key] != here[key] and not may_change(key)
    ]


def weights_fingerprint(model: nn.Module) -> str:
    """A short hash of all weights, the same on every machine."""
    digest = hashlib.sha256()
    for name, weight in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(weight.detach().float().cpu().contiguous().numpy().data)
    return digest.hexdigest()[:16]


def read_json(path: Path) -> dict[str, Any]:
    """A record of a run. Raises ValueError that names it where it is damaged."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): put a copy back, or name another folder") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path} is damaged (no JSON object): put a copy back, or name another folder")
    return value


def write_json(path: Path, value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write a record whole or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(unfinished, path)


def flat(value: Any, key: str = "") -> dict[str, Any]:
    """Nested mappings as one, keys dotted."""
    if not isinstance(value, Mapping):
        return {key: value}
    return {name: v for k, inner in value.items() for name, v in flat(inner, f"{key}.{k}" if key else k).items()}
