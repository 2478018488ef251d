"""A curve to draw: values over tokens, thinned to what a screen shows, with a smooth line and round ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pleiade.lab.view.read import Row, Stage

POINTS = 400


@dataclass(frozen=True)
class Curve:
    """Values `y` and their running mean `smooth` over tokens `x`; `last` and `lowest` are of the smooth line.

    `ticks` are round values from the bottom to the top of the picture.
    """

    name: str
    x: list[float]
    y: list[float]
    smooth: list[float]
    ticks: list[float]

    @property
    def last(self) -> float:
        """Where the smooth line ends."""
        return self.smooth[-1]


def curves(stage: Stage) -> list[Curve]:
    """Loss, learning rate, throughput, gradient norm, reward and accuracy, as far as the stage has recorded them."""
    columns = {
        "loss": [(row, row.loss) for row in stage.rows],
        "lr": [(row, row.lr if row.lr is not None else row.scale) for row in stage.rows],
        "tokens_per_s": list(_speeds(stage.rows)),
        "grad_norm": [(row, row.grad_norm) for row in stage.rows],
        "reward": [(row, row.reward) for row in stage.rows if row.reward is not None],
        "accuracy": [(row, row.accuracy) for row in stage.rows if row.accuracy is not None],
    }
    return [_curve(name, points) for name, points in columns.items() if points]


def _speeds(rows: Sequence[Row]) -> list[tuple[Row, float]]:
    """Tokens a second of each step, also of runs that recorded only the time."""
    found = []
    for before, row in zip([None, *rows], rows, strict=False):
        if row.tokens_per_s is not None:
            found.append((row, row.tokens_per_s))
        elif before is not None and row.seconds > before.seconds:
            found.append((row, (row.tokens - before.tokens) / (row.seconds - before.seconds)))
    return found


def _curve(name: str, points: Sequence[tuple[Row, float]]) -> Curve:
    values = [value for _, value in points]
    smooth = values if name == "lr" else running_mean(values, len(values) // 40)
    x = [float(row.tokens) for row, _ in points]
    # The first steps fall from far above, and a single one may be far off: the picture shows what the others do.
    told = sorted(values if name == "lr" else values[len(values) // 50 :])
    shown = told[: max(1, math.ceil(len(told) * 0.995))]
    low = 0.0 if name in ("lr", "tokens_per_s", "grad_norm") else shown[0]
    return Curve(name, bucket(x, POINTS), bucket(values, POINTS), bucket(smooth, POINTS), round_ticks(low, shown[-1]))


def running_mean(values: Sequence[float], window: int) -> list[float]:
    """The mean of each value and at most `window` - 1 before it; fewer in the beginning, where much changes."""
    means, total, first = [], 0.0, 0
    for place, value in enumerate(values):
        total += value
        while place - first >= max(1, min(window, 1 + place // 4)):
            total -= values[first]
            first += 1
        means.append(total / (place - first + 1))
    return means


def bucket(values: Sequence[float], num: int) -> list[float]:
    """At most `num` values: means of neighbours, the last value always as it is."""
    if len(values) <= num:
        return list(values)
    edges = [round(i * (len(values) - 1) / (num - 1)) for i in range(num)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    return [*means, values[-1]]


def round_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """From 3 to `most` round, evenly spaced values around [low, high]."""
    if not high > low:
        low, high = low - abs(low) * 0.1 - 1e-9, high + abs(high) * 0.1 + 1e-9
    raw = (high - low) / (most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    for factor in (1, 2, 2.5, 5, 10, 20):
        step = factor * power
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most - 1:
            return [i * step for i in range(first, last + 1)]
    raise AssertionError("a step of twenty powers always spans the range")
