"""Suites of sets: how alike made and real pictures are as wholes, and whether made ones are copies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.pixels import Rgba
from pleiade.lab.dalle.evals.distribution import kid, precision, spread
from pleiade.lab.dalle.evals.memorisation import COPY_RATIO, nearest, pixel_distance, shrunk
from pleiade.lab.dalle.evals.results import Line, PictureSuite
from pleiade.lab.dalle.evals.setting import Setting
from pleiade.lab.dalle.evals.sheet import write_sheet
from pleiade.lab.dalle.evals.statistics import Estimate, exactly, mean
from pleiade.lab.dalle.evals.tasks import Task

PERCENTILE = 1.0  # of held-out pictures' distances to training: nearer than that is suspicious
LOOKS_THE_SAME = 6.0  # mean difference of 255 at 16 x 16 (the data's README uses the same)
SAME_PROMPT = 8  # pictures of one prompt, for diversity
WORST = 20

ALIKE = (
    "KID-own: the unbiased MMD with a cubic kernel in the measuring encoder's features (not comparable with any "
    "published FID or KID), to held-out drawings; `real` is other held-out drawings. Precision: made pictures within "
    "reach of a real one; recall: real ones within reach of a made one (third neighbours)."
)
COPIES = (
    "Pictures for held-out cells and concepts, each compared with every training drawing; `real` is the held-out "
    "drawings themselves. Suspiciously near: nearer in features than the nearest one percent of other held-out "
    "drawings. Ratio: the nearest is three times nearer than the second. Same pixels: 16 x 16 premultiplied differ by "
    "less than 6 of 255 at the best shift."
)
VARIED = "Mean distance in features of eight pictures of one prompt; `real`: drawings of one concept in all styles."


def alike(setting: Setting) -> PictureSuite:
    """KID-own, precision and recall."""
    tasks = _held_out(setting)
    made = setting.look(setting.made(tasks[0], "cells")), setting.look(setting.made(tasks[1], "concepts"))
    model_ND = np.concatenate([each.directions for each in made])
    real_ND = setting.look(setting.real([*tasks[0], *tasks[1]])).directions
    other_ND = setting.look(_other_held_out(setting, len(model_ND))).directions
    sets = {"model": model_ND, "real": other_ND}
    kids = {name: exactly(1000 * kid(each, real_ND), len(each)) for name, each in sets.items()}
    reached = {name: mean(precision(each, real_ND)) for name, each in sets.items()}
    covered = {name: mean(precision(real_ND, each)) for name, each in sets.items()}
    lines = [
        Line("KID-own x 1000", "number", "lower", kids),
        Line("precision", "share", "higher", reached),
        Line("recall", "share", "higher", covered),
    ]
    return PictureSuite("The pictures as a set", ALIKE, lines)


def copied(setting: Setting) -> PictureSuite:
    """Memorisation, beside real held-out drawings; writes the pairs that look most alike."""
    cells, concepts = _held_out(setting)
    made = np.concatenate([setting.made(cells, "cells"), setting.made(concepts, "concepts")])
    pictures = {
        "model": made,
        "model, training prompts": setting.made(setting.tasks("seen"), "seen"),
        "real": setting.real([*cells, *concepts]),
    }
    threshold = np.percentile(
        nearest(setting.look(_other_held_out(setting, 1000)).directions, setting.training.directions).distances_NK[
            :, 0
        ],
        PERCENTILE,
    )
    near, ratio, same, first = (dict[str, NDArray[np.float64]]() for _ in range(4))
    for name, rgba in pictures.items():
        found = nearest(setting.look(rgba).directions, setting.training.directions)
        first[name] = found.distances_NK[:, 0].astype(np.float64)
        near[name] = (first[name] < threshold).astype(np.float64)
        ratio[name] = (found.ratio < COPY_RATIO).astype(np.float64)
        pixels_N, rows_N = _nearest_pixels(setting, rgba, found.rows_NK)
        same[name] = (pixels_N < LOOKS_THE_SAME).astype(np.float64)
        if name != "real":
            _write_worst(setting, name, rgba, pixels_N, rows_N)
    lines = [
        Line("suspiciously near", "share", "lower", _means(near)),
        Line("ratio below 1/3", "share", "lower", _means(ratio)),
        Line("same pixels", "share", "lower", _means(same)),
        Line("distance to the nearest", "number", "", _means(first)),
    ]
    return PictureSuite("Memorisation", COPIES, lines)


def varied(setting: Setting, prompts: int = 12) -> PictureSuite:
    """Diversity of pictures of one prompt."""
    chosen = setting.tasks("seen")[: 2 * min(prompts, setting.limit) : 2]
    repeated = [task for task in chosen for _ in range(SAME_PROMPT)]
    made = setting.look(setting.made(repeated, "repeated")).directions
    ours = [spread(made[first : first + SAME_PROMPT]) for first in range(0, len(made), SAME_PROMPT)]
    place = {row: at for at, row in enumerate(setting.search.rows)}
    real = []
    for task in chosen:
        rows = [place[row] for row in setting.search.siblings(task)]
        if len(rows) > 1:
            real.append(spread(setting.training.directions[rows]))
    values = {"model": mean(ours)} | ({"real": mean(real)} if real else {})
    return PictureSuite("Diversity", VARIED, [Line("distance between pictures", "number", "higher", values)])


def _means(values: dict[str, NDArray[np.float64]]) -> dict[str, Estimate]:
    return {name: mean(each) for name, each in values.items()}


def _held_out(setting: Setting) -> tuple[list[Task], list[Task]]:
    return setting.tasks("cells"), setting.tasks("concepts")


def _other_held_out(setting: Setting, most: int) -> Rgba:
    """Held-out drawings that no task describes."""
    asked = {task.row for tasks in _held_out(setting) for task in tasks}
    rows = [int(i) for split in ("h1", "h2") for i in setting.drawings.split(split) if int(i) not in asked]
    chosen = np.random.default_rng(1).permutation(rows)[:most]
    return np.asarray(setting.drawings.pixels[np.sort(chosen)])


def _nearest_pixels(
    setting: Setting, rgba: Rgba, rows_NK: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Of each picture's neighbours in features the one nearest in pixels: its distance, and its row in the drawings."""
    small = shrunk(rgba)
    distances, rows = np.empty(len(rgba)), np.empty(len(rgba), np.int64)
    for place, neighbours in enumerate(rows_NK):
        candidates = np.array([setting.search.rows[at] for at in neighbours])
        away = pixel_distance(small[place], shrunk(setting.drawings.pixels[candidates]))
        distances[place], rows[place] = away.min(), candidates[away.argmin()]
    return distances, rows


def _write_worst(
    setting: Setting, name: str, rgba: Rgba, pixels_N: NDArray[np.float64], rows_N: NDArray[np.int64]
) -> None:
    """The pairs nearest in pixels: the made picture, then the training drawing."""
    order = np.argsort(pixels_N, kind="stable")[:WORST]
    pairs = [each for place in order for each in (rgba[place], setting.drawings.pixels[rows_N[place]])]
    captions = [
        text
        for place in order
        for text in (f"made; differs by {pixels_N[place]:.1f}", setting.drawings.rows[rows_N[place]].id)
    ]
    file = "copies.png" if name == "model" else "copies-training-prompts.png"
    write_sheet(setting.out / file, np.stack(pairs), captions)
