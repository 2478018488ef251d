"""How much of the machine a step uses: its floating-point operations over what the devices could have done (MFU)."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.network import CountsFlops, Shape
from pleiade.lab.objectives.base import MicroBatch

# Dense bfloat16 with float32 sums, FLOP/s, from the makers' data sheets (half of the figures "with sparsity").
PEAKS = {
    "B200": 2250e12,
    "H200 NVL": 835e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "H800": 989e12,
    "H20": 148e12,
    "A100": 312e12,
    "A800": 312e12,
    "A40": 149.7e12,
    "A30": 165e12,
    "A10G": 70e12,
    "A10": 125e12,
    "L40S": 362e12,
    "L40": 181e12,
    "L4": 121e12,
    "RTX 4090": 165.2e12,
    "RTX 3090": 71e12,
    "MI300X": 1307.4e12,
}
MEASURED_SIZE = 768
MEASURED_TIMES, MEASURED_SECONDS = 3, 0.1  # at least


@dataclass(frozen=True)
class Peak:
    """FLOP/s that all devices of a run could reach, and how we know: "data sheet", "measured" or "given"."""

    flops: float
    source: str


def peak(device: torch.device, dtype: torch.dtype, num_devices: int, given_tflops: float | None = None) -> Peak | None:
    """The peak of `num_devices` such devices; None where it is not known.

    On a CPU it is measured: the best of some square matrix products in `dtype`, on this process's threads.
    """
    if given_tflops is not None:
        return Peak(given_tflops * 1e12 * num_devices, "given")
    if device.type == "cpu":
        return Peak(_measured(dtype) * num_devices, "measured")
    sheet = data_sheet_peak(torch.cuda.get_device_name(device)) if dtype in (torch.bfloat16, torch.float16) else None
    return Peak(sheet * num_devices, "data sheet") if sheet else None


def data_sheet_peak(name: str) -> float | None:
    """FLOP/s of the GPU that calls itself `name`; None for one not listed, or a slice (MIG) of one."""
    if "MIG" in name.split():
        return None
    words = re.sub(r"[^A-Za-z0-9]+", " ", name)
    return next((value for gpu, value in PEAKS.items() if re.search(rf"\b{gpu}\b", words, re.IGNORECASE)), None)


def _measured(dtype: torch.dtype) -> float:
    a = torch.ones(MEASURED_SIZE, MEASURED_SIZE, dtype=dtype)
    a @ a  # the first product pays for what the library prepares
    times: list[float] = []
    while len(times) < MEASURED_TIMES or sum(times) < MEASURED_SECONDS:
        started = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - started)
    return 2 * MEASURED_SIZE**3 / min(times)


def step_flops(config: Shape, batches: Sequence[object]) -> float | None:
    """FLOPs of a step forward and backward; None where not every token passes through the whole model once."""
    if isinstance(config, CountsFlops):
        return config.train_flops(batches)
    if not isinstance(config, GptConfig):
        return None
    total = 0.0
    for batch in batches:
        if not isinstance(batch, MicroBatch) or config.reward_head:
            return None
        total += batch.num_tokens * config.train_flops_per_token(batch.ids.shape[1])
    return total
