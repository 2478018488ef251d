"""A run as text: where it is, its curves, what the model wrote last."""

from __future__ import annotations

import re
from collections.abc import Sequence

from uniplot import plot_to_string

from pleiade.lab.view.curve import Curve, curves
from pleiade.lab.view.read import Run, Stage
from pleiade.lab.view.state import progress, run_state, stage_state
from pleiade.lab.view.words import UNITS, duration, short

TITLES = {
    "loss": "loss",
    "lr": "learning rate",
    "tokens_per_s": "tokens/s",
    "grad_norm": "gradient norm",
    "reward": "reward",
    "accuracy": "accuracy",
}
COLORS = {
    "loss": "cyan",
    "lr": "yellow",
    "tokens_per_s": "green",
    "grad_norm": "magenta",
    "reward": "blue",
    "accuracy": "blue",
}
TWO_ACROSS = 100  # columns from which two plots stand beside each other
MARGIN, FRAME, MIN_HEIGHT = 12, 4, 4  # columns and lines around a plot, lines in it at least
ESCAPES = re.compile(r"\x1b\[[\d;]*m")


def screen(run: Run, columns: int, lines: int, color: bool) -> str:
    """The whole screen: the newest stage's curves and samples below one line for each stage."""
    stage = run.newest
    state = run_state(run)
    head = [f"{run.folder}  {state.name}{': ' + state.reason if state.reason else ''}"]
    head += [f"  {each.name:10} {stage_line(each)}" for each in run.stages]
    head += [f"  {r.stage:10} {r.metric} {r.before:.3f} → {r.after:.3f} ({r.better} is better)" for r in run.reports]
    tail = sample_lines(stage, columns)
    drawn = curves(stage)
    across = 2 if columns >= TWO_ACROSS else 1
    down = -(-len(drawn) // across)
    height = max(MIN_HEIGHT, (lines - len(head) - len(tail)) // max(1, down) - FRAME)
    return "\n".join([*head, *curve_lines(drawn, columns, across, height, color, stage.unit), *tail])


def stage_line(stage: Stage) -> str:
    """One line with the stage's last values."""
    if not stage.rows:
        return f"{stage_state(stage).name}, no step yet"
    row, done = stage.rows[-1], progress(stage)
    drawn = {curve.name: curve for curve in curves(stage)}
    parts = [
        stage_state(stage).name,
        f"step {row.step}{f'/{done.last}' if done.last else ''}",
        f"{short(row.tokens)} {stage.unit}",
        f"loss {row.loss:.3f}",
        f"lr {short(row.lr)}",
        f"{short(drawn['tokens_per_s'].last) if 'tokens_per_s' in drawn else '–'} {stage.unit}/s",
        *([f"MFU {row.mfu:.1%}"] if row.mfu is not None else []),
        *(
            [f"{duration(done.seconds_left)} left"]
            if done.seconds_left and stage_state(stage).name == "running"
            else []
        ),
    ]
    return "  ".join(parts)


def curve_lines(
    drawn: Sequence[Curve], columns: int, across: int, height: int, color: bool, unit: str = "tokens"
) -> list[str]:
    """The plots, `across` of them beside each other; `unit` is what the run counts."""
    width = columns // across - MARGIN
    plots = [_plot(curve, width, height, color, unit) for curve in drawn]
    lines: list[str] = []
    for first in range(0, len(plots), across):
        beside = plots[first : first + across]
        tallest = max(map(len, beside))
        padded = [plot + [""] * (tallest - len(plot)) for plot in beside]
        lines += ["".join(_pad(part, columns // across) for part in row).rstrip() for row in zip(*padded, strict=True)]
    return lines


def sample_lines(stage: Stage, columns: int) -> list[str]:
    """What the model wrote last, a line each."""
    if not stage.samples:
        return []
    step = stage.samples[-1].step
    texts = [
        f"{sample.prompt} ⟶ {sample.text or '▦' * bool(sample.picture)}"
        for sample in stage.samples
        if sample.step == step
    ]
    lines = [f"  {' '.join(text.split())}"[:columns] for text in texts]
    return [
        f"{'drawn' if stage.samples[-1].picture else 'written'} at step {step}",
        *(re.sub(r"[\x00-\x1f\x7f-\x9f]", "·", line) for line in lines),
    ]


def _plot(curve: Curve, width: int, height: int, color: bool, counted: str) -> list[str]:
    size, unit = next(((s, u) for s, u in UNITS if curve.x[-1] >= s), (1.0, ""))
    x = [tokens / size for tokens in curve.x]
    hue = COLORS[curve.name]
    text = plot_to_string(
        xs=[x, x],
        ys=[curve.y, curve.smooth],
        lines=[False, True],
        color=["white", hue] if color else False,
        width=width,
        height=height,
        title=f"{TITLES[curve.name].replace('tokens', counted)}  {short(curve.last)}",
        x_unit=unit,
        y_min=curve.ticks[0],
        y_max=curve.ticks[-1],
        rounded_corners=True,
    )
    return str(text).splitlines()


def _pad(line: str, columns: int) -> str:
    return line + " " * max(0, columns - len(ESCAPES.sub("", line)))
