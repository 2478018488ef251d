"""On-policy pairs as a file: a resumed run must not sample anew from a model that has already moved."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path

from pleiade.lab.preferences.pair import Preference


def keep_pairs(path: Path, preferences: Sequence[Preference], references: Sequence[tuple[float, float]]) -> None:
    """Write pairs with their reference log-probabilities (chosen, rejected), whole or not at all."""
    rows = [
        dataclasses.asdict(preference) | {"reference": reference}
        for preference, reference in zip(preferences, references, strict=True)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", "utf-8")
    os.replace(unfinished, path)


def kept_pairs(path: Path) -> tuple[list[Preference], list[tuple[float, float]]]:
    """What `keep_pairs` wrote."""
    rows = json.loads(path.read_text("utf-8"))
    preferences = [Preference(tuple(row["prompt"]), row["chosen"], row["rejected"], row["source"]) for row in rows]
    return preferences, [(float(row["reference"][0]), float(row["reference"][1])) for row in rows]
