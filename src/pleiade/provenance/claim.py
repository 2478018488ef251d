"""What a signature says of a picture."""

from typing import Any

import msgspec

LABEL = "org.pleiade.generation"  # our assertion in the manifest (C2PA 2.4 §6.2.1: entity-specific labels)


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who made a picture, from what and when. Whoever gets the file can read all of it: leave out what must not go out.

    `edited`: parts of the picture are the customer's own (edits, outpainting), the rest was made. `converted`: what was
    done to the file since it was made ("png to webp", "512 pixels wide").
    """

    model: str
    prompt: str = ""
    seed: int | None = None
    created: int = 0  # Unix seconds; 0 = not said
    organisation_name: str = ""
    generator: str = "Pleiade"
    edited: bool = False
    converted: str = ""


def claim_of(assertion: Any) -> Claim | None:
    """The claim that stands in an assertion; None for what no Pleiade wrote."""
    try:
        return msgspec.convert(assertion, Claim)
    except msgspec.ValidationError:
        return None
