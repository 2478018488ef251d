"""Pictures at the model's own size and four times that, made of what a request wants to see.

It puts prompts, likeness and quality together into the scheduler's drawings; it knows no file format and no HTTP.
"""

from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pleiade.engines.image_openvino.canvas.frames import Frame
from pleiade.engines.image_openvino.drawing import Drawing
from pleiade.engines.image_openvino.folder import PixConfig
from pleiade.engines.image_openvino.networks import Networks
from pleiade.engines.image_openvino.prompts import Prompt, read_prompt
from pleiade.engines.image_openvino.quality import Effort, effort_for
from pleiade.engines.image_openvino.sampler import Floats, Known, Start, Task
from pleiade.engines.image_openvino.scheduler import Scheduler
from pleiade.engines.wire.images.requests import PictureFields

LIKENESS = 0.35  # of the way: where a variation begins that has no encoder to tell it what to resemble (SDEdit)

OnStep = Callable[[int, Floats], None]


class Subject(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a request wants to see, for all of its pictures."""

    task: Task
    effort: Effort
    target_E: Floats | None  # what candidates are ranked by
    prompt: Prompt


class Studio:
    """One model, ready to draw. Belongs to the event loop; the scheduler's thread computes."""

    def __init__(self, scheduler: Scheduler, config: PixConfig, tokenizer: Tokenizer) -> None:
        self._scheduler = scheduler
        self._config = config
        self._tokenizer = tokenizer

    @property
    def size(self) -> int:
        """The side of the model's pictures, in pixels."""
        return self._config.size

    async def subject(self, request: PictureFields, prompt: str, like_HWC: tuple[Floats, ...] = ()) -> Subject:
        """What to draw. `like_HWC`: pictures of the model's size that the new ones should resemble."""
        config = self._config
        wanted, unwanted = (
            read_prompt(self._tokenizer, text, config.max_text) for text in (prompt, request.negative_prompt)
        )
        style = config.style_id(request.style)

        def read(networks: Networks) -> Subject:
            caption = networks.read_caption(wanted.ids_T) if wanted.tokens else networks.nothing
            against = networks.read_caption(unwanted.ids_T) if unwanted.tokens else networks.nothing
            places = networks.places(max(wanted.tokens, unwanted.tokens))
            target_E = networks.embed_words(wanted.ids_T) if networks.can_rank and wanted.tokens else None
            embedding_E = _likeness(networks, like_HWC)
            if embedding_E is None:
                embedding_E = np.zeros(max(config.image_embedding, 1), np.float32)
            effort = effort_for(config, request.quality, can_rank=target_E is not None)
            # A model that was distilled with guidance needs no second pass, unless it is to be led away from words.
            contrast = bool(unwanted.tokens) if config.few_step else config.guidance != 1
            start = None if networks.can_resemble or not like_HWC else Start(like_HWC[0], LIKENESS)
            task = Task(
                caption=caption.first(places),
                against=against.first(places),
                steps=effort.steps,
                guidance=config.guidance,
                style=style,
                embedding_E=embedding_E,
                start=start,
                few_step=config.few_step,
                contrast=contrast,
                noise_scale=config.noise_scale,
                guided_until=config.guided_until,
                clear_below=config.clear_below,
            )
            return Subject(task=task, effort=effort, target_E=target_E, prompt=wanted)

        return await self._scheduler.compute(read)

    async def draw(
        self,
        subject: Subject,
        seed: int,
        frame: Frame | None = None,
        *,
        partial_steps: frozenset[int] = frozenset(),
        on_partial: OnStep | None = None,
    ) -> Floats:
        """A picture [H, W, C] of the model's size; with `frame`, one that goes on from what is known there."""
        task, number = subject.task, 0
        if frame is not None:
            known = Known(frame.known_HWC, frame.where_HW)
            task, number = msgspec.structs.replace(task, known=known), frame.index
        drawing = Drawing(
            task,
            size=self.size,
            seed=(seed, number),
            candidates=subject.effort.candidates,
            target_E=subject.target_E,
            partial_steps=partial_steps,
            on_partial=on_partial,
        )
        return await self._scheduler.draw(drawing)

    async def enlarge(self, x_HWC: Floats) -> Floats:
        """The picture four times as large, by the model's enlarger; unchanged where it has none."""
        return await self._scheduler.compute(lambda networks: networks.enlarge(x_HWC))


def _likeness(networks: Networks, like_HWC: tuple[Floats, ...]) -> NDArray[np.float32] | None:
    """The direction between the pictures' own; None where there are none, or the model cannot tell."""
    if not like_HWC or not networks.can_resemble:
        return None
    mean_E = np.mean([networks.embed_picture(x_HWC) for x_HWC in like_HWC], axis=0)
    return np.asarray(mean_E / max(float(np.linalg.norm(mean_E)), 1e-6), np.float32)
