"""The four picture routes' requests, checked: what the worker may rely on."""

from collections.abc import Sequence
from typing import Any

import msgspec

from pleiade.engines.wire.errors import ApiError, invalid
from pleiade.engines.wire.images import checks
from pleiade.engines.wire.images.sent import MAX_PICTURE_BYTES, Files, Sent, SentOutpaint, receive
from pleiade.engines.wire.requests import number_in_range

JSON = "application/json"
MAX_GROWTH = 4096  # pixels that an outpainting may add on one side


class PictureFields(msgspec.Struct, frozen=True, kw_only=True):
    """What all four routes share."""

    model: str
    n: int
    size: tuple[int, int] | None  # (width, height); None = auto
    quality: str  # low, medium, high
    style: str  # one of the model's; empty = any
    background: str  # transparent, opaque, auto
    output_format: str  # png, webp, jpeg, svg
    compression: int  # percent; 100 keeps most
    response_format: str  # b64_json, url: the gateway's affair
    stream: bool
    partial_images: int
    seed: int | None  # picture k of the answer has seed + k
    negative_prompt: str
    user: str


class GenerateRequest(PictureFields, frozen=True, kw_only=True):
    """`POST /images/generations`."""

    prompt: str


class EditRequest(PictureFields, frozen=True, kw_only=True):
    """`POST /images/edits`: the mask belongs to the first picture, further ones are to be looked at."""

    prompt: str
    images: tuple[bytes, ...]
    mask: bytes | None


class VariationRequest(PictureFields, frozen=True, kw_only=True):
    """`POST /images/variations`."""

    image: bytes


class OutpaintRequest(PictureFields, frozen=True, kw_only=True):
    """`POST /images/outpaint`: either pixels on the four sides, or `size` as the target around a centred picture."""

    prompt: str
    image: bytes
    left: int
    right: int
    top: int
    bottom: int
    feather: int | None  # pixels; None = the painter's own choice


def parse_generate(body: bytes, content_type: str = JSON, *, styles: Sequence[str] = ()) -> GenerateRequest:
    """A generation. `styles`: the model's own. Raises ApiError 400 for anything that cannot be served."""
    sent, _ = receive(body, content_type, Sent)
    return GenerateRequest(**_shared(sent, styles), prompt=checks.prompt_of(sent.prompt))


def parse_edit(body: bytes, content_type: str = JSON, *, styles: Sequence[str] = ()) -> EditRequest:
    """An edit of at least one picture. Raises ApiError 400 for anything that cannot be served."""
    sent, files = receive(body, content_type, Sent)
    shared = _shared(sent, styles)
    _check_files(files)
    return EditRequest(**shared, prompt=checks.prompt_of(sent.prompt), images=files.images, mask=files.mask)


def parse_variation(body: bytes, content_type: str = JSON, *, styles: Sequence[str] = ()) -> VariationRequest:
    """Variations of one picture. Raises ApiError 400 for anything that cannot be served."""
    sent, files = receive(body, content_type, Sent)
    shared = _shared(sent, styles)
    return VariationRequest(**shared, image=_only(files))


def parse_outpaint(body: bytes, content_type: str = JSON, *, styles: Sequence[str] = ()) -> OutpaintRequest:
    """An enlargement of one picture. Raises ApiError 400 for anything that cannot be served."""
    sent, files = receive(body, content_type, SentOutpaint)
    shared = _shared(sent, styles)
    sides: dict[str, Any] = {name: getattr(sent, name) or 0 for name in ("left", "right", "top", "bottom")}
    for name, pixels in sides.items():
        number_in_range(name, pixels, 0, MAX_GROWTH)
    number_in_range("feather", sent.feather, 0, MAX_GROWTH)
    if any(sides.values()) == (shared["size"] is not None):
        raise invalid(
            "Say by how much to enlarge: either pixels as 'left', 'right', 'top' and 'bottom', or the whole 'size', "
            "such as '1024x1024'.",
            "size",
        )
    return OutpaintRequest(
        **shared, **sides, prompt=checks.prompt_of(sent.prompt), image=_only(files), feather=sent.feather
    )


def _shared(sent: Sent, styles: Sequence[str]) -> dict[str, Any]:
    output_format = checks.choice("output_format", sent.output_format, checks.FORMATS, "png")
    stream = bool(sent.stream)
    if stream and output_format == "svg":
        raise invalid("SVG output cannot be streamed. Leave 'stream' out, or choose another format.", "stream")
    checks.choice("moderation", sent.moderation, ("low", "auto"), "auto")
    checks.choice("input_fidelity", sent.input_fidelity, ("low", "high"), "low")
    number_in_range("seed", sent.seed, 0, checks.MAX_SEED)
    negative = sent.negative_prompt
    return {
        "model": sent.model or "",
        "n": checks.count_of(sent.n),
        "size": checks.size_of(sent.size),
        "quality": checks.quality_of(sent.quality),
        "style": checks.style_of(sent.style, styles),
        "background": checks.background_of(sent.background, output_format),
        "output_format": output_format,
        "compression": checks.compression_of(sent.output_compression, output_format),
        "response_format": checks.choice("response_format", sent.response_format, ("url", "b64_json"), "b64_json"),
        "stream": stream,
        "partial_images": checks.partials_of(sent.partial_images, stream=stream),
        "seed": sent.seed,
        "negative_prompt": checks.prompt_of(negative, name="negative_prompt") if negative else "",
        "user": sent.safety_identifier or sent.user or "",
    }


def _check_files(files: Files) -> None:
    """Raise ApiError 400 for no picture, an empty file, or one above 50 MB."""
    if not files.images:
        raise invalid("Missing required parameter: 'image'.", "image", "missing_required_parameter")
    many = len(files.images) > 1
    for place, data in enumerate(files.images):
        _check_file(data, f"image[{place}]" if many else "image")
    if files.mask is not None:
        _check_file(files.mask, "mask")


def _check_file(data: bytes, name: str) -> None:
    if not data:
        raise invalid(f"Invalid '{name}': the file is empty.", name, "invalid_image_file")
    if len(data) > MAX_PICTURE_BYTES:
        raise too_heavy(name, len(data))


def too_heavy(name: str, size: int) -> ApiError:
    """400 for a file of `size` bytes."""
    return invalid(
        f"Invalid '{name}': a picture may have {MAX_PICTURE_BYTES >> 20} MB, but this one has {size >> 20} MB. "
        "Send it smaller.",
        name,
        "image_file_too_large",
    )


def _only(files: Files) -> bytes:
    """The one picture of a route that takes one."""
    _check_files(files)
    if len(files.images) > 1:
        raise invalid(f"Invalid 'image': expected one picture, but got {len(files.images)}.", "image")
    return files.images[0]
