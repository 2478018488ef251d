"""A run as one page of HTML that needs nothing but itself: no other file, no network, any browser."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from pleiade.lab.view.curve import Curve, curves
from pleiade.lab.view.read import Event, Run, Sample, Stage
from pleiade.lab.view.state import State, progress, run_state, stage_state
from pleiade.lab.view.words import clock, duration, french, short, tick

NAMES = {
    "loss": ("Loss (nats per target)", "Perte (nats par cible)"),
    "lr": ("Learning rate", "Taux d'apprentissage"),
    "tokens_per_s": ("Tokens per second", "Tokens par seconde"),
    "grad_norm": ("Gradient norm", "Norme du gradient"),
    "reward": ("Mean reward of the answers", "Récompense moyenne des réponses"),
    "accuracy": ("Accuracy", "Exactitude"),
}
STATES = {
    "running": "en cours",
    "finished": "terminé",
    "stopped": "arrêté",
    "failed": "échoué",
    "lost": "perdu",
    "started": "commencé",
    "resumed": "repris",
    "checkpoint": "point de sauvegarde",
    "samples left out": "exemples omis",
}
UNITS = {"tokens": "tokens", "pictures": "images"}
COLUMNS = (
    ("step", "pas"),
    ("tokens", "tokens"),
    ("loss", "perte"),
    ("learning rate", "taux"),
    ("gradient norm", "norme du gradient"),
    ("tokens/s", "tokens/s"),
    ("MFU", "MFU"),
)
LAST_ROWS, MOMENTS, EVENTS = 12, 5, 60
WIDTH, HEIGHT = 1000, 400


@dataclass(frozen=True)
class Figure:
    """A number with its name."""

    en: str
    fr: str
    value: str


@dataclass(frozen=True)
class Chart:
    """A curve as SVG paths, and in words for those who do not see it."""

    curve: Curve
    en: str
    fr: str
    raw: str
    smooth: str
    data: str
    resumed: list[float]
    told: list[tuple[str, str, str]]


def write_page(run: Run, path: Path, refresh: int = 0) -> None:
    """Write the page at once, so that a browser never reads half of it; it renews itself after `refresh` seconds."""
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_text(page(run, refresh), "utf-8")
    unfinished.replace(path)


def page(run: Run, refresh: int = 0) -> str:
    """The whole page."""
    here = Path(__file__).parent
    css, js = ((here / name).read_text("utf-8") for name in ("page.css", "page.js"))
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"short": short, "french": french, "tick": tick, "clock": clock, "told": _facts}
    return environment.from_string((here / "page.html.jinja").read_text("utf-8")).render(
        name=" ".join(dict.fromkeys(filter(None, (run.preset.get("name"), run.folder.resolve().name)))),
        folder=run.folder,
        made=clock(time.time()),
        refresh=refresh,
        run_state=run_state(run),
        reports=run.reports,
        stages=[_stage(stage) for stage in reversed(run.stages)],
        settings=list(_settings(run.preset)),
        states=STATES,
        columns=COLUMNS,
        css=Markup(css),  # ours, and without </style>
        js=Markup(js),
        css_hash=_csp_hash(css),
        js_hash=_csp_hash(js),
    )


def _csp_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _stage(stage: Stage) -> dict[str, Any]:
    state = stage_state(stage)
    resumed = [event.step for event in stage.events if event.event == "resumed" and event.step]
    return {
        "stage": stage,
        "state": state,
        "unit": (stage.unit, UNITS.get(stage.unit, stage.unit)),
        "figures": _figures(stage, state),
        "share": progress(stage).share,
        "charts": [_chart(curve, _tokens_at(stage, resumed), stage.unit) for curve in curves(stage)],
        "resumed": resumed,
        "last_rows": [
            [
                str(row.step),
                short(row.tokens),
                short(row.loss, 4),
                short(row.lr),
                short(row.grad_norm),
                short(row.tokens_per_s),
                _percent(row.mfu),
            ]
            for row in reversed(stage.rows[-LAST_ROWS:])
        ],
        "prompts": _timelines(stage.samples),
        "events": list(reversed(stage.events))[:EVENTS],
    }


def _figures(stage: Stage, state: State) -> list[Figure]:
    begun, done, unit_fr = stage.begun, progress(stage), UNITS.get(stage.unit, stage.unit)
    figures = []
    if stage.rows:
        row = stage.rows[-1]
        drawn = {curve.name: curve.last for curve in curves(stage)}
        figures = [
            Figure("step", "pas", f"{row.step}{f' / {done.last}' if done.last else ''}"),
            Figure(stage.unit, unit_fr, short(row.tokens)),
            Figure("loss", "perte", short(drawn["loss"], 4)),
            Figure(f"{stage.unit}/s", f"{unit_fr}/s", short(drawn.get("tokens_per_s"))),
        ]
        if row.mfu is not None:
            figures.append(Figure(*_mfu_name(begun), _percent(row.mfu)))
        if state.name == "running":
            figures.append(Figure("time left", "temps restant", duration(done.seconds_left)))
        else:
            figures.append(Figure("training time", "temps d'entraînement", duration(row.seconds)))
    if begun is not None:
        figures.append(Figure("parameters", "paramètres", short(begun.parameters)))
    return figures


def _mfu_name(begun: Event | None) -> tuple[str, str]:
    if begun is not None and begun.peak is not None and begun.peak.get("source") == "measured":
        return "of the measured peak", "du maximum mesuré"
    return "MFU", "MFU"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _tokens_at(stage: Stage, steps: Sequence[int]) -> list[float]:
    wanted = set(steps)
    return [float(row.tokens) for row in stage.rows if row.step in wanted]


def _chart(curve: Curve, resumed: Sequence[float], unit: str) -> Chart:
    low, high = curve.ticks[0], curve.ticks[-1]
    end = curve.x[-1]

    def path(values: Sequence[float]) -> str:
        points = [
            f"{WIDTH * x / end:.1f} {HEIGHT * (1 - (y - low) / (high - low)):.1f}"
            for x, y in zip(curve.x, values, strict=True)
        ]
        # A single point becomes a short line, so that it is seen.
        return "M" + "L".join(points) + ("h2" if len(points) == 1 else "")

    unit_fr = UNITS.get(unit, unit)
    en, fr = NAMES[curve.name]
    if unit != "tokens":
        en, fr = en.replace("Tokens", unit.title()).replace(" (nats per target)", ""), fr.replace("Tokens", "Images")
        fr = fr.replace(" (nats par cible)", "")
    first, last = short(curve.smooth[0], 4), short(curve.last, 4)
    low_seen, high_seen, tokens = short(min(curve.smooth), 4), short(max(curve.smooth), 4), short(end)
    return Chart(
        curve,
        en,
        fr,
        path(curve.y),
        path(curve.smooth),
        json.dumps({"x": [round(x) for x in curve.x], "y": [float(f"{y:.5g}") for y in curve.smooth]}),
        [round(WIDTH * x / end, 1) for x in resumed],
        [
            (
                "en",
                en,
                f"From {first} to {last} over {tokens} {unit}; between {low_seen} and {high_seen}.",
            ),
            (
                "fr",
                fr,
                f"De {french(first)} à {french(last)} en {french(tokens)} {unit_fr} ; "
                f"entre {french(low_seen)} et {french(high_seen)}.",
            ),
        ],
    )


def _timelines(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """For each prompt its samples at a few moments, evenly spaced, the first and the last among them."""
    by_prompt: dict[str, list[Sample]] = {}
    for sample in samples:
        by_prompt.setdefault(sample.prompt, []).append(sample)
    timelines = []
    for prompt, written in by_prompt.items():
        num = min(MOMENTS, len(written))
        places = sorted({round(i * (len(written) - 1) / max(1, num - 1)) for i in range(num)})
        timelines.append({"prompt": prompt, "samples": [written[place] for place in places]})
    return timelines


def _settings(value: Any, key: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for name, inner in value.items() for pair in _settings(inner, f"{key}.{name}" if key else name)]
    return [(key, json.dumps(value, ensure_ascii=False))]


def _facts(event: Event) -> str:
    if event.reason or event.message:
        return event.reason or event.message
    if event.event not in ("started", "resumed"):
        return ""
    peak = event.peak or {}
    told = f"; {short(float(peak['flops']) / 1e12)} TFLOP/s ({peak['source']})" if peak else ""
    return f"{event.device}, {event.ranks} × {event.precision}{told}"
