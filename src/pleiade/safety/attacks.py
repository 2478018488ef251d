"""Attempts to talk a model out of its rules, by their usual words, also where they are coded; beside the classifier."""

import base64
import binascii
import re

from pleiade.safety.reading import read_plainly

_ATTACKS = re.compile(
    r"\b(?:"
    r"(?:ignore|disregard|forget|override|bypass) (?:\w+ ){0,3}(?:previous|prior|above|earlier|preceding|initial|your) "
    r"(?:\w+ ){0,2}(?:instruction|instructions|prompt|prompts|rules|guidelines|directions|programming|safety)"
    r"|(?:reveal|print|repeat|show|output|translate) (?:\w+ ){0,3}(?:system|hidden|initial|secret) "
    r"(?:prompt|instructions|message)"
    r"|you are (?:now |from now on )?(?:dan\b|stan\b|in developer mode|jailbroken|an unfiltered|an uncensored)"
    r"|do anything now|developer mode enabled|no ethical guidelines|without any (?:rules|filters|restrictions)"
    r"|(?:ignore|oublie|ignorez|oubliez|desactive|contourne) (?:\w+ ){0,3}"
    r"(?:instruction|instructions|consigne|consignes|regles|directives|filtre|reglages de securite)"
    r"|(?:affiche|revele|repete|donne moi|montre|traduis) (?:\w+ ){0,3}(?:prompt|instructions|consignes) "
    r"(?:\w+ ){0,1}(?:systeme|cache|cachees|initiales|secret|secretes)"
    r"|tu es (?:maintenant |desormais )?(?:dan\b|en mode developpeur|sans filtre|libre de toute regle)"
    r")"
)
_CODED = re.compile(r"[A-Za-z0-9+/]{24,4000}={0,2}")
_MARKS = re.compile(r"<\|(?:im_start|im_end|system|endoftext)\|>|\[/?INST\]|<<SYS>>|###\s*(?:System|Instruction)\s*:")


def is_attack(text: str) -> bool:
    """Whether a text has the words of an attack, plainly or in base64, or spells a model's own control marks."""
    return bool(_MARKS.search(text)) or any(_ATTACKS.search(read_plainly(each)) for each in (text, *_decoded(text)))


def _decoded(text: str) -> list[str]:
    found = []
    for each in _CODED.findall(text)[:8]:
        try:
            found.append(base64.b64decode(each + "=" * (-len(each) % 4), validate=True).decode("utf-8"))
        except (binascii.Error, ValueError):
            continue  # a long word, not a code
    return found
