"""What clients send to the picture routes, before it is checked: JSON, or a form whose fields are all text."""

import base64
import binascii
import re
from typing import Any, TypeVar

import msgspec

from pleiade.engines.wire.errors import invalid
from pleiade.engines.wire.images.forms import read_form
from pleiade.engines.wire.requests import explain, parse

MAX_PICTURES = 16
MAX_PICTURE_BYTES = 50 << 20  # as OpenAI's GPT image models

Given = str | dict[str, Any]  # base64, a data URL, or OpenAI's {"image_url": data URL}


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of all four routes (wire-contract §12.2); `seed` and `negative_prompt` are ours, as in other servers."""

    model: str | None = None
    prompt: str | None = None
    n: int | None = None
    size: str | None = None
    quality: str | None = None
    style: str | None = None
    background: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    response_format: str | None = None
    stream: bool | None = None
    partial_images: int | None = None
    moderation: str | None = None
    input_fidelity: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    # Pictures in a JSON body; in a form they are files.
    image: Given | list[Given] | None = None
    images: list[Given] | None = None
    mask: Given | None = None


class SentOutpaint(Sent, frozen=True, kw_only=True):
    """`POST /images/outpaint`, a route of ours: pixels on each side, or `size` as the target."""

    left: int | None = None
    right: int | None = None
    top: int | None = None
    bottom: int | None = None
    feather: int | None = None


class Files(msgspec.Struct, frozen=True):
    """The pictures of a request, as bytes that nobody has looked at."""

    images: tuple[bytes, ...] = ()
    mask: bytes | None = None


Fields = TypeVar("Fields", bound=Sent)

_IMAGE = re.compile(r"images?(\[\d*\])?")
_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,")


def receive(body: bytes, content_type: str, kind: type[Fields]) -> tuple[Fields, Files]:
    """The fields and pictures of a JSON body or a form. Raises ApiError 400 where it is neither, or a type is wrong."""
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        fields = parse(body, kind)
        return fields, _pictures_in(fields)
    texts: dict[str, str] = {}
    images: list[bytes] = []
    mask: bytes | None = None
    for part in read_form(body, content_type):
        if _IMAGE.fullmatch(part.name):
            images.append(part.data)
        elif part.name == "mask":
            mask = part.data or None  # a blank file field is no mask
        elif part.name in texts:
            raise invalid(f"The form has '{part.name}' more than once.", part.name, "invalid_form")
        elif part.name in kind.__struct_fields__:  # others are left alone, as they are in JSON
            texts[part.name] = part.text()
    # A blank field of a web form is one that its author left out; a blank prompt is answered as such.
    given = {name: text for name, text in texts.items() if text or name == "prompt"}
    try:
        fields = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise explain(error) from None
    return fields, Files(_counted(images), mask)


def _pictures_in(fields: Sent) -> Files:
    given = fields.images if fields.image is None else fields.image
    items = given if isinstance(given, list) else [] if given is None else [given]
    many = len(items) > 1
    images = [_decoded(item, f"image[{place}]" if many else "image") for place, item in enumerate(items)]
    return Files(_counted(images), None if fields.mask is None else _decoded(fields.mask, "mask"))


def _counted(images: list[bytes]) -> tuple[bytes, ...]:
    if len(images) > MAX_PICTURES:
        raise invalid(
            f"Invalid 'image': array too long. Expected an array with maximum length {MAX_PICTURES}, but got an "
            f"array with length {len(images)} instead.",
            "image",
            "array_above_max_length",
        )
    return tuple(images)


def _decoded(given: Given, name: str) -> bytes:
    """The bytes of a base64 string or data URL. Nothing is ever fetched from an address."""
    text = given.get("image_url") if isinstance(given, dict) else given
    if not isinstance(text, str) or text.startswith(("http://", "https://")):
        raise invalid(
            f"Invalid '{name}': this server fetches no pictures. Send the file in a form, or as a base64 data URL.",
            name,
        )
    try:
        return base64.b64decode(_DATA_URL.sub("", text, count=1), validate=True)
    except (binascii.Error, ValueError):
        message = f"Invalid '{name}': neither base64 nor a data URL such as 'data:image/png;base64,…'."
        raise invalid(message, name) from None
