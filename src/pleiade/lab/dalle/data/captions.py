"""Captions in English and French, made anew each time from a drawing's names, style, colours and ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from pleiade.lab.dalle.data import english, french
from pleiade.lab.dalle.data.colours import NAMED, Colour
from pleiade.lab.dalle.data.drawings import Drawing
from pleiade.lab.dalle.data.noise import as_typed
from pleiade.lab.dalle.data.styles import STYLE_WORDS, STYLES

EN, FR = "en", "fr"
FRENCH_SHARE = 0.3
KEYWORDS_ALONE, NAME_ALONE, STYLE_TOLD, COLOURS_TOLD, GROUND_TOLD = 0.12, 0.10, 0.75, 0.5, 0.5
TRUTH_TOLD = 0.85  # a colour that we chose is told more often than one that the drawing has by itself


@dataclass(frozen=True)
class Look:
    """What can be seen: the main colours (or the fill of a one-colour drawing), and the ground.

    `ground` has one colour (flat), two (a gradient from the first to the second), or none: transparent.
    """

    colours: tuple[Colour, ...] = ()
    ground: tuple[Colour, ...] = ()
    filled: bool = False  # the one colour was chosen by us


def look_of(drawing: Drawing) -> Look:
    """The look of a drawing as it was drawn, on no ground."""
    if drawing.mono:
        return Look(colours=(NAMED[0],), filled=True)
    return Look(colours=tuple(NAMED[i] for i in drawing.palette))


def language_for(drawing: Drawing, rng: Random) -> str:
    """French for a third of the drawings that have French words, else English."""
    has_french = bool(drawing.name_fr or drawing.keywords_fr)
    return FR if has_french and rng.random() < FRENCH_SHARE else EN


def caption(drawing: Drawing, rng: Random, language: str, look: Look) -> str:
    """One true caption, 1 to 40 words; another one each time."""
    made = _french(drawing, rng, look) if language == FR else _english(drawing, rng, look)
    return as_typed(made, rng)


def plain_caption(drawing: Drawing, language: str = EN) -> str:
    """The caption to evaluate with: style and name, no noise, no colour."""
    name, style = _clean(drawing.name_fr if language == FR else drawing.name), _style_words(drawing)
    if language == FR:
        return f"{style[1]} {french.of(name)}" if style else name
    return f"{english.with_article(style[0])} of {english.with_article(name)}" if style else name


def sampled_captions(drawings: tuple[Drawing, ...], rng: Random, each: int = 2) -> Iterator[str]:
    """Captions of every drawing, for a tokenizer to learn from: every word of every name is there."""
    for drawing in drawings:
        for _ in range(each):
            yield caption(drawing, rng, language_for(drawing, rng), _any_look(drawing, rng))
        yield ", ".join((_clean(drawing.name), *drawing.keywords_en))
        if drawing.name_fr or drawing.keywords_fr:
            yield ", ".join((_clean(drawing.name_fr), *drawing.keywords_fr))


def _any_look(drawing: Drawing, rng: Random) -> Look:
    look = look_of(drawing)
    colours = (rng.choice(NAMED),) if drawing.mono else look.colours
    return Look(colours, tuple(rng.choices(NAMED, k=rng.randrange(3))), look.filled)


def _english(drawing: Drawing, rng: Random, look: Look) -> str:
    name, told = _clean(drawing.name), rng.random()
    if told < NAME_ALONE:
        return name
    words = _some(drawing.keywords_en, rng, 3)
    if words and told < NAME_ALONE + KEYWORDS_ALONE:
        name = ", ".join(words)
        words = []
        subject = name
    else:
        subject = english.with_article(name)
    tail = ""
    if look.colours and rng.random() < (TRUTH_TOLD if look.filled else COLOURS_TOLD):
        if len(look.colours) == 1 and subject != name and rng.random() < 0.6:
            subject = english.with_article(f"{_word(look.colours[0], rng)} {name}")
        else:
            tail = f" in {english.listed([_word(colour, rng) for colour in look.colours])}"
    subject += tail
    if (style := _pick_style(drawing, rng, 0)) is not None:
        if "flag" in style:
            subject = subject.replace("a flag of ", "")
        subject = (
            f"{english.with_article(style)} of {subject}"
            if rng.random() < 0.6
            else rng.choice((f"{subject}, {style}", f"{style}: {subject}"))
        )
    parts = [subject]
    if words and rng.random() < 0.35:
        parts += words[: rng.randrange(1, 3)]
    if rng.random() < (TRUTH_TOLD if look.ground else GROUND_TOLD):
        parts.append(ground_en(look.ground, rng))
    return _joined(parts, "on a ", rng)


def _french(drawing: Drawing, rng: Random, look: Look) -> str:
    words = _some(drawing.keywords_fr, rng, 3)
    name, told = _clean(drawing.name_fr), rng.random()
    if name and told < NAME_ALONE:
        return name
    by_name = bool(name) and (not words or told >= NAME_ALONE + KEYWORDS_ALONE)
    if by_name:
        subject = name
    else:
        subject, words = ", ".join(words), []
    if look.colours and rng.random() < (TRUTH_TOLD if look.filled else COLOURS_TOLD):
        if by_name and len(look.colours) == 1 and rng.random() < 0.6:
            subject += f" {french.colour_adjective(look.colours[0].fr, french.is_feminine(name))}"
        else:
            subject += f" en {french.listed([colour.fr for colour in look.colours])}"
    if (style := _pick_style(drawing, rng, 1)) is not None:
        told = rng.random()
        if by_name and told < 0.6:
            subject = f"{french.with_article(style) if told < 0.3 else style} {french.of(subject)}"
        else:
            subject = rng.choice((f"{subject}, {style}", f"{style} : {subject}"))
    elif by_name and rng.random() < 0.3:
        subject = french.with_article(subject)
    parts = [subject]
    if words and rng.random() < 0.35:
        parts += words[: rng.randrange(1, 3)]
    if rng.random() < (TRUTH_TOLD if look.ground else GROUND_TOLD):
        parts.append(ground_fr(look.ground, rng))
    return _joined(parts, "sur ", rng)


def ground_en(ground: tuple[Colour, ...], rng: Random) -> str:
    """The ground in English: "on a blue background", "transparent background"."""
    if not ground:
        return rng.choice(("transparent background", "on a transparent background", "no background"))
    if len(ground) == 1:
        return f"on {english.with_article(f'{ground[0].en} background')}"
    return f"on a gradient background from {ground[0].en} to {ground[1].en}"


def ground_fr(ground: tuple[Colour, ...], rng: Random) -> str:
    """The ground in French: "sur fond bleu", "fond transparent"."""
    if not ground:
        return rng.choice(("fond transparent", "sur fond transparent", "sans fond"))
    if len(ground) == 1:
        return f"sur {rng.choice(('', 'un '))}fond {ground[0].fr}"
    return f"sur un fond dégradé {french.of(ground[0].fr)} à {ground[1].fr}"


def _joined(parts: list[str], preposition: str, rng: Random) -> str:
    last = parts[-1]
    if len(parts) > 1 and last.startswith(preposition.strip()) and rng.random() < 0.6:
        return f"{', '.join(parts[:-1])} {last}"
    return ", ".join(parts)


def _word(colour: Colour, rng: Random) -> str:
    """The colour's own name, now and then the plain word that is true of it too."""
    return colour.base if rng.random() < 0.15 else colour.en


def _pick_style(drawing: Drawing, rng: Random, language: int) -> str | None:
    if drawing.style not in STYLES or rng.random() >= STYLE_TOLD:
        return None
    style = STYLE_WORDS[STYLES.index(drawing.style)]
    words = style.fr if language else style.en
    return words[0] if rng.random() < 0.6 else rng.choice(words)


def _style_words(drawing: Drawing) -> tuple[str, str] | None:
    if drawing.style not in STYLES:
        return None
    style = STYLE_WORDS[STYLES.index(drawing.style)]
    return style.en[0], style.fr[0]


def _some(words: tuple[str, ...], rng: Random, most: int) -> list[str]:
    return rng.sample(words, min(len(words), rng.randrange(1, most + 1))) if words else []


def _clean(name: str) -> str:
    """CLDR's "flag: China" and "touches : 5" as people say it."""
    for colon in ("\u202f: ", "\xa0: ", " : ", ": "):
        if colon in name:
            kind, _, which = name.partition(colon)
            if kind == "flag":
                return f"flag of {which}"
            return f"{kind} {which}"
    return name.replace("’", "'")
