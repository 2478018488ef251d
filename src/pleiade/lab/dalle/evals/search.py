"""Finds training drawings without any model: by words, by concept, by style. What baselines copy."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pleiade.lab.dalle.data.drawings import Drawings
from pleiade.lab.dalle.data.styles import style_id
from pleiade.lab.dalle.evals.tasks import Task

STOP = frozenset("a an the of in on with and to de du des la le les l d un une en et sur au aux à".split())  # noqa: SIM905


class Search:
    """An index of the training split."""

    def __init__(self, drawings: Drawings) -> None:
        self.rows = [int(index) for index in drawings.split("train")]
        self._style, self._words = dict[int, int](), dict[int, frozenset[str]]()
        self._by_word, self._by_concept = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        self._by_style = defaultdict[int, list[int]](list)
        for index in self.rows:
            row = drawings.rows[index]
            self._style[index] = style_id(row.style)
            self._words[index] = _words(f"{row.name} {row.name_fr}")
            for word in self._words[index]:
                self._by_word[word].append(index)
            self._by_concept[row.concept].append(index)
            self._by_style[self._style[index]].append(index)

    def nearest_icon(self, task: Task, _seed: int = 0) -> int:
        """The drawing that shares most words with what is asked; then one in the style asked for, with few others."""
        shared: dict[int, int] = defaultdict(int)
        for word in _words(task.words or task.prompt):
            for index in self._by_word.get(word, ()):
                shared[index] += 1
        if not shared:
            return self.rows[0]
        return max(shared, key=lambda i: (shared[i], self._style[i] == task.style, -len(self._words[i]), -i))

    def siblings(self, task: Task) -> list[int]:
        """Drawings of the same concept in other styles."""
        return [index for index in self._by_concept.get(task.concept, ()) if self._style[index] != task.style]

    def other_style(self, task: Task, seed: int) -> int:
        """The right thing in a wrong style, by chance; anything where the thing is not there."""
        return _one(self.siblings(task) or self.rows, seed)

    def other_thing(self, task: Task, seed: int) -> int:
        """The right style, by chance of anything."""
        return _one(self._by_style.get(task.style) or self.rows, seed)


def _one(rows: Sequence[int], seed: int) -> int:
    return rows[int(np.random.default_rng(seed).integers(len(rows)))]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower())) - STOP
