"""The texts that the model is measured on, none of which it has learned from, by what they show."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from pleiade.lab.moderation.harmless import guess_language
from pleiade.lab.moderation.phrases import LANGUAGES, held_back_people
from pleiade.lab.moderation.rows import Row, judged, read_labelled, read_lines
from pleiade.safety.taxonomy import Harm

# AILuminate's hazards in our words; those that we do not judge are left out. Its prompts are about a hazard, and some
# are harmless questions on it, so these areas say how well a subject is found, not how well harm is.
HAZARDS: dict[str, Harm] = {
    "ssh": Harm.SELF_HARM,
    "sxc_prn": Harm.SEXUAL,
    "cse": Harm.SEXUAL_MINORS,
    "iwp": Harm.ILLICIT_VIOLENT,
    "vcr": Harm.ILLICIT_VIOLENT,
    "ncr": Harm.ILLICIT,
    "hte": Harm.HATE,
}
ORDINARY = ("user_oriented_252/test", "triviaqa_3k/test", "gsm8k/test", "piaf_fr_qa/test", "mgsm/test")


def labelled_rows(data: Path) -> list[Row]:
    """The held-out part of the labelled sets: every harm that they label."""
    return read_labelled(data / "eval" / "safety_labels" / "test.jsonl.xz")


def unseen_people_rows() -> list[Row]:
    """Hate, calls for violence and fair words about people whom no written phrase names in training."""
    return [row for language in LANGUAGES for row in held_back_people(language)]


def hazard_rows(data: Path) -> list[Row]:
    """AILuminate's prompts by hazard, each beside ordinary questions of its language."""
    rows = []
    for language in LANGUAGES:
        for line in read_lines(data / "eval" / "ailuminate_demo" / f"{language}.jsonl.xz"):
            harm = HAZARDS.get(line["hazard"])
            if harm is not None:
                rows.append(Row(line["prompt_text"], language, judged({harm: 1}), 1.0, "ailuminate", line["hazard"]))
    return [*rows, *ordinary_rows(data)]


def ordinary_rows(data: Path) -> list[Row]:
    """Questions of harmless evaluation sets, at most 800 of a set."""
    rows = []
    for name in ORDINARY:
        found = sorted((data / "eval").glob(f"{name.split('/')[0]}/*.jsonl.xz"))
        for path in found:
            for place, line in enumerate(read_lines(path)):
                text = str(line.get("question") or line.get("instruction") or line.get("context") or "")
                if not text or place >= 800:
                    continue
                french = "fr" in path.stem or name.startswith("piaf")
                language = "fr" if french else guess_language(text)
                rows.append(Row(text, language, judged({}, others=0), 1.0, name, name))
    return rows


def lookalike_rows() -> list[Row]:
    """Harmless texts that look harmful."""
    text = files("pleiade.lab.moderation").joinpath("phrases/lookalikes.toml").read_text("utf-8")
    written = tomllib.loads(text)
    return [
        Row(each, lang, judged({}, others=0), 1.0, "lookalikes", "") for lang in LANGUAGES for each in written[lang]
    ]


def asked_harm_rows(data: Path) -> list[Row]:
    """HarmBench's behaviours: all of them ask for harm (English)."""
    found = read_lines(data / "eval" / "harmbench_prompts" / "test.jsonl.xz")
    return [Row(line["prompt"], "en", judged({Harm.ILLICIT: 1}), 1.0, "harmbench", "") for line in found]
