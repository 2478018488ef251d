"""The report of an examination: one JSON for programs, one text for people; French beside English."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from pleiade import __version__
from pleiade.lab.evals.examine import SuiteReport
from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Number

LANGUAGES = ("en", "fr")


def write_json(path: Path, scorer: Scorer, reports: Sequence[SuiteReport]) -> None:
    """Write everything that the numbers need to be understood."""
    value = {
        "model": scorer.name,
        "how": dict(scorer.facts),
        "pleiade": __version__,
        "suites": {
            report.suite.name: {
                "title": report.suite.title,
                "protocol": report.suite.protocol,
                "note": report.note,
                "items": report.items,
                "items_in_set": report.items_in_set,
                "numbers": [asdict(number) for number in report.numbers],
            }
            for report in reports
        },
    }
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
    os.replace(unfinished, path)


def told(scorer: Scorer, reports: Sequence[SuiteReport]) -> str:
    """The whole report as text, the protocol beside every suite's numbers."""
    lines = [f"{scorer.name}: " + "; ".join(f"{name}: {value}" for name, value in scorer.facts.items())]
    for report in reports:
        sampled = "" if report.items == report.items_in_set else f" of {report.items_in_set}, a fixed sample"
        lines += ["", f"{report.suite.title} ({report.suite.name}, {report.items} items{sampled})"]
        lines += [f"  {report.suite.protocol}"]
        lines += [f"  {report.note}"] if report.note else []
        lines += [f"  {line}" for line in _table(report.numbers)]
    beside = list(_beside(reports))
    if beside:
        lines += ["", "English beside French", *(f"  {line}" for line in beside)]
    return "\n".join(lines) + "\n"


def written(number: Number) -> str:
    """A value with its error, in its unit."""
    if number.unit == "share":
        error = f" ± {100 * number.error:.1f}" if number.error is not None else ""
        return f"{100 * number.value:.1f}{error} %"
    return f"{number.value:,.3f}" if number.unit == "bits per byte" else f"{number.value:,.1f}"


def _table(numbers: Sequence[Number]) -> Iterator[str]:
    width = max(len(number.name) for number in numbers)
    for number in numbers:
        unit = "" if number.unit == "share" else f" {number.unit}"
        chance = f" (chance {100 * number.chance:.1f} %)" if number.chance is not None else ""
        yield f"{number.name:{width}}  {number.language:6}  {written(number):>15}{unit}{chance}, n={number.count}"


def _beside(reports: Sequence[SuiteReport]) -> Iterator[str]:
    rows = []
    for report in reports:
        found: dict[tuple[str, str], dict[str, Number]] = {}
        for number in report.numbers:
            found.setdefault((number.name, number.unit), {})[number.language] = number
        for (name, unit), languages in found.items():
            if all(language in languages for language in LANGUAGES):
                label = f"{report.suite.title}: {name}" + ("" if unit == "share" else f", {unit}")
                rows.append((label, *(written(languages[language]) for language in LANGUAGES)))
    width = max((len(row[0]) for row in rows), default=0)
    for label, english, french in rows:
        yield f"{label:{width}}  en {english:>15}  fr {french:>15}"
