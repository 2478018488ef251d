"""What every measure needs at hand: the drawings, the measuring encoder's view of them, and where pictures are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.encoder_run import Encoder
from pleiade.lab.dalle.evals.judge import Seen, look, look_at_training
from pleiade.lab.dalle.evals.painted import painted
from pleiade.lab.dalle.evals.painters import Model
from pleiade.lab.dalle.evals.search import Search
from pleiade.lab.dalle.evals.tasks import Task, drawing_tasks


@dataclass(frozen=True)
class Setting:
    """`kept` holds what the encoder saw of the training drawings, `out` what the model made; `limit` tasks a suite."""

    model: Model
    drawings: Drawings
    encoder: Encoder
    kept: Path
    out: Path
    limit: int

    @cached_property
    def search(self) -> Search:
        """The index of training drawings."""
        return Search(self.drawings)

    @cached_property
    def training(self) -> Seen:
        """What the encoder sees in the training drawings, in the order of `search.rows`."""
        return look_at_training(self.encoder, self.drawings, self.search.rows, self.kept)

    def tasks(self, suite: str) -> list[Task]:
        """The drawing tasks of a suite."""
        return drawing_tasks(self.drawings, suite, self.limit)

    def made(self, tasks: Sequence[Task], label: str) -> Rgba:
        """The model's pictures, made now or before."""
        return painted(self.model, tasks, self.out / "painted" / label, label)

    def look(self, rgba_NHWC: Rgba) -> Seen:
        """What the encoder sees in pictures."""
        return look(self.encoder, rgba_NHWC)

    def real(self, tasks: Sequence[Task]) -> Rgba:
        """The drawings that tasks describe."""
        return np.asarray(self.drawings.pixels[[task.row for task in tasks]])
