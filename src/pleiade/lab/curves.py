"""Draws the loss curve of a run from its metrics."""

from __future__ import annotations

import json
from pathlib import Path


def draw_curve(metrics: Path, picture: Path, title: str, unit: str = "tokens") -> None:
    """Loss (smoothed over 25 steps, and raw behind it) and learning-rate scale over tokens, or another unit, as a PNG.

    Raises FileNotFoundError if the run has no metrics.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [json.loads(line) for line in metrics.read_bytes().splitlines()]
    tokens = [row["tokens"] / 1e6 for row in rows]
    loss = [row["loss"] for row in rows]
    smooth = [sum(loss[max(0, i - 24) : i + 1]) / len(loss[max(0, i - 24) : i + 1]) for i in range(len(loss))]
    figure, axis = pyplot.subplots(figsize=(8, 4.5), dpi=110)
    axis.plot(tokens, loss, color="#b8c4d6", linewidth=0.7, label="each step")
    axis.plot(tokens, smooth, color="#1f4e8c", linewidth=1.8, label="mean of 25 steps")
    axis.set_xlabel(f"million {unit}")
    if unit == "tokens":
        axis.set_ylabel("loss (nats per token)")
        axis.set_ylim(min(smooth) - 0.3, min(smooth) + 3.2)
    else:
        axis.set_ylabel("loss")
        axis.set_ylim(0, 3 * sorted(smooth)[len(smooth) // 2])
    axis.set_title(title)
    axis.grid(alpha=0.25)
    rate = axis.twinx()
    rate.plot(
        tokens, [row["scale"] for row in rows], color="#c98a2b", linewidth=1.0, label="learning rate (share of peak)"
    )
    rate.set_ylim(0, 1.6)
    rate.set_ylabel("learning rate (share of peak)")
    lines = [*axis.get_lines(), *rate.get_lines()]
    axis.legend(lines, [str(line.get_label()) for line in lines], loc="upper right", frameon=False)
    figure.tight_layout()
    figure.savefig(picture)
    pyplot.close(figure)
