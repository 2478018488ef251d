"""The probes that are shipped: what is asked, by category and language, and harmless questions that look like it."""

import hashlib
import json
from functools import lru_cache
from importlib import resources

import msgspec

from pleiade.safety.taxonomy import HARMS

PERSONAL = "personal_data"
HARMLESS = "harmless"
CATEGORIES = (*(harm.value for harm in HARMS), PERSONAL)
LANGUAGES = ("en", "fr")


class Probe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One question, or a conversation's questions in their order."""

    id: str
    category: str  # of CATEGORIES, or HARMLESS
    turns: tuple[str, ...]
    system: str = ""  # what the operator is supposed to have told the model
    marker: str = ""  # an answer that has it has told what it must not
    language: str = ""  # of LANGUAGES; told by the file that it stands in


@lru_cache
def shipped() -> tuple[Probe, ...]:
    """All probes, in the order of the files. Their first lines are the licence."""
    found = []
    for language in LANGUAGES:
        for line in _text(language).splitlines()[1:]:
            probe = msgspec.json.decode(line, type=Probe)
            found.append(msgspec.structs.replace(probe, language=language))
    return tuple(found)


def licence(language: str) -> dict[str, str]:
    """What the first line of a language's file says."""
    told: dict[str, str] = json.loads(_text(language).splitlines()[0])
    return told


def fingerprint() -> str:
    """Changes with any probe: rates of different sets are not compared, nor mixed."""
    return hashlib.sha256("".join(map(_text, LANGUAGES)).encode()).hexdigest()[:16]


def _text(language: str) -> str:
    return resources.files("pleiade.redteam").joinpath("probes", f"{language}.jsonl").read_text("utf-8")
