"""What a suite is: items from a data folder, a measure of each, and the numbers that they make together."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pleiade.lab.data.corpus import read_rows
from pleiade.lab.evals.scorer import EvalError, Scorer

Result = dict[str, Any]  # of one item, as JSON: `id`, `group`, and what was measured


@dataclass(frozen=True)
class Item:
    """One question. `group` is what a small sample must not lose sight of: a language, a domain, a phenomenon."""

    id: str
    group: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Number:
    """One line of the report.

    `error` is the standard error, `chance` what guessing gives; numbers of the same `name` in two languages are shown
    beside each other.
    """

    name: str
    value: float
    unit: Literal["share", "bits per byte", "perplexity"]
    count: int
    language: str = ""
    error: float | None = None
    chance: float | None = None
    lower_is_better: bool = False


Measure = Callable[[Scorer, Sequence[Item]], list[Result]]


@dataclass(frozen=True)
class Setting:
    """What a suite may use: the data folder (with eval/ and post/), and whether code may run unisolated."""

    data: Path
    unsafe_code: bool = False


@dataclass(frozen=True)
class Prepared:
    """A suite ready to measure. `note` is what was found out in preparing, to stand beside the numbers."""

    measure: Measure
    note: str = ""


@dataclass(frozen=True)
class Suite:
    """One examination. `protocol` is the sentence printed beside its numbers: shots, scoring, normalisation."""

    name: str
    title: str
    protocol: str
    load: Callable[[Setting], list[Item]]
    prepare: Callable[[Setting], Prepared]
    summarise: Callable[[Sequence[Result]], list[Number]]
    batch: int = 32


def rows_of(setting: Setting, folder: str, pattern: str = "*.jsonl*") -> list[dict[str, Any]]:
    """The rows of `folder` below the data folder. Raises EvalError that says which folder was expected."""
    path = setting.data / folder
    try:
        return list(read_rows(path, pattern))
    except FileNotFoundError as error:
        raise EvalError(
            f"no data for this suite: expected {pattern.removesuffix('*')} or .xz in {path}; "
            "name the folder that holds eval/ with --data or PLEIADE_DATA"
        ) from error


def sample(items: Sequence[Item], limit: int | None) -> list[Item]:
    """All items in the order of examination, or the first `limit`: every group in turn, by hash within it.

    The order is the same on every machine, and each beginning of it is a fair sample.
    """
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in sorted(items, key=lambda item: hashlib.sha256(f"{item.group}/{item.id}".encode()).digest()):
        groups[item.group].append(item)
    ranked = [(rank, group, item) for group, members in groups.items() for rank, item in enumerate(members)]
    ordered = [item for *_, item in sorted(ranked, key=lambda entry: entry[:2])]
    return ordered if limit is None else ordered[:limit]


def share(
    name: str, marks: Sequence[bool], language: str = "", chance: float | None = None, lower_is_better: bool = False
) -> Number:
    """The share of true marks, with the standard error of a mean, sqrt(p (1 - p) / (n - 1))."""
    n = len(marks)
    p = sum(marks) / n if n else math.nan
    error = math.sqrt(p * (1 - p) / (n - 1)) if n > 1 else None
    return Number(name, p, "share", n, language, error, chance, lower_is_better)


def by(results: Sequence[Result], key: str) -> dict[str, list[Result]]:
    """Results grouped by a field, in the order of its values."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        groups[str(result[key])].append(result)
    return dict(sorted(groups.items()))
