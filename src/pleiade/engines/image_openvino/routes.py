"""The four picture routes: each reads its own request and says how one of its pictures is made."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from pleiade.engines.image_openvino.canvas.enlarge import enlarged, enlarged_to, fitted, squared
from pleiade.engines.image_openvino.canvas.masks import Canvas, canvas_of
from pleiade.engines.image_openvino.painting import Watch, fit, generate, paint
from pleiade.engines.image_openvino.pictures.floats import Floats, Pixels, resize, to_float
from pleiade.engines.image_openvino.pictures.reading import Picture, read
from pleiade.engines.image_openvino.studio import Studio, Subject
from pleiade.engines.wire.images.answers import EDIT, GENERATION
from pleiade.engines.wire.images.checks import MAX_SIDE
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

AUTO = (1024, 1024)  # what `auto` means for a new picture: OpenAI's own choice
Size = tuple[int, int]
Request = TypeVar("Request", bound=PictureFields)
Make = Callable[[int, Watch | None], Awaitable[Pixels]]  # seed of the picture, who looks on


class Plan(msgspec.Struct, frozen=True):
    """What one request comes to: `make` makes one of its pictures."""

    tokens: int  # of the prompt
    revised: str  # the prompt as the model reads it, where that is not as it was sent
    inputs: Sequence[Size]  # pictures that were sent, masks aside
    make: Make
    output: Size


class Route(msgspec.Struct, Generic[Request], frozen=True):
    """How a route's requests are read and planned, and what its stream events are called."""

    parse: Callable[..., Request]
    plan: Callable[[Any, Request], Awaitable[Plan]]  # the first is the engine's own studio
    events: str


async def _generations(studio: Studio, request: GenerateRequest) -> Plan:
    subject = await studio.subject(request, request.prompt)
    size = request.size or AUTO

    async def make(seed: int, watch: Watch | None) -> Pixels:
        return await generate(studio, subject, seed, size, watch)

    return Plan(*_read(subject), (), make, size)


async def _edits(studio: Studio, request: EditRequest) -> Plan:
    many = len(request.images) > 1
    first = await asyncio.to_thread(read, request.images[0], "image[0]" if many else "image")
    mask = await asyncio.to_thread(read, request.mask, "mask") if request.mask is not None else None
    canvas = canvas_of(first, mask)
    # Where nothing is kept of the first picture, it is looked at like the further ones.
    sizes, like = [first.size], [_looked_at(studio, first)] if canvas.unknown_HW.all() else []
    for place, data in enumerate(request.images[1:], 1):
        picture = await asyncio.to_thread(read, data, f"image[{place}]")
        sizes.append(picture.size)
        like.append(_looked_at(studio, picture))
    return await _painted(studio, request, request.prompt, canvas, sizes, like, request.size)


async def _outpaint(studio: Studio, request: OutpaintRequest) -> Plan:
    picture = await asyncio.to_thread(read, request.image)
    if request.size is not None:
        canvas = enlarged_to(picture.rgba_HWC, request.size)
    else:
        sides = {"left": request.left, "right": request.right, "top": request.top, "bottom": request.bottom}
        canvas = enlarged(picture.rgba_HWC, **sides)
    return await _painted(studio, request, request.prompt, canvas, [picture.size], [], None, request.feather)


async def _variations(studio: Studio, request: VariationRequest) -> Plan:
    picture = await asyncio.to_thread(read, request.image)
    subject = await studio.subject(request, "", (_looked_at(studio, picture),))
    size = request.size or AUTO

    async def make(seed: int, watch: Watch | None) -> Pixels:
        return await generate(studio, subject, seed, size, watch)

    return Plan(*_read(subject), [picture.size], make, size)


async def _painted(
    studio: Studio,
    request: PictureFields,
    prompt: str,
    canvas: Canvas,
    inputs: Sequence[Size],
    like: Sequence[Floats],
    size: Size | None,
    feather: int | None = None,
) -> Plan:
    """A canvas that is painted and, where a `size` is asked for, brought to it."""
    subject, output = await studio.subject(request, prompt, tuple(like)), size or canvas.size
    worked = await asyncio.to_thread(fitted, canvas, worked_size(canvas, size))

    async def make(seed: int, watch: Watch | None) -> Pixels:
        painted = await paint(studio, subject, seed, worked, feather=feather, watch=watch)
        if size is None:
            return await asyncio.to_thread(resize, painted.rgba_HWC, output)
        return await fit(studio, subject, seed, painted.rgba_HWC, size)

    return Plan(*_read(subject), inputs, make, output)


def worked_size(canvas: Canvas, size: Size | None) -> Size:
    """The size in which a canvas is worked on: not above what is wanted; if all of it is new, not above our largest."""
    if size is not None:
        return size
    return (MAX_SIDE, MAX_SIDE) if canvas.unknown_HW.all() else canvas.size


def _looked_at(studio: Studio, picture: Picture) -> Floats:
    """A picture as the model's encoder sees it: whole, in a square of the model's size."""
    return np.asarray(to_float(squared(picture.rgba_HWC, studio.size)), np.float32)


def _read(subject: Subject) -> tuple[int, str]:
    return subject.prompt.tokens, subject.prompt.revised


ROUTES: dict[str, Route[Any]] = {
    "/images/generations": Route(parse_generate, _generations, GENERATION),
    "/images/edits": Route(parse_edit, _edits, EDIT),
    "/images/variations": Route(parse_variation, _variations, GENERATION),
    "/images/outpaint": Route(parse_outpaint, _outpaint, EDIT),
}
