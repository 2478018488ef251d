"""A training text with what is known of it, and what each labelled set says in the words of our taxonomy.

No set labels every harm. What a set does not speak of stays unknown (NaN) and is not learned from; what people
disagreed on is a number between 0 and 1.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pleiade.safety.taxonomy import HARMS, Harm

SETS = ("post/safety_labels", "post/hh_rlhf_harmless")
_HATEFUL = (Harm.HATE, Harm.HATE_THREAT)
_TO_PEOPLE = (Harm.HARASSMENT, *_HATEFUL)

# CatQA's categories. The others are advice on money and campaigns, bad or not.
_CATQA: dict[str, tuple[Harm, ...]] = {
    "Adult Content": (Harm.SEXUAL,),
    "Child Abuse": (Harm.SEXUAL_MINORS, Harm.SEXUAL),
    "Hate": (Harm.HATE, Harm.HARASSMENT),
    "Illegal Activity": (Harm.ILLICIT,),
    "Malware Viruses": (Harm.ILLICIT,),
    "Physical Harm": (Harm.ILLICIT_VIOLENT,),
    "Economic Harm": (Harm.ILLICIT,),
    "Fraud": (Harm.ILLICIT,),
    "Privacy Violation Activity": (Harm.ILLICIT,),
}


@dataclass(frozen=True)
class Row:
    """One text: what is known of each harm (by `HARMS`; NaN where nothing is), and what it must stay together with."""

    text: str
    language: str
    labels: NDArray[np.float32]
    weight: float
    source: str
    group: str  # rows of a group are on one side of the split

    def with_labels(self, labels: NDArray[np.float32]) -> Row:
        """The same text, judged anew."""
        return Row(self.text, self.language, labels, self.weight, self.source, self.group)


def judged(known: Mapping[Harm, float], *, others: float = np.nan) -> NDArray[np.float32]:
    """Labels from what is known; `others` is what the rest is taken for."""
    return np.array([known.get(harm, others) for harm in HARMS], np.float32)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file compressed with xz."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def read_labelled(path: Path) -> list[Row]:
    """The rows of a file of `safety_labels` that say something of our harms."""
    rows = []
    for place, line in enumerate(read_lines(path)):
        labels, weight = labels_of(line)
        if labels is None:
            continue
        group = line.get("group") or line.get("category") or line.get("functionality")
        group = f"{line['source']}:{line['lang']}:{group}:{place % 40}" if group else text_group(line["text"])
        if line["source"] in ("catqa", "harmfulqa"):
            group = f"{line['source']}:{line['category']}"
        rows.append(Row(line["text"], line["lang"], labels, weight, line["source"], group))
    return rows


def text_group(text: str) -> str:
    """Near copies share this: the first words, without what retweets and quotes put before them."""
    words = [word for word in text.lower().split() if word.isalpha() and word != "rt"]
    return hashlib.sha256(" ".join(words[:8]).encode()).hexdigest()[:16]


def labels_of(line: Mapping[str, Any]) -> tuple[NDArray[np.float32] | None, float]:
    """What a line of `safety_labels` says, and how far it is trusted; None where it says nothing."""
    source, label = line["source"], line["label"]
    if source == "davidson2017":
        return _davidson(label)
    if source in ("stormfront2018", "multilingual_hatecheck"):
        if label == "none":
            return judged({Harm.HATE: 0, Harm.HATE_THREAT: 0, Harm.JAILBREAK: 0, Harm.ILLICIT: 0, Harm.SEXUAL: 0}), 1.0
        return judged({Harm.HATE: 1, Harm.JAILBREAK: 0, Harm.ILLICIT: 0}), 1.0
    if source == "mlma2019":
        return _mlma(label)
    if source == "inthewild_jailbreak":
        return judged({Harm.JAILBREAK: 1}), 1.0
    if source == "catqa":
        harms = _CATQA.get(str(line["category"]).split("/")[0])
        if harms is None:
            return judged({Harm.ILLICIT: 0.5, Harm.JAILBREAK: 0, Harm.PROFANITY: 0}), 0.3
        calm = {Harm.JAILBREAK: 0.0, Harm.PROFANITY: 0.0, Harm.HARASSMENT_THREAT: 0.0}
        return judged(calm | dict.fromkeys(harms, 1.0)), 1.0
    # HarmfulQA asks bad things by school subject; a good part of it is harmless, so it is hardly trusted.
    return judged({Harm.ILLICIT: 0.5, Harm.JAILBREAK: 0, Harm.PROFANITY: 0, Harm.SEXUAL: 0}), 0.2


def _davidson(label: str) -> tuple[NDArray[np.float32], float]:
    if label == "none":
        return judged({Harm.VIOLENCE: np.nan, Harm.PROFANITY: 0.05}, others=0), 1.0
    calm = {Harm.JAILBREAK: 0.0, Harm.ILLICIT: 0.0, Harm.SELF_HARM: 0.0, Harm.SELF_HARM_INTENT: 0.0}
    if label == "hate":
        return judged(calm | {Harm.HATE: 0.9, Harm.HARASSMENT: 0.9}), 1.0
    # 18 times as many as those, and mostly coarse rather than aimed at somebody.
    return judged(calm | {Harm.PROFANITY: 1, Harm.HARASSMENT: 0.6, Harm.HATE: 0.1}), 0.4


def _mlma(label: str) -> tuple[NDArray[np.float32], float]:
    """Several words in one label are several annotators, who did not agree."""
    words = label.split("_")
    calm = {Harm.JAILBREAK: 0.0, Harm.ILLICIT: 0.0}
    if words == ["normal"]:
        return judged(calm | dict.fromkeys(_TO_PEOPLE, 0.0) | {Harm.HARASSMENT_THREAT: 0.0}), 1.0
    doubt = 0.5 if "normal" in words else 1.0
    hostile = {"offensive", "abusive", "disrespectful", "hateful"} & set(words)
    if not hostile:
        return judged(calm | {Harm.HATE: 0.5}), 0.3
    hate = doubt if "hateful" in words else 0.35
    return judged(calm | {Harm.HARASSMENT: doubt * 0.95, Harm.HATE: hate}), 0.5 if doubt < 1 else 1.0
