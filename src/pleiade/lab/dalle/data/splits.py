"""What is held out, decided by hash of the concept before any training.

H1: whole concepts. H2: cells (concept, style) of concepts shown in other styles. H3: combinations in scenes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

SALT = "pleiade-drawings-1"
H1_SHARE, H2_SHARE, H3_SHARE = 0.05, 0.08, 0.1
SPLITS_FILE = "splits.json"


def unit_hash(kind: str, key: str) -> float:
    """A number in [0, 1) that depends on nothing but the two names."""
    return int(hashlib.sha256(f"{SALT}|{kind}|{key}".encode()).hexdigest()[:13], 16) / 16**13


def is_held_out_scene(key: str) -> bool:
    """H3: whether a combination in a scene (such as "3 red star") is kept for evaluation."""
    return unit_hash("H3", key) < H3_SHARE


@dataclass(frozen=True)
class Splits:
    """Which drawings are held out: the fixed lists of a pack, or none (then concepts are held out by hash)."""

    h1: frozenset[str] = frozenset()
    h2: frozenset[tuple[str, str]] = frozenset()
    near: frozenset[str] = frozenset()
    listed: bool = False

    def split_of(self, drawing: str, concept: str, style: str) -> str:
        """`train`, `h1`, `h2` or `near` (too like a held-out one to be trained on)."""
        if not self.listed:
            return "h1" if unit_hash("H1", concept) < H1_SHARE else "train"
        if concept in self.h1:
            return "h1"
        if (concept, style) in self.h2:
            return "h2"
        return "near" if drawing in self.near else "train"


def read_splits(pack: Path) -> Splits:
    """The splits of a pack folder; those by hash where it has no splits.json."""
    path = pack / SPLITS_FILE
    if not path.exists():
        return Splits()
    fixed = json.loads(path.read_text(encoding="utf-8"))
    cells = frozenset((concept, style) for style, concepts in fixed["h2"].items() for concept in concepts)
    return Splits(frozenset(fixed["h1"]), cells, frozenset(fixed["near"]), listed=True)
