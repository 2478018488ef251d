"""Answers and stream events of the picture routes, as the types of OpenAI's SDK want them, and what is counted.

`seed` and `index` in an item are ours: without them nobody could ask for the same picture again.
"""

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from pleiade.engines.wire.images.requests import PictureFields

# Pictures are counted as tokens of 16 x 16 pixels, times what their quality costs to make.
TOKEN_SIDE = 16
QUALITY_FACTOR = {"low": 1, "medium": 2, "high": 4}
GENERATION = "image_generation"
EDIT = "image_edit"


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A finished picture: its file, and how it came about."""

    data: bytes
    size: tuple[int, int]  # (width, height) in pixels
    seed: int
    transparent: bool
    revised_prompt: str = ""  # empty = the prompt was used as it was sent


def picture_tokens(size: tuple[int, int], quality: str = "low") -> int:
    """Tokens of a picture: of an input at factor 1, of an output by its quality."""
    width, height = size
    return -(-width // TOKEN_SIDE) * -(-height // TOKEN_SIDE) * QUALITY_FACTOR[quality]


def usage_of(text: int, inputs: Sequence[tuple[int, int]], outputs: Sequence[tuple[int, int]], quality: str) -> Any:
    """The `usage` object: `text` tokens and `inputs` (sizes) read, `outputs` (sizes) made."""
    read = sum(map(picture_tokens, inputs))
    made = sum(picture_tokens(size, quality) for size in outputs)
    return {
        "input_tokens": text + read,
        "output_tokens": made,
        "total_tokens": text + read + made,
        "input_tokens_details": {"text_tokens": text, "image_tokens": read},
        "output_tokens_details": {"text_tokens": 0, "image_tokens": made},
    }


def answer(made: Sequence[Made], request: PictureFields, usage: Any, *, created: int) -> bytes:
    """A whole answer. `created`: Unix seconds; `usage`: of `usage_of`."""
    data = []
    for picture in made:
        item: dict[str, Any] = {"b64_json": base64.b64encode(picture.data).decode(), "seed": picture.seed}
        if picture.revised_prompt:
            item["revised_prompt"] = picture.revised_prompt
        data.append(item)
    return msgspec.json.encode(
        {
            "created": created,
            "background": _background(any(picture.transparent for picture in made)),
            "data": data,
            "output_format": request.output_format,
            "quality": request.quality,
            "size": _size(made[0].size),
            "usage": usage,
        }
    )


def partial_event(kind: str, picture: Made, request: PictureFields, *, index: int, partial: int, created: int) -> bytes:
    """A picture in the making: number `partial` of picture `index`. `kind`: GENERATION or EDIT."""
    return _event(f"{kind}.partial_image", picture, request, created, index, {"partial_image_index": partial})


def completed_event(kind: str, picture: Made, request: PictureFields, usage: Any, *, index: int, created: int) -> bytes:
    """The finished picture `index`, with the usage of this picture alone: the sum over a stream is the request's."""
    return _event(f"{kind}.completed", picture, request, created, index, {"usage": usage})


def _event(name: str, picture: Made, request: PictureFields, created: int, index: int, more: dict[str, Any]) -> bytes:
    body = {
        "type": name,
        "b64_json": base64.b64encode(picture.data).decode(),
        "background": _background(picture.transparent),
        "created_at": created,
        "output_format": request.output_format,
        "quality": request.quality,
        "size": _size(picture.size),
        "index": index,
        "seed": picture.seed,
        **more,
    }
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(body))


def _background(transparent: bool) -> str:
    return "transparent" if transparent else "opaque"


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
