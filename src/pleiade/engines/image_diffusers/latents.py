"""Pictures in the making, as pixels: latents of the families that are known, decoded by the model's own VAE."""

from typing import Any

import numpy as np
import torch

from pleiade.engines.image_openvino.pictures.floats import Pixels


def picture_of(pipeline: Any, latents: Any, size: tuple[int, int]) -> Pixels | None:
    """The picture of one row of latents, as noisy as they still are; None for a family that is not known here.

    Known: [1, C, h, w] of Stable Diffusion 1 to 3.5 and SDXL, packed [1, h*w/4, 4C] of FLUX, and Qwen-Image's, whose
    VAE has a time axis and means and spreads of its own.
    """
    vae = getattr(pipeline, "vae", None)
    config = getattr(vae, "config", None)
    if vae is None or config is None or (vae.dtype is torch.float16 and getattr(config, "force_upcast", False)):
        return None
    width, height = size
    if latents.ndim == 3 and hasattr(pipeline, "_unpack_latents"):
        latents = pipeline._unpack_latents(latents, height, width, pipeline.vae_scale_factor)
    timed = latents.ndim == 5
    if timed and getattr(config, "latents_mean", None):
        mean, spread = (
            torch.tensor(values).view(1, -1, 1, 1, 1).to(latents)
            for values in (config.latents_mean, config.latents_std)
        )
        latents = latents * spread + mean
    elif latents.ndim == 4 and getattr(config, "scaling_factor", None):
        latents = latents / config.scaling_factor + (getattr(config, "shift_factor", None) or 0)
    else:
        return None
    with torch.inference_mode():
        decoded = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    image_CHW = (decoded[0, :, 0] if timed else decoded[0]).float().cpu().numpy()
    rgb_HWC = np.rint(np.clip(image_CHW.transpose(1, 2, 0) * 0.5 + 0.5, 0, 1) * 255).astype(np.uint8)
    return np.dstack([rgb_HWC, np.full(rgb_HWC.shape[:2], 255, np.uint8)])
