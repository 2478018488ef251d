"""From a request to its pictures' pixels: drawn, enlarged and fitted; or painted frame by frame into a canvas."""

import asyncio
from collections.abc import Callable

import msgspec

from pleiade.engines.image_openvino.canvas.enlarge import shaped
from pleiade.engines.image_openvino.canvas.frames import cut, paste
from pleiade.engines.image_openvino.canvas.masks import Canvas
from pleiade.engines.image_openvino.canvas.plan import Box, plan, view
from pleiade.engines.image_openvino.pictures.floats import Floats, Pixels, resize, to_rgba
from pleiade.engines.image_openvino.studio import Studio, Subject

OnPartial = Callable[[int, Callable[[], Pixels]], None]  # number of the partial picture, and what renders it


class Watch(msgspec.Struct, frozen=True):
    """How many pictures in the making somebody wants to see, and who."""

    partials: int
    show: OnPartial

    def steps_of(self, frame: int, frames: int, steps: int) -> dict[int, int]:
        """Step of frame number `frame` -> number of the partial that is shown after it: the first after one step.

        The last step of the last frame is the picture itself and never a partial.
        """
        every = [1 + number * (frames * steps - 1) // self.partials for number in range(self.partials)]
        last = frames * steps
        places = sorted({place for place in every if place < last})
        return {
            place - frame * steps: number
            for number, place in enumerate(places)
            if frame * steps < place <= (frame + 1) * steps
        }


async def generate(studio: Studio, subject: Subject, seed: int, size: tuple[int, int], watch: Watch | None) -> Pixels:
    """A new picture of `size` (width, height): a square is drawn and enlarged; what another shape lacks is painted."""

    def show(number: int, x_HWC: Floats) -> None:
        if watch is not None:
            watch.show(number, lambda: resize(shaped(to_rgba(x_HWC), size).rgba_HWC, size))

    numbers = watch.steps_of(0, 1, subject.effort.steps) if watch is not None else {}
    x_HWC = await studio.draw(
        subject,
        seed,
        partial_steps=frozenset(numbers),
        on_partial=lambda step, x_HWC: show(numbers[step], x_HWC),
    )
    if max(size) > studio.size:
        x_HWC = await studio.enlarge(x_HWC)
    return await fit(studio, subject, seed, await asyncio.to_thread(to_rgba, x_HWC), size)


async def fit(studio: Studio, subject: Subject, seed: int, rgba_HWC: Pixels, size: tuple[int, int]) -> Pixels:
    """The picture at `size` (width, height); what it lacks of another shape is painted, or plain as its border is."""
    if (rgba_HWC.shape[1], rgba_HWC.shape[0]) == size:
        return rgba_HWC
    canvas = shaped(rgba_HWC, size)
    if canvas.unknown_HW.any():
        canvas = await paint(studio, subject, seed, canvas)
    return await asyncio.to_thread(resize, canvas.rgba_HWC, size)


async def paint(
    studio: Studio,
    subject: Subject,
    seed: int,
    canvas: Canvas,
    *,
    feather: int | None = None,
    watch: Watch | None = None,
) -> Canvas:
    """What is unknown of `canvas`, painted; known pixels stay as they are, bit by bit."""
    boxes = await asyncio.to_thread(plan, canvas.unknown_HW, smallest=studio.size)
    for index, box in enumerate(boxes):
        if not view(canvas.unknown_HW, box).any():
            continue
        numbers = watch.steps_of(index, len(boxes), subject.effort.steps) if watch is not None else {}

        def show(
            step: int, x_HWC: Floats, box: Box = box, before: Canvas = canvas, numbers: dict[int, int] = numbers
        ) -> None:
            assert watch is not None  # otherwise no step is to be shown
            watch.show(numbers[step], lambda: paste(before, box, x_HWC, feather=feather).rgba_HWC)

        frame = await asyncio.to_thread(cut, canvas, box, studio.size, index=index, total=len(boxes))
        made_HWC = await studio.draw(
            subject,
            seed,
            frame,
            partial_steps=frozenset(numbers),
            on_partial=show,
        )
        if box.side > studio.size:
            made_HWC = await studio.enlarge(made_HWC)
        canvas = await asyncio.to_thread(paste, canvas, box, made_HWC, feather=feather)
    return canvas
