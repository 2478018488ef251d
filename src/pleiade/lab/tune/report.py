"""What a fine-tune made and how much better it is; and the card that lies beside what it made."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from pleiade.lab.tune.config import TuneConfig


@dataclass(frozen=True)
class TuneReport:
    """`better` is "lower" or "higher"; `unseen` says whether the examples measured on were kept from learning.

    `trained_tokens` counts every epoch; `cut` and `left_out` are lines of the examples that were longer than the model.
    """

    method: str
    model: str
    output: str
    adapter: bool
    metric: str
    before: float
    after: float
    better: str
    unseen: bool
    num_examples: int
    num_measured: int
    cut: tuple[int, ...]
    left_out: tuple[int, ...]
    epochs: int
    batch_size: int
    learning_rate: float
    steps: int
    trained_tokens: int
    seconds: float

    @property
    def improved(self) -> bool:
        """Whether it was worth its time."""
        return self.after < self.before if self.better == "lower" else self.after > self.before

    def __str__(self) -> str:
        where = "unseen" if self.unseen else "learned"
        return (
            f"{self.method}: {self.metric} ({self.num_measured} {where} examples) {self.before:.3f} → {self.after:.3f} "
            f"({self.better} is better)"
        )


def write_report(report: TuneReport, run: Path) -> None:
    """`report.json`, a list of one stage as `pleiade train` writes it, with more fields."""
    row = {"stage": report.method, **dataclasses.asdict(report)}
    (run / "report.json").write_text(json.dumps([row], indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_report(run: Path) -> TuneReport | None:
    """What a finished run reported; None of one that has to go on."""
    path = run / "report.json"
    if not path.is_file():
        return None
    row = json.loads(path.read_text("utf-8"))[0]
    fields = {field.name: row[field.name] for field in dataclasses.fields(TuneReport)}
    return TuneReport(**{**fields, "cut": tuple(fields["cut"]), "left_out": tuple(fields["left_out"])})


def card(report: TuneReport, config: TuneConfig, base: str, licence: str) -> str:
    """A model card with what is known; the licence of the base holds for what is made from it."""
    front = [f"base_model: {base}", f"library_name: {'peft' if report.adapter else 'transformers'}"]
    if licence:
        front.append(f"license: {licence}")
    kind = f"LoRA adapter of rank {config.adapter.rank}" if config.adapter else "whole model"
    return "\n".join(
        [
            "---",
            *front,
            "---",
            f"# {report.method} of {Path(base).name or base}",
            "",
            f"A {kind}, made by `pleiade train` from {report.num_examples} examples: {report.steps} steps, "
            f"{report.epochs} epochs, {report.trained_tokens} tokens.",
            "",
            f"{report}",
            "",
        ]
    )
