"""What is kept of a shipped picture model: how it was made, from which drawings, and what its examination found."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import msgspec

from pleiade.lab.begun import flat
from pleiade.lab.cards.record import RESULTS, Stage
from pleiade.lab.checkpoint import sha256
from pleiade.lab.curves import draw_curve
from pleiade.lab.dalle.data.drawings import LICENCES
from pleiade.lab.dalle.evals.results import PictureResults, read_results
from pleiade.lab.dalle.presets import PixPreset, pix_presets, read_pix_preset
from pleiade.lab.dalle.sample import load_pix
from pleiade.lab.dalle.stages import STAGES
from pleiade.lab.metrics import read_metrics

PICTURE_RECORD = "picture.json"  # beside the records of text models, whose files have another name


class File(msgspec.Struct, frozen=True):
    """A file of the exported folder."""

    name: str
    num_bytes: int
    sha256: str


class Drawn(msgspec.Struct, frozen=True):
    """A set of drawings that the model learned from: how many of it were for training, and under which licence."""

    name: str
    drawings: int
    licence: str


class PictureRecord(msgspec.Struct, frozen=True):
    """A picture model that ships. `served` is what its config.json tells the engine; a stage's tokens are pictures.

    `changes` are the run's `key=value` differences from its preset; `earlier` counts the pictures of the runs whose
    weights its base began with.
    """

    name: str
    preset: str
    changes: list[str]
    earlier: int
    machine: str
    note: str
    parameters: int
    shape: dict[str, Any]
    served: dict[str, Any]
    files: list[File]
    stages: list[Stage]
    sets: list[Drawn]


class PictureMember(msgspec.Struct, frozen=True):
    """A record with the examination that stands beside it, None where there is none."""

    record: PictureRecord
    results: PictureResults | None


def gather_picture(name: str, machine: str, note: str, data: Path, run: Path, export: Path) -> PictureRecord:
    """The record of the model in `export`, made in `run` from the drawings in `data`.

    Raises FileNotFoundError for a folder that holds no run, drawings or export.
    """
    preset, pix = read_pix_preset(run / "base" / "preset.json"), load_pix(run)
    sets = json.loads((data / LICENCES).read_text("utf-8"))["sets"]
    described = json.loads((export / "config.json").read_text("utf-8"))
    names = sorted(path.name for path in export.iterdir() if path.suffix in (".onnx", ".json"))
    return PictureRecord(
        name=name,
        preset=preset.name,
        changes=_changes(preset),
        earlier=_earlier(preset),
        machine=machine,
        note=note,
        parameters=sum(weight.numel() for weight in pix.network.parameters()),
        shape=dataclasses.asdict(pix.network.config),
        served={key: described[key] for key in ("few_step", "steps", "best_of", "guidance")},
        files=[File(each, (export / each).stat().st_size, sha256(export / each)) for each in names],
        stages=[_stage(stage, run) for stage in STAGES if (run / stage / "metrics.jsonl").is_file()],
        sets=[
            Drawn(each, told["drawings"]["train"], told["licence"])
            for each, told in sorted(sets.items(), key=lambda item: -item[1]["drawings"].get("train", 0))
            if told["drawings"].get("train")
        ],
    )


def write_picture_record(record: PictureRecord, examination: Path, run: Path, models: Path) -> None:
    """Write `models`/records/NAME, and beside the card its contact sheet and the curve of its longest stage."""
    folder = models / "records" / record.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PICTURE_RECORD).write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    (folder / RESULTS).write_bytes((examination / RESULTS).read_bytes())
    (models / f"{record.name}-contact.png").write_bytes((examination / "contact.png").read_bytes())
    curve = run / "base" / "metrics.jsonl"
    draw_curve(curve, models / f"{record.name}-curve.png", f"{record.name}: base")


def read_picture_members(records: Path) -> list[PictureMember]:
    """Every folder of `records` that holds the record of a picture model."""
    found = []
    for path in sorted(records.glob(f"*/{PICTURE_RECORD}")):
        record = msgspec.json.decode(path.read_bytes(), type=PictureRecord)
        results = path.with_name(RESULTS)
        found.append(PictureMember(record, read_results(results) if results.is_file() else None))
    return found


def _changes(preset: PixPreset) -> list[str]:
    there, here = (flat(dataclasses.asdict(each)) for each in (pix_presets()[preset.name], preset))
    told = {key: value for key, value in here.items() if value not in (there[key], None) and key != "begin_with"}
    return [f"{key}={value}" for key, value in told.items()]


def _earlier(preset: PixPreset) -> int:
    count = 0
    while preset.begin_with:
        base = Path(preset.begin_with) / "base"
        count += read_metrics(base / "metrics.jsonl")[-1]["tokens"]
        preset = read_pix_preset(base / "preset.json")
    return count


def _stage(name: str, run: Path) -> Stage:
    rows = read_metrics(run / name / "metrics.jsonl")
    last, tail = rows[-1], rows[-25:]
    return Stage(name, last["step"], last["tokens"], last["seconds"], sum(row["loss"] for row in tail) / len(tail))
