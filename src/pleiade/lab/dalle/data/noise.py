"""What people do to words when they type: accents left out, letters swapped, lost or doubled, capitals."""

from __future__ import annotations

import unicodedata
from random import Random

TYPO, NO_ACCENTS, CAPITAL, PLAIN_CASE = 0.05, 0.10, 0.08, 0.10
LONG_ENOUGH = 5  # letters of a word that is still read when one of them is wrong


def without_accents(text: str) -> str:
    """The same letters without marks: é is e, ç is c."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)).replace("œ", "oe")


def as_typed(text: str, rng: Random) -> str:
    """The caption as somebody may have typed it; most often as it is. Typographic signs become those of a keyboard."""
    text = text.replace("’", "'").replace("\u202f", " ").replace("\xa0", " ")
    if rng.random() < NO_ACCENTS:
        text = without_accents(text)
    if rng.random() < TYPO:
        text = _one_typo(text, rng)
    if rng.random() < PLAIN_CASE:
        text = text.lower()
    elif text and rng.random() < CAPITAL:
        text = text[0].upper() + text[1:]
        text += "." if rng.random() < 0.5 else ""
    return text


def _one_typo(text: str, rng: Random) -> str:
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= LONG_ENOUGH]
    if not long:
        return text
    chosen = rng.choice(long)
    word = words[chosen]
    at = rng.randrange(1, len(word) - 1)
    words[chosen] = rng.choice(
        (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
        )
    )
    return " ".join(words)
