"""How a measurement is told: a table for people, JSON for programs, one last line of results."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from machine import describe
from peers import ROOT


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain-text table with aligned columns (the first to the left, the others to the right)."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in [header, ["-" * w for w in widths], *rows]
    ]
    return "\n".join(lines)


def write_json(name: str, content: Mapping[str, object]) -> Path:
    """Writes bench/results/`name`.json with the machine and the time; returns its path."""
    path = ROOT / "bench" / "results" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    path.write_text(json.dumps({"when": stamp, "machine": describe(), **content}, indent=1) + "\n")
    return path


def result_line(values: Mapping[str, float]) -> str:
    """`result: key=value …`, the last line that every script prints."""
    return "result: " + " ".join(f"{key}={value:.4g}" for key, value in values.items())
