"""What a file may be called, be for, and how long it stays. Names are labels: no path is ever made of one."""

import re
import unicodedata

from pleiade.files.errors import InvalidError
from pleiade.files.nouns import LEAST_KEEP_S, MOST_KEEP_S, PURPOSES

LONGEST_NAME = 255
_PATH = re.compile(r"[/\\]")
_EXPIRING = frozenset(
    {"batch", "batch_output"}
)  # files of these go after 30 days unless told otherwise, as OpenAI's do


def clean_name(name: str) -> str:
    """`name` without folders, invisible characters and what turns the direction of a text around.

    Raises InvalidError where nothing is left.
    """
    last = _PATH.split(name)[-1]
    seen = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
    seen = seen.strip()
    if seen.strip(".") == "":
        raise InvalidError(
            f"{name[:100]!a} is no name for a file: send one such as data.jsonl.", param="file", code="invalid_filename"
        )
    if len(seen) > LONGEST_NAME:
        raise InvalidError(
            f"The file's name has {len(seen)} characters, and may have {LONGEST_NAME}: give it a shorter one.",
            param="file",
            code="invalid_filename",
        )
    return seen


def check_purpose(purpose: str | None) -> str:
    """`purpose`, if a client may use it. Raises InvalidError."""
    if purpose is None:
        raise InvalidError("Missing required parameter: 'purpose'.", param="purpose", code="missing_required_parameter")
    if purpose not in PURPOSES:
        names = ", ".join(f"'{name}'" for name in PURPOSES)
        raise InvalidError(
            f"Invalid value: {purpose[:40]!a}. Supported values are: {names}.", param="purpose", code="invalid_value"
        )
    return purpose


def check_keep(anchor: str, seconds: int, param: str = "expires_after") -> int:
    """The seconds of an `expires_after`. Raises InvalidError."""
    if anchor != "created_at":
        raise InvalidError(
            f"Invalid value: {anchor[:40]!a}. Supported values are: 'created_at'.",
            param=f"{param}.anchor",
            code="invalid_value",
        )
    if not LEAST_KEEP_S <= seconds <= MOST_KEEP_S:
        raise InvalidError(
            f"Invalid '{param}.seconds': expected an integer from {LEAST_KEEP_S} (an hour) to {MOST_KEEP_S} (30 days), "
            f"but got {seconds} instead.",
            param=f"{param}.seconds",
            code="invalid_value",
        )
    return seconds


def expiry(purpose: str, created: int, keep: int) -> int:
    """The second at which a file expires: `keep` after `created`, else as its purpose has it; 0 = never."""
    if not keep and purpose in _EXPIRING:
        keep = MOST_KEEP_S
    return created + keep if keep else 0
