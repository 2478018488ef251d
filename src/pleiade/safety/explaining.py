"""Which of our own rules a text meets, in the words that a person who writes a policy needs. Scores are told apart."""

from collections.abc import Sequence

import msgspec

from pleiade.domain.policy import Blocklist, Screen
from pleiade.safety.attacks import is_attack
from pleiade.safety.blocklists import PatternTooSlowError, first_match
from pleiade.safety.judging import Text
from pleiade.safety.personal import find_personal


class Hit(msgspec.Struct, frozen=True):
    """One rule that a text meets."""

    category: str  # as results name it
    rule: str  # the list's name, the kind of personal data, "words" of an attack
    found: str  # the term or expression of a list; the piece of the text


def hits(text: Text, screen: Screen, blocklists: Sequence[Blocklist], *, prompt: bool) -> list[Hit]:
    """All rules of one side of a policy that a text meets, apart from those that are off. May take a while."""
    found = []
    attack = "indirect_attack" if text.foreign else "jailbreak"
    if prompt and getattr(screen, attack) != "off" and is_attack(text.text):
        found.append(Hit(attack, "words", ""))
    if screen.personal_data != "off":
        for each in find_personal(text.text):
            found.append(Hit("personally_identifiable_information", each.kind, text.text[each.start : each.end]))
    for blocklist in blocklists:
        if blocklist.action == "off":
            continue
        try:
            matched = first_match(blocklist, text.text)
        except PatternTooSlowError:
            continue  # the judgement tells it as an outage
        if matched is not None:
            found.append(Hit("custom_blocklists", blocklist.name, matched))
    return found
