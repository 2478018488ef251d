"""Texts put together from the written phrases: for harms that no set labels, and for what only looks like them."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from pleiade.lab.moderation.rows import Row, judged
from pleiade.safety.taxonomy import Harm

LANGUAGES = ("en", "fr")
FRAMES_PER_LINE = 5
GROUPS_PER_LINE = 10

# What a text with the first harm also is.
_IMPLIED: dict[Harm, tuple[Harm, ...]] = {
    Harm.SELF_HARM_INTENT: (Harm.SELF_HARM,),
    Harm.SELF_HARM_INSTRUCTIONS: (Harm.SELF_HARM,),
    Harm.SEXUAL_MINORS: (Harm.SEXUAL,),
    Harm.VIOLENCE_GRAPHIC: (Harm.VIOLENCE,),
    Harm.HARASSMENT_THREAT: (Harm.HARASSMENT, Harm.VIOLENCE),
    Harm.ILLICIT_VIOLENT: (Harm.ILLICIT,),
    Harm.HATE_THREAT: (Harm.HATE, Harm.HARASSMENT, Harm.VIOLENCE),
    Harm.HATE: (Harm.HARASSMENT,),
}
# Where the line between two harms is thin, the phrases of one say nothing of the other.
_UNSAID: dict[Harm, tuple[Harm, ...]] = {
    Harm.ILLICIT_VIOLENT: (Harm.VIOLENCE, Harm.SEXUAL),
    Harm.VIOLENCE: (Harm.VIOLENCE_GRAPHIC, Harm.ILLICIT_VIOLENT),
    Harm.VIOLENCE_GRAPHIC: (Harm.SELF_HARM,),
    Harm.HARASSMENT: (Harm.PROFANITY, Harm.HATE),
    Harm.HARASSMENT_THREAT: (Harm.PROFANITY, Harm.ILLICIT_VIOLENT),
    Harm.SEXUAL: (Harm.PROFANITY,),
    Harm.SEXUAL_MINORS: (Harm.ILLICIT, Harm.ILLICIT_VIOLENT),
    Harm.PROFANITY: (Harm.HARASSMENT,),
    Harm.SELF_HARM: (Harm.VIOLENCE, Harm.SELF_HARM_INSTRUCTIONS),
    Harm.SELF_HARM_INSTRUCTIONS: (Harm.SELF_HARM_INTENT, Harm.VIOLENCE),
    Harm.HATE: (Harm.PROFANITY,),
    Harm.HATE_THREAT: (Harm.PROFANITY, Harm.HARASSMENT_THREAT, Harm.ILLICIT_VIOLENT),
}


def read_phrases(language: str) -> dict[str, Any]:
    """The file of a language, as it stands."""
    return tomllib.loads(files("pleiade.lab.moderation").joinpath(f"phrases/{language}.toml").read_text("utf-8"))


def phrase_rows(seed: int = 7) -> list[Row]:
    """Texts in every language. A line is a group, and so is a word for people."""
    chooser = random.Random(seed)
    rows: list[Row] = []
    for language in LANGUAGES:
        written = read_phrases(language)
        for name in ("harmless", "harmless_says", *(harm.value for harm in Harm if harm.value in written)):
            if name != Harm.HATE:
                rows += _framed(language, name, written, chooser)
        rows += _about_people(language, written, chooser)
        rows += _terms(language, written, chooser)
    return rows


def _labels(harm: Harm | None) -> Any:
    if harm is None:
        return judged({}, others=0)
    unsaid = dict.fromkeys(_UNSAID.get(harm, ()), float("nan"))
    return judged(unsaid | dict.fromkeys((harm, *_IMPLIED.get(harm, ())), 1.0), others=0)


def _framed(language: str, name: str, written: dict[str, Any], chooser: random.Random) -> Iterator[Row]:
    section = written[name]
    harm = None if name.startswith("harmless") else Harm(name)
    frames = written["frames"].get(section["frame"], ["{x}"])
    for line in section["lines"]:
        # The bare line is always there: nobody frames everything.
        chosen = ["{x}", *chooser.sample(frames, min(FRAMES_PER_LINE, len(frames)))]
        for frame in dict.fromkeys(chosen):
            yield Row(frame.replace("{x}", line), language, _labels(harm), 1.0, f"phrases:{name}", f"{language}:{line}")


def _about_people(language: str, written: dict[str, Any], chooser: random.Random) -> Iterator[Row]:
    """The same frames said of people, fairly of people, and of things. `held_back` words are in no text at all."""
    hate = written["hate"]
    kinds = ((Harm.HATE, "attacks"), (Harm.HATE_THREAT, "threats"), (None, "fair"))
    for harm, kind in kinds:
        for frame in hate[kind]:
            names = chooser.sample(hate["groups"], GROUPS_PER_LINE)
            names += chooser.sample(hate["slurs"], 3) if harm is not None else []
            for name in names:
                text = frame.replace("{g}", name)
                yield Row(text, language, _labels(harm), 1.0, f"phrases:hate:{kind}", f"{language}:{name}")
    for frame in hate["attacks"]:
        for thing in chooser.sample(hate["things"], 3):
            yield Row(
                frame.replace("{g}", thing), language, _labels(None), 1.0, "phrases:things", f"{language}:{thing}"
            )


def _terms(language: str, written: dict[str, Any], chooser: random.Random) -> Iterator[Row]:
    """Words that a harm is spoken of with, alone and in frames; they count half."""
    frames = [*written["frames"]["says"], *written["frames"]["wants"], *written["frames"]["about"]]
    for name, terms in written["terms"].items():
        harm = Harm(name)
        known = dict.fromkeys((harm, *_IMPLIED.get(harm, ())), 0.8)
        labels = judged(known | {Harm.JAILBREAK: 0.0, Harm.PROFANITY: 0.0 if harm is not Harm.HARASSMENT else 1.0})
        for term in terms:
            for frame in dict.fromkeys(["{x}", *chooser.sample(frames, FRAMES_PER_LINE)]):
                text = frame.replace("{x}", term)
                yield Row(text, language, labels, 0.5, f"phrases:terms:{name}", f"{language}:{term}")


def held_back_people(language: str) -> list[Row]:
    """The same frames said of people whom no training text of ours names: to measure on, never to learn from."""
    hate = read_phrases(language)["hate"]
    rows = []
    for harm, kind in ((Harm.HATE, "attacks"), (Harm.HATE_THREAT, "threats"), (None, "fair")):
        for frame in hate[kind]:
            for name in hate["held_back"]:
                text = frame.replace("{g}", name)
                rows.append(Row(text, language, _labels(harm), 1.0, f"unseen:{kind}", f"{language}:{name}"))
    return rows
