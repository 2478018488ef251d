"""One judgement of a text: the classifier's scores and our own rules, held against one side of a policy.

Pure: whoever calls has asked the classifier already, or says that it did not answer. The results have Azure's shapes
(wire-contract §5.1), which every other answer is made from.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pleiade.domain.policy import Action, Blocklist, Screen, Strictness
from pleiade.safety.attacks import is_attack
from pleiade.safety.blocklists import PatternTooSlowError, matches
from pleiade.safety.personal import find_personal
from pleiade.safety.severity import HIGH, LEVELS, LOW, MEDIUM, level, severities
from pleiade.safety.taxonomy import HARMS, Harm

LIKELY = 0.5
_FROM: dict[str, int] = {"low": LOW, "medium": MEDIUM, "high": HIGH}
OUTAGE = {"code": "content_filter_error", "message": "The contents are not filtered"}


class Text(msgspec.Struct, frozen=True):
    """A text, and whether it is what a tool or a document brought along rather than what a person wrote."""

    text: str
    foreign: bool = False


class Judgement(msgspec.Struct, frozen=True):
    """What was found: `results` as Azure writes them, whether that blocks, and what could not be looked at."""

    results: dict[str, Any]
    blocked: bool = False
    outage: str = ""

    @property
    def annotation(self) -> dict[str, Any]:
        """The fields of an answer that carry it: the results, and the outage beside them, where there was one."""
        fields: dict[str, Any] = {}
        if self.results or not self.outage:
            fields["content_filter_results"] = self.results
        if self.outage:
            fields["content_filter_result"] = {"error": OUTAGE}
        return fields


def worst(first: Judgement, second: Judgement) -> Judgement:
    """Two judgements of one text's pieces as one: the worst of each category counts."""
    results = dict(first.results)
    for name, found in second.results.items():
        results[name] = _worse(results[name], found) if name in results else found
    return Judgement(results, first.blocked or second.blocked, first.outage or second.outage)


def _worse(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    merged = {**first, "filtered": first["filtered"] or second["filtered"]}
    if "severity" in first:
        merged["severity"] = max(first["severity"], second["severity"], key=LEVELS.index)
    if "detected" in first:
        merged["detected"] = first["detected"] or second["detected"]
    if "details" in first:
        merged["details"] = list({each["id"]: each for each in (*first["details"], *second["details"])}.values())
    return merged


def judge(
    texts: Sequence[Text],
    scores: Sequence[Mapping[str, float]] | None,
    screen: Screen,
    blocklists: Sequence[Blocklist],
    *,
    prompt: bool,
    outage: str = "",
    repeats: bool | None = None,
) -> Judgement:
    """Judge texts together: the worst of each category counts.

    `scores`: of each text by the names of `HARMS`; None where the classifier was not asked, or did not answer
    (`outage` says why). `repeats`: whether they repeat protected text; None where that was not looked for.
    """
    results: dict[str, Any] = {}
    blocked = False
    if scores is not None:
        for category, strictness in screen.severities.items():
            if strictness != "off":
                worst = max((_severity(row, category) for row in scores), default=0)
                filtered = _blocks(strictness, worst)
                results[category] = {"filtered": filtered, "severity": level(worst)}
                blocked |= filtered
    binary: dict[str, tuple[Action, bool]] = {}
    if scores is not None and screen.profanity != "off":
        binary["profanity"] = screen.profanity, any(row[Harm.PROFANITY] >= LIKELY for row in scores)
    if prompt and screen.jailbreak != "off":
        binary["jailbreak"] = screen.jailbreak, _attacked(texts, scores, foreign=False)
    if prompt and screen.indirect_attack != "off":
        binary["indirect_attack"] = screen.indirect_attack, _attacked(texts, scores, foreign=True)
    if screen.personal_data != "off":
        found = any(find_personal(each.text) for each in texts)
        binary["personally_identifiable_information"] = screen.personal_data, found
    if repeats is not None and screen.protected_text != "off":
        binary["protected_material_text"] = screen.protected_text, repeats
    for category, (action, detected) in binary.items():
        filtered = detected and action == "block"
        results[category] = {"filtered": filtered, "detected": detected}
        blocked |= filtered
    listed, outage = _listed(texts, blocklists, outage)
    if listed:
        filtered = any(each["filtered"] for each in listed)
        results["custom_blocklists"] = {"filtered": filtered, "details": listed}
        blocked |= filtered
    return Judgement(results, blocked, outage)


def _severity(row: Mapping[str, float], category: str) -> int:
    return severities([row.get(harm, 0.0) for harm in HARMS])[category]


def _blocks(strictness: Strictness, severity: int) -> bool:
    return strictness in _FROM and severity >= _FROM[strictness]


def _attacked(texts: Sequence[Text], scores: Sequence[Mapping[str, float]] | None, *, foreign: bool) -> bool:
    for place, each in enumerate(texts):
        if each.foreign is foreign:
            likely = scores is not None and scores[place].get(Harm.JAILBREAK, 0.0) >= LIKELY
            if likely or is_attack(each.text):
                return True
    return False


def _listed(texts: Sequence[Text], blocklists: Sequence[Blocklist], outage: str) -> tuple[list[dict[str, Any]], str]:
    """The lists that have something of these texts, and what could not be looked for."""
    found: list[dict[str, Any]] = []
    for blocklist in blocklists:
        if blocklist.action == "off":
            continue
        try:
            if any(matches(blocklist, each.text) for each in texts):
                found.append({"id": blocklist.name, "filtered": blocklist.action == "block"})
        except PatternTooSlowError as error:
            outage = outage or str(error)
    return found, outage
