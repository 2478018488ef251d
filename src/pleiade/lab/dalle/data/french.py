"""The little French that captions need: gender, plurals, elision and colours that agree."""

from __future__ import annotations

from collections.abc import Sequence

NUMBERS = ("aucun", "un", "deux", "trois", "quatre", "cinq")
FEMININE_COLOURS = {
    "noir": "noire",
    "blanc": "blanche",
    "gris": "grise",
    "vert": "verte",
    "bleu": "bleue",
    "violet": "violette",
}
AGREE_IN_NUMBER = frozenset({*FEMININE_COLOURS, "rouge", "jaune", "rose", "beige"})
FEMININE_STYLES = frozenset({"icône", "silhouette", "tuile", "illustration", "scène", "image"})


def is_feminine(noun: str) -> bool:
    """A guess by the ending of the first word; right for most of the names that the drawings have."""
    first = noun.split()[0].lower() if noun.split() else ""
    if first in FEMININE_STYLES:
        return True
    masculine = ("age", "isme", "tre", "phone", "graphe", "ège", "ème", "cle", "gle", "ique", "arbre", "homme")
    return first.endswith(("e", "tion", "sion", "té", "son", "eur")) and not first.endswith(masculine)


def with_article(noun: str, feminine: bool | None = None) -> str:
    """The noun with "un" or "une"."""
    return f"{'une' if (is_feminine(noun) if feminine is None else feminine) else 'un'} {noun}"


def of(noun: str) -> str:
    """The noun after "de", elided before a vowel."""
    return f"d'{noun}" if noun[:1].lower() in "aeiouyâàéèêëîïôœh" else f"de {noun}"


def plural(noun: str) -> str:
    """The plural of a noun, or of the first word of several."""
    first, space, rest = noun.partition(" ")
    if first.endswith(("s", "x", "z")):
        pass
    elif first.endswith(("eau", "eu")):
        first += "x"
    elif first.endswith("al"):
        first = first[:-2] + "aux"
    else:
        first += "s"
    return first + space + rest


def colour_adjective(colour: str, feminine: bool, several: bool = False) -> str:
    """A colour that agrees with its noun; names of two words and of things (orange, marron) never do."""
    word = FEMININE_COLOURS.get(colour, colour) if feminine else colour
    return word + "s" if several and colour in AGREE_IN_NUMBER and not word.endswith("s") else word


def listed(words: Sequence[str]) -> str:
    """One, two or more words as "a, b et c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} et {words[-1]}"
