"""The calibration plot: how often texts with a score are what the score says, as an SVG that is the same each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

Points = Sequence[tuple[float, float, int]]


def draw_calibration(curves: Mapping[str, Points], path: Path) -> None:
    """One line a language over the diagonal; the size of a point is the number of its texts."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "pleiade"
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(6, 4.6))
    axis.plot([0, 1], [0, 1], color="#b8c4d6", linewidth=1, linestyle="--", label="perfect")
    for (name, points), colour in zip(curves.items(), ("#1f4e8c", "#c98a2b"), strict=False):
        said, true, sizes = zip(*points, strict=True)
        axis.plot(said, true, color=colour, linewidth=1.6, label=name)
        axis.scatter(said, true, s=[4 + 1.2 * size**0.5 for size in sizes], color=colour)
    axis.set_xlabel("score")
    axis.set_ylabel("share of texts that people labelled so")
    axis.set_title("pleiade-moderation: scores of all harms, texts kept aside")
    axis.grid(alpha=0.25)
    axis.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
