"""The dual encoder's objective: each picture finds its caption in the batch, each caption its picture (InfoNCE)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pleiade.lab.dalle.data.processes import DrawnByProcesses
from pleiade.lab.dalle.data.stream import PictureStream
from pleiade.lab.dalle.encoder import DualEncoder

STYLE_WEIGHT = 0.3  # of the style's cross-entropy beside the contrast
Hidden = Callable[..., Any]  # DualEncoder.hidden


@dataclass(frozen=True)
class ContrastBatch:
    """Pictures (B, H, W, 4), captions as ids (B, T), styles (B,) with 0 for any."""

    x_BHWC: Tensor
    ids: Tensor
    style_B: Tensor

    @property
    def num_targets(self) -> int:
        """Pictures."""
        return len(self.ids)

    @property
    def num_tokens(self) -> int:
        """What a run counts: pictures here."""
        return len(self.ids)

    def to(self, device: torch.device) -> ContrastBatch:
        """The same on a device."""
        return ContrastBatch(self.x_BHWC.to(device), self.ids.to(device), self.style_B.to(device))


class Contrast:
    """Deals one batch of `rows` a step: what is not in the same batch is nobody's wrong answer."""

    def __init__(self, stream: PictureStream | DrawnByProcesses, rows: int) -> None:
        self.stream, self.rows = stream, rows

    def next_step(self) -> list[ContrastBatch]:
        """The next `rows` pictures."""
        batch = self.stream.next_batch(self.rows)
        ids_BT = torch.from_numpy(batch.ids_BT)
        longest = max(1, int((ids_BT != 0).sum(1).max()))
        x_BHWC, style_B = torch.from_numpy(batch.x_BHWC), torch.from_numpy(batch.style_B)
        return [ContrastBatch(x_BHWC, ids_BT[:, :longest].contiguous(), style_B)]

    def loss_sum(self, hidden: Hidden, model: DualEncoder, batch: ContrastBatch, dtype: torch.dtype) -> Tensor:
        """Nats over the batch: the mean of both directions, and the style's cross-entropy where there is one."""
        pictures_BE, words_BE, styles_BS = hidden(batch.x_BHWC, batch.ids, dtype)
        logits_BB = model.scale * pictures_BE @ words_BE.T
        own_B = torch.arange(len(logits_BB), device=logits_BB.device)
        both = F.cross_entropy(logits_BB, own_B, reduction="sum") + F.cross_entropy(logits_BB.T, own_B, reduction="sum")
        style = F.cross_entropy(styles_BS, batch.style_B - 1, reduction="sum", ignore_index=-1)
        return both / 2 + STYLE_WEIGHT * style

    def state_dict(self) -> dict[str, Any]:
        """The stream's place."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place in the stream."""
        self.stream.load_state_dict(state)
