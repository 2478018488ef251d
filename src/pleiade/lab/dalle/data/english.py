"""The little English that captions need: articles, plurals, lists and numbers."""

from __future__ import annotations

from collections.abc import Sequence

NUMBERS = ("no", "one", "two", "three", "four", "five")
IRREGULAR = {
    "leaf": "leaves",
    "knife": "knives",
    "wolf": "wolves",
    "mouse": "mice",
    "goose": "geese",
    "fish": "fish",
    "sheep": "sheep",
    "deer": "deer",
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "tooth": "teeth",
    "foot": "feet",
    "cactus": "cacti",
}


def with_article(noun: str) -> str:
    """The noun with "a" or "an"; without one where it is plural already, a name or a number."""
    last = noun.split()[-1] if noun.split() else ""
    if not last or not noun[0].islower() or (last.endswith("s") and not last.endswith(("ss", "us", "is"))):
        return noun
    sounds_like_you = noun.startswith(("uni", "use", "eu", "one"))
    return f"an {noun}" if noun[0] in "aeiou" and not sounds_like_you else f"a {noun}"


def plural(noun: str) -> str:
    """The plural of a noun, or of the last word of several."""
    head, _, last = noun.rpartition(" ")
    if last in IRREGULAR:
        last = IRREGULAR[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{head} {last}" if head else last


def listed(words: Sequence[str]) -> str:
    """One, two or more words as "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
