"""What an examination of pictures found: every number with its interval, and what stands beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

import msgspec

from pleiade.lab.dalle.evals.statistics import Estimate

Unit = Literal["share", "number"]


class Line(msgspec.Struct, frozen=True):
    """One measure: `values` by column (the model, real pictures, baselines); `chance` is what guessing gives."""

    name: str
    unit: Unit
    better: Literal["higher", "lower", ""]
    values: dict[str, Estimate]
    language: str = ""
    chance: float | None = None


class PictureSuite(msgspec.Struct, frozen=True):
    """Measures taken in one way. `protocol` is the sentence printed beside them."""

    title: str
    protocol: str
    lines: list[Line]


class PictureResults(msgspec.Struct, frozen=True):
    """Everything about a model. `features` is the version of the measuring encoder: only its numbers compare."""

    model: str
    how: dict[str, str]
    features: str
    suites: dict[str, PictureSuite]


def write_results(results: PictureResults, path: Path) -> None:
    """Write a results.json whole or not at all."""
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    os.replace(unfinished, path)


def read_results(path: Path) -> PictureResults:
    """What `write_results` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=PictureResults)


def written(estimate: Estimate | None, unit: Unit) -> str:
    """A value with its interval, in its unit; empty for none."""
    if estimate is None:
        return ""
    scale, sign = (100, " %") if unit == "share" else (1, "")
    digits = 1 if unit == "share" else 3
    value, low, high = (f"{scale * x:.{digits}f}" for x in (estimate.value, estimate.low, estimate.high))
    return f"{value}{sign}" if low == high else f"{value}{sign} ({low} to {high})"


def columns_of(suite: PictureSuite) -> list[str]:
    """The columns of a suite, in the order of their first use."""
    return list(dict.fromkeys(column for line in suite.lines for column in line.values))


def row_of(line: Line, columns: list[str]) -> tuple[str, ...]:
    """A line as cells: name, language, chance, then each column."""
    chance = "" if line.chance is None else f"{100 * line.chance:.1f} %"
    return (line.name, line.language, *(written(line.values.get(column), line.unit) for column in columns), chance)


def told(results: PictureResults) -> str:
    """The report as text."""
    lines = [f"{results.model}: " + "; ".join(f"{name}: {value}" for name, value in results.how.items())]
    for suite in results.suites.values():
        columns = columns_of(suite)
        rows = [("", "", *columns, "chance"), *(row_of(line, columns) for line in suite.lines)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines += ["", suite.title, f"  {suite.protocol}"]
        lines += ["  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(lines) + "\n"
