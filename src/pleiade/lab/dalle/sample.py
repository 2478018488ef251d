"""Pictures from a trained model, in torch: for evaluation and for looking while it learns.

The engine's sampler (engines/image_openvino) does the same arithmetic on the exported graphs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from torch import Tensor

from pleiade.lab.checkpoint import latest_checkpoint, load_checkpoint
from pleiade.lab.dalle.config import CHANNELS
from pleiade.lab.dalle.data.words import encode
from pleiade.lab.dalle.flow import CLEAR_BELOW, GUIDED_UNTIL, euler, times
from pleiade.lab.dalle.model import Pix
from pleiade.lab.dalle.presets import read_pix_preset
from pleiade.lab.tokenizer.bpe import load_tokenizer

AVERAGE = "short"


@dataclass(frozen=True)
class PictureModel:
    """A network with the tokenizer of its captions; `few_step` where it was distilled.

    `styles`: those that it learned from, separated by commas; "" = all.
    """

    network: Pix
    tokenizer: Tokenizer
    few_step: bool = False
    styles: str = ""


def load_pix(run: Path, average: str = AVERAGE, stage: str = "") -> PictureModel:
    """The newest model of a run: of its few-step stage where there is one, else of the base; or that of `stage`.

    `average` is "short", "long" (see averages.py) or "" for the last weights. Raises FileNotFoundError where nothing
    has been trained.
    """
    for name in (stage,) if stage else ("few", "base"):
        newest = latest_checkpoint(run / name)
        if newest is not None:
            state = load_checkpoint(newest)
            preset = read_pix_preset(run / "base" / "preset.json")
            network = Pix(preset.model)
            averages = state["objective"]["averages"]["weights"]
            network.load_state_dict(averages[average] if average and averages else state["model"])
            tokenizer = load_tokenizer(run / "base" / "tokenizer")
            return PictureModel(network.eval(), tokenizer, name == "few", preset.styles)
    raise FileNotFoundError(f"no checkpoint in {run / (stage or 'base')}: run `pleiade train pix-6m` first")


def draw_noise(shape: tuple[int, ...], seed: int, num: int) -> npt.NDArray[np.float32]:
    """(B, *shape): picture k's noise is that of `seed` + k, whatever else is drawn with it."""
    return np.stack([np.random.default_rng(seed + k).standard_normal(shape, np.float32) for k in range(num)])


@torch.no_grad()
def sample(
    pix: PictureModel,
    prompts: Sequence[str],
    *,
    steps: int,
    guidance: float,
    seed: int,
    style: int | Sequence[int] = 0,
    known: npt.NDArray[np.float32] | None = None,
    mask: npt.NDArray[np.bool_] | None = None,
    embedding: npt.NDArray[np.float32] | None = None,
    negative: str = "",
    dtype: torch.dtype = torch.float32,
) -> npt.NDArray[np.float32]:
    """Pictures (B, H, W, C), premultiplied in [-1, 1], one for each prompt; picture k has the seed `seed` + k.

    `known` (B, H, W, C) stays as it is where `mask` (B, H, W) is False. `embedding` (B, E) asks for likeness.
    A few-step model takes one pass a step; a base model two, with and without the caption, while it is guided.
    """
    network, config = pix.network, pix.network.config
    num, device = len(prompts), network.device
    shape = (config.size, config.size, CHANNELS)
    noise_BHWC = torch.from_numpy(draw_noise(shape, seed, num)).to(device)
    unknown_BHW = torch.ones(num, config.size, config.size, device=device)
    clean_BHWC = torch.zeros_like(noise_BHWC)
    if known is not None and mask is not None:
        unknown_BHW, clean_BHWC = torch.from_numpy(mask).float().to(device), torch.from_numpy(known).to(device)
    styles = [style] * num if isinstance(style, int) else list(style)
    style_B = torch.tensor(styles, device=device)
    picture_BE = torch.zeros(num, config.image_embedding, device=device)
    if embedding is not None:
        picture_BE = torch.from_numpy(embedding).float().to(device)
    ids_BT = torch.from_numpy(encode(pix.tokenizer, prompts, config.max_text)).to(device)
    text_BTD, mask_BT = network.text(ids_BT, dtype)
    against_ids_BT = torch.from_numpy(encode(pix.tokenizer, [negative] * num, config.max_text)).to(device)
    against_BTD, against_mask_BT = network.text(against_ids_BT, dtype)
    ones_B = torch.ones(num, device=device)

    def predict(x_BHWC: Tensor, now: float, then: float) -> Tensor:
        level_BHW = 1 - unknown_BHW * (1 - now)
        t_B = now * ones_B
        if pix.few_step:
            told = (x_BHWC, level_BHW, t_B, (then - now) * ones_B, guidance * ones_B, style_B, picture_BE)
            return network.predict(*told, text_BTD, mask_BT, dtype)
        told = (x_BHWC, level_BHW, t_B, 0 * ones_B, ones_B, style_B, picture_BE)
        with_BHWC = network.predict(*told, text_BTD, mask_BT, dtype)
        if guidance == 1 or now >= GUIDED_UNTIL:
            return with_BHWC
        without_BHWC = network.predict(*told, against_BTD, against_mask_BT, dtype)
        return without_BHWC + guidance * (with_BHWC - without_BHWC)

    mask_BHWI = unknown_BHW[..., None]
    x_BHWC = mask_BHWI * config.noise_scale * noise_BHWC + (1 - mask_BHWI) * clean_BHWC
    for now, then in pairwise(times(steps)):
        moved_BHWC = euler(x_BHWC, predict(x_BHWC, now, then), now, then)
        x_BHWC = mask_BHWI * moved_BHWC + (1 - mask_BHWI) * clean_BHWC
    made: npt.NDArray[np.float32] = without_faint(x_BHWC, CLEAR_BELOW, mask_BHWI).cpu().numpy()
    return made


def without_faint(x_BHWC: Tensor, below: float, mask_BHWI: Tensor) -> Tensor:
    """Pictures whose faintest opacities are none and whose strongest are whole, where `mask_BHWI` is 1."""
    seen_BHWC = (x_BHWC.clamp(-1, 1) + 1) / 2
    colour_BHWC, opacity_BHWI = seen_BHWC[..., :-1], seen_BHWC[..., -1:]
    clear_BHWI = ((opacity_BHWI - below) / (1 - 2 * below)).clamp(0, 1)
    steady_BHWC = torch.cat((colour_BHWC * clear_BHWI / opacity_BHWI.clamp(min=1e-6), clear_BHWI), dim=-1)
    return mask_BHWI * (2 * steady_BHWC - 1) + (1 - mask_BHWI) * x_BHWC
