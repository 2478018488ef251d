"""The files that a job leaves: step metrics as CSV, and as JSON lines in the form of Weights & Biases."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

CSV_NAME, JSONL_NAME = "step_metrics.csv", "metrics.jsonl"
# Columns of OpenAI's file -> names in our metrics.
COLUMNS = {
    "step": "step",
    "train_loss": "train_loss",
    "train_accuracy": "train_mean_token_accuracy",
    "valid_loss": "valid_loss",
    "valid_mean_token_accuracy": "valid_mean_token_accuracy",
    "train_reward": "train_reward",
    "valid_reward": "valid_reward",
}
_ALWAYS = 5  # columns that are there also where nothing was measured


def table(rows: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """Step metrics as CSV; what was not measured is empty, and rewards are a column where there are any."""
    names = [
        name
        for place, (name, ours) in enumerate(COLUMNS.items())
        if place < _ALWAYS or any(ours in row for row in rows)
    ]
    yield _line(names)
    for row in rows:
        yield _line([row.get(COLUMNS[name], "") for name in names])


def history(rows: Sequence[Mapping[str, Any]]) -> Iterator[bytes]:
    """One object a step, with the keys that `wandb` gives its history: `_step`, `_timestamp`, `train/loss`, …"""
    for row in rows:
        told: dict[str, Any] = {"_step": row["step"], "_timestamp": row["time"]}
        for name, value in row.items():
            if name not in ("step", "time"):
                kind, _, rest = name.partition("_")
                told[f"{kind}/{rest}" if kind in ("train", "valid") else name] = value
        yield msgspec.json.encode(told) + b"\n"


def _line(values: Sequence[Any]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(values)
    return file.getvalue().encode()
