"""What is kept of a shipped model: how it was made and what it answers, as JSON beside the documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

Kind = Literal["base", "chat", "code", "reward"]
RECORD, RESULTS, ENGINE, PREVIOUS = "record.json", "results.json", "engine.json", "previous.json"
NGRAM = "ngram.json"


class Stage(msgspec.Struct, frozen=True):
    """A stage of training. `loss`: mean of its last 25 steps; `metric` with `before` and `after`: as the chain says."""

    name: str
    steps: int
    tokens: int
    seconds: float
    loss: float
    metric: str = ""
    before: float | None = None
    after: float | None = None


class Part(msgspec.Struct, frozen=True):
    """A set that a stage learned from. `amount` as people read it: "41.9 % of the tokens"."""

    stage: str
    name: str
    amount: str
    licence: str
    origin: str
    note: str = ""


class Example(msgspec.Struct, frozen=True):
    """What was asked and what the model wrote; `suffix` is what stands after a gap."""

    prompt: str
    answer: str
    suffix: str = ""


class Accuracy(msgspec.Struct, frozen=True):
    """The share of a source's unseen pairs whose better answer scores higher."""

    source: str
    pairs: int
    share: float


class Record(msgspec.Struct, frozen=True):
    """A member of the family. `shape` is the model's configuration; `settings` are (name, words) of the recipe."""

    name: str
    kind: Kind
    preset: str
    until: str
    machine: str
    note: str
    parameters: int
    matrix_parameters: int
    weights_bytes: int
    weights_sha256: str
    shape: dict[str, Any]
    settings: list[tuple[str, str]]
    stages: list[Stage]
    parts: list[Part]
    repetition_penalty: float = 1.0
    examples: list[Example] = []
    accuracies: list[Accuracy] = []
    ships: bool = True  # False: kept for what others go on from it
    packages: list[str] = []  # lines that name Python packages and their licences


class Number(msgspec.Struct, frozen=True):
    """A line of a suite's report, as `evals.suite.Number`."""

    name: str
    value: float
    unit: str
    count: int
    language: str = ""
    error: float | None = None
    chance: float | None = None
    lower_is_better: bool = False


class SuiteResult(msgspec.Struct, frozen=True):
    """What `pleiade eval` wrote of one suite."""

    title: str
    protocol: str
    note: str
    items: int
    items_in_set: int
    numbers: list[Number]


class Results(msgspec.Struct, frozen=True):
    """What `pleiade eval` wrote of a model, in its results.json."""

    model: str
    how: dict[str, str]
    suites: dict[str, SuiteResult]

    def bits(self) -> dict[tuple[str, str], float]:
        """Bits per byte of held-out text by (domain, language)."""
        suite = self.suites.get("heldout")
        return {(number.name, number.language): number.value for number in suite.numbers} if suite else {}


class Member(msgspec.Struct, frozen=True):
    """A record with the examinations that stand beside it: of the model, of what the engine makes of it in 8 bits, and
    of the model of the same name that shipped before; None for those that are not there.
    """

    record: Record
    results: Results | None
    engine: Results | None
    previous: Results | None


def read_members(records: Path) -> list[Member]:
    """Every folder of `records` that holds a record, base models first."""
    found = []
    for folder in sorted(path.parent for path in records.glob(f"*/{RECORD}")):
        record = msgspec.json.decode((folder / RECORD).read_bytes(), type=Record)
        found.append(Member(record, *(read_results(folder / name) for name in (RESULTS, ENGINE, PREVIOUS))))
    order = ("base", "chat", "code", "reward")
    return sorted(found, key=lambda member: order.index(member.record.kind))


def read_results(path: Path) -> Results | None:
    """A results.json, or None where there is none."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.is_file() else None


def write_record(record: Record, folder: Path) -> None:
    """Write `folder`/record.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
