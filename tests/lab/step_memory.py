"""Prints, for each line of arguments as JSON, the bytes by which this process grew at the peak of a training step."""

import json
import re
import sys
from pathlib import Path

import torch

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.head_loss import head_loss_sum
from pleiade.lab.gpt.model import Gpt, init_weights


def resident(field: str) -> int:
    found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) << 10


def grown_by_a_step(shape: dict[str, int], seq_len: int, rows: int, precision: str, compiled: bool = False) -> int:
    """The peak of forward and backward beyond weights and gradients, which are there before."""
    model = Gpt(GptConfig(**shape))
    init_weights(model, 1)
    hidden = torch.compile(model.hidden, dynamic=False) if compiled else model.hidden

    def micro_batch(num_rows: int) -> None:
        ids = torch.randint(0, model.config.vocab_size, (num_rows, seq_len))
        x = hidden(ids, getattr(torch, precision))
        head_loss_sum(x.flatten(0, 1), model.head_weight, ids.flatten()).backward()

    micro_batch(rows if compiled else 1)  # what libraries need once, and the gradients
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = resident("VmRSS")
    micro_batch(rows)
    return resident("VmHWM") - before


if __name__ == "__main__":
    torch.set_num_threads(1)
    for argument in sys.argv[1:]:
        print(grown_by_a_step(**json.loads(argument)))
