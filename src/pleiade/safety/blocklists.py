"""A house's own lists: words as they are read plainly, and regular expressions that may not take long."""

import logging
import re
from functools import lru_cache

import msgspec
import regex

from pleiade.domain.policy import Blocklist
from pleiade.safety.reading import read_plainly

PATTERN_S = 0.02  # for one expression over one text; a well-made one takes microseconds
LONGEST = 1000  # characters of a term or an expression
_TRIALS = ("a" * 3000 + "!", "a " * 1500 + "!", "1" * 3000 + "!", "ab" * 1500 + "\n", "é" * 2000 + "!")

log = logging.getLogger(__name__)


class PatternTooSlowError(Exception):
    """An expression did not end in its time; the message names it."""


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with a field, and where it stands: `patterns[1]`."""

    field: str
    message: str


def matches(blocklist: Blocklist, text: str) -> bool:
    """Whether a text has anything of a list. Raises PatternTooSlowError."""
    return first_match(blocklist, text) is not None


def first_match(blocklist: Blocklist, text: str) -> str | None:
    """The term or expression of a list that a text has, as it stands in the list. Raises PatternTooSlowError."""
    words = _words(blocklist)
    if words is not None and (found := words.search(text.casefold()) or words.search(read_plainly(text))):
        return next((term for term in blocklist.terms if found[0] in _forms(term)), found[0])
    for pattern in blocklist.patterns:
        try:
            if _compiled(pattern).search(text, timeout=PATTERN_S):
                return pattern
        except TimeoutError as error:
            raise PatternTooSlowError(
                f"the expression {pattern[:60]!r} of the blocklist {blocklist.name} takes longer than {PATTERN_S} s"
            ) from error
    return None


def problems_of(blocklist: Blocklist) -> list[str]:
    """All that is wrong with a list, each in a sentence; empty if it can be used."""
    return [fault.message for fault in faults_of(blocklist)]


def faults_of(blocklist: Blocklist) -> list[Fault]:
    """The same, each with its field."""
    faults = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", blocklist.name):
        told = f"{blocklist.name[:80]!r} is no name of a blocklist: letters, digits, dots, dashes, at most 64"
        faults.append(Fault("name", told))
    if not blocklist.terms and not blocklist.patterns:
        faults.append(Fault("terms", f"the blocklist {blocklist.name} is empty: give it terms or patterns"))
    for field in ("terms", "patterns"):
        for place, text in enumerate(getattr(blocklist, field)):
            if not text.strip() or len(text) > LONGEST:
                told = f"{text[:40]!r} of the blocklist {blocklist.name}: 1 to {LONGEST} characters"
                faults.append(Fault(f"{field}[{place}]", told))
            elif field == "patterns" and (problem := _problem_of(text)):
                faults.append(Fault(f"{field}[{place}]", f"the expression {text[:60]!r} {problem}"))
    return faults


def _problem_of(pattern: str) -> str:
    """Why an expression cannot be used; "" if it can."""
    try:
        compiled = _compiled(pattern)
        for trial in _TRIALS:
            compiled.search(trial, timeout=PATTERN_S)
        return "matches every text" if compiled.search("") else ""
    except regex.error as error:
        return f"cannot be read: {error}"
    except TimeoutError:
        return f"can take longer than {PATTERN_S} s: no repetition inside of another"


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern, regex.IGNORECASE | regex.V0)


@lru_cache(maxsize=256)
def _words(blocklist: Blocklist) -> re.Pattern[str] | None:
    """One expression for all terms, as they are written and as they are read plainly."""
    forms = {form for term in blocklist.terms for form in _forms(term)}
    if not forms:
        return None
    longest_first = sorted(map(re.escape, forms), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")


def _forms(term: str) -> set[str]:
    """How a term may stand in a text that was folded, or read plainly."""
    return {form for form in (term.casefold().strip(), read_plainly(term)) if form}
