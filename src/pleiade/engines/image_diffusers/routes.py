"""The four picture routes by way of jobs for a pipeline: what each one paints, and into what."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from PIL import Image

from pleiade.engines.image_diffusers.crew import Crew
from pleiade.engines.image_diffusers.jobs import Job
from pleiade.engines.image_openvino.canvas.enlarge import enlarged, enlarged_to, fitted, shaped
from pleiade.engines.image_openvino.canvas.frames import Frame, cut, paste
from pleiade.engines.image_openvino.canvas.masks import Canvas, canvas_of
from pleiade.engines.image_openvino.canvas.plan import plan, view
from pleiade.engines.image_openvino.painting import Watch
from pleiade.engines.image_openvino.pictures.floats import Pixels, flatten, resize, to_float, to_rgba
from pleiade.engines.image_openvino.pictures.reading import read
from pleiade.engines.image_openvino.routes import Plan, Route, worked_size
from pleiade.engines.wire.errors import ApiError, invalid
from pleiade.engines.wire.images.answers import EDIT, GENERATION
from pleiade.engines.wire.images.requests import (
    EditRequest,
    GenerateRequest,
    OutpaintRequest,
    PictureFields,
    VariationRequest,
    parse_edit,
    parse_generate,
    parse_outpaint,
    parse_variation,
)

if TYPE_CHECKING:
    from pleiade.engines.image_diffusers.painter import Painter

WHOLE = 0  # the frame number of a picture that is made at once


class Easel(msgspec.Struct, frozen=True):
    """A model ready to paint, and the thread that it paints in."""

    crew: Crew
    painter: "Painter"


async def _generations(easel: Easel, request: GenerateRequest) -> Plan:
    _check(request)
    size = request.size or (easel.painter.size, easel.painter.size)
    tokens, revised = easel.painter.tokens(request.prompt)

    async def make(seed: int, watch: Watch | None) -> Pixels:
        return await easel.crew.make(_job(request, request.prompt, seed, size, watch))

    return Plan(tokens, revised, (), make, size)


async def _edits(easel: Easel, request: EditRequest) -> Plan:
    if len(request.images) > 1:
        raise invalid("This model looks at one picture. Send a single 'image'.", "image", "too_many_images")
    picture = await asyncio.to_thread(read, request.images[0])
    mask = await asyncio.to_thread(read, request.mask, "mask") if request.mask is not None else None
    canvas = canvas_of(picture, mask)
    if canvas.unknown_HW.all() and mask is None:  # nothing says where: the whole picture is made anew from itself
        return await _remade(easel, request, request.prompt, canvas)
    return await _painted(easel, request, request.prompt, canvas, request.size)


async def _outpaint(easel: Easel, request: OutpaintRequest) -> Plan:
    picture = await asyncio.to_thread(read, request.image)
    if request.size is not None:
        canvas = enlarged_to(picture.rgba_HWC, request.size)
    else:
        sides = {"left": request.left, "right": request.right, "top": request.top, "bottom": request.bottom}
        canvas = enlarged(picture.rgba_HWC, **sides)
    return await _painted(easel, request, request.prompt, canvas, None, request.feather)


async def _variations(easel: Easel, request: VariationRequest) -> Plan:
    picture = await asyncio.to_thread(read, request.image)
    return await _remade(easel, request, "", canvas_of(picture, None))


async def _remade(easel: Easel, request: PictureFields, prompt: str, canvas: Canvas) -> Plan:
    """A picture that starts from the given one and goes where the prompt leads."""
    _check(request)
    if not await easel.crew.ask(lambda painter: painter.can("Img2Img")):
        raise _cannot("start from a picture")
    tokens, revised = easel.painter.tokens(prompt)
    size = request.size or _near(*canvas.size, easel.painter.size)
    image = _image(resize(shaped(fitted(canvas, size).rgba_HWC, size).rgba_HWC, size))

    async def make(seed: int, watch: Watch | None) -> Pixels:
        return await easel.crew.make(_job(request, prompt, seed, size, watch, image=image))

    return Plan(tokens, revised, [canvas.size], make, size)


async def _painted(
    easel: Easel,
    request: PictureFields,
    prompt: str,
    canvas: Canvas,
    size: tuple[int, int] | None,
    feather: int | None = None,
) -> Plan:
    """A canvas whose unknown pixels are painted frame by frame and, where a `size` is asked for, brought to it."""
    _check(request)
    if not await easel.crew.ask(lambda painter: painter.can("Inpaint")):
        raise _cannot("paint inside a mask")
    tokens, revised = easel.painter.tokens(prompt)
    worked = await asyncio.to_thread(fitted, canvas, worked_size(canvas, size))
    output = size or canvas.size

    async def make(seed: int, watch: Watch | None) -> Pixels:
        painted = await _paint(easel, request, prompt, seed, worked, feather, watch)
        if size is not None and painted.size != size:
            painted = await asyncio.to_thread(shaped, painted.rgba_HWC, size)
            if painted.unknown_HW.any():
                painted = await _paint(easel, request, prompt, seed, painted, feather, None)
        return await asyncio.to_thread(resize, painted.rgba_HWC, output)

    return Plan(tokens, revised, [canvas.size], make, output)


async def _paint(
    easel: Easel,
    request: PictureFields,
    prompt: str,
    seed: int,
    canvas: Canvas,
    feather: int | None,
    watch: Watch | None,
) -> Canvas:
    """What is unknown of `canvas`, painted; known pixels stay as they are, bit by bit."""
    side = easel.painter.size
    boxes = await asyncio.to_thread(plan, canvas.unknown_HW, smallest=side)
    for index, box in enumerate(boxes):
        if not view(canvas.unknown_HW, box).any():
            continue
        frame = await asyncio.to_thread(cut, canvas, box, side, index=index, total=len(boxes))

        def show(rgba_HWC: Pixels, before: Canvas = canvas, frame: Frame = frame) -> Pixels:
            return paste(before, frame.box, to_float(rgba_HWC), feather=feather).rgba_HWC

        known_HWC = flatten(to_rgba(np.where(frame.where_HW[..., None], frame.known_HWC, np.float32(-1))))
        mask = Image.fromarray(np.where(frame.where_HW, 0, 255).astype(np.uint8))
        job = _job(
            request, prompt, seed + index, (side, side), watch,
            image=_image(known_HWC), mask=mask, show=show, frame=index, frames=len(boxes),
        )  # fmt: skip
        made_HWC = to_float(await easel.crew.make(job))
        canvas = await asyncio.to_thread(paste, canvas, box, made_HWC, feather=feather)
    return canvas


def _job(
    request: PictureFields,
    prompt: str,
    seed: int,
    size: tuple[int, int],
    watch: Watch | None,
    *,
    image: Image.Image | None = None,
    mask: Image.Image | None = None,
    show: Callable[[Pixels], Pixels] = lambda rgba_HWC: rgba_HWC,
    frame: int = WHOLE,
    frames: int = 1,
) -> Job:
    """One run's share; `show` makes what the client sees of a partial."""
    return Job(
        prompt=prompt,
        negative=request.negative_prompt,
        seed=seed,
        size=size,
        quality=request.quality,
        image=image,
        mask=mask,
        partials=None if watch is None else lambda steps: watch.steps_of(frame, frames, steps),
        on_partial=None if watch is None else lambda number, seen: watch.show(number, lambda: show(seen)),
    )


def _check(request: PictureFields) -> None:
    if request.background == "transparent":
        raise invalid(
            "This model paints opaque pictures only. Leave 'background' out, or set it to 'opaque'.", "background"
        )


def _cannot(what: str) -> ApiError:
    return invalid(f"This model cannot {what}: diffusers has no such pipeline for it.", "model", "unsupported_model")


def _near(width: int, height: int, side: int) -> tuple[int, int]:
    """A size of about side x side in the shape of width x height, within 1:3, in steps of 16 pixels."""
    ratio = min(max(width / height, 1 / 3), 3) ** 0.5
    return max(16, round(side * ratio / 16) * 16), max(16, round(side / ratio / 16) * 16)


def _image(rgba_HWC: Pixels) -> Image.Image:
    return Image.fromarray(flatten(rgba_HWC)[..., :3])


ROUTES: dict[str, Route[Any]] = {
    "/images/generations": Route(parse_generate, _generations, GENERATION),
    "/images/edits": Route(parse_edit, _edits, EDIT),
    "/images/variations": Route(parse_variation, _variations, GENERATION),
    "/images/outpaint": Route(parse_outpaint, _outpaint, EDIT),
}
