"""Whoever answers tasks with pictures: the model under examination, and copies that it has to stand beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.pixels import Rgba, to_rgba
from pleiade.lab.dalle.encoder_run import Encoder
from pleiade.lab.dalle.evals.tasks import Task
from pleiade.lab.dalle.sample import PictureModel, sample

SEED = 1_000_000  # of the first picture; the next has the next


class Painter(Protocol):
    """Answers tasks. `name` is its column in the report."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    def paint(self, tasks: Sequence[Task], seed: int) -> Rgba:
        """Straight RGBA (B, S, S, 4), one for each task; picture k has the seed `seed` + k."""
        ...


class Model:
    """A trained picture model; with `chooser` it keeps the best of `best_of` by the served encoder, as engines do."""

    name = "model"

    def __init__(
        self, pix: PictureModel, *, steps: int, guidance: float, chooser: Encoder | None = None, best_of: int = 1
    ) -> None:
        self.pix, self.steps, self.guidance = pix, steps, guidance
        self._chooser, self.best_of = chooser, best_of if chooser else 1

    def paint(self, tasks: Sequence[Task], seed: int) -> Rgba:
        """See `Painter`."""
        prompts, styles = [task.prompt for task in tasks], [task.style for task in tasks]
        tries = [self._sample(prompts, styles, seed + SEED * number) for number in range(1, self.best_of + 1)]
        if self._chooser is None or self.best_of == 1:
            return to_rgba(tries[0])
        words_BE = self._chooser.embed_words(prompts)
        scores_NB = np.stack([(self._chooser.embed_pictures(x) * words_BE).sum(1) for x in tries])
        best_B = scores_NB.argmax(axis=0)
        return to_rgba(np.stack([tries[best][place] for place, best in enumerate(best_B)]))

    def _sample(self, prompts: list[str], styles: list[int], seed: int) -> NDArray[np.float32]:
        return sample(self.pix, prompts, steps=self.steps, guidance=self.guidance, seed=seed, style=styles)


class Copy:
    """Answers with drawings that are there: `choose` tells the row of each task, for a seed."""

    def __init__(self, name: str, drawings: Drawings, choose: Callable[[Task, int], int]) -> None:
        self.name, self._drawings, self._choose = name, drawings, choose

    def paint(self, tasks: Sequence[Task], seed: int) -> Rgba:
        """See `Painter`."""
        rows = [self._choose(task, seed + number) for number, task in enumerate(tasks)]
        return self._drawings.pixels[rows]


def real(drawings: Drawings) -> Copy:
    """The drawing that a task describes: the ceiling."""
    return Copy("real", drawings, lambda task, _: task.row)
