"""Metadata: pairs of strings that clients hang on what we keep, within limits (wire-contract §2.1)."""

from collections.abc import Mapping

from pleiade.gateway.errors import bad_request
from pleiade.gateway.problems import wrong_type

PAIRS, KEY_LENGTH, VALUE_LENGTH = 16, 64, 512


def check_metadata(metadata: object, param: str = "metadata") -> dict[str, str] | None:
    """`metadata` as given, if it keeps to the limits: 16 pairs of strings, 64 and 512 characters.

    Raises ApiError.
    """
    if metadata is None:
        return None
    if not isinstance(metadata, Mapping):
        raise wrong_type(param, "an object", metadata)
    if len(metadata) > PAIRS:
        raise bad_request(
            f"Invalid '{param}': too many properties. Expected an object with at most {PAIRS} "
            f"properties, but got an object with {len(metadata)} properties instead.",
            param=param,
            code="object_above_max_properties",
        )
    for key, value in metadata.items():
        if not isinstance(value, str):
            raise wrong_type(f"{param}.{key}", "a string", value)
        for text, limit, part in (
            (key, KEY_LENGTH, "key"),
            (value, VALUE_LENGTH, "value"),
        ):
            if "\0" in text:  # PostgreSQL cannot keep it
                raise bad_request(f"Invalid '{param}': a {part} contains the character NUL.", param=param)
            if len(text) > limit:
                raise bad_request(
                    f"Invalid '{param}': {part} too long. Expected a string with maximum length {limit}, "
                    f"but got a string with length {len(text)} instead.",
                    param=param,
                    code="string_above_max_length",
                )
    return dict(metadata)
