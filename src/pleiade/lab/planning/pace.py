"""How fast a run will go: as measured on this machine where it can be, else as published runs did on such devices."""

from __future__ import annotations

import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.head_loss import head_loss_sum
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.planning.devices import Device

RECENT_ROWS = 200
PROBE_SECONDS = 0.3


@dataclass(frozen=True)
class Pace:
    """Tokens a second of the whole run, between `slow` and `fast` times that, and how it is known."""

    tokens_per_s: float
    basis: str
    slow: float = 1.0
    fast: float = 1.0


@dataclass(frozen=True)
class PublishedMfu:
    """The share of the peak that published runs reached: the median, and what a tenth fell below or exceeded."""

    median: float
    low: float
    high: float
    num_rows: int


# bfloat16 runs of 0.1 to 1,000 billion parameters on 1 to 3,072 devices, from the tables of MosaicML's llm-foundry,
# Megatron-LM (SC21), nanotron, llm.c, modded-nanogpt and TinyLlama.
PUBLISHED = {"A100": PublishedMfu(0.501, 0.346, 0.571, 121), "H100": PublishedMfu(0.395, 0.268, 0.442, 80)}
# One run of a model this small on H100s is published (parameter-golf, 17 M, 24 %): its matrices are too small for them.
SMALL_MODEL, SMALL_MFU = 60e6, 0.24


def recorded_pace(model: GptConfig, seq_len: int, precision: str, device: Device, ranks: int, run: Path) -> Pace | None:
    """The pace at which this run went before it stopped, or its latest neighbour of the same shape on such a machine.

    Neighbours are the stages of all runs beside this one. `run` is the folder of a stage (RUN/base).
    """
    wanted = {"device": device.kind, "ranks": ranks, "precision": precision}
    # json turns tuples into lists, as it did in the record.
    shape = json.loads(json.dumps({**dataclasses.asdict(model), "seq_len": seq_len}))
    beside = sorted(run.parent.parent.glob("*/*/metrics.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in [run / "metrics.jsonl", *beside]:
        if (
            not path.is_file()
            or _shape(path.parent) != shape
            or not latest_start(path.parent).items() >= wanted.items()
        ):
            continue
        if speed := recorded_speed(path):
            where = "this run before it stopped" if path.parent == run else path.parent.as_posix()
            return Pace(speed, f"measured in {where}")
    return None


def _shape(folder: Path) -> dict[str, Any] | None:
    try:
        preset = json.loads((folder / "preset.json").read_text("utf-8"))
        return {**preset["model"], "seq_len": preset["stream"]["seq_len"]}
    except (OSError, ValueError, KeyError):  # no run of ours, or damaged: it tells no pace
        return None


def latest_start(folder: Path) -> dict[str, Any]:
    """What the latest start of a stage noted of the machine; nothing where there was none."""
    try:
        rows = [json.loads(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]
    except (OSError, ValueError):
        return {}
    return next((row for row in reversed(rows) if row.get("event") in ("started", "resumed")), {})


def recorded_speed(path: Path) -> float | None:
    """Tokens (or what a run counts) a second over the latest rows of a metrics.jsonl; None where they do not tell."""
    try:
        rows = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    except (OSError, ValueError):
        return None
    rows = rows[-RECENT_ROWS:]
    if len(rows) < 2 or rows[-1]["seconds"] <= rows[0]["seconds"]:
        return None
    return float((rows[-1]["tokens"] - rows[0]["tokens"]) / (rows[-1]["seconds"] - rows[0]["seconds"]))


def probed_pace(model: Gpt, seq_len: int, dtype: torch.dtype, num_devices: int, compiled: bool) -> Pace:
    """The pace of some eager micro-batches of one row, measured now on this process's device in less than a second.

    The model is left as it was, without gradients; random numbers are not touched.
    """
    device = model.embed_tokens.weight.device
    ids = torch.arange(seq_len, device=device)[None] % model.config.vocab_size
    seconds, began = float("inf"), time.perf_counter()
    for attempt in range(100):
        started = time.perf_counter()
        x_LD = model.hidden(ids, dtype).flatten(0, 1)
        head_loss_sum(x_LD, model.head_weight, ids.flatten()).backward()  # type: ignore[no-untyped-call]
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        if attempt:  # the first one pays for what libraries prepare
            seconds = min(seconds, time.perf_counter() - started)
        if attempt and time.perf_counter() - began > PROBE_SECONDS:
            break
    model.zero_grad(set_to_none=True)
    speed, basis = seq_len / seconds * num_devices, "probed with single rows on this machine"
    if compiled:
        return Pace(speed, f"{basis}, not compiled: compiled steps may go 3 times faster", 1.0, 3.0)
    return Pace(speed, basis, 0.8, 1.5)


def published_pace(model: GptConfig, seq_len: int, device: Device, num_devices: int) -> Pace | None:
    """What `num_devices` would do at the share of their peak that others reached; None where the peak is not known."""
    if device.flops is None:
        return None
    name = next((kind for kind in PUBLISHED if kind in device.kind), None)
    mfu = PUBLISHED[name or "H100"]
    seen = f"the median of {mfu.num_rows} published runs on {name or 'H100, none on ' + device.kind}"
    share = mfu.median
    if model.num_params < SMALL_MODEL:
        share, seen = SMALL_MFU, "what a published run of 17 M parameters reached on H100"
    speed = share * device.flops * num_devices / model.train_flops_per_token(seq_len)
    basis = f"at {share:.0%} of the peak of {device.flops / 1e12:,.0f} TFLOP/s, {seen}"
    return Pace(speed, basis, mfu.low / mfu.median, mfu.high / mfu.median)
