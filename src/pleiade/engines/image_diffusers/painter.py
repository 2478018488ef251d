"""A diffusers pipeline and its siblings for pictures and masks: jobs in, pixels out. The one room with torch."""

import inspect
import logging
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
from PIL.Image import Image

from pleiade.engines.image_diffusers.jobs import Job
from pleiade.engines.image_diffusers.latents import picture_of
from pleiade.engines.image_openvino.pictures.floats import Pixels

TYPES = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32}
Show = Callable[[Job, int, Pixels], None]

log = logging.getLogger("pleiade.engine")


class Left(Exception):  # noqa: N818 - not a failure: everybody whom a run was for has left
    """Ends a run of the pipeline between two steps."""


class Painter:
    """One model on one device. Not thread-safe: one thread owns it."""

    def __init__(
        self,
        folder: Path,
        *,
        device: str = "",
        dtype: str = "",
        offload: bool = False,
        steps: int = 0,
        guidance: float | None = None,
        strength: float = 0.6,
    ) -> None:
        """`steps`, `guidance`: 0 and None leave what the pipeline's authors chose. Raises what diffusers raises."""
        self._strength = strength
        self._guidance = guidance
        device = device or _best_device()
        kind = TYPES[dtype or ("f32" if device == "cpu" else "bf16")]
        # Weights that are not safetensors can run code; a safety checker that blackens pictures is no honest answer.
        loaded = diffusers.DiffusionPipeline.from_pretrained(
            folder, dtype=kind, use_safetensors=True, local_files_only=True, **_without_checker(folder)
        )
        if offload:
            loaded.enable_model_cpu_offload(device=device)
        else:
            loaded.to(device)
        self.whole: Any = loaded  # the pipeline that makes pictures of words alone
        self._siblings: dict[str, Any] = {}
        self._steps = steps or int(_default(loaded, "num_inference_steps") or 30)
        self.size = _side(loaded)  # of the pictures that the model was trained on, in pixels
        self._prepare(loaded)

    def steps(self, quality: str) -> int:
        """Steps of `low`, `medium` and `high`: half, once and twice what the pipeline's authors chose."""
        return max(1, math.ceil(self._steps * {"low": 0.5, "medium": 1, "high": 2}[quality]))

    def tokens(self, prompt: str) -> tuple[int, str]:
        """How many tokens the prompt has, and its beginning where the text encoder cannot read all ("" = it can)."""
        known = [getattr(self.whole, name, None) for name in ("tokenizer", "tokenizer_2", "tokenizer_3")]
        tokenizers = [tokenizer for tokenizer in known if tokenizer is not None]
        if not tokenizers:
            return len(prompt.split()), ""
        longest = max(tokenizers, key=lambda tokenizer: tokenizer.model_max_length)
        most = min(int(longest.model_max_length), int(_default(self.whole, "max_sequence_length") or 1 << 30))
        ids = longest(prompt, truncation=False, verbose=False)["input_ids"]
        cut = longest.decode(ids[:most], skip_special_tokens=True) if len(ids) > most else ""
        return min(len(ids), most), str(cut)

    def can(self, what: str) -> bool:
        """Whether the model can start from a picture (`Img2Img`) or paint inside a mask (`Inpaint`)."""
        return self._sibling(what) is not None

    def paint(self, batch: list[Job], show: Show) -> list[Pixels]:
        """The pictures of jobs of one kin, RGBA; none where all of them are cancelled meanwhile."""
        first = batch[0]
        what = "Inpaint" if first.mask is not None else "Img2Img" if first.image is not None else ""
        pipeline = self._sibling(what) if what else self.whole
        width, height = first.size
        wanted: dict[str, Any] = {
            "prompt": [job.prompt for job in batch],
            "negative_prompt": [job.negative for job in batch] if first.negative else None,
            "width": width,
            "height": height,
            "num_inference_steps": self.steps(first.quality),
            "generator": [torch.Generator("cpu").manual_seed(job.seed) for job in batch],
            "callback_on_step_end": _watcher(batch, show),
        }
        if self._guidance is not None:
            # Qwen-Image's guidance_scale is for distilled models; theirs is the true one.
            true = _default(pipeline, "guidance_scale") is None
            wanted["true_cfg_scale" if true else "guidance_scale"] = self._guidance
        if first.image is not None:
            wanted |= {"image": [first.image] * len(batch), "strength": self._strength}
        if first.mask is not None:
            wanted |= {"mask_image": [first.mask] * len(batch), "strength": 1.0}
        known = inspect.signature(pipeline.__call__).parameters
        try:
            with torch.inference_mode():
                made: list[Image] = pipeline(**{name: wanted[name] for name in wanted if name in known}).images
        except Left:
            return []
        return [np.array(image.convert("RGBA")) for image in made]

    def _sibling(self, what: str) -> Any:
        """The pipeline of the same weights that is named `what`, by diffusers' own naming; None where it has none."""
        if what not in self._siblings:
            name = type(self.whole).__name__
            kind = getattr(diffusers, name.removesuffix("Pipeline") + what + "Pipeline", None)
            if what in name or (kind is None and what == "Img2Img" and "image" in _parameters(self.whole)):
                self._siblings[what] = self.whole  # it starts from pictures by itself: FLUX.2, Kontext, …Edit
            else:
                self._siblings[what] = (
                    None if kind is None else self._prepare(kind.from_pipe(self.whole, dtype=self.whole.dtype))
                )
        return self._siblings[what]

    def _prepare(self, pipeline: Any) -> Any:
        pipeline.set_progress_bar_config(disable=True)
        return pipeline


def _watcher(batch: list[Job], show: Show) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
    """What a pipeline calls after each step: ends it where nobody waits, and shows partial pictures."""

    def after_step(pipeline: Any, index: int, timestep: Any, given: dict[str, Any]) -> dict[str, Any]:
        if all(job.cancelled for job in batch):
            raise Left
        for place, job in enumerate(batch):
            if job.partials is None or job.cancelled:
                continue
            number = job.partials(int(pipeline.num_timesteps)).get(index + 1)
            if number is not None and "latents" in given:
                rgba_HWC = picture_of(pipeline, given["latents"][place : place + 1], job.size)
                if rgba_HWC is not None:
                    show(job, number, rgba_HWC)
        return given

    return after_step


def _without_checker(folder: Path) -> dict[str, Any]:
    return {"safety_checker": None, "requires_safety_checker": False} if (folder / "safety_checker").is_dir() else {}


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _side(pipeline: Any) -> int:
    """The side of the pictures that a pipeline makes by itself, in pixels."""
    net = getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)
    sample = getattr(pipeline, "default_sample_size", None) or getattr(
        getattr(net, "config", None), "sample_size", None
    )
    side = (sample if isinstance(sample, int) else 64) * int(getattr(pipeline, "vae_scale_factor", 8))
    return max(16, side - side % 16)


def _parameters(pipeline: Any) -> Any:
    return inspect.signature(pipeline.__call__).parameters


def _default(pipeline: Any, name: str) -> Any:
    """The default of a parameter of the pipeline; None where it has none."""
    found = _parameters(pipeline).get(name)
    return None if found is None or found.default is inspect.Parameter.empty else found.default
