"""Pictures that a model made, kept as they are made, so that an interrupted examination goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.evals.painters import Painter
from pleiade.lab.dalle.evals.tasks import Task, stamp
from pleiade.lab.evals.examine import Progress

AT_ONCE = 16


def painted(painter: Painter, tasks: Sequence[Task], folder: Path, label: str) -> Rgba:
    """Straight RGBA (N, S, S, 4), the picture of task k with seed k; made ones are kept in `folder`."""
    progress = Progress(label, 0, len(tasks))

    def make(first: int) -> Rgba:
        made = painter.paint(tasks[first : first + AT_ONCE], first)
        progress.show(len(made))
        return made

    return kept_array(folder, len(tasks), make, lambda first: stamp(tasks[first : first + AT_ONCE]))


def kept_array(
    folder: Path, num: int, make: Callable[[int], Rgba], name: Callable[[int], str] = lambda _: "all"
) -> Rgba:
    """`num` pictures, AT_ONCE at a time: read from `folder` what is there, else made from number `first` on and kept.

    `name` of a part changes where other pictures are wanted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for first in range(0, num, AT_ONCE):
        file = folder / f"{first:05d}-{min(AT_ONCE, num - first)}-{name(first)}.npy"
        if not file.exists():
            unfinished = file.with_suffix(".tmp")
            with unfinished.open("wb") as opened:
                np.save(opened, make(first))
            unfinished.replace(file)
        parts.append(np.load(file))
    made: Rgba = np.concatenate(parts)
    return made
