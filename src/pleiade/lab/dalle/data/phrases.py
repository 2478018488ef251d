"""How scenes are told: counts, colours and places in English and French."""

from __future__ import annotations

from random import Random

from pleiade.lab.dalle.data import english, french
from pleiade.lab.dalle.data.colours import Colour
from pleiade.lab.dalle.data.shapes import Noun
from pleiade.lab.dalle.data.styles import STYLE_WORDS, STYLES

RELATIONS_EN = {
    "left": ("to the left of", "left of"),
    "right": ("to the right of", "right of"),
    "above": ("above", "over"),
    "below": ("below", "under"),
}
RELATIONS_FR = {
    "left": ("à gauche",),
    "right": ("à droite",),
    "above": ("au-dessus",),
    "below": ("au-dessous", "en dessous"),
}
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
PLACES_EN = (
    "in the top left corner", "at the top", "in the top right corner",
    "on the left", "in the centre", "on the right",
    "in the bottom left corner", "at the bottom", "in the bottom right corner",
)  # fmt: skip
PLACES_FR = (
    "en haut à gauche", "en haut", "en haut à droite",
    "à gauche", "au centre", "à droite",
    "en bas à gauche", "en bas", "en bas à droite",
)  # fmt: skip


def things_en(noun: Noun, colour: Colour | None, count: int, rng: Random | None = None) -> str:
    """ "a red star", "three red stars"; with `rng` now and then the number in figures."""
    named = f"{colour.en} {noun.en}" if colour else noun.en
    if count == 1:
        return english.with_article(named)
    number = str(count) if rng and rng.random() < 0.25 else english.NUMBERS[count]
    return f"{number} {english.plural(named)}"


def things_fr(noun: Noun, colour: Colour | None, count: int, rng: Random | None = None) -> str:
    """ "une étoile rouge", "trois étoiles rouges"."""
    several = count > 1
    words = french.plural(noun.fr) if several else noun.fr
    if colour:
        words += f" {french.colour_adjective(colour.fr, noun.feminine, several)}"
    if not several:
        return french.with_article(words, noun.feminine)
    return f"{count if rng and rng.random() < 0.25 else french.NUMBERS[count]} {words}"


def relation_en(one: str, relation: str, other: str, rng: Random | None = None) -> str:
    """ "a red star to the left of a blue circle"."""
    ways = RELATIONS_EN[relation]
    return f"{one} {rng.choice(ways) if rng else ways[0]} {other}"


def relation_fr(one: str, relation: str, other: str, rng: Random | None = None) -> str:
    """ "une étoile rouge à gauche d'un cercle bleu"."""
    ways = RELATIONS_FR[relation]
    return f"{one} {rng.choice(ways) if rng else ways[0]} {french.of(other)}"


def style_words(style: str | None, language: str) -> str:
    """The style at the end of a caption: ", flat emoji style"; nothing where there is none."""
    if style is None:
        return ""
    words = STYLE_WORDS[STYLES.index(style)]
    return f", style {words.fr[0]}" if language == "fr" else f", {words.en[0]} style"
