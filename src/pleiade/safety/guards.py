"""Chat models that judge texts in words of their own, read in ours: Llama Guard's lines, gpt-oss-safeguard's JSON.

A guard says that a text is unsafe and for what, not how severely. Of the harms that a category of its stands for the
mildest is taken: more would be made up.
"""

import json
import re
from typing import Any, Literal

from pleiade.safety.taxonomy import HARMS, TAXONOMY, UNJUDGED, Harm

GuardForm = Literal["llama_guard", "safeguard"]
MOST_TOKENS: dict[GuardForm, int] = {"llama_guard": 64, "safeguard": 1024}  # a safeguard thinks before it answers
_NOT_SHOWN = "(not shown)"
_JSON = re.compile(r"\{.*\}", re.DOTALL)


class GuardError(ValueError):
    """An answer that is no judgement; the message says what it was instead."""


def form_of(model: str) -> GuardForm:
    """The form that a model of that id speaks, by its name."""
    return "safeguard" if "safeguard" in model.lower() else "llama_guard"


def messages_for(form: GuardForm, text: str, *, prompt: bool) -> list[dict[str, str]]:
    """The conversation by which a guard is asked of a text.

    Llama Guard's chat template writes its task around a conversation and judges the last turn; a safeguard is told the
    policy, and what to answer.
    """
    if form == "llama_guard":
        if prompt:
            return [{"role": "user", "content": text}]
        return [{"role": "user", "content": _NOT_SHOWN}, {"role": "assistant", "content": text}]
    return [{"role": "system", "content": _policy(prompt=prompt)}, {"role": "user", "content": text}]


def scores_of(form: GuardForm, answer: str) -> dict[str, float]:
    """Our scores, 0 or 1 by the names of `HARMS`. Raises GuardError."""
    found = _lines(answer) if form == "llama_guard" else _object(answer)
    return {harm.value: float(harm in found) for harm in HARMS}


def _policy(*, prompt: bool) -> str:
    """What a safeguard is to judge by."""
    harms = "\n".join(f"- {entry.harm}: the text {entry.meaning}" for entry in TAXONOMY.values())
    whose = "a request to an assistant" if prompt else "an assistant's answer"
    return (
        f"# Content policy\n\nJudge {whose}. These are violations:\n{harms}\n\n"
        "News, education, fiction without graphic detail, and asking for help in distress are none.\n\n"
        'Answer with one JSON object only: {"violation": 0 or 1, "categories": [the names above that hold]}'
    )


def _lines(answer: str) -> set[Harm]:
    first, *rest = answer.strip().split("\n") or [""]
    if first.strip() == "safe":
        return set()
    codes = re.findall(r"S\d{1,2}", " ".join(rest).upper())
    if first.strip() != "unsafe" or not codes:
        raise GuardError(f"said {answer[:60]!r}, which is no judgement in Llama Guard's form")
    return _of_codes(codes)


def _object(answer: str) -> set[Harm]:
    """A verdict with `violation` and, under one of the names that are in use, what was violated."""
    matched = _JSON.search(answer)
    try:
        told: Any = json.loads(matched[0]) if matched else None
    except ValueError:
        told = None
    if answer.strip() in ("0", "1"):
        told = {"violation": int(answer)}
    if not isinstance(told, dict) or told.get("violation") not in (0, 1):
        raise GuardError(f"said {answer[:60]!r}, which has no violation of 0 or 1")
    if not told["violation"]:
        return set()
    named: list[str] = []
    for field in ("categories", "category", "policy_category", "rule_ids"):
        value = told.get(field)
        named += [str(each) for each in (value if isinstance(value, list) else [value] if value else [])]
    found = {Harm(name) for name in named if name in tuple(Harm)}
    codes = [name for name in named if re.fullmatch(r"S\d{1,2}", name)]
    if not found and not codes:
        raise GuardError(f"said {answer[:60]!r}: a violation of nothing that was asked for")
    return found | _of_codes(codes)


def _of_codes(codes: list[str]) -> set[Harm]:
    """For each code the mildest harm that it stands for, and what takes several codes where all of them are there."""
    found = set()
    for code in codes:
        meant = [entry for entry in TAXONOMY.values() if code in entry.llama_guard]
        if meant:
            found.add(min(meant, key=lambda entry: entry.ceiling).harm)
        elif code not in UNJUDGED["llama_guard"]:
            raise GuardError(f"named {code}, which is no category of Llama Guard 3")
    several = [entry for entry in TAXONOMY.values() if len(entry.llama_guard) > 1]
    return found | {entry.harm for entry in several if set(entry.llama_guard) <= set(codes)}
