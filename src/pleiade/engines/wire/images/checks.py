"""Single fields of a picture request, checked: each function returns the value to work with, or says what is wrong."""

import re
from collections.abc import Sequence

from pleiade.engines.wire.errors import ApiError, invalid
from pleiade.engines.wire.requests import number_in_range

MAX_PROMPT = 32_000  # characters, OpenAI's limit
MAX_PICTURES_MADE = 10
MAX_PARTIALS = 3
MAX_SEED = 2**32 - 1

# OpenAI takes any multiple of 16 within 1:3 and 3:1; from 16 and up to 2048 pixels is our range.
SIDE_STEP = 16
MAX_SIDE = 2048
MAX_RATIO = 3

FORMATS = ("png", "webp", "jpeg", "svg")
QUALITIES = {
    "auto": "medium",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "standard": "medium",  # DALL·E 3's two
    "hd": "high",
    "xhigh": "high",  # the newest models' two, above all that ours do
    "max": "high",
}

_SIZE = re.compile(r"(?P<width>[1-9]\d{1,4})x(?P<height>[1-9]\d{1,4})", re.ASCII)


def choice(name: str, value: str | None, allowed: Sequence[str], default: str) -> str:
    """`value`, or `default` for None. Raises ApiError 400 naming all allowed values."""
    if value is None:
        return default
    if value not in allowed:
        quoted = [f"'{item}'" for item in allowed]
        listed = " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]
        raise invalid(f"Invalid value: '{value}'. Supported values are: {listed}.", name)
    return value


def prompt_of(given: str | None, *, name: str = "prompt") -> str:
    """A prompt of 1 to 32,000 characters in any script, emoji included, as it was sent."""
    if given is None:
        raise invalid(f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    if len(given) > MAX_PROMPT:
        raise invalid(
            f"Invalid '{name}': string too long. Expected a string with maximum length {MAX_PROMPT}, but got a "
            f"string with length {len(given)} instead.",
            name,
            "string_above_max_length",
        )
    if not given.strip():
        raise invalid(
            f"Invalid '{name}': empty string. Expected a string with minimum length 1, but got an empty string "
            "instead.",
            name,
            "empty_string",
        )
    return given


def size_of(given: str | None) -> tuple[int, int] | None:
    """(width, height) in pixels; None for `auto`. Raises ApiError 400 with the whole rule."""
    if given in (None, "auto"):
        return None
    found = _SIZE.fullmatch(given or "")
    if found:
        width, height = int(found["width"]), int(found["height"])
        fits = all(SIDE_STEP <= side <= MAX_SIDE and side % SIDE_STEP == 0 for side in (width, height))
        if fits and max(width, height) <= MAX_RATIO * min(width, height):
            return width, height
    raise invalid(
        f"Invalid value: '{given}'. Expected 'auto' or WIDTHxHEIGHT in pixels, for example '1024x1024': both "
        f"divisible by {SIDE_STEP}, from {SIDE_STEP} to {MAX_SIDE}, with an aspect ratio between 1:{MAX_RATIO} and "
        f"{MAX_RATIO}:1.",
        "size",
    )


def count_of(given: int | None) -> int:
    """`n`, from 1 to 10."""
    number_in_range("n", given, 1, MAX_PICTURES_MADE)
    return 1 if given is None else given


def quality_of(given: str | None) -> str:
    """`low`, `medium` or `high`, whichever of OpenAI's words was used."""
    return QUALITIES[choice("quality", given, list(QUALITIES), "auto")]


def style_of(given: str | None, styles: Sequence[str]) -> str:
    """One of the model's own `styles`; empty for none, which DALL·E 3's `vivid` and `natural` mean here too."""
    chosen = choice("style", given, [*styles, "vivid", "natural"], "natural")
    return "" if chosen in ("vivid", "natural") and chosen not in styles else chosen


def compression_of(given: int | None, output_format: str) -> int:
    """`output_compression` in percent: 100 keeps most. Formats that lose nothing take no other value."""
    number_in_range("output_compression", given, 0, 100)
    if given not in (None, 100) and output_format in ("png", "svg"):
        raise invalid(
            f"Compression less than 100 is not supported for {output_format.upper()} output format.",
            "output_compression",
        )
    return 100 if given is None else given


def partials_of(given: int | None, *, stream: bool) -> int:
    """`partial_images`, from 0 to 3; above 0 only in a stream."""
    number_in_range("partial_images", given, 0, MAX_PARTIALS)
    if given and not stream:
        raise invalid(
            "Invalid 'partial_images': partial images are only sent in a stream. Set 'stream' to true, or leave "
            "'partial_images' out.",
            "partial_images",
        )
    return given or 0


def background_of(given: str | None, output_format: str) -> str:
    """`transparent`, `opaque` or `auto`. Raises ApiError 400 for transparency in a format that has none."""
    background = choice("background", given, ("transparent", "opaque", "auto"), "auto")
    if background == "transparent" and output_format == "jpeg":
        raise no_transparency()
    return background


def no_transparency() -> ApiError:
    """400: JPEG has no alpha."""
    return invalid(
        "Transparent background is not supported for JPEG output format. Set 'output_format' to 'png' or 'webp', or "
        "'background' to 'opaque'.",
        "background",
    )
