"""Chooses the documents that stay: every cleaned document that is no copy of an earlier one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from pleiade.lab.corpora.duplicates import NUM_PERMUTATIONS, exact_copies, near_copies
from pleiade.lab.corpora.finish import Sourced
from pleiade.lab.corpora.recipe import Recipe


def choose(recipe: Recipe, sourced: Sequence[Sourced], keep_file: Path) -> list[Counter[str]]:
    """Write a .npy with a boolean for each cleaned document, in order; returns copies by kind for each source.

    Raises ValueError if a source was empty or if nothing is left of the whole corpus.
    """
    for item in sourced:
        if item.counts()["read"] == 0:
            raise ValueError(f"source {item.source.name!r} is empty: no document in {item.source.path}")
    sizes = [item.num_rows() for item in sourced]
    if sum(sizes) == 0:
        reasons = "; ".join(f"{item.source.name}: {_told(item.counts())}" for item in sourced)
        raise ValueError(f"nothing is left of the corpus ({reasons}): loosen the recipe's [filters]")
    hashes = np.empty((sum(sizes), 2), dtype=np.uint64)
    signatures = np.lib.format.open_memmap(
        keep_file.with_name("signatures.npy"), "w+", np.uint32, (sum(sizes), NUM_PERMUTATIONS)
    )
    _claim_space(keep_file.with_name("signatures.npy"))
    place = 0
    for item in sourced:
        for block in item.blocks:
            with np.load(block.with_suffix(".npz")) as arrays:
                size = len(arrays["hashes"])
                hashes[place : place + size] = arrays["hashes"]
                signatures[place : place + size] = arrays["signatures"]
            place += size
    exact = exact_copies(hashes)
    settings = recipe.near_duplicates
    near = near_copies(signatures, exact, settings.threshold) if settings.enabled else np.zeros_like(exact)
    np.save(keep_file, ~(exact | near))
    bounds = np.cumsum([0, *sizes])
    return [Counter(copy=int(exact[a:b].sum()), near_copy=int(near[a:b].sum())) for a, b in pairwise(bounds.tolist())]


def _claim_space(file: Path) -> None:
    """Take a mapped file's room on the disk now: where there is none, writing to it later would kill the process."""
    if hasattr(os, "posix_fallocate"):
        with file.open("r+b") as opened:
            os.posix_fallocate(opened.fileno(), 0, file.stat().st_size)


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
