"""Suites of drawings: is the thing there, in the style asked for, and how near is it to the drawing that exists?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.captions import EN, FR
from pleiade.lab.dalle.data.styles import style_id
from pleiade.lab.dalle.evals.judge import Seen
from pleiade.lab.dalle.evals.painters import Copy
from pleiade.lab.dalle.evals.results import Line, PictureSuite
from pleiade.lab.dalle.evals.retrieval import AMONG, ranks, recalled
from pleiade.lab.dalle.evals.setting import Setting
from pleiade.lab.dalle.evals.statistics import mean
from pleiade.lab.dalle.evals.tasks import Task, names_in

TITLES = {
    "cells": "Held-out cells: things seen, in a style in which they were never shown (H2)",
    "concepts": "Held-out concepts: things never shown in any style (H1)",
    "seen": "Drawings of the training set",
}
PROTOCOL = (
    f"Each drawing asked for in English and in French. Retrieval: among the names of {AMONG} concepts held out in the "
    "same way, the picture is nearest to its own (R@1) or its own is among the first five (R@5), by an encoder "
    "of other data and another seed than the served one. Style: by that encoder's classifier. R@5 in that style: both "
    "at once, which neither a copy in another style has nor another thing in that one. Distance: cosine, in its "
    "features, to the drawing that was held out. Columns: the model; the real drawing (the ceiling); the training "
    "drawing with most of the words; the same thing in the training drawing that looks most like the style; the same "
    "thing in a random wrong style; the right style of a random other thing."
)


def align(setting: Setting, suite: str) -> PictureSuite:
    """Retrieval, style and distance to the truth, of the model and of what stands beside it."""
    tasks = setting.tasks(suite)
    truth = setting.look(setting.real(tasks))
    seen = {"model": setting.look(setting.made(tasks, suite)), "real": truth}
    for painter in _copies(setting):
        seen[painter.name] = setting.look(painter.paint(tasks, 0))
    found = _ranks(setting, suite, tasks, seen)
    styles_N = np.array([task.style for task in tasks])
    lines = []
    for k in (1, 5):
        for language in (EN, FR):
            among = np.array([task.language == language for task in tasks])
            values = {name: mean(recalled(ranks_N[among], k)) for name, ranks_N in found.items() if among.any()}
            lines.append(Line(f"retrieval R@{k}", "share", "higher", values, language, k / AMONG))
    lines.append(_gap(tasks, found))
    told = {style_id(row.style) for row in setting.drawings.rows} - {0}  # by the classifier, whatever was asked for
    styled = {name: each.styles_N == styles_N for name, each in seen.items()}
    by_name = {name: mean(right_N) for name, right_N in styled.items()}
    lines.append(Line("style recognised", "share", "higher", by_name, chance=1 / len(told)))
    both = {name: mean(recalled(found[name], 5) * right_N) for name, right_N in styled.items()}
    lines.append(Line("R@5 in that style", "share", "higher", both, chance=5 / AMONG / len(told)))
    away = {name: mean(distances(each, truth)) for name, each in seen.items() if name != "real"}
    lines.append(Line("distance to the true drawing", "number", "lower", away))
    return PictureSuite(TITLES[suite], PROTOCOL, lines)


def _ranks(
    setting: Setting, suite: str, tasks: Sequence[Task], seen: dict[str, Seen]
) -> dict[str, NDArray[np.float64]]:
    found = {name: np.empty(len(tasks)) for name in seen}
    for language in (EN, FR):
        at = np.array([place for place, task in enumerate(tasks) if task.language == language])
        pool = names_in(setting.drawings, suite, language)
        pool_ME = setting.encoder.embed_words(list(pool.values()))
        own_NE = setting.encoder.embed_words([tasks[place].words for place in at])
        concepts = [tasks[place].concept for place in at]
        for name, each in seen.items():
            found[name][at] = ranks(each.embeddings_NE[at], own_NE, concepts, pool_ME, list(pool))
    return found


def distances(made: Seen, truth: Seen) -> NDArray[np.float64]:
    """Cosine distances (N,) of features, picture by picture."""
    away_N: NDArray[np.float64] = 1 - (made.directions * truth.directions).sum(axis=1).astype(np.float64)
    return away_N


def _gap(tasks: Sequence[Task], found: dict[str, NDArray[np.float64]]) -> Line:
    """R@5 in English less that in French, over drawings asked for in both."""
    pairs: dict[int, dict[str, int]] = {}
    for place, task in enumerate(tasks):
        pairs.setdefault(task.row, {})[task.language] = place
    whole = [pair for pair in pairs.values() if len(pair) == 2]
    en, fr = ([pair[language] for pair in whole] for language in (EN, FR))
    values = {name: mean(recalled(r[en], 5) - recalled(r[fr], 5)) for name, r in found.items() if whole}
    return Line("retrieval R@5, English less French", "share", "", values)


def _copies(setting: Setting) -> list[Copy]:
    search, drawings = setting.search, setting.drawings
    return [
        Copy("nearest icon", drawings, search.nearest_icon),
        Copy("nearest style", drawings, _nearest_style(setting)),
        Copy("wrong style", drawings, search.other_style),
        Copy("other thing", drawings, search.other_thing),
    ]


def _nearest_style(setting: Setting) -> Callable[[Task, int], int]:
    """Chooses the sibling whose features are nearest to the mean of the style asked for."""
    training, place = setting.training, {row: at for at, row in enumerate(setting.search.rows)}
    styles_N = np.array([style_id(setting.drawings.rows[row].style) for row in setting.search.rows])

    def choose(task: Task, seed: int) -> int:
        siblings, in_style = setting.search.siblings(task), styles_N == task.style
        if not siblings or not in_style.any():
            return setting.search.other_style(task, seed)
        mean_D = training.directions[in_style].mean(axis=0)
        near_K = training.directions[[place[row] for row in siblings]] @ mean_D
        return siblings[int(near_K.argmax())]

    return choose
