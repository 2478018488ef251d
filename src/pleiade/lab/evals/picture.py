"""One picture of an examination: shares as bars with their errors and the guessing level, costs beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pleiade.lab.evals.examine import SuiteReport
from pleiade.lab.evals.report import written
from pleiade.lab.evals.suite import Number

COLOURS = {"en": "#1f4e8c", "fr": "#a63446", "python": "#3d7a4e"}
MOST_PER_SUITE = 12


def draw(path: Path, title: str, reports: Sequence[SuiteReport]) -> None:
    """Write a PNG; each unit has its own axis, each suite at most twelve lines (its first)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    panels: dict[str, list[tuple[str, Number]]] = {}
    for report in reports:
        for number in report.numbers[:MOST_PER_SUITE]:
            label = f"{report.suite.title}: {number.name}" + (f" ({number.language})" if number.language else "")
            panels.setdefault(number.unit, []).append((label, number))
    heights = [len(lines) for lines in panels.values()]
    figure, axes = pyplot.subplots(
        len(panels),
        1,
        figsize=(9, 1.2 + 0.26 * sum(heights) + 0.5 * len(panels)),
        dpi=110,
        squeeze=False,
        gridspec_kw={"height_ratios": heights},
        layout="constrained",
    )
    for axis, (unit, lines) in zip(axes[:, 0], panels.items(), strict=True):
        scale = 100 if unit == "share" else 1
        for place, (_, number) in enumerate(lines):
            colour = COLOURS.get(number.language, "#5a6472")
            error = scale * number.error if number.error is not None else None
            axis.barh(place, scale * number.value, xerr=error, color=colour, height=0.65, ecolor="#333333")
            if number.chance is not None:
                axis.plot([scale * number.chance] * 2, [place - 0.4, place + 0.4], color="#c98a2b", linewidth=2)
            axis.annotate(
                f" {written(number)}",
                (scale * (number.value + (number.error or 0)), place),
                va="center",
                fontsize=7,
            )
        axis.set_yticks(range(len(lines)), [label for label, _ in lines], fontsize=7)
        axis.invert_yaxis()
        axis.margins(x=0.18, y=0.02)
        if unit == "perplexity":
            axis.set_xscale("log")
        axis.set_xlabel("percent (mark: guessing)" if unit == "share" else f"{unit} (lower is better)", fontsize=8)
        axis.grid(axis="x", alpha=0.25)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path)
    pyplot.close(figure)
