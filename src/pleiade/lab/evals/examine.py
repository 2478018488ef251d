"""Runs suites over a model, item by item, so that an interrupted examination goes on where it was."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pleiade.lab.evals.scorer import EvalError, Scorer
from pleiade.lab.evals.suite import Number, Result, Setting, Suite, sample


@dataclass(frozen=True)
class SuiteReport:
    """What a suite found: its numbers, and what must be read beside them."""

    suite: Suite
    numbers: Sequence[Number]
    items: int  # examined
    items_in_set: int
    seconds: float  # of this run; items kept from an earlier one cost nothing
    note: str


def examine(
    scorer: Scorer, suites: Sequence[Suite], setting: Setting, limit: int | None, out: Path
) -> list[SuiteReport]:
    """Examine `scorer` in each suite, at most `limit` items each; finished items are kept in `out`/items.

    All suites load their data and get ready before the first item is asked. Raises EvalError: for data that is not
    there, a suite that cannot run, or an `out` that holds another model's results.
    """
    (out / "items").mkdir(parents=True, exist_ok=True)
    _claim(out, scorer)
    ready = [(suite, suite.load(setting), suite.prepare(setting)) for suite in suites]
    reports = []
    for suite, items, prepared in ready:
        chosen = sample(items, limit)
        file = out / "items" / f"{suite.name}.jsonl"
        kept = _read(file)
        todo = [item for item in chosen if item.id not in kept]
        began = time.monotonic()
        with file.open("a", encoding="utf-8") as lines:
            progress = Progress(suite.name, len(chosen) - len(todo), len(chosen))
            for first in range(0, len(todo), suite.batch):
                batch = todo[first : first + suite.batch]
                for result in prepared.measure(scorer, batch):
                    kept[result["id"]] = result
                    lines.write(json.dumps(result, ensure_ascii=False) + "\n")
                lines.flush()
                progress.show(len(batch))
        results = [kept[item.id] for item in chosen]
        if not results:
            raise EvalError(f"the set of {suite.name} holds no usable item: check {setting.data}")
        reports.append(
            SuiteReport(
                suite, suite.summarise(results), len(results), len(items), time.monotonic() - began, prepared.note
            )
        )
    return reports


def _claim(out: Path, scorer: Scorer) -> None:
    """Results of two models must not mix."""
    file = out / "model.json"
    asked = {"model": scorer.name, "runs": scorer.facts["runs"]}
    if file.is_file() and (held := json.loads(file.read_text("utf-8"))) != asked:
        raise EvalError(
            f"{out} holds results of {held['model']} ({held['runs']}), not of {asked['model']} ({asked['runs']}): "
            "give another --out, or remove the folder"
        )
    file.write_text(json.dumps(asked, ensure_ascii=False) + "\n", "utf-8")


def _read(file: Path) -> dict[str, Result]:
    """Finished items; a last line that was cut short when the run was killed is forgotten, here and in the file."""
    if not file.is_file():
        return {}
    kept: dict[str, Result] = {}
    lines = file.read_bytes().splitlines(keepends=True)  # of text they would also end at U+2028, which JSON may hold
    for number, line in enumerate(lines):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it has no end")
            result = json.loads(line)
        except ValueError as error:
            if number < len(lines) - 1:
                raise EvalError(f"{file} line {number + 1} is damaged ({error}): remove the file") from error
            file.write_bytes(b"".join(lines[:-1]))
            break
        kept[result["id"]] = result
    return kept


class Progress:
    """A line on stderr: how many, how fast, how long still. On a terminal it is rewritten in place."""

    def __init__(self, name: str, kept: int, total: int) -> None:
        self._name, self._done, self._total = name, kept, total
        self._began = self._said = time.monotonic()
        self._new = 0
        self._live = sys.stderr.isatty()
        if kept:
            print(f"{name}: {kept} of {total} items are kept from before", file=sys.stderr, flush=True)

    def show(self, more: int) -> None:
        """`more` items are done."""
        self._done += more
        self._new += more
        now = time.monotonic()
        last = self._done == self._total
        if not (self._live or last or now - self._said > 10):
            return
        self._said = now
        rate = self._new / max(1e-9, now - self._began)
        left = (self._total - self._done) / rate
        line = f"{self._name}: {self._done} of {self._total} items, {rate:.1f} a second, {left:.0f} s left"
        start, end = ("\r\033[K", "\n" if last else "") if self._live else ("", "\n")
        print(start + line, end=end, file=sys.stderr, flush=True)
