"""The four picture routes: each reads its own request and says how one of its pictures is made."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from pleiade.engines.image_openvino.canvas.enlarge import enlarged, enlarged_to, squared
from pleiade.engines.image_openvino.canvas.masks import Canvas, canvas_of
from pleiade.engines.image_openvino.painting import Watch, fit, generate, paint
from pleiade.engines.image_openvino.pictures.floats import Floats, Pixels, resize, to_float
from pleiade.engines.image_openvino.pictures.reading import Picture, read
from pleiade.engines.image_openvino.studio import Studio, Subject
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
    names = [f"image[{place}]" if many else "image" for place in range(len(request.images))]
    pictures = [await asyncio.to_thread(read, data, name) for data, name in zip(request.images, names, strict=True)]
    mask = await asyncio.to_thread(read, request.mask, "mask") if request.mask is not None else None
    canvas = canvas_of(pictures[0], mask)
    # Where nothing is kept of the first picture, it is looked at like the further ones.
    like = pictures if canvas.unknown_HW.all() else pictures[1:]
    return await _painted(studio, request, request.prompt, canvas, pictures, like, request.size)


async def _outpaint(studio: Studio, request: OutpaintRequest) -> Plan:
    picture = await asyncio.to_thread(read, request.image)
    if request.size is not None:
        canvas = enlarged_to(picture.rgba_HWC, request.size)
    else:
        sides = {"left": request.left, "right": request.right, "top": request.top, "bottom": request.bottom}
        canvas = enlarged(picture.rgba_HWC, **sides)
    return await _painted(studio, request, request.prompt, canvas, [picture], [], None, request.feather)


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
    pictures: Sequence[Picture],
    like: Sequence[Picture],
    size: Size | None,
    feather: int | None = None,
) -> Plan:
    """A canvas that is painted and, where a `size` is asked for, brought to it."""
    subject = await studio.subject(request, prompt, tuple(_looked_at(studio, picture) for picture in like))

    async def make(seed: int, watch: Watch | None) -> Pixels:
        painted = await paint(studio, subject, seed, canvas, feather=feather, watch=watch)
        if size is None:
            return painted.rgba_HWC
        return await fit(studio, subject, seed, painted.rgba_HWC, size)

    return Plan(*_read(subject), [picture.size for picture in pictures], make, size or canvas.size)


def _looked_at(studio: Studio, picture: Picture) -> Floats:
    """A picture as the model's encoder sees it: whole, in a square of the model's size."""
    side = studio.size
    return np.asarray(to_float(resize(squared(picture.rgba_HWC), (side, side))), np.float32)


def _read(subject: Subject) -> tuple[int, str]:
    return subject.prompt.tokens, subject.prompt.revised


ROUTES: dict[str, Route[Any]] = {
    "/images/generations": Route(parse_generate, _generations, GENERATION),
    "/images/edits": Route(parse_edit, _edits, EDIT),
    "/images/variations": Route(parse_variation, _variations, GENERATION),
    "/images/outpaint": Route(parse_outpaint, _outpaint, EDIT),
}
