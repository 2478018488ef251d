"""From a run's newest checkpoint, of any stage, to a folder or a file that engines read."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import torch

from pleiade.lab.chain import STAGES
from pleiade.lab.checkpoint import latest_checkpoint, load_weights
from pleiade.lab.dalle.export import export_pix, is_picture_run
from pleiade.lab.dalle.small_weights import Weights
from pleiade.lab.export.gguf import QUANTISATIONS, export_gguf
from pleiade.lab.export.huggingface import CODE, PROSE, export_huggingface
from pleiade.lab.faults import AGAIN
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.tokenizer.bpe import load_tokenizer

FORMATS = {"hf": ("bfloat16", "float16", "float32"), "gguf": tuple(sorted(QUANTISATIONS, reverse=True))}
PICTURE_STAGES, PICTURE_WEIGHTS = ("base", "few"), get_args(Weights)
SUFFIXES = {"hf": "safetensors", "gguf": "gguf"}
TELLING: Callable[[str], None] = print


@dataclass(frozen=True)
class Trained:
    """A model as a stage of a run left it."""

    model: Gpt
    stage: str
    tokenizer: Path


def export_run(
    run: Path,
    out: Path,
    stage: str = "",
    form: str = "",
    quantisation: str = "",
    tell: Callable[[str], None] = TELLING,
) -> Path:
    """Write the model that a stage of `run` (default: its last language model) left to the new folder `out`.

    `form` is "hf" (a Hugging Face folder, the default) or "gguf" (one file in it); `quantisation` one of its FORMATS,
    by default the first. A picture model has the one form "onnx", and PICTURE_WEIGHTS, by default fp16.
    Returns what a registry is given: the folder, or the file. The folder appears whole or not at all.

    Raises ValueError for an unknown form, quantisation or stage, FileExistsError where `out` is something already,
    FileNotFoundError where there is no checkpoint, OSError where the disk takes no more.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} is there already: name another --out, or remove it")
    if is_picture_run(run):
        if form not in ("", "onnx"):
            raise ValueError(f"a picture model is no {form!r}: leave --format out")
        return _export_pictures(run, out, stage, quantisation, tell)
    quantisation = _checked(form or "hf", quantisation)
    form = form or "hf"
    trained = read_run(run, stage, tell)
    if form == "gguf" and trained.model.config.reward_head:
        raise ValueError("GGUF knows no reward heads: export the reward model with --format hf")
    unfinished = out.with_name(out.name + ".tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        _refuse_too_little_room(unfinished, trained.model, quantisation)
        tell(f"writing {trained.model.config.num_params / 1e6:,.1f} M parameters as {quantisation} to {out}")
        _write(trained, unfinished, run.resolve().name, form, quantisation)
        if out.exists():
            out.rmdir()
        unfinished.replace(out)
    except BaseException:  # nothing half written is left, whatever ended it
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    written = next(out.glob(f"*.{SUFFIXES[form]}"))
    tell(f"{written}: {written.stat().st_size / 1e6:,.1f} MB")
    return written if form == "gguf" else out


def _export_pictures(run: Path, out: Path, stage: str, weights: str, tell: Callable[[str], None]) -> Path:
    if stage and stage not in PICTURE_STAGES:
        raise ValueError(f"{stage!r} draws no pictures: choose one of {', '.join(PICTURE_STAGES)}")
    if weights and weights not in PICTURE_WEIGHTS:
        raise ValueError(f"{weights!r} is none for pictures: choose one of {', '.join(PICTURE_WEIGHTS)}")
    for name, size in export_pix(run, out, cast(Weights, weights or "fp16"), stage).items():
        tell(f"  {name:<16} {size / 1e6:8.2f} MB")
    return out


def read_run(run: Path, stage: str = "", tell: Callable[[str], None] = TELLING) -> Trained:
    """The model of a stage's newest whole checkpoint, in this process's memory; see `export_run` for what it raises."""
    stage = _stage(run, stage)
    newest = latest_checkpoint(run / stage)
    assert newest is not None  # _stage has seen one
    tell(f"reading {newest}")
    config = GptConfig(**json.loads((run / "base" / "preset.json").read_text("utf-8"))["model"])
    model = Gpt(dataclasses.replace(config, reward_head=stage == "reward"))
    weights = load_weights(newest)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:  # torch's word for weights that do not fit
        raise ValueError(f"{newest} does not fit the shape in {run / 'base' / 'preset.json'}: {error}") from error
    return Trained(model, stage, run / "base" / "tokenizer")


def _checked(form: str, quantisation: str) -> str:
    if form not in FORMATS:
        raise ValueError(f"{form!r} is not a format: choose one of {', '.join(FORMATS)}")
    if quantisation and quantisation not in FORMATS[form]:
        raise ValueError(f"{quantisation!r} is none for {form}: choose one of {', '.join(FORMATS[form])}")
    return quantisation or FORMATS[form][0]


def _stage(run: Path, stage: str) -> str:
    if stage and stage not in STAGES:
        raise ValueError(f"{stage!r} is not a stage: choose one of {', '.join(STAGES)}")
    there = [each for each in STAGES if any((run / each).glob("checkpoint-*"))]
    if stage in there:
        return stage
    language = [each for each in there if each not in ("reward", "code")]
    if not stage and language:
        return language[-1]
    if there:
        raise FileNotFoundError(f"{run} has no checkpoint of {stage or 'a language model'}: it has {', '.join(there)}")
    raise FileNotFoundError(f"{run} holds no checkpoint of any stage: give the folder that `pleiade train --run` wrote")


def _refuse_too_little_room(folder: Path, model: Gpt, quantisation: str) -> None:
    bytes_each = {"float32": 4.0, "q8_0": 1.1}.get(quantisation, 2.0)
    needed, free = model.config.num_params * bytes_each, shutil.disk_usage(folder).free
    if needed > free:
        raise OSError(
            f"the model takes {needed / 1e6:,.0f} MB, the disk of {folder.parent} has {free / 1e6:,.0f} MB left: "
            f"make room there, {AGAIN}"
        )


def _write(trained: Trained, folder: Path, name: str, form: str, quantisation: str) -> None:
    tokenizer = load_tokenizer(trained.tokenizer)
    if form == "hf":
        sampling = CODE if trained.stage == "code" else PROSE
        export_huggingface(trained.model, tokenizer, folder, getattr(torch, quantisation), sampling)
    else:
        export_gguf(
            trained.model, tokenizer, folder / f"{name}-{trained.stage}-{quantisation}.gguf", quantisation, name
        )
