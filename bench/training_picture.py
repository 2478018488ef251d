"""Two learning curves in one picture, for docs/benchmarks.md."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAMES = {"nanogpt": ("nanoGPT (AdamW, cosine)", "#c98a2b"), "pleiade": ("Pleiade (Muon, WSD)", "#1f4e8c")}


def draw_learning(learning: Mapping[str, Any], picture: Path) -> None:
    """Validation loss over seconds of training, ours and nanoGPT's, and the target, as an SVG."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "pleiade"  # the same numbers give the same file
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(7.5, 4))
    for key, (name, color) in NAMES.items():
        curve = learning["curves"][key]
        seconds, loss = [point["seconds"] for point in curve], [point["loss"] for point in curve]
        axis.plot(seconds, loss, color=color, label=name, marker="o", markersize=3)
    axis.axhline(learning["target"], color="#888888", linewidth=0.8, linestyle="--", label="the loss to reach")
    axis.set_xlabel("seconds of training")
    axis.set_ylabel("validation loss (nats per token)")
    axis.set_xlim(left=0)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False)
    figure.tight_layout()
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, format="svg", metadata={"Date": None})
    pyplot.close(figure)
